/** The message that tells a sender that addresses failed. RFC 3464, RFC 3462; Spec ch. 50 "Customizing bounce messages". */
import { type Octets, octetsFromBytes, trimEnd } from '../base/octets.ts';
import type { Frame, Message } from '../core/index.ts';
import {
  boundary,
  commonHeaders,
  describeAddress,
  expandItem,
  nameLines,
  type Report,
  type ReportedAddress,
  recipientFields,
  reportContentType,
  returnedMessage,
  statusPart,
} from './report.ts';
import { readTemplateFile } from './template-file.ts';

export interface BounceRequest {
  /** With `message` set to the one that failed. */
  readonly frame: Frame;
  readonly message: Message;
  /** In the order in which they failed. */
  readonly failures: readonly ReportedAddress[];
  /** Who gets it: the sender, or an `errors_to`. */
  readonly recipient: Octets;
  /** Who gets it too (`errors_copy`). */
  readonly copies: readonly Octets[];
}

/** How much of a pipe's output goes back. */
const OUTPUT_LIMIT = 64 * 1024;

export async function composeBounce(request: BounceRequest): Promise<Report> {
  const { frame, message, recipient } = request;
  const mark = boundary(frame);
  const items = await readTemplateFile(frame.config.main.bounce_message_file, 'bounce_message_file', frame);
  const names = { bounce_recipient: recipient, bounce_return_size_limit: String(frame.config.main.bounce_return_size_limit) };
  const returns = recipient === message.sender;
  const subject = await expandItem(
    items[0],
    `Subject: Mail delivery failed${returns ? ': returning message to sender' : ''}\n`,
    frame,
    names,
  );
  const opening = await expandItem(items[1], openingText(request, returns), frame, names);
  const output = await expandItem(
    items[2],
    `The following text was generated during the delivery attempt${request.failures.filter(hasOutput).length > 1 ? 's' : ''}:\n`,
    frame,
    names,
  );
  const newestFirst = [...request.failures].reverse();
  const headers = [
    `X-Failed-Recipients: ${newestFirst
      .filter((failure) => !failure.isHidden)
      .map(failedName)
      .join(',\n  ')}\n`,
    ...(await commonHeaders(frame, message, recipient)),
    ...reportContentType(mark),
    endLine(subject),
  ];
  const text = `--${mark}\nContent-type: text/plain; charset=${message.isUtf8 ? 'utf-8' : 'us-ascii'}\n\n${endLine(opening)}\n${newestFirst.map(describeAddress).join('')}\n${outputText(newestFirst, output)}`;
  const status = `--${mark}\n${statusPart(
    frame,
    message,
    statusOrder(request.failures).map((failure) => recipientFields(message, failure, 'failed')),
  )}`;
  return { recipients: [recipient, ...request.copies], headers, body: () => bounceBody(request, mark, text + status) };
}

async function* bounceBody(request: BounceRequest, mark: Octets, start: Octets): AsyncGenerator<Buffer> {
  const { main } = request.frame.config;
  yield Buffer.from(start, 'latin1');
  if (main.bounce_return_message) {
    yield Buffer.from(`--${mark}\n`, 'latin1');
    const isWhole = main.bounce_return_body && request.message.dsn.ret !== 'HDRS';
    yield* returnedMessage(request.frame, request.message, isWhole ? 'all' : 'headers');
    yield Buffer.from('\n', 'latin1');
  }
  yield Buffer.from(`--${mark}--\n`, 'latin1');
}

function openingText(request: BounceRequest, returns: boolean): Octets {
  const { bounce_message_text: extra } = request.frame.config.main;
  const start = `This message was created automatically by mail delivery software.\n${extra === undefined || extra === '' ? '' : endLine(extra)}\n`;
  if (returns) {
    return `${start}A message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n`;
  }
  return `${start}A message sent by\n\n  <${request.message.sender}>\n\ncould not be delivered to one or more of its recipients. The following\naddress(es) failed:\n`;
}

function endLine(text: Octets): Octets {
  return `${trimEnd(text)}\n`;
}

/** Of files and pipes the address that led to them. */
function failedName({ address }: ReportedAddress): Octets {
  return address.kind === 'mailbox' ? address.address : (address.parent?.address ?? address.address);
}

function hasOutput(failure: ReportedAddress): boolean {
  return failure.returnedText !== undefined && failure.returnedText.length > 0;
}

function outputText(failures: readonly ReportedAddress[], introduction: Octets): Octets {
  const withOutput = failures.filter(hasOutput);
  if (withOutput.length === 0) return '';
  const parts = withOutput.map((failure) => {
    const text = octetsFromBytes((failure.returnedText ?? Buffer.alloc(0)).subarray(0, OUTPUT_LIMIT));
    return `------ ${nameLines(failure.address, failure.isHidden, '       ')} ------\n\n${text.endsWith('\n') ? text : `${text}\n`}\n`;
  });
  return `${endLine(introduction)}\n${parts.join('')}`;
}

/** As Exim: those with output first. */
function statusOrder(failures: readonly ReportedAddress[]): ReportedAddress[] {
  return [...failures.filter(hasOutput), ...failures.filter((failure) => !hasOutput(failure))];
}
