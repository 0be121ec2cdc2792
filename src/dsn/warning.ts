/** The message that tells a sender that a message is delayed. RFC 3464; Spec ch. 50 "Customizing warning messages". */
import { type Octets, trimEnd } from '../base/octets.ts';
import type { Frame, Message } from '../core/index.ts';
import {
  boundary,
  commonHeaders,
  describeAddress,
  expandItem,
  headerValue,
  type Report,
  type ReportedAddress,
  recipientFields,
  reportContentType,
  returnedMessage,
  statusPart,
} from './report.ts';
import { readTemplateFile } from './template-file.ts';

export interface WarningRequest {
  readonly frame: Frame;
  readonly message: Message;
  readonly delayed: readonly ReportedAddress[];
  readonly recipient: Octets;
  /** The delay that was reached. */
  readonly delaySeconds: number;
}

/** `45 minutes`, from two hours on `4 hours`. */
export function formatDelay(seconds: number): Octets {
  return seconds < 7200 ? `${Math.floor(seconds / 60)} minutes` : `${Math.floor(seconds / 3600)} hours`;
}

export async function composeWarning(request: WarningRequest): Promise<Report> {
  const { frame, message, recipient } = request;
  const mark = boundary(frame);
  const delay = formatDelay(request.delaySeconds);
  const items = await readTemplateFile(frame.config.main.warn_message_file, 'warn_message_file', frame);
  const names = { warn_message_delay: delay, warn_message_recipients: recipient, warnmsg_delay: delay, warnmsg_recipients: recipient };
  const subject = await expandItem(items[0], `Subject: Warning: message ${message.id} delayed ${delay}\n`, frame, names);
  const opening = await expandItem(items[1], openingText(request, delay), frame, names);
  const closing = await expandItem(items[2], CLOSING, frame, names);
  const headers = [...(await commonHeaders(frame, message, recipient)), ...reportContentType(mark), endLine(subject)];
  const text = `--${mark}\nContent-type: text/plain; charset=us-ascii\n\n${endLine(opening)}\n${request.delayed.map(describeAddress).join('')}\n${endLine(closing)}\n`;
  const status = `--${mark}\n${statusPart(
    frame,
    message,
    request.delayed.map((delayed) => recipientFields(message, delayed, 'delayed')),
  )}`;
  return { recipients: [recipient], headers, body: () => warningBody(request, mark, text + status) };
}

async function* warningBody(request: WarningRequest, mark: Octets, start: Octets): AsyncGenerator<Buffer> {
  yield Buffer.from(`${start}--${mark}\n`, 'latin1');
  yield* returnedMessage(request.frame, request.message, 'headers');
  yield Buffer.from(`\n--${mark}--\n`, 'latin1');
}

function openingText(request: WarningRequest, delay: Octets): Octets {
  const { message, frame } = request;
  const who = request.recipient === message.sender ? 'that you sent ' : `sent by\n\n  <${message.sender}>\n\n`;
  const subject = headerValue(message.headers, 'Subject');
  const date = headerValue(message.headers, 'Date');
  const lines = [
    'This message was created automatically by mail delivery software.\n',
    `A message ${who}has not yet been delivered to one or more of its\nrecipients after more than ${delay} on the queue on ${frame.config.main.primary_hostname ?? ''}.\n\n`,
    `The message identifier is:     ${message.id}\n`,
    subject === undefined ? '' : `The subject of the message is: ${subject}\n`,
    date === undefined ? '' : `The date of the message is:    ${date}\n`,
    `\nThe address${request.delayed.length === 1 ? '' : 'es'} to which the message has not yet been delivered ${request.delayed.length === 1 ? 'is' : 'are'}:\n`,
  ];
  return lines.join('');
}

const CLOSING = `No action is required on your part. Delivery attempts will continue for
some time, and this warning may be repeated at intervals if the message
remains undelivered. Eventually the mail delivery software will give up,
and when that happens, the message will be returned to you.
`;

function endLine(text: Octets): Octets {
  return `${trimEnd(text)}\n`;
}
