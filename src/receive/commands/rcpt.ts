/** RCPT TO. RFC 5321 s4.1.1.3. */
import type { Octets } from '../../base/octets.ts';
import { lowerCase, printable } from '../../base/octets.ts';
import type { AclVerdict, TransactionState } from '../../core/index.ts';
import { withoutPercentHack } from '../../lists/percent-hack.ts';
import { hostAndIdent } from '../../logging/lines/host.ts';
import { parseAddress } from '../../message/address.ts';
import { rewriteSmtpArgument } from '../../rewrite/rewrite.ts';
import type { Command, RcptParameters } from '../../smtp/command.ts';
import { parseRcptArgument } from '../../smtp/command.ts';
import type { Dialogue } from '../dialogue.ts';
import { expandSize } from '../expansion.ts';
import { slowDown } from '../slow-down.ts';
import { hasSpokenBeforeReply } from '../synchronization.ts';
import { recipientView } from '../transaction.ts';
import { addressSyntax } from './syntax.ts';

export async function rcpt(dialogue: Dialogue, command: Command): Promise<void> {
  const { config, origin } = dialogue;
  const state = dialogue.transaction?.state;
  dialogue.isRcptOutOfPlace = false;
  if (state?.sender === undefined) return refuseWithoutSender(dialogue);
  if (command.argument === '') return syntaxError(dialogue, `${command.line.slice(0, 4)} must have an address operand`);
  state.rcptCount++;
  const parsed = parseRcptArgument(command.argument, { dsn: dialogue.session.state.esmtp && dialogue.advertised.dsn });
  if (parsed.kind === 'error') return syntaxError(dialogue, parsed.message);
  await slowDown(dialogue, config.main.smtp_ratelimit_rcpt, state.rcptCount);
  const given = (await rewriteSmtpArgument(parsed.address, dialogue.frame())) ?? parsed.address;
  const address = parseAddress(given, addressSyntax(config.main, state.isUtf8));
  if (address.kind === 'error') {
    state.rcptFailCount++;
    dialogue.noteRcptRefusal(`501 ${printable(`${parsed.address}: ${address.message}`)}`, 'whole-reply');
    return dialogue.addressError(parsed.address, address.message);
  }
  let recipient = address.address;
  if (address.domain === '') {
    if (origin.allowUnqualifiedRecipient !== true && lowerCase(recipient) !== 'postmaster') {
      state.rcptFailCount++;
      dialogue.noteRcptRefusal(`501 ${printable(parsed.address)}: recipient address must contain a domain`, 'whole-reply');
      return dialogue.refuseUnqualified('recipient', parsed.address, recipient);
    }
    recipient = `${recipient}@${config.main.qualify_recipient}`;
  }
  if (!(await hasRoom(dialogue, state))) return;
  await judge(dialogue, state, parsed, recipient);
}

/** When MAIL was refused and RCPT came in the same group, the client could not know (RFC 2920 s3.1). */
function refuseWithoutSender(dialogue: Dialogue): void {
  dialogue.noteRcptRefusal('503 sender not yet given', 'whole-reply');
  const isInGroup = dialogue.previousVerb === 'MAIL' || dialogue.previousVerb === 'RCPT';
  if (dialogue.wasMailRejected && isInGroup && dialogue.advertised.pipelining) {
    dialogue.reply('503', 'sender not yet given');
    return;
  }
  dialogue.isRcptOutOfPlace = true;
  dialogue.protocolError('protocol', '503', 'sender not yet given');
}

function syntaxError(dialogue: Dialogue, text: Octets): void {
  dialogue.noteRcptRefusal(`501 ${printable(text)}`, 'whole-reply');
  dialogue.protocolError('syntax', '501', printable(text, { escapeTab: false }));
}

/** `recipients_max`, which counts every RCPT of the transaction, taken or not. */
async function hasRoom(dialogue: Dialogue, state: TransactionState): Promise<boolean> {
  const { config, origin, log } = dialogue;
  const limit = await expandSize(config.main.recipients_max, dialogue.frame(), 0);
  if (limit.kind !== 'ok' || limit.value <= 0 || state.rcptCount <= limit.value) return true;
  const isFinal = config.main.recipients_max_reject;
  const text = 'too many recipients';
  if (isFinal) state.rcptFailCount++;
  else state.rcptDeferCount++;
  dialogue.reply(isFinal ? '552' : '452', text);
  dialogue.noteRcptRefusal(text);
  if (!state.controls.has('too-many-recipients-logged')) {
    const what = isFinal ? 'message rejected' : 'excess temporarily rejected';
    log.mainAndReject(`too many recipients: ${what}: sender=<${printable(state.sender ?? '')}> ${hostAndIdent(origin, log, true)}`);
  }
  state.controls.set('too-many-recipients-logged', '');
  if (isFinal) dialogue.hasTooManyRecipients = true;
  return false;
}

/** The ACL sees the parts of the address that is meant, with `percent_hack_domains` obeyed. */
async function runAcl(dialogue: Dialogue, state: TransactionState, recipient: Octets): Promise<AclVerdict> {
  const view = recipientView(recipient);
  const parts = { localPart: view.originalLocalPart ?? view.localPart, domain: view.domain };
  const meant = await withoutPercentHack(parts, dialogue.frame());
  if (meant.kind !== 'ok') return { kind: 'defer', message: undefined, logMessage: 'message' in meant ? meant.message : undefined };
  state.currentRecipient =
    meant.value === parts ? view : { ...recipientView(`${meant.value.localPart}@${meant.value.domain}`), address: recipient };
  const { acl_smtp_rcpt: acl } = dialogue.config.main;
  const verdict = await dialogue.runAcl('rcpt', acl, { kind: 'fail', message: undefined, logMessage: undefined, isDrop: false });
  state.currentRecipient = undefined;
  return verdict;
}

async function judge(dialogue: Dialogue, state: TransactionState, parameters: RcptParameters, recipient: Octets): Promise<void> {
  const { log, origin } = dialogue;
  const isDiscardedBefore = state.controls.has('discard');
  const takenBefore = takenElsewhere(state);
  /** Of a recipient that gets no message from here, but that another host has taken. */
  const endCutthrough = () => {
    if (takenElsewhere(state) > takenBefore) dialogue.endCutthrough();
  };
  const verdict: AclVerdict = isDiscardedBefore
    ? { kind: 'discard', logMessage: state.controls.get('discard') }
    : await runAcl(dialogue, state, recipient);
  switch (verdict.kind) {
    case 'accept':
    case 'discard':
      if (verdict.kind === 'discard') {
        endCutthrough();
        state.controls.set('discarded-recipients', isDiscardedBefore ? 'MAIL' : 'RCPT');
        const cause = verdict.logMessage === undefined || verdict.logMessage === '' ? '' : `: ${verdict.logMessage}`;
        log.mainAndReject(
          `${hostAndIdent(origin, log, true)} F=<${printable(state.sender ?? '')}> RCPT ${printable(parameters.address)}: discarded by ${isDiscardedBefore ? 'MAIL' : 'RCPT'} ACL${cause}`,
        );
      } else {
        if (!(await cutsThrough(dialogue, state, recipient))) {
          state.rcptFailCount++;
          const denied = { kind: 'fail', message: undefined, logMessage: undefined, isDrop: false } as const;
          dialogue.noteRcptRefusal(dialogue.refuse('rcpt', `RCPT ${printable(parameters.address)}`, denied).text);
          return;
        }
        state.recipients.push({
          address: recipient,
          ...(parameters.orcpt === undefined ? {} : { orcpt: parameters.orcpt }),
          ...(parameters.notify === undefined ? {} : { notify: parameters.notify }),
        });
      }
      if (await hasSpokenBeforeReply(dialogue, 'RCPT')) return;
      if (verdict.message !== undefined) dialogue.replyText('250', verdict.message);
      else dialogue.reply('250', 'Accepted');
      return;
    default: {
      endCutthrough();
      if (verdict.kind === 'fail') state.rcptFailCount++;
      else state.rcptDeferCount++;
      const refused = dialogue.refuse('rcpt', `RCPT ${printable(parameters.address)}`, verdict);
      dialogue.noteRcptRefusal(refused.text);
    }
  }
}

function takenElsewhere({ cutthrough }: TransactionState): number {
  return typeof cutthrough === 'object' ? cutthrough.takenCount : 0;
}

/** False: the host to which the message would go at once does not take the recipient. */
async function cutsThrough(dialogue: Dialogue, state: TransactionState, recipient: Octets): Promise<boolean> {
  if (!state.controls.has('cutthrough_delivery') || dialogue.parts.isRehearsal) return true;
  return (await dialogue.parts.services.verifier.cutThrough(recipient, dialogue.frame())) !== 'refused';
}
