/**
 * PRDR: after the data of a message for several recipients each of them gets a reply of its own, from an ACL. Spec ch. 44 "The SMTP PRDR ACL";
 * draft-hall-prdr.
 */
import { expandAclOption } from '../acl/option-text.ts';
import type { Octets } from '../base/octets.ts';
import { printable } from '../base/octets.ts';
import type { AclVerdict, Frame, Recipient, Template, TransactionState } from '../core/index.ts';
import { recipientView } from './transaction.ts';

/** How a reply per recipient is given: `verdict` replies 250, 450 or 550 with the text of the ACL or the one that is given. */
export interface RecipientReplies {
  begin(): void;
  verdict(code: '250' | '450' | '550', text: Octets): void;
}

/** Who takes the message. As Exim, some do as soon as one was refused only for now. */
export type PrdrResult = 'all' | 'some' | 'none';

/** Undefined when it is not wanted: not asked for by the client, a single recipient, no ACL. */
export async function judgeRecipients(state: TransactionState, frame: Frame, replies: RecipientReplies): Promise<PrdrResult | undefined> {
  const { main } = frame.config;
  if (!state.controls.has('prdr') || state.recipients.length < 2 || main.acl_smtp_data_prdr === undefined) return undefined;
  replies.begin();
  const accepted: Recipient[] = [];
  let isDeferred = false;
  const total = state.recipients.length;
  for (const recipient of state.recipients) {
    const verdict = await runFor(recipient.address, main.acl_smtp_data_prdr, state, frame);
    tell(recipient.address, verdict, state, frame, replies);
    if (verdict.kind === 'accept') accepted.push(recipient);
    else if (verdict.kind === 'defer' || verdict.kind === 'error') isDeferred = true;
  }
  state.recipients = accepted;
  if (accepted.length === total) return 'all';
  return accepted.length > 0 || isDeferred ? 'some' : 'none';
}

async function runFor(address: Octets, acl: Template, state: TransactionState, frame: Frame): Promise<AclVerdict> {
  const text = await expandAclOption(acl, frame);
  if (text.kind === 'forced-fail') return { kind: 'accept' };
  if (text.kind !== 'ok') return { kind: 'error', logMessage: text.message };
  state.currentRecipient = recipientView(address);
  const verdict = await frame.services.acls.run('prdr', text.value, [], frame);
  state.currentRecipient = undefined;
  return verdict;
}

/** A broken ACL is a temporary refusal, where Exim refuses for good. */
function tell(address: Octets, verdict: AclVerdict, state: TransactionState, frame: Frame, replies: RecipientReplies): void {
  const isTaken = verdict.kind === 'accept' || verdict.kind === 'discard';
  const outcome = isTaken ? 'acceptance' : verdict.kind === 'fail' ? 'refusal' : 'temporary refusal';
  const code = isTaken ? '250' : verdict.kind === 'fail' ? '550' : '450';
  const plain = `PRDR R=<${printable(address)}> ${outcome}`;
  const userText = 'message' in verdict && verdict.message !== '' ? verdict.message : undefined;
  const logText = 'logMessage' in verdict ? verdict.logMessage : undefined;
  replies.verdict(code, userText ?? plain);
  const reason = logText ?? userText;
  frame.services.log.main(reason === undefined ? plain : `PRDR ${printable(address)} ${reason}`, state.id);
}
