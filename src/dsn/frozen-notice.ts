/** The message that tells `freeze_tell` that a message was frozen. Spec ch. 14 "freeze_tell". */
import type { Octets } from '../base/octets.ts';
import type { Address, Frame, Message } from '../core/index.ts';
import { commonHeaders, type Report } from './report.ts';

export interface FrozenNoticeRequest {
  readonly frame: Frame;
  readonly message: Message;
  /** As in the log: `delivery error message`. */
  readonly reason: Octets;
  readonly undelivered: readonly Address[];
  readonly recipients: readonly Octets[];
}

export async function composeFrozenNotice(request: FrozenNoticeRequest): Promise<Report> {
  const { frame, message, reason, undelivered, recipients } = request;
  const headers = [...(await commonHeaders(frame, message, recipients.join(', '))), 'Subject: Message frozen\n'];
  const why = reason === '' ? '' : ` (${reason})`;
  const list =
    undelivered.length === 0
      ? ''
      : `\nThe following address(es) have yet to be delivered:\n${undelivered.map((address) => `  ${address.address}\n`).join('')}`;
  const text = `Message ${message.id} has been frozen${why}.\nThe sender is <${message.sender}>.\n${list}`;
  return {
    recipients,
    headers,
    body: async function* () {
      yield Buffer.from(text, 'latin1');
    },
  };
}
