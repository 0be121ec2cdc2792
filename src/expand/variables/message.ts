/** Variables of the message that is received or delivered. Spec ch. 11 "Expansion variables". */
import { type Octets, octetsFromBytes, trimEnd, trimStart } from '../../base/octets.ts';
import { type Frame, mailOf } from '../../core/frame.ts';
import type { Body, Mail } from '../../core/message.ts';
import type { NotOk, Outcome } from '../../core/outcome.ts';
import { type Text, tainted } from '../../core/text.ts';
import { domainOf, localPartOf } from '../../message/address.ts';
import { findHeader, rawValue } from '../../message/header.ts';
import { decodeWords, MAX_HEADER_VALUE } from '../header-value.ts';
import { numberVariable, octetsVariable, remoteVariable, variable, yesNoVariable } from '../reading.ts';

export default [
  octetsVariable('message_exim_id', 'The id of the message.', (frame) => mailOf(frame)?.id),
  octetsVariable('message_id', 'Older name of $message_exim_id.', (frame) => mailOf(frame)?.id),
  numberVariable('message_size', 'The size of the message; before its data what MAIL said, or -1.', messageSize),
  numberVariable('message_body_size', 'The size of the body.', (frame) => mailOf(frame)?.body?.sizeBytes),
  numberVariable('message_linecount', 'The lines of headers and body.', lineCount),
  numberVariable('body_linecount', 'The lines of the body.', (frame) => mailOf(frame)?.bodyLineCount),
  numberVariable('body_zerocount', 'The binary zeros in the body.', (frame) => mailOf(frame)?.bodyZeroCount),
  numberVariable('max_received_linelength', 'The length of the longest line as received.', (frame) => mailOf(frame)?.maxReceivedLineLength),
  numberVariable('message_age', 'How many seconds ago the message was received when this delivery began.', messageAge),
  numberVariable('received_time', 'When the message was received, in seconds since the epoch.', (frame) =>
    seconds(mailOf(frame)?.receivedAtMs),
  ),
  numberVariable('received_count', 'The Received: headers.', (frame) => liveHeaders(frame).filter((header) => header.type === 'P').length),
  remoteVariable('received_for', 'The recipient, when there is one only.', (frame) => onlyRecipient(mailOf(frame))),
  variable('message_headers', 'The header lines, with encoded words decoded.', (frame) =>
    headerText(frame, (text) => decodeWords(trimEnd(text), frame, undefined), '\n'),
  ),
  variable('message_headers_raw', 'The header lines as they are.', (frame) => headerText(frame, (text) => text, '')),
  variable('message_body', 'The beginning of the body.', (frame) => bodyText(frame, (body, limit) => body.head(limit))),
  variable('message_body_end', 'The end of the body.', (frame) => bodyText(frame, (body, limit) => body.tail(limit))),
  yesNoVariable('message_smtputf8', 'The message came with SMTPUTF8.', (frame) => mailOf(frame)?.isUtf8),
  remoteVariable('sender_address', 'The sender of the envelope.', (frame) => mailOf(frame)?.sender),
  remoteVariable('sender_address_domain', 'The domain of the sender.', (frame) => mapSender(frame, domainOf)),
  remoteVariable('sender_address_local_part', 'The local part of the sender.', (frame) => mapSender(frame, localPartOf)),
  remoteVariable(
    'return_path',
    'The sender of the outgoing envelope.',
    (frame) => frame.returnPath ?? frame.address?.state.errorsTo ?? frame.message?.sender,
  ),
  remoteVariable('reply_address', 'The contents of Reply-To:, or else of From:.', replyAddress),
  remoteVariable(
    'recipients',
    'The recipients, with commas between; in system filters and in ACLs that see the whole message.',
    recipients,
  ),
  remoteVariable('recipients_list', 'The recipients as a list with colons; where $recipients may be used.', (frame) =>
    recipients(frame)?.replaceAll(':', '::').replaceAll(', ', ':'),
  ),
  numberVariable('recipients_count', 'How many recipients the message has.', (frame) => mailOf(frame)?.recipients.length),
  numberVariable('rcpt_count', 'The RCPT commands for the message.', (frame) => frame.transaction?.state.rcptCount),
  numberVariable('rcpt_fail_count', 'The RCPT commands that were refused for good.', (frame) => frame.transaction?.state.rcptFailCount),
  numberVariable('rcpt_defer_count', 'The RCPT commands that were refused for now.', (frame) => frame.transaction?.state.rcptDeferCount),
  remoteVariable('headers_added', 'The header lines that `add_header` added so far.', (frame) => headersAdded(frame)),
  remoteVariable('dsn_envid', 'The envelope identifier of RFC 3461.', (frame) => mailOf(frame)?.dsn.envid),
  octetsVariable('queue_name', 'The queue that the message is in, or will be in; empty for the default queue.', (frame) =>
    queueName(frame),
  ),
  octetsVariable('local_scan_data', 'What local_scan() said when it took the message.', (frame) => mailOf(frame)?.localScanData),
];

function queueName({ message, session }: Frame): Octets | undefined {
  const name = message === undefined ? session?.state.queueName : message.queueName;
  return name === '' ? undefined : name;
}

function messageSize(frame: Frame): number | undefined {
  const receiving = frame.message === undefined ? frame.transaction?.state : undefined;
  if (receiving && receiving.body === undefined && receiving.sender !== undefined) return receiving.declaredSize;
  return mailOf(frame)?.size;
}

/** Of a message that is being received: what came. Later with the lines that were added. */
function lineCount(frame: Frame): number | undefined {
  const received = frame.message === undefined ? frame.transaction?.state.receivedLineCount : undefined;
  if (received !== undefined) return received;
  const mail = mailOf(frame);
  if (mail?.body === undefined) return undefined;
  return liveHeaders(frame).reduce((lines, header) => lines + header.text.split('\n').length - 1, mail.bodyLineCount);
}

function messageAge(frame: Frame): number | undefined {
  const mail = mailOf(frame);
  const at = frame.delivery?.startedAtMs;
  return mail === undefined || at === undefined ? undefined : Math.max(0, Math.trunc((at - mail.receivedAtMs) / 1000));
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.trunc(ms / 1000);
}

function liveHeaders(frame: Frame) {
  return mailOf(frame)?.headers.filter((header) => header.type !== '*') ?? [];
}

function onlyRecipient(mail: Mail | undefined): Octets | undefined {
  return mail?.recipients.length === 1 ? mail.recipients[0]?.address : undefined;
}

function headerText(frame: Frame, read: (text: Octets) => Octets, joint: string): Text | undefined {
  const headers = liveHeaders(frame);
  if (headers.length === 0) return undefined;
  return tainted(
    headers
      .map((header) => read(header.text))
      .join(joint)
      .slice(0, MAX_HEADER_VALUE),
  );
}

function bodyText(frame: Frame, part: (body: Body, limit: number) => Outcome<Buffer>): Text | undefined | NotOk {
  const body = mailOf(frame)?.body;
  if (!body) return undefined;
  const { message_body_visible: limit, message_body_newlines: keepsNewlines } = frame.config.main;
  const outcome = part(body, limit);
  if (outcome.kind !== 'ok') return outcome;
  const octets = octetsFromBytes(outcome.value).replaceAll('\0', ' ');
  return tainted(keepsNewlines ? octets : octets.replaceAll('\n', ' '));
}

function mapSender(frame: Frame, map: (sender: Octets) => Octets): Octets | undefined {
  const sender = mailOf(frame)?.sender;
  return sender === undefined ? undefined : map(sender);
}

function replyAddress(frame: Frame): Octets | undefined {
  const headers = mailOf(frame)?.headers ?? [];
  for (const name of ['reply-to', 'from']) {
    const header = findHeader(headers, name);
    const value = header && trimStart(rawValue(header)).replace(/\n$/, '');
    if (value) return value;
  }
  return undefined;
}

const WHOLE_MESSAGE_PHASES: ReadonlySet<string> = new Set([
  'predata',
  'data',
  'mime',
  'dkim',
  'prdr',
  'not_smtp_start',
  'not_smtp',
  'not_smtp_mime',
]);

/** Not for users' filters, which could see Bcc recipients: only while no address is being processed, or in ACLs for the whole message. */
function recipients(frame: Frame): Octets | undefined {
  const isAllowed = frame.message === undefined ? WHOLE_MESSAGE_PHASES.has(frame.aclPhase ?? '') : frame.address === undefined;
  const list = isAllowed ? mailOf(frame)?.recipients : undefined;
  return list === undefined || list.length === 0 ? undefined : list.map(({ address }) => address).join(', ');
}

function headersAdded(frame: Frame): Octets | undefined {
  const added = frame.transaction?.state.addedHeaders;
  return added === undefined || added.length === 0 ? undefined : added.map(({ text }) => text.replace(/\n$/, '')).join('\n');
}
