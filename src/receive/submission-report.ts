/** What a sender is told about a message that the command line could not accept: on stderr, or by mail. Spec ch. 5 "-oem" and its relatives. */
import type { Octets } from '../base/octets.ts';
import { octetsFromBytes, printable } from '../base/octets.ts';
import type { HeaderLine } from '../core/index.ts';

export interface BadAddress {
  readonly text: Octets;
  readonly message: Octets;
}

export type SubmissionError =
  /** A recipient of the command line. */
  | { readonly kind: 'bad-argument'; readonly bad: BadAddress }
  /** Recipients of -t. */
  | { readonly kind: 'bad-headers'; readonly bad: readonly BadAddress[]; readonly hasOthers: boolean }
  | { readonly kind: 'no-recipients' }
  | { readonly kind: 'all-suppressed' }
  /** More than `recipients_max`. */
  | { readonly kind: 'too-many-recipients'; readonly areArguments: boolean; readonly limit: number }
  | { readonly kind: 'too-big'; readonly limitBytes: number; readonly body: Buffer | undefined }
  /** `text`: the header as far as it was read. */
  | { readonly kind: 'header-too-big' | 'header-line-too-long'; readonly limitBytes: number; readonly text: Octets }
  | { readonly kind: 'rejected'; readonly by: 'MIME ACL' | 'non-SMTP ACL' | 'local_scan()'; readonly text: Octets };

/** One line (or a list) for stderr, with its newline. */
export function errorLine(error: SubmissionError): Octets {
  switch (error.kind) {
    case 'bad-argument':
      return `exim: bad recipient address "${printable(error.bad.text)}": ${printable(error.bad.message)}\n`;
    case 'bad-headers': {
      const [only] = error.bad;
      if (error.bad.length === 1 && only !== undefined)
        return `exim: invalid address:  ${printable(only.text)}: ${printable(only.message)}\n`;
      return `exim: invalid addresses:\n${error.bad.map((bad) => `  ${printable(bad.text)}: ${printable(bad.message)}\n`).join('')}`;
    }
    case 'no-recipients':
      return 'exim: no recipients in message\n';
    case 'all-suppressed':
      return 'exim: all -t recipients overridden by command line\n';
    case 'too-many-recipients':
      return `exim: ${error.areArguments ? '' : 'message rejected: '}too many recipients\n`;
    case 'too-big':
      return `exim: message rejected: message too big (max=${error.limitBytes})\n`;
    case 'header-too-big':
      return `exim: message header longer than ${error.limitBytes} characters received: message not accepted\n`;
    case 'header-line-too-long':
      return `exim: message header line longer than ${error.limitBytes} characters received: message not accepted\n`;
    case 'rejected':
      return `exim: message rejected by ${error.by}: ${printable(error.text)}\n`;
  }
}

/** What the log says when there is nobody to tell. */
export function logText(error: SubmissionError): Octets {
  if (error.kind === 'too-big') return `message too big (limit set to ${error.limitBytes})`;
  if (error.kind === 'too-many-recipients') return `too many recipients (max set to ${error.limit})`;
  const [bad] = error.kind === 'bad-argument' ? [error.bad] : error.kind === 'bad-headers' ? error.bad : [];
  if (bad) return `at least one malformed recipient address: ${printable(bad.text)} - ${printable(bad.message)}`;
  if (error.kind === 'header-too-big') return `excessively long message header section read (more than ${error.limitBytes} characters)`;
  if (error.kind === 'header-line-too-long') return `excessively long message header line read (more than ${error.limitBytes} characters)`;
  if (error.kind === 'no-recipients' || error.kind === 'all-suppressed') return subject(error);
  if (error.kind === 'rejected') return `rejected by ${error.by}: ${printable(error.text)}`;
  return errorLine(error)
    .replace(/^exim: /, '')
    .replace(/\n$/, '');
}

export interface ReportFacts {
  readonly recipient: Octets;
  readonly qualifyDomain: Octets;
  /** Of the message, as far as they were read. */
  readonly headers: readonly HeaderLine[];
  readonly body: Buffer | undefined;
  /** Of the message that is reported about; undefined when it has no id. */
  readonly messageId: Octets | undefined;
}

const COPY_RULE = '------ This is a copy of your message, including all the headers.';

/** A whole message: header, text, a copy of what was sent. */
export function reportMessage(error: SubmissionError, facts: ReportFacts): Octets {
  const references = facts.messageId === undefined ? '' : `References: ${facts.messageId}\n`;
  const header = `Auto-Submitted: auto-replied\nFrom: Mail Delivery System <Mailer-Daemon@${facts.qualifyDomain}>\nTo: ${facts.recipient}\n${references}Subject: Mail failure - ${subject(error)}\n\n`;
  const rule =
    error.kind === 'too-big'
      ? `${COPY_RULE}\n------ No more than ${error.limitBytes} characters of the body are included.`
      : `${COPY_RULE} ------`;
  const isHeaderOnly = error.kind === 'header-too-big' || error.kind === 'header-line-too-long';
  const copy = isHeaderOnly
    ? error.text
    : `${facts.headers.map((line) => line.text).join('')}\n${facts.body === undefined ? '' : octetsFromBytes(facts.body)}`;
  return `${header}${explanation(error)}\n${rule}\n\n${copy}`;
}

function subject(error: SubmissionError): Octets {
  switch (error.kind) {
    case 'bad-argument':
    case 'bad-headers':
      return 'malformed recipient address';
    case 'no-recipients':
    case 'all-suppressed':
      return 'no recipient addresses';
    case 'too-many-recipients':
      return 'too many recipients';
    case 'too-big':
      return 'message too big';
    case 'header-too-big':
      return 'overlong header section';
    case 'header-line-too-long':
      return 'overlong header line';
    case 'rejected':
      return 'rejected by local scanning code';
  }
}

function explanation(error: SubmissionError): Octets {
  switch (error.kind) {
    case 'bad-argument':
      return `A message that you sent contained a recipient address that was incorrectly\nconstructed:\n\n  ${error.bad.text}  ${error.bad.message}\n\nThe message has not been delivered to any recipients.\n`;
    case 'bad-headers': {
      const list = error.bad.map((bad) => `  ${bad.text}: ${bad.message}\n`).join('');
      const ignored = error.bad.length === 1 ? 'This address has been ignored.' : 'These addresses have been ignored.';
      const others = error.hasOthers
        ? 'The other addresses in the message were\nsyntactically valid and have been passed on for an attempt at delivery.\n'
        : 'There were no other addresses in your\nmessage, and so no attempt at delivery was possible.\n';
      return `A message that you sent contained one or more recipient addresses that were\nincorrectly constructed:\n\n${list}\n${ignored} ${others}`;
    }
    case 'no-recipients':
      return 'A message that you sent contained no recipient addresses, and therefore no\ndelivery could be attempted.\n';
    case 'all-suppressed':
      return 'A message that you sent using the -t command line option contained no\naddresses that were not also on the command line, and were therefore\nsuppressed. This left no recipient addresses, and so no delivery could\nbe attempted.\n';
    case 'too-many-recipients':
      return 'A message that you sent contained more recipients than allowed on this\nsystem. It was not delivered to any recipients.\n';
    case 'too-big':
      return 'A message that you sent was longer than the maximum size allowed on this\nsystem. It was not delivered to any recipients.\n';
    case 'header-too-big':
      return 'A message that you sent contained a header section that was excessively\nlong and could not be handled by the mail transmission software. The\nmessage has not been delivered to any recipients.\n';
    case 'header-line-too-long':
      return 'A message that you sent contained a header line that was excessively\nlong and could not be handled by the mail transmission software. The\nmessage has not been delivered to any recipients.\n';
    case 'rejected':
      return `A message that you sent was rejected by the local scanning code that\nchecks incoming messages on this system. The following error was given:\n\n  ${error.text}\n`;
  }
}
