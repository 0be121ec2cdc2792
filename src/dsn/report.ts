/** What bounces, warnings and other reports have in common: a message to be accepted like any other. RFC 3464; Spec ch. 50 "Customizing bounce and warning messages". */
import { lowerCase, type Octets, trimSpace } from '../base/octets.ts';
import type { Address, Frame, HeaderLine, Message } from '../core/index.ts';
import { untainted, withLocal } from '../core/index.ts';

/** A message made here: header lines without Received:, Message-Id: and Date:, which are added when it is accepted. */
export interface Report {
  readonly recipients: readonly Octets[];
  readonly headers: readonly Octets[];
  /** Octets with \n line ends. */
  readonly body: () => AsyncIterable<Buffer>;
}

/** An address and why it is in the report. */
export interface ReportedAddress {
  readonly address: Address;
  /** For people; undefined or '': nothing is said. */
  readonly text?: Octets | undefined;
  /** Put before the text, on its line: `Delay reason: `. */
  readonly prefix?: Octets | undefined;
  readonly remoteHost?: { readonly name: Octets; readonly address?: Octets | undefined } | undefined;
  /** Output of a pipe. */
  readonly returnedText?: Buffer | undefined;
  /** `hide_child_in_errmsg`: its name is not told. */
  readonly isHidden: boolean;
}

/** The value of a header of the message, without leading and trailing white space. */
export function headerValue(headers: readonly HeaderLine[], name: Octets): Octets | undefined {
  const wanted = `${lowerCase(name)}:`;
  for (const header of headers) {
    if (header.type === '*') continue;
    const colon = header.text.indexOf(':');
    if (colon > 0 && `${lowerCase(header.text.slice(0, colon)).replace(/[ \t]+$/, '')}:` === wanted)
      return trimSpace(header.text.slice(colon + 1));
  }
  return undefined;
}

/** `Auto-Submitted:`, `From:` by dsn_from, `To:`, `Reply-To:` by errors_reply_to, `References:`. */
export async function commonHeaders(frame: Frame, about: Message, recipient: Octets): Promise<Octets[]> {
  const { main } = frame.config;
  const lines = ['Auto-Submitted: auto-replied\n', `From: ${await senderOfReports(frame)}\n`, `To: ${recipient}\n`];
  if (main.errors_reply_to !== undefined && main.errors_reply_to !== '') lines.push(`Reply-To: ${main.errors_reply_to}\n`);
  const references = referencesTo(about);
  if (references !== '') lines.push(`References: ${references}\n`);
  return lines;
}

/** `dsn_from`, or its default when it cannot be expanded. */
async function senderOfReports(frame: Frame): Promise<Octets> {
  const { main } = frame.config;
  const usual = `Mail Delivery System <Mailer-Daemon@${main.qualify_domain ?? main.primary_hostname ?? ''}>`;
  const expanded = await main.dsn_from?.evaluate(frame);
  if (expanded === undefined) return usual;
  if (expanded.kind === 'ok') return expanded.value.octets;
  if (expanded.kind !== 'forced-fail') frame.services.log.panic(`Failed to expand dsn_from: ${expanded.message}`);
  return usual;
}

const MAX_REFERENCES = 12;

/** RFC 5322 s3.6.4: what the message refers to, then the message itself. */
function referencesTo(message: Message): Octets {
  const before = headerValue(message.headers, 'References') ?? headerValue(message.headers, 'In-Reply-To') ?? '';
  const own = headerValue(message.headers, 'Message-Id') ?? '';
  const ids = `${before} ${own}`.match(/<[^<> \t\n]+>/g) ?? [];
  return ids.slice(-MAX_REFERENCES).join('\n ');
}

/** The three parts of a multipart/report. */
export function boundary(frame: Frame): Octets {
  const { clock, random } = frame.services;
  return `${Math.floor(clock.now() / 1000)}-eximdsn-${random.below(2_000_000_000)}`;
}

export function reportContentType(mark: Octets): Octets[] {
  return [`Content-Type: multipart/report; report-type=delivery-status; boundary=${mark}\n`, 'MIME-Version: 1.0\n'];
}

/** `  a@b`, and how it came about, and why. */
export function describeAddress(reported: ReportedAddress): Octets {
  let text = `  ${nameLines(reported.address, reported.isHidden)}\n`;
  const { remoteHost } = reported;
  if (remoteHost !== undefined) text += `  host ${remoteHost.name}${remoteHost.address === undefined ? '' : ` [${remoteHost.address}]`}\n`;
  if (reported.text !== undefined && reported.text !== '') text += wrap(`${reported.prefix ?? ''}${reported.text}`);
  return text;
}

/** The name of an address and of those that generated it, in lines that but for the first are indented by four. */
export function nameLines(address: Address, isHidden: boolean, indent = '    '): Octets {
  const parent = address.parent;
  let top = parent;
  while (top?.parent !== undefined) top = top.parent;
  const origin = top === undefined || top === parent ? undefined : top.original;
  if (address.kind === 'mailbox') {
    const name = isHidden && parent !== undefined ? 'an undisclosed address' : address.address;
    const generator = isHidden ? (top ?? parent) : top;
    return generator === undefined || generator.original === name ? name : `${name}\n${indent}(generated from ${generator.original})`;
  }
  const what =
    address.kind === 'pipe' ? `pipe to ${address.address}` : address.kind === 'autoreply' ? 'mail to sender' : `save to ${address.address}`;
  const generated = parent === undefined ? '' : `\n${indent}generated by ${parent.address}`;
  return `${what}${generated}${origin === undefined ? '' : `\n${indent}(ultimately generated from ${origin})`}`;
}

/** From this column on a line ends behind a colon. */
const BREAK_COLUMN = 45;

/** Lines indented by four; long ones are broken behind a colon with a space, and nowhere else. */
export function wrap(text: Octets): Octets {
  let out = '';
  for (const line of text.split('\n')) {
    let rest = line;
    for (let at = rest.indexOf(': ', BREAK_COLUMN); at >= 0; at = rest.indexOf(': ', BREAK_COLUMN)) {
      out += `    ${rest.slice(0, at + 1)}\n`;
      rest = rest.slice(at + 2);
    }
    out += `    ${rest}\n`;
  }
  return out;
}

/** The fields of one recipient. RFC 3464 s2.3. */
export function recipientFields(message: Message, reported: ReportedAddress, action: 'failed' | 'delayed'): Octets {
  let top = reported.address;
  while (top.parent !== undefined) top = top.parent;
  const orcpt = message.recipients[top.recipientIndex]?.orcpt;
  let fields = `Action: ${action}\n`;
  if (orcpt !== undefined) fields += `Original-Recipient: ${orcpt}\n`;
  fields += `Final-Recipient: rfc822;${top.original}\nStatus: ${action === 'failed' ? '5.0.0' : '4.0.0'}\n`;
  if (reported.remoteHost !== undefined) {
    fields += `Remote-MTA: dns; ${reported.remoteHost.name}\n`;
    const reply = /(?:^|: )([245][0-9][0-9][ -].*)$/s.exec(reported.text ?? '')?.[1];
    if (reply !== undefined) fields += `Diagnostic-Code: smtp; ${reply.replaceAll('\n', ' ')}\n`;
  }
  return fields;
}

/** The second part: what concerns the message, then each recipient behind an empty line. */
export function statusPart(frame: Frame, message: Message, recipients: readonly Octets[]): Octets {
  const envelope = message.dsn.envid === undefined ? '' : `Original-Envelope-ID: ${message.dsn.envid}\n`;
  return `Content-type: message/delivery-status\n\nReporting-MTA: dns; ${frame.config.main.primary_hostname ?? ''}\n${envelope}\n${recipients.join('\n')}\n`;
}

const NO_BODY_NOTE = 'X-Exim-DSN-Information: Due to administrative limits only headers are returned\n';

/** The third part: the message, or its header lines. */
export async function* returnedMessage(frame: Frame, message: Message, wants: 'all' | 'headers'): AsyncGenerator<Buffer> {
  const { main } = frame.config;
  const isTooLarge = exceedsReturnLimit(message, main.bounce_return_size_limit);
  const hasLongLines = main.bounce_return_linesize_limit > 0 && message.maxReceivedLineLength > main.bounce_return_linesize_limit;
  const isCut = wants === 'all' && (isTooLarge || hasLongLines);
  const headers = message.headers.filter((header) => header.type !== '*').map((header) => header.text);
  const type = wants === 'all' && !isCut ? (message.isUtf8 ? 'message/global' : 'message/rfc822') : 'text/rfc822-headers';
  yield Buffer.from(
    `Content-type: ${type}\n\nReturn-path: <${message.sender}>\n${headers.join('')}${isCut ? NO_BODY_NOTE : ''}\n`,
    'latin1',
  );
  if (wants === 'all' && !isCut) yield* message.body.chunks(frame.until);
}

const CHUNK_BYTES = 8192;

/** What counts is the size of the -D file (with its first line), and whole chunks: the limit is up to a chunk higher, as in Exim. */
export function exceedsReturnLimit(message: Pick<Message, 'id' | 'body'>, limitBytes: number): boolean {
  if (limitBytes <= 0) return false;
  const fileBytes = message.id.length + '-D\n'.length + message.body.sizeBytes;
  return fileBytes > (Math.floor(limitBytes / CHUNK_BYTES) + 1) * CHUNK_BYTES;
}

/** Fills a text of a template file; the usual text when it fails. */
export async function expandItem(
  text: Octets | undefined,
  usual: Octets,
  frame: Frame,
  names: Readonly<Record<string, Octets>>,
): Promise<Octets> {
  if (text === undefined || trimSpace(text) === '') return usual;
  let scoped = frame;
  for (const [name, value] of Object.entries(names)) scoped = withLocal(scoped, name, untainted(value));
  const expanded = await frame.config.compile(text, 'bounce or warning message file').evaluate(scoped);
  if (expanded.kind === 'ok') return expanded.value.octets;
  frame.services.log.panic(
    `Failed to expand item of bounce or warning message file: ${expanded.kind === 'forced-fail' ? 'forced failure' : expanded.message}`,
  );
  return usual;
}
