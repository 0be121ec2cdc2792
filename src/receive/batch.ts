/**
 * Batched SMTP on standard input (-bS): SMTP without replies. An error ends the batch and is told on standard output and error.
 * Spec ch. 49 "Incoming batched SMTP".
 */
import type { Octets } from '../base/octets.ts';
import { earlier } from '../core/deadline.ts';
import type {
  AcceptedMessage,
  Caller,
  Clock,
  CommandLineFacts,
  Config,
  Deadline,
  MessageSink,
  MessageStore,
  Origin,
  ReadResult,
  Services,
  Session,
  Transaction,
} from '../core/index.ts';
import { lostLine } from '../logging/lines/connection.ts';
import { hostAndIdent } from '../logging/lines/host.ts';
import type { ParsedAddress } from '../message/address.ts';
import { parseAddress } from '../message/address.ts';
import type { Command } from '../smtp/command.ts';
import { parseCommand, parseMailArgument, parseRcptArgument } from '../smtp/command.ts';
import { DataDecoder } from '../smtp/data-decoder.ts';
import { LineReader } from '../smtp/line-reader.ts';
import { addressSyntax } from './commands/syntax.ts';
import { localConnectionId } from './connection-id.ts';
import type { DeliveryWish } from './dialogue.ts';
import { expandSize, expandTime } from './expansion.ts';
import { fromLineTest, senderOfFromLine } from './from-line.ts';
import type { Intake, IntakeContext } from './intake.ts';
import { acceptMessage } from './intake.ts';
import { LocalInput } from './local-input.ts';
import type { MessageReading, ReadMessage } from './message-input.ts';
import { readMessage } from './message-input.ts';
import { logSubmissionRejection, logTooBig, type Refusal } from './refused-submission.ts';
import { runStartAcl } from './start-acl.ts';
import { newOrigin, newSessionState, newTransaction, receptionFrame } from './transaction.ts';

export interface BatchRequest {
  readonly config: Config;
  readonly services: Services;
  readonly store: MessageStore;
  readonly caller: Caller;
  readonly input: AsyncIterable<Uint8Array>;
  readonly writeOut: (text: Octets) => void;
  readonly writeError: (text: Octets) => void;
  readonly signal: AbortSignal;
  /** `-os`, in place of `smtp_receive_timeout`; 0: none. */
  readonly receiveTimeoutSeconds?: number | undefined;
  /** `-oMa` and the like; only for trusted callers. */
  readonly presetOrigin?: Partial<Origin>;
  readonly commandLine?: CommandLineFacts;
  readonly dontDeliver?: boolean;
  readonly onAccepted: (accepted: AcceptedMessage, delivery: DeliveryWish) => void | Promise<void>;
  readonly deliveryMode: DeliveryWish;
}

/** The exit status: 0, or after an error 1 when messages were accepted before it and 2 when not. */
export async function receiveBatch(request: BatchRequest): Promise<number> {
  return new Batch(request).run();
}

/** What ended the batch: the reply that SMTP would have given, and the command it is about. */
interface BatchError {
  readonly reply: Octets;
  readonly command: Octets | undefined;
}

class Batch {
  readonly #request: BatchRequest;
  readonly #session: Session;
  readonly #input: InputLines;
  readonly #until: Deadline;
  #transaction: Transaction;
  #startLine = 0;
  #accepted = 0;

  constructor(request: BatchRequest) {
    this.#request = request;
    const { caller, services, signal, presetOrigin = {} } = request;
    this.#until = { endMs: Number.POSITIVE_INFINITY, signal };
    const preset = caller.isTrusted ? presetOrigin : {};
    const qualifies = preset.hostAddress === undefined && !request.commandLine?.keepsUnqualified;
    const origin: Origin = {
      ...newOrigin(caller, true),
      ident: caller.login,
      protocol: 'local-bsmtp',
      connectionId: localConnectionId(services),
      ...(qualifies ? { allowUnqualifiedSender: true, allowUnqualifiedRecipient: true } : {}),
      ...preset,
    };
    const now = services.clock.now();
    this.#session = {
      mode: 'smtp-batch',
      connectionNumber: 0,
      startedAtMs: now,
      caller,
      isRehearsal: false,
      commandLine: request.commandLine ?? {},
      until: this.#until,
      state: newSessionState(origin),
    };
    this.#transaction = newTransaction(1, now);
    this.#input = new InputLines(request.input, services.clock, this.#until);
  }

  async run(): Promise<number> {
    this.#input.timeoutMs = (await this.#receiveTimeoutSeconds()) * 1000;
    for (;;) {
      const next = await this.#input.next();
      if (next.kind === 'end') return 0;
      if (next.kind === 'timeout') return this.#timedOut();
      const command = parseCommand(next.line);
      if (command.verb === 'QUIT') return 0;
      const error = await this.#command(command);
      if (error !== undefined) return this.#tell(error);
    }
  }

  /** Five minutes, when the option makes no sense. */
  async #receiveTimeoutSeconds(): Promise<number> {
    const { config, receiveTimeoutSeconds } = this.#request;
    if (receiveTimeoutSeconds !== undefined) return receiveTimeoutSeconds;
    const timeout = await expandTime(config.main.smtp_receive_timeout, receptionFrame(this.#intakeContext()), 300);
    return timeout.kind === 'ok' ? timeout.value : 300;
  }

  #timedOut(): number {
    const { log } = this.#request.services;
    log.main(`SMTP command timeout on connection from ${hostAndIdent(this.#session.state.origin, log, false)}`);
    return this.#tell({ reply: '421 SMTP command timeout', command: undefined });
  }

  async #command(command: Command): Promise<BatchError | undefined> {
    switch (command.verb) {
      case 'MAIL':
        return this.#mail(command);
      case 'RCPT':
        return this.#rcpt(command);
      case 'DATA':
        return this.#data(command);
      case 'HELO':
      case 'EHLO':
        this.#session.state.origin.heloName = command.argument === '' ? undefined : command.argument;
        this.#reset();
        return undefined;
      case 'RSET':
        this.#reset();
        return undefined;
      case 'VRFY':
      case 'EXPN':
      case 'ETRN':
      case 'HELP':
      case 'NOOP':
        this.#startLine = this.#input.lineNumber; // as Exim counts, in a transaction too
        return undefined;
      default:
        return { reply: '500 Command unrecognized', command: command.line };
    }
  }

  #reset(): void {
    this.#transaction = newTransaction(this.#transaction.number + 1, this.#request.services.clock.now());
    this.#startLine = this.#input.lineNumber;
  }

  #mail(command: Command): BatchError | undefined {
    const { state } = this.#transaction;
    if (state.sender !== undefined) return { reply: '503 Sender already given', command: command.line };
    const parsed = parseMailArgument(command.argument, NO_PARAMETERS);
    if (command.argument === '') return { reply: '501 MAIL FROM must have an address operand', command: command.line };
    if (parsed.kind === 'error') return { reply: `501 ${parsed.message}`, command: command.line };
    const address = this.#parse(parsed.address, true);
    if (address.kind === 'error') return { reply: `501 ${address.message}`, command: command.line };
    const { qualify_domain: domain } = this.#request.config.main;
    state.sender = address.address === '' || address.domain !== '' ? address.address : `${address.address}@${domain}`;
    state.rawSender = state.sender;
    return undefined;
  }

  #rcpt(command: Command): BatchError | undefined {
    const { state } = this.#transaction;
    if (state.sender === undefined) return { reply: '503 No sender yet given', command: command.line };
    const parsed = parseRcptArgument(command.argument, NO_PARAMETERS);
    if (command.argument === '') return { reply: '501 RCPT TO must have an address operand', command: command.line };
    if (parsed.kind === 'error') return { reply: `501 ${parsed.message}`, command: command.line };
    const address = this.#parse(parsed.address, false);
    if (address.kind === 'error') return { reply: `501 ${address.message}`, command: command.line };
    const { qualify_recipient: domain } = this.#request.config.main;
    const recipient = address.domain === '' ? `${address.address}@${domain}` : address.address;
    state.recipients.push({ address: recipient });
    return undefined;
  }

  #parse(text: Octets, isSender: boolean): ParsedAddress {
    return parseAddress(text, { ...addressSyntax(this.#request.config.main, false), allowsEmpty: isSender });
  }

  async #data(command: Command): Promise<BatchError | undefined> {
    const { state } = this.#transaction;
    if (state.sender === undefined) return { reply: '503 MAIL FROM:<sender> command must precede DATA', command: command.line };
    if (state.recipients.length === 0) return { reply: '503 RCPT TO:<recipient> must precede DATA', command: command.line };
    const { config, services, store } = this.#request;
    const frame = receptionFrame({ config, services, session: this.#session, transaction: this.#transaction, until: this.#until });
    await runStartAcl(frame);
    const limit = await expandSize(config.main.message_size_limit, frame, 0);
    const begun = store.begin(this.#session.state.queueName);
    if (begun.kind === 'error' || limit.kind !== 'ok') {
      if (begun.kind === 'error') services.log.panic(`spool file creation failed: ${begun.reason}`);
      else begun.sink.abort();
      return { reply: '451 Temporary local problem - please try later', command: undefined };
    }
    state.id = begun.sink.id;
    const limits = {
      messageBytes: Math.max(0, limit.value),
      headerBytes: config.main.header_maxsize,
      headerLineBytes: config.main.header_line_maxsize,
      isFromLine: config.main.ignore_fromline_local ? fromLineTest(config, services.regexes) : undefined,
    };
    const reading = await readMessage(this.#input, new DataDecoder('dot'), begun.sink, limits, false);
    const error = await this.#take(begun.sink, reading);
    if (error === undefined) this.#reset();
    return error;
  }

  #intakeContext(): IntakeContext {
    const { caller, config, services, dontDeliver = false } = this.#request;
    return { config, services, session: this.#session, transaction: this.#transaction, caller, until: this.#until, dontDeliver };
  }

  async #take(sink: MessageSink, reading: MessageReading): Promise<BatchError | undefined> {
    const context = this.#intakeContext();
    if (reading.kind === 'ok') {
      await this.#takeFromLine(reading.message);
      return this.#finish(await acceptMessage(context, reading.message, sink));
    }
    sink.abort();
    if (reading.kind === 'too-big') await logTooBig(context, this.#transaction.state, reading);
    if (reading.kind === 'end') {
      if (reading.position === 'body') this.#input.lineNumber++; // as Exim counts
      const where = reading.position === 'after-header' ? ' (after header)' : '';
      this.#request.services.log.main(
        lostLine(this.#session.state.origin, `while reading message data${where}`, this.#request.services.log),
      );
    }
    return { reply: READING_REPLIES[reading.kind], command: undefined };
  }

  /** A trusted caller's sender is then that of the line (`ignore_fromline_local`), as Exim has it. */
  async #takeFromLine({ fromLine }: ReadMessage): Promise<void> {
    if (fromLine === undefined || !this.#request.caller.isTrusted) return;
    const frame = receptionFrame(this.#intakeContext());
    const sender = await senderOfFromLine(fromLine, frame, addressSyntax(this.#request.config.main, false));
    if (sender !== undefined) this.#transaction.state.sender = sender;
  }

  async #finish(intake: Intake): Promise<BatchError | undefined> {
    switch (intake.kind) {
      case 'accepted':
        this.#accepted++;
        await this.#request.onAccepted(intake.accepted, intake.wish ?? this.#request.deliveryMode);
        return undefined;
      case 'discarded':
        this.#accepted++;
        return undefined;
      case 'refused':
        logSubmissionRejection(this.#request.services.log, intake, this.#session.state.origin, this.#transaction.state);
        return { reply: refusalReply(intake), command: undefined };
      case 'scanned-out':
        return { reply: `${intake.isTemporary ? '451' : '550'} ${intake.text}`, command: undefined };
      case 'client-gone': // a file does not go away
      case 'failed':
        return { reply: '451 Temporary local problem - please try later', command: undefined };
    }
  }

  /** In a form for programs on standard output, for people on standard error. */
  #tell({ reply, command }: BatchError): number {
    const { writeOut, writeError } = this.#request;
    const at = this.#input.lineNumber;
    const start = this.#startLine;
    writeOut(
      `${reply}\nTransaction started in line ${start}\nError detected in line ${at}\n${command === undefined ? '' : `${command}\n`}`,
    );
    const fault = command === undefined ? '' : `The SMTP command at fault was:\n\n   ${command}\n\n`;
    const done = `${this.#accepted} previous message${this.#accepted === 1 ? ' was' : 's were'} successfully processed.\n`;
    writeError(
      `An error was detected while processing a file of BSMTP input.\nThe error message was:\n\n  ${reply}\n\nThe SMTP transaction started in line ${start}.\nThe error was detected in line ${at}.\n${fault}${done}The rest of the batch was abandoned.\n`,
    );
    return this.#accepted === 0 ? 2 : 1;
  }
}

/** No extension is offered: what follows an address is part of it. */
const NO_PARAMETERS = { size: false, body: false, dsn: false, prdr: false, smtputf8: false };

const READING_REPLIES: Readonly<Record<Exclude<MessageReading['kind'], 'ok'>, Octets>> = {
  'too-big': '552 Message size exceeds maximum permitted',
  'header-too-big': '552 Message header is ridiculously long',
  'header-line-too-long': '552 A message header line is too long',
  store: '451 Error while writing spool file',
  end: '421 Lost incoming connection',
  timeout: '421 SMTP incoming data timeout - closing connection.',
  error: '421 Lost incoming connection',
};

/** Standard input as lines and octets, with the number of the line that was read last. */
class InputLines {
  readonly #reader: LineReader;
  readonly #until: Deadline;
  /** How long each piece may take; 0: as long as it likes. */
  timeoutMs = 0;
  lineNumber = 0;

  constructor(input: AsyncIterable<Uint8Array>, clock: Clock, until: Deadline) {
    const local = new LocalInput(input, clock);
    this.#until = until;
    this.#reader = new LineReader({
      bufferedBytes: 0,
      discardBuffered: () => {},
      read: () => local.read(this.timeoutMs === 0 ? until : earlier(until, clock.monotonicMs() + this.timeoutMs)),
    });
  }

  /** A command line. */
  async next(): Promise<{ readonly kind: 'line'; readonly line: Octets } | { readonly kind: 'end' } | { readonly kind: 'timeout' }> {
    const result = await this.#reader.readLine(this.#until);
    if (result.kind === 'timeout') return { kind: 'timeout' };
    if (result.kind !== 'line') return { kind: 'end' };
    this.lineNumber++;
    return { kind: 'line', line: result.line };
  }

  async read(): Promise<ReadResult> {
    const result = await this.#reader.readChunk(this.#until);
    if (result.kind === 'data') this.lineNumber += countNewlines(result.bytes);
    return result;
  }

  unread(rest: Buffer): void {
    this.lineNumber -= countNewlines(rest);
    this.#reader.unread(rest);
  }
}

/** For the whole message there is a refusal for good only; for its parts it is what a client would be told. */
function refusalReply({ phase, verdict }: Refusal): Octets {
  if (phase === 'not_smtp' && verdict.kind === 'error') return '550 local configuration problem';
  const text = verdict.kind === 'error' || verdict.message === '' ? undefined : verdict.message;
  if (phase === 'not_smtp' || verdict.kind === 'fail') return `550 ${text ?? 'Administrative prohibition'}`;
  return `451 ${text ?? 'Temporary local problem - please try later'}`;
}

function countNewlines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) count++;
  return count;
}
