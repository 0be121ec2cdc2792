/** A message with a spool id: self-contained, and equal to what parsing its -H file gives (DESIGN 3.5). Spec ch. "Format of spool files". */
import type { Octets } from '../base/octets.ts';
import type { SpamScore } from './content-scan.ts';
import type { Deadline } from './deadline.ts';
import type { Outcome } from './outcome.ts';
import type { DsnRequest, Origin } from './session.ts';
import type { Text } from './text.ts';

/**
 * Exim's header types: ' ' other, B Bcc, C Cc, F From, I Message-ID, P Received, R Reply-To, S Sender, T To, '*' deleted.
 * A header is deleted by setting '*', never by taking it out of the list.
 */
export type HeaderType = ' ' | 'B' | 'C' | 'F' | 'I' | 'P' | 'R' | 'S' | 'T' | '*';

/** `text` holds name, colon, value and continuation lines, each line ended by \n. */
export interface HeaderLine {
  readonly type: HeaderType;
  readonly text: Octets;
}

export interface Recipient {
  /** local_part@domain. */
  readonly address: Octets;
  /** `errors_to` of a one_time redirect; undefined when the sender gets errors. */
  readonly errorsTo?: Octets | undefined;
  /** Index of the parent recipient for one_time; -1 without. */
  readonly parentIndex?: number | undefined;
  /** ORCPT= as given, and NOTIFY= flags. RFC 3461 s4.1, s4.2. */
  readonly orcpt?: Octets | undefined;
  readonly notify?: readonly ('NEVER' | 'SUCCESS' | 'FAILURE' | 'DELAY')[] | undefined;
}

/** What reading variables needs of a message, received or being received. */
export interface Mail {
  readonly id?: string | undefined;
  readonly sender?: Octets | undefined;
  readonly recipients: readonly Recipient[];
  readonly headers: readonly HeaderLine[];
  readonly body?: Body | undefined;
  readonly size: number;
  readonly bodyLineCount: number;
  readonly bodyZeroCount: number;
  readonly maxReceivedLineLength: number;
  readonly receivedAtMs: number;
  readonly isUtf8: boolean;
  /** `$local_scan_data`: what local_scan() said when it took the message. */
  readonly localScanData?: Octets | undefined;
  /** What of `$spam_…` is kept: undefined when no spam scanner was asked. */
  readonly spam?: SpamScore | undefined;
  readonly dsn: DsnRequest;
  readonly aclM: ReadonlyMap<string, Text>;
}

/** Accepted into the spool. Immutable: a change (freeze, recipients settled) makes a new value and a new -H. */
export interface Message extends Mail {
  readonly id: string;
  readonly sender: Octets;
  readonly body: Body;
  readonly origin: Readonly<Origin>;
  /** Addresses already settled (-H's non-recipients tree and -J). */
  readonly nonRecipients: ReadonlySet<Octets>;
  /** `control = utf8_downconvert`: addresses go out as a-labels, always or to servers without SMTPUTF8. Undefined: as they are. */
  readonly downconversion?: 'always' | 'if-needed' | undefined;
  readonly isFirstDelivery: boolean;
  /** Seconds since the epoch when it was frozen. */
  readonly frozenAt?: number | undefined;
  readonly isManuallyThawed: boolean;
  /** Local error: a bounce made here (`-localerror`). */
  readonly isLocalError: boolean;
  /** `-N`: never really delivered. */
  readonly dontDeliver: boolean;
  readonly warningCount: number;
  readonly receivedUsec: number;
  /** Seconds that reception took, with µs; undefined for what came without it. */
  readonly receiveDurationUsec?: number | undefined;
  readonly isSenderSetUntrusted: boolean;
  /** -N, -qqueuename etc. that we do not know but keep: written back as they were read. */
  readonly unknownSpoolLines: readonly Octets[];
  /** Queue name, '' for the default queue. */
  readonly queueName: Octets;
  /** `control = queue_only`-like flags that outlive reception. */
  readonly isQueueOnly: boolean;
}

/** How a message begins that nobody has tried to deliver; who makes one sets what is otherwise. */
export const UNTRIED_MESSAGE = {
  nonRecipients: new Set<Octets>() as ReadonlySet<Octets>,
  isFirstDelivery: true,
  isManuallyThawed: false,
  isLocalError: false,
  dontDeliver: false,
  warningCount: 0,
  isSenderSetUntrusted: false,
  unknownSpoolLines: [],
  queueName: '',
  isQueueOnly: false,
} as const satisfies Partial<Message>;

/** The part of a message after the headers. One type hides whether it is in memory or in -D. */
export interface Body {
  /** Octets. */
  readonly sizeBytes: number;
  /** The whole body when it is held in memory. */
  readonly bytes: Buffer | undefined;
  /** The first `limit` octets (for `$message_body`). Synchronous file access is allowed: at most a few KiB. */
  head(limitBytes: number): Outcome<Buffer>;
  /** The last `limit` octets (for `$message_body_end`). */
  tail(limitBytes: number): Outcome<Buffer>;
  /** In order, with backpressure; line ends are \n. Throws only SystemError-like failures as rejected promises of the iterator. */
  chunks(until: Deadline): AsyncIterable<Buffer>;
}
