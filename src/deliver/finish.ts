/** The end of an attempt: bounces, then the message is removed, or -H rewritten with what is left. DESIGN 3.8 "Delivering". */
import type { Octets } from '../base/octets.ts';
import type { Address, Message, Recipient } from '../core/index.ts';
import { composeFrozenNotice } from '../dsn/frozen-notice.ts';
import { completedLine, frozenLine } from '../logging/lines/queue.ts';
import { sendReport } from './accept-report.ts';
import type { Attempt } from './attempt.ts';
import { bounceFailures } from './bounces.ts';
import { warnOfDelay } from './warnings.ts';

/** `interrupted`: a process was lost that worked on an address; the message is to be tried again soon. */
export type AttemptEnd = 'completed' | 'deferred' | 'frozen' | 'interrupted';

export async function finishAttempt(attempt: Attempt): Promise<AttemptEnd> {
  attempt.failTimedOut();
  await bounceFailures(attempt);
  if (attempt.tree.deferred.length === 0 && !attempt.isFreezeWanted) {
    if (await complete(attempt)) return 'completed';
  }
  return keep(attempt);
}

/** False when -H could not be removed: then it is rewritten, so that nothing is repeated. */
async function complete(attempt: Attempt): Promise<boolean> {
  const { log } = attempt.parts.services;
  log.main(completedLine(attempt.queuedMs, log), attempt.message.id);
  await log.written();
  const removed = attempt.parts.spool.remove(attempt.claim);
  if (removed.kind === 'ok') return true;
  log.panic(`failed to unlink ${attempt.claim.paths.header}: ${removed.reason}`, attempt.message.id);
  return false;
}

async function keep(attempt: Attempt): Promise<AttemptEnd> {
  const { message, parts, frame } = attempt;
  const undelivered = attempt.tree.deferred;
  const freezes = attempt.isFreezeWanted || attempt.freezeReason !== undefined;
  if (freezes) await freeze(attempt, undelivered);
  const isSilent = freezes || attempt.isOnlyInterrupted || attempt.reason.givesUp === true;
  const warningCount = isSilent ? message.warningCount : await warnOfDelay(attempt, undelivered);
  const changed: Message = {
    ...message,
    ...withOneTimeChildren(attempt, undelivered),
    isFirstDelivery: message.isFirstDelivery && attempt.isOnlyInterrupted && !freezes, // who takes up what a crash left finds it
    warningCount,
    ...(freezes ? { frozenAt: Math.floor(parts.services.clock.now() / 1000), isManuallyThawed: false } : {}),
    dontDeliver: message.dontDeliver || attempt.reason.dontDeliver === true,
  };
  attempt.messageLog.write(message, frame);
  parts.services.log.flush();
  if (isChanged(message, changed)) await rewrite(attempt, changed);
  if (freezes) return 'frozen';
  return attempt.isInterrupted ? 'interrupted' : 'deferred';
}

async function rewrite(attempt: Attempt, changed: Message): Promise<void> {
  const { services, spool } = attempt.parts;
  const written = await spool.rewrite(attempt.claim, changed);
  if (written.kind === 'ok') return;
  // What was delivered is not to be repeated: the journal says it when -H cannot.
  services.log.panic(`failed to update ${attempt.claim.paths.header}: ${written.reason}`, attempt.message.id);
  const settled = [...changed.nonRecipients].filter((address) => !attempt.message.nonRecipients.has(address));
  if (settled.length > 0) await spool.journal(attempt.claim, settled);
}

function isChanged(before: Message, after: Message): boolean {
  return (
    before.nonRecipients.size !== after.nonRecipients.size ||
    before.recipients.length !== after.recipients.length ||
    before.isFirstDelivery !== after.isFirstDelivery ||
    before.warningCount !== after.warningCount ||
    before.frozenAt !== after.frozenAt ||
    before.isManuallyThawed !== after.isManuallyThawed ||
    before.dontDeliver !== after.dontDeliver
  );
}

/** Children of a `one_time` redirection become recipients of their own, their parent is settled. Spec ch. 22 "one_time". */
function withOneTimeChildren(
  attempt: Attempt,
  undelivered: readonly Address[],
): { readonly recipients: readonly Recipient[]; readonly nonRecipients: ReadonlySet<Octets> } {
  const recipients: Recipient[] = [...attempt.message.recipients];
  const settled = attempt.tree.nonRecipients();
  for (const address of undelivered) {
    const parent = oneTimeParent(address);
    if (parent === undefined || address.kind !== 'mailbox') continue;
    const top = recipients[address.recipientIndex];
    const errorsTo = address.state.errorsTo ?? address.inherited.errorsTo;
    recipients.push({
      address: address.address,
      parentIndex: address.recipientIndex,
      ...(errorsTo === undefined ? {} : { errorsTo }),
      ...(top?.notify === undefined ? {} : { notify: top.notify }),
    });
    for (let ancestor = address.parent; ancestor !== undefined; ancestor = ancestor.parent) settled.add(ancestor.unique);
  }
  return { recipients, nonRecipients: settled };
}

function oneTimeParent(address: Address): Address | undefined {
  for (let parent = address.parent; parent !== undefined; parent = parent.parent)
    if (parent.state.router?.own['one_time'] === true) return parent;
  return undefined;
}

async function freeze(attempt: Attempt, undelivered: readonly Address[]): Promise<void> {
  const reason = attempt.freezeReason ?? '';
  attempt.log(frozenLine(reason));
  attempt.messageLog.addPlain(`*** ${frozenLine(reason)}`);
  const { freeze_tell: tell } = attempt.frame.config.main;
  if (tell === undefined || tell === '' || attempt.message.isLocalError) return;
  const { main } = attempt.frame.config;
  const recipients = tell
    .split(',')
    .map((item) => item.replace(/[ \t]/g, ''))
    .filter((item) => item !== '')
    .map((item) => (item.includes('@') ? item : `${item}@${main.qualify_recipient ?? main.qualify_domain ?? ''}`));
  const report = await composeFrozenNotice({ frame: attempt.frame, message: attempt.message, reason, undelivered, recipients });
  await sendReport(attempt, report);
}
