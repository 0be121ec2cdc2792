/** Who is told about failed addresses, and what follows when nobody can be. Spec ch. 49 "Failed addresses", ch. 14 "errors_copy", "ignore_bounce_errors_after". */
import { type Octets, trimSpace } from '../base/octets.ts';
import type { Frame } from '../core/index.ts';
import { tainted } from '../core/index.ts';
import { composeBounce } from '../dsn/bounce.ts';
import type { ReportedAddress } from '../dsn/report.ts';
import { errorIgnoredLine } from '../logging/lines/queue.ts';
import { domainOf, localPartOf, parseAddressList } from '../message/address.ts';
import { makeAddress } from '../routers/address.ts';
import { sendReport } from './accept-report.ts';
import type { Attempt, FailedAddress } from './attempt.ts';

/** Settles every failed address: reported, ignored, or deferred with the message frozen. */
export async function bounceFailures(attempt: Attempt): Promise<void> {
  const groups = new Map<Octets, FailedAddress[]>();
  for (const failed of attempt.failed) {
    const to = errorsAddress(attempt, failed);
    if (to === undefined) continue;
    const group = groups.get(to);
    if (group === undefined) groups.set(to, [failed]);
    else group.push(failed);
  }
  for (const [recipient, failures] of groups) await sendBounce(attempt, recipient, failures);
}

/** Undefined when nobody is told. */
function errorsAddress(attempt: Attempt, failed: FailedAddress): Octets | undefined {
  const { address } = failed.result;
  const { message } = attempt;
  const to = address.state.errorsTo ?? address.inherited.errorsTo ?? message.sender;
  if (isSilenced(attempt, failed)) return undefined;
  if (to !== '' && address.inherited.ignoreErrors !== true) return to;
  const isBounce =
    message.sender === '' &&
    address.inherited.ignoreErrors !== true &&
    address.state.errorsTo === undefined &&
    address.inherited.errorsTo === undefined;
  const isOld = attempt.queuedMs / 1000 >= attempt.frame.config.main.ignore_bounce_errors_after;
  if (!isBounce || isOld || failed.isTimedOut) {
    const line = errorIgnoredLine(address.address, address.parent?.address);
    attempt.log(line, line);
    return undefined;
  }
  attempt.freezeReason ??= 'delivery error message';
  attempt.tree.defer(address);
  return undefined;
}

/** NOTIFY= without FAILURE. RFC 3461 s4.1. */
function isSilenced(attempt: Attempt, failed: FailedAddress): boolean {
  const notify = attempt.message.recipients[failed.result.address.recipientIndex]?.notify;
  return notify !== undefined && notify.length > 0 && !notify.includes('FAILURE');
}

async function sendBounce(attempt: Attempt, recipient: Octets, failures: readonly FailedAddress[]): Promise<void> {
  const { parts, message, frame } = attempt;
  const report = await composeBounce({
    frame,
    message,
    recipient,
    failures: failures.map(reported),
    copies: await errorsCopies(attempt, recipient),
  });
  const sent = await sendReport(attempt, report);
  if (sent.kind === 'ok') {
    if (sent.value !== 0) attempt.log(`Process failed (${sent.value}) when writing error message to ${recipient}`);
    return;
  }
  // The addresses stay: they fail again, and are reported, at the next attempt.
  parts.services.log.panic(`bounce message could not be written: ${sent.kind === 'forced-fail' ? '' : sent.message}`, message.id);
  for (const failed of failures) attempt.tree.defer(failed.result.address);
}

function reported(failed: FailedAddress): ReportedAddress {
  const { result, isRouted, isTimedOut } = failed;
  const { address } = result;
  const isRemote = address.state.transport?.isRemote === true;
  const timedOut = isTimedOut ? 'retry timeout exceeded' : '';
  const hasOutput = (result.returnedText?.length ?? 0) > 0;
  const reason =
    isRouted && !isRemote && !isTimedOut
      ? hasOutput
        ? ''
        : 'local delivery failed'
      : [isTimedOut ? undefined : result.errorReason, result.message].filter((part) => part !== undefined && part !== '').join(': ');
  const text = [reason, timedOut].filter((part) => part !== '').join(': ');
  return {
    address,
    text: isHidden(failed) ? '' : text,
    isHidden: isHidden(failed),
    ...(isRemote && result.host !== undefined && /^(?:SMTP|LMTP) error /.test(result.message ?? '') ? { remoteHost: result.host } : {}),
    ...(result.returnedText === undefined ? {} : { returnedText: result.returnedText }),
  };
}

/** `hide_child_in_errmsg` of a redirect router. */
export function isHidden(failed: Pick<FailedAddress, 'result'>): boolean {
  for (let parent = failed.result.address.parent; parent !== undefined; parent = parent.parent)
    if (parent.state.router?.own['hide_child_in_errmsg'] === true) return true;
  return false;
}

/** `errors_copy`: items of a pattern and the addresses that get a copy, which are expanded when the pattern matches. */
async function errorsCopies(attempt: Attempt, recipient: Octets): Promise<Octets[]> {
  const { frame } = attempt;
  const { lists, log } = frame.services;
  for (const item of lists.split(frame.config.main.errors_copy?.source ?? '')) {
    const [, pattern = '', copies = ''] = /^([^ \t\n]+)[ \t\n]+(.*)$/s.exec(trimSpace(item)) ?? [];
    if (pattern === '') continue;
    const list = { kind: 'address', template: frame.config.compile(pattern.replaceAll(':', '::'), 'errors_copy') } as const;
    const matched = await lists.matchAddress(list, tainted(recipient), frame);
    if (matched.kind !== 'ok' || !matched.value.matched) continue;
    const scoped: Frame = {
      ...frame,
      address: {
        ...makeAddress({ address: recipient, recipientIndex: 0 }),
        localPart: localPartOf(recipient),
        domain: domainOf(recipient),
      }, // as written
      captures: matched.value.captures ?? [],
    };
    const expanded = await frame.config.compile(copies, 'errors_copy').evaluate(scoped);
    if (expanded.kind === 'ok')
      return parseAddressList(expanded.value.octets).flatMap((parsed) =>
        parsed.kind === 'ok' && parsed.address !== recipient ? [parsed.address] : [],
      );
    if (expanded.kind !== 'forced-fail') log.panic(`Failed to expand errors_copy "${copies}": ${expanded.message}`, attempt.message.id);
    return [];
  }
  return [];
}
