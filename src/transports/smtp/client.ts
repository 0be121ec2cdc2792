/** The client's end of an SMTP or LMTP connection: commands out, replies in, and what a missing or bad reply is called. RFC 5321 s4. */
import type { Octets } from '../../base/octets.ts';
import type { Deadline } from '../../core/deadline.ts';
import { earlier } from '../../core/deadline.ts';
import type { RetryError } from '../../core/drivers.ts';
import type { Clock, Connection, HostItem, ReadResult, WriteResult } from '../../core/ports.ts';
import type { Reply } from '../../smtp/reply.ts';
import { ReplyReader } from '../../smtp/reply.ts';
import type { Failing } from '../errno.ts';
import { errnoNumber, eximErrno } from '../errno.ts';

/** `lost`: the connection is of no use any more. */
export type Answer =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'lost'; readonly failing: Failing; readonly isTimeout: boolean };

export const noError: RetryError = { name: '', detail: '', more: 0 };

export class SmtpClient {
  readonly connection: Connection;
  readonly host: HostItem;
  readonly protocol: 'SMTP' | 'LMTP';
  #until: Deadline;
  readonly #clock: Clock;
  readonly #log: ((line: Octets) => void) | undefined;
  #rest: Buffer = Buffer.alloc(0);
  /** Commands have been sent together: messages then say "pipelined". */
  isPipelining = false;
  /** QUIT went out with the end of a message. */
  hasQuit = false;

  constructor(
    connection: Connection,
    host: HostItem,
    protocol: 'SMTP' | 'LMTP',
    clock: Clock,
    until: Deadline,
    log?: (line: Octets) => void,
  ) {
    this.connection = connection;
    this.host = host;
    this.protocol = protocol;
    this.#clock = clock;
    this.#until = until;
    this.#log = log;
  }

  /** Sends lines (ended by CRLF here); what cannot be sent shows when the reply is read. `shown` replaces secrets in the trace. */
  async send(lines: readonly Octets[], timeoutSeconds: number, shown: readonly Octets[] = lines): Promise<WriteResult> {
    for (const line of shown) this.#log?.(`  ${this.protocol}>> ${line}`);
    return this.connection.write(lines.map((line) => `${line}\r\n`).join(''), this.deadline(timeoutSeconds));
  }

  async command(line: Octets, timeoutSeconds: number, shown: Octets = line): Promise<Answer> {
    await this.send([line], timeoutSeconds, [shown]);
    return this.readReply(shown, timeoutSeconds);
  }

  /** `after` names what the reply is to, for messages; `writtenBytes` is how much of a message went before. */
  async readReply(after: Octets, timeoutSeconds: number, writtenBytes?: number): Promise<Answer> {
    const until = this.deadline(timeoutSeconds);
    const reader = new ReplyReader();
    let chunk = this.#rest;
    this.#rest = Buffer.alloc(0);
    for (;;) {
      const step = reader.push(chunk);
      if (step.kind === 'reply') {
        this.#rest = Buffer.from(step.rest);
        this.#log?.(`  ${this.protocol}<< ${step.reply.raw.replaceAll('\n', '\n         ')}`);
        return step;
      }
      if (step.kind === 'malformed') return this.#malformed(step.raw, after);
      const read = await this.connection.read(until);
      if (read.kind !== 'data') return this.#unanswered(read, after, writtenBytes);
      chunk = read.bytes;
    }
  }

  get hasUnreadOctets(): boolean {
    return this.#rest.length > 0 || this.connection.bufferedBytes > 0;
  }

  /** The connection is now another task's. */
  renew(until: Deadline): void {
    this.#until = until;
  }

  deadline(timeoutSeconds: number): Deadline {
    return timeoutSeconds <= 0 ? this.#until : earlier(this.#until, this.#clock.monotonicMs() + timeoutSeconds * 1000);
  }

  /** `after DATA`, `after pipelined DATA`: only commands of a transaction go out with others. */
  after(command: Octets): Octets {
    return this.isPipelining && /^(?:MAIL |RCPT |DATA$)/.test(command) ? `pipelined ${command}` : command;
  }

  /** QUIT without waiting for its reply, then the end. */
  async quit(): Promise<void> {
    if (!this.hasQuit) await this.send(['QUIT'], 10);
    this.connection.end();
    this.connection.close();
  }

  /** `SMTP error from remote mail server after …: 550 …`. */
  refusal(reply: Reply, after: Octets): Octets {
    return `SMTP error from remote mail server after ${after}: ${reply.raw}`;
  }

  #malformed(raw: Octets, after: Octets): Answer {
    const what = raw === '' ? ' (an empty line)' : '';
    const shown = raw === '' ? '' : `: ${raw}`;
    return {
      kind: 'lost',
      isTimeout: false,
      failing: {
        number: eximErrno.badReply,
        error: noError,
        message: `Malformed SMTP reply${what} in response to ${this.after(after)}${shown}`,
      },
    };
  }

  timedOut(after: Octets, writtenBytes?: number): Failing {
    const isPipelined = this.isPipelining && /^(?:MAIL |DATA$)/.test(after);
    return {
      number: errnoNumber('ETIMEDOUT'),
      reason: 'Connection timed out',
      error: { name: 'timeout', detail: '', more: 0 },
      message: `SMTP timeout after ${isPipelined ? 'pipelined ' : ''}${after}${writtenBytes === undefined ? '' : ` (${writtenBytes} bytes written)`}`,
    };
  }

  #unanswered(read: Exclude<ReadResult, { kind: 'data' }>, after: Octets, writtenBytes?: number): Answer {
    if (read.kind === 'timeout') return { kind: 'lost', isTimeout: true, failing: this.timedOut(after, writtenBytes) };
    if (read.kind === 'end') {
      return {
        kind: 'lost',
        isTimeout: false,
        failing: {
          number: eximErrno.closed,
          error: { name: 'lost_connection', detail: '', more: 0 },
          message: `Remote host closed connection in response to ${this.after(after)}`,
        },
      };
    }
    return {
      kind: 'lost',
      isTimeout: false,
      failing: {
        number: errnoNumber(read.errno),
        reason: read.reason,
        error: { name: 'lost_connection', detail: '', more: 0 },
        message: '',
      },
    };
  }
}
