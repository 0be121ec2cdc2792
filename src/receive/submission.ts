/**
 * A message from the command line: `-bm`, `-t`, `-f`, `-F`, `-i` and how errors are reported. Spec ch. 5 "The Exim command line"; ch. 48
 * "Message processing". Nothing here is of the process itself: the daemon runs it for callers too.
 */
import type { Octets } from '../base/octets.ts';
import { printable, trimSpace } from '../base/octets.ts';
import { earlier } from '../core/deadline.ts';
import type {
  AcceptedMessage,
  Caller,
  CommandLineFacts,
  Config,
  Deadline,
  Frame,
  HeaderLine,
  MessageSink,
  MessageStore,
  Origin,
  ReadResult,
  Recipient,
  Services,
  Session,
  Transaction,
} from '../core/index.ts';
import { hostAndIdent } from '../logging/lines/host.ts';
import type { AddressSyntax } from '../message/address.ts';
import { parseAddressList } from '../message/address.ts';
import { isResentHeader, rawValue, unfold } from '../message/header.ts';
import { DataDecoder } from '../smtp/data-decoder.ts';
import { addressSyntax } from './commands/syntax.ts';
import { localConnectionId } from './connection-id.ts';
import type { DeliveryWish } from './dialogue.ts';
import { expandSize } from './expansion.ts';
import { isResentMessage } from './fixups.ts';
import { fromLineTest, senderOfFromLine } from './from-line.ts';
import type { Intake, IntakeContext } from './intake.ts';
import { acceptMessage, prepareHeaders, takeFacts } from './intake.ts';
import { LocalInput } from './local-input.ts';
import { givenSender, markAsOwn, mayChooseSender, ownAddress } from './local-sender.ts';
import type { MessageReading, OctetSource, ReadMessage } from './message-input.ts';
import { readMessage } from './message-input.ts';
import { logSubmissionRejection, logTooBig } from './refused-submission.ts';
import { runStartAcl } from './start-acl.ts';
import type { BadAddress, SubmissionError } from './submission-report.ts';
import { errorLine, logText, reportMessage } from './submission-report.ts';
import { newOrigin, newSessionState, newTransaction, receptionFrame } from './transaction.ts';

/** How the sender is told of an error: `-oem` and `-oew`, `-oep` and `-oeq`; `mail-exit-0` (`-oee`) ends with 0 when it was told. */
export type ErrorMode = 'mail' | 'print' | 'mail-exit-0';

export interface SubmissionRequest {
  readonly config: Config;
  readonly services: Services;
  readonly store: MessageStore;
  readonly caller: Caller;
  readonly input: AsyncIterable<Uint8Array>;
  /** What the caller reads on its standard error output. */
  readonly writeError: (text: Octets) => void;
  readonly signal: AbortSignal;
  /** `-or`, in place of `receive_timeout`; 0: none. */
  readonly receiveTimeoutSeconds?: number | undefined;
  /** `-f`; '' is the null sender; undefined: not given. */
  readonly sender: Octets | undefined;
  /** Each may be a list. */
  readonly recipients: readonly Octets[];
  /** `-t`. */
  readonly takesRecipientsFromHeaders: boolean;
  /** `-i`, `-oi`: a line with a dot is data. */
  readonly isDotNotEnd: boolean;
  readonly errors: ErrorMode;
  /** `-N`. */
  readonly dontDeliver?: boolean;
  /** `-oMa` and the like; only for trusted callers. */
  readonly presetOrigin?: Partial<Origin>;
  readonly commandLine?: CommandLineFacts;
  /** Where the message goes unless an ACL says otherwise; default: the store's own. */
  readonly queueName?: Octets;
  /** The sendmail options for delivery status: RET, ENVID, and NOTIFY for all recipients. */
  readonly dsn?: { readonly ret?: 'FULL' | 'HDRS'; readonly envid?: Octets; readonly notify?: Recipient['notify'] };
  readonly onAccepted: (accepted: AcceptedMessage, delivery: DeliveryWish) => void;
  readonly deliveryMode: DeliveryWish;
}

/** Reads and accepts one message. The result is the exit status. */
export async function submitMessage(request: SubmissionRequest): Promise<number> {
  const submission = new Submission(request);
  return submission.run();
}

/**
 * What expansions see when a message is read as if it were submitted, or, without one, before it is: no ACL runs, no Received: line is added and
 * nothing is stored (Spec ch. 5 "-be", "-bem"). A number is the exit status: why was told.
 */
export function rehearseSubmission(request: SubmissionRequest, hasMessage: boolean): Promise<Frame | number> {
  return new Submission(request).rehearse(hasMessage);
}

/** Who sends, after the caller's rights. */
interface SenderChoice {
  readonly sender: Octets;
  /** It is the caller itself. */
  readonly isOwn: boolean;
  readonly isSetUntrusted: boolean;
}

interface GivenAddress {
  /** As it was written, perhaps without a domain. */
  readonly given: Octets;
  readonly address: Octets;
}

class Submission {
  readonly #request: SubmissionRequest;
  readonly #config: Config;
  readonly #services: Services;
  readonly #session: Session;
  readonly #transaction: Transaction;
  readonly #until: Deadline;
  /** The recipients as they were written, for the log. */
  readonly #given: Octets[] = [];

  /** Addresses of the command line that -t takes away. */
  #removed: ReadonlySet<Octets> = new Set();

  constructor(request: SubmissionRequest) {
    this.#request = request;
    this.#config = request.config;
    this.#services = request.services;
    this.#until = { endMs: Number.POSITIVE_INFINITY, signal: request.signal };
    const { caller, presetOrigin = {}, commandLine: { keepsUnqualified = false } = {} } = request;
    const origin: Origin = {
      ...newOrigin(caller, true),
      ident: caller.login,
      protocol: request.commandLine?.protocol ?? 'local',
      connectionId: localConnectionId(request.services),
      ...(keepsUnqualified ? {} : { allowUnqualifiedSender: true, allowUnqualifiedRecipient: true }),
      ...(caller.isTrusted ? presetOrigin : {}),
    };
    const now = request.services.clock.now();
    this.#session = {
      mode: 'command-line',
      connectionNumber: 0,
      startedAtMs: now,
      caller,
      isRehearsal: false,
      commandLine: request.commandLine ?? {},
      until: this.#until,
      state: newSessionState(origin),
    };
    if (request.queueName !== undefined) this.#session.state.queueName = request.queueName;
    this.#transaction = newTransaction(1, now);
  }

  async run(): Promise<number> {
    const request = this.#request;
    const { state } = this.#transaction;
    const chosen = await this.#chooseSender();
    if (typeof chosen === 'string') {
      request.writeError(`${chosen}\n`);
      return 1;
    }
    this.#applySender(chosen);
    state.dsn = { ret: request.dsn?.ret, envid: request.dsn?.envid };
    const listed = this.#argumentRecipients();
    const source = new InputSource(new LocalInput(request.input, this.#services.clock), this.#inputDeadline());
    if (listed.kind === 'error') return this.#fail({ kind: 'bad-argument', bad: listed.error }, undefined, source);
    const { recipients } = listed;
    if (!request.takesRecipientsFromHeaders) {
      const limit = await this.#exceededLimit(recipients);
      if (limit !== undefined) return this.#fail({ kind: 'too-many-recipients', areArguments: true, limit }, undefined, source);
      this.#addRecipients(recipients);
    }
    await runStartAcl(this.#frame());
    return this.#receive(source, recipients, chosen);
  }

  async rehearse(hasMessage: boolean): Promise<Frame | number> {
    const request = this.#request;
    const chosen = await this.#chooseSender();
    if (typeof chosen === 'string') {
      request.writeError(`${chosen}\n`);
      return 1;
    }
    this.#applySender(chosen);
    this.#session.state.origin.protocol = request.presetOrigin?.protocol;
    if (hasMessage) return this.#rehearseMessage(chosen);
    const { state } = this.#transaction;
    state.declaredSize = 0; // nothing is said of a message, and none was received
    state.receivedAtMs = 0;
    return this.#frame();
  }

  async #rehearseMessage(chosen: SenderChoice): Promise<Frame | number> {
    const { state } = this.#transaction;
    const request = this.#request;
    const begun = request.store.begin(this.#session.state.queueName);
    if (begun.kind === 'error') return 1;
    const { sink } = begun;
    state.id = sink.id;
    const source = new InputSource(new LocalInput(request.input, this.#services.clock), this.#inputDeadline());
    const reading = await readMessage(
      source,
      new DataDecoder(request.isDotNotEnd ? 'end-of-input' : 'lone-dot'),
      sink,
      this.#readLimits(0),
      true,
    );
    if (reading.kind !== 'ok') return this.#refuseReading(sink, reading, chosen);
    const { message } = reading;
    const sender = await this.#takeFromLine(message, chosen);
    if (message.fromLine !== undefined && sender !== chosen) request.writeError('\nSender taken from "From " line\n');
    if (request.takesRecipientsFromHeaders) {
      this.#addRecipients(this.#headerRecipients(message.headers, []).recipients);
    }
    takeFacts(state, message, sink);
    const failure = await prepareHeaders(this.#intakeContext(sender), state, message.headers, this.#frame());
    if (failure === undefined) return { ...this.#frame(), aclPhase: 'not_smtp' }; // where $recipients may be read
    request.writeError(`exim: ${printable(failure)}\n`);
    return 1;
  }

  #readLimits(messageBytes: number) {
    const { main } = this.#config;
    return {
      messageBytes,
      headerBytes: main.header_maxsize,
      headerLineBytes: main.header_line_maxsize,
      isFromLine: fromLineTest(this.#config, this.#services.regexes),
      stopsWhenTooBig: true,
    };
  }

  /** Spec ch. 14 "receive_timeout". */
  #inputDeadline(): Deadline {
    const seconds = this.#request.receiveTimeoutSeconds ?? this.#config.main.receive_timeout;
    return seconds === 0 ? this.#until : earlier(this.#until, this.#services.clock.monotonicMs() + seconds * 1000);
  }

  #frame(): Frame {
    return receptionFrame({
      config: this.#config,
      services: this.#services,
      session: this.#session,
      transaction: this.#transaction,
      until: this.#until,
    });
  }

  #addRecipients(recipients: readonly GivenAddress[]): void {
    const notify = this.#request.dsn?.notify;
    for (const { given, address } of recipients) {
      this.#transaction.state.recipients.push(notify === undefined ? { address } : { address, notify });
      this.#given.push(given);
      if (hasHighOctet(address)) this.#transaction.state.isUtf8 = true;
    }
  }

  /** `recipients_max`, which an expansion may depend on who asks. */
  async #exceededLimit(recipients: readonly GivenAddress[]): Promise<number | undefined> {
    const limit = await expandSize(this.#config.main.recipients_max, this.#frame(), 0);
    return limit.kind === 'ok' && limit.value > 0 && recipients.length > limit.value ? limit.value : undefined;
  }

  // ---------------------------------------------------------------- sender and recipients

  /** The text of an error, or who sends. Spec ch. 5 "-f"; option untrusted_set_sender. */
  async #chooseSender(): Promise<SenderChoice | Octets> {
    const { sender, caller } = this.#request;
    const own = ownAddress(caller, this.#config);
    if (sender === undefined) return { sender: own, isOwn: true, isSetUntrusted: false };
    const given = givenSender(sender, this.#syntax(), this.#config);
    if ('problem' in given) return given.problem;
    const { address } = given;
    if (caller.isTrusted) return { sender: address, isOwn: false, isSetUntrusted: false };
    if (address === '' || (await mayChooseSender(address, this.#frame()))) return { sender: address, isOwn: false, isSetUntrusted: true };
    return { sender: own, isOwn: true, isSetUntrusted: false };
  }

  /** Outside of angle brackets, where the parser takes them. */
  #applySender(chosen: SenderChoice): void {
    const { state } = this.#transaction;
    if (hasHighOctet(chosen.sender)) state.isUtf8 = true;
    const { caller } = this.#request;
    const { origin } = this.#session.state;
    state.sender = chosen.sender;
    state.rawSender = chosen.sender;
    if (!chosen.isOwn && !chosen.isSetUntrusted) {
      origin.isLocal = false;
      return;
    }
    markAsOwn(origin, caller);
    origin.authenticatedSender ??= `${caller.login}@${this.#config.main.qualify_domain}`;
  }

  #syntax(): AddressSyntax {
    return addressSyntax(this.#config.main, this.#transaction.state.isUtf8);
  }

  #argumentRecipients():
    | { readonly kind: 'ok'; readonly recipients: readonly GivenAddress[] }
    | { readonly kind: 'error'; readonly error: BadAddress } {
    const recipients: GivenAddress[] = [];
    for (const argument of this.#request.recipients) {
      if (hasHighOctet(argument)) this.#transaction.state.isUtf8 = true;
      if (/^[ \t]*,/.test(argument)) return { kind: 'error', error: { text: argument, message: 'empty address' } };
      const items = parseAddressList(argument, { ...this.#syntax(), refusesGroups: true });
      if (items.length === 0 && argument !== '') return { kind: 'error', error: { text: argument, message: 'empty address' } };
      for (const item of items) {
        if (item.kind === 'error') return { kind: 'error', error: { text: item.text, message: item.message } };
        if (item.domain === '' && this.#request.commandLine?.keepsUnqualified)
          return { kind: 'error', error: { text: item.text, message: 'unqualified recipient address not allowed' } };
        recipients.push(this.#qualified(item.address, item.domain));
      }
    }
    return { kind: 'ok', recipients };
  }

  #qualified(given: Octets, domain: Octets): GivenAddress {
    return { given, address: domain !== '' ? given : `${given}@${this.#config.main.qualify_recipient}` };
  }

  /** `-t`: from To, Cc and Bcc, or their Resent- forms. Arguments are taken away, or added. */
  #headerRecipients(
    headers: readonly HeaderLine[],
    listed: readonly GivenAddress[],
  ): { readonly recipients: readonly GivenAddress[]; readonly bad: readonly BadAddress[]; readonly wereSuppressed: boolean } {
    const isResent = isResentMessage(headers);
    const found: GivenAddress[] = [];
    const bad: BadAddress[] = [];
    for (const header of headers) {
      if (!RECIPIENT_TYPES.has(header.type) || isResentHeader(header) !== isResent) continue;
      const value = unfold(rawValue(header));
      if (hasHighOctet(value)) this.#transaction.state.isUtf8 = true;
      for (const item of parseAddressList(value, this.#syntax())) {
        if (item.kind === 'error')
          bad.push({ text: trimSpace(value.slice(item.start)), message: item.message }); // with what follows, as in Exim
        else found.push(this.#qualified(item.address, item.domain));
      }
    }
    if (!this.#config.main.extract_addresses_remove_arguments) return { recipients: [...listed, ...found], bad, wereSuppressed: false };
    this.#removed = new Set(listed.map(({ address }) => address).reverse());
    const recipients = found.filter(({ given }) => !this.#removed.has(given)); // what is equal only when qualified waits as delivered
    return { recipients, bad, wereSuppressed: recipients.length === 0 && found.length > 0 };
  }

  // ---------------------------------------------------------------- the message

  async #receive(source: InputSource, listed: readonly GivenAddress[], chosen: SenderChoice): Promise<number> {
    const request = this.#request;
    const { log } = this.#services;
    const limit = await expandSize(this.#config.main.message_size_limit, this.#frame(), 0);
    if (limit.kind !== 'ok') {
      log.panic(`failed to expand message_size_limit: ${limit.kind === 'forced-fail' ? 'forced failure' : limit.message}`);
      return 1;
    }
    const begun = request.store.begin(this.#session.state.queueName);
    if (begun.kind === 'error') {
      log.panic(`spool file creation failed: ${begun.reason}`);
      request.writeError(`exim: failed to create spool file: ${begun.reason}\n`);
      return 1;
    }
    const { sink } = begun;
    this.#transaction.state.id = sink.id;
    const decoder = new DataDecoder(request.isDotNotEnd ? 'end-of-input' : 'lone-dot');
    const reading = await readMessage(source, decoder, sink, this.#readLimits(Math.max(0, limit.value)), true);
    if (reading.kind !== 'ok') return this.#refuseReading(sink, reading, chosen);
    return this.#accept(sink, reading.message, listed, await this.#takeFromLine(reading.message, chosen));
  }

  /** `From sender date`: a trusted caller's sender unless -f was given (Spec ch. 48 "The UUCP From line"). */
  async #takeFromLine(message: ReadMessage, chosen: SenderChoice): Promise<SenderChoice> {
    if (message.fromLine === undefined || this.#request.sender !== undefined) return chosen;
    const sender = await senderOfFromLine(message.fromLine, this.#frame(), this.#syntax());
    if (sender === undefined) return chosen;
    const { isTrusted } = this.#request.caller;
    if (!isTrusted && !(await mayChooseSender(sender, this.#frame()))) return chosen;
    this.#transaction.state.sender = sender;
    this.#transaction.state.rawSender = sender;
    if (!isTrusted) return { sender, isOwn: false, isSetUntrusted: true };
    const { origin } = this.#session.state;
    origin.isLocal = false;
    origin.authenticatedSender = undefined;
    return { sender, isOwn: false, isSetUntrusted: false };
  }

  async #accept(sink: MessageSink, message: ReadMessage, listed: readonly GivenAddress[], chosen: SenderChoice): Promise<number> {
    const request = this.#request;
    const { state } = this.#transaction;
    const problem = request.takesRecipientsFromHeaders ? await this.#takeHeaderRecipients(sink, message, listed) : undefined;
    if (problem?.kind === 'too-many-recipients') {
      sink.abort();
      state.id = undefined; // nothing of the message is in the report
      return this.#fail(problem, undefined, undefined);
    }
    state.body = sink.body();
    if (problem !== undefined) {
      await prepareHeaders(this.#intakeContext(chosen), state, message.headers, this.#frame()); // as they are copied into the report
      const copied = { headers: state.headers };
      if (state.recipients.length === 0 || request.errors === 'print') {
        sink.abort();
        return this.#fail(problem, copied, undefined);
      }
      await this.#mailReport(problem, copied, undefined);
    }
    const intake = await acceptMessage(this.#intakeContext(chosen), message, sink);
    return this.#finish(intake, message);
  }

  async #takeHeaderRecipients(
    sink: MessageSink,
    message: ReadMessage,
    listed: readonly GivenAddress[],
  ): Promise<SubmissionError | undefined> {
    const { recipients, bad, wereSuppressed } = this.#headerRecipients(message.headers, listed);
    const limit = await this.#exceededLimit(recipients);
    if (limit !== undefined) return { kind: 'too-many-recipients', areArguments: false, limit };
    this.#addRecipients(recipients);
    if (bad.length > 0) {
      this.#services.log.panic(`${sink.id} bad addresses found in headers`, sink.id);
      return { kind: 'bad-headers', bad, hasOthers: recipients.length > 0 };
    }
    if (recipients.length > 0) return undefined;
    this.#services.log.panic(`${sink.id} no recipients found in headers`, sink.id);
    return { kind: wereSuppressed ? 'all-suppressed' : 'no-recipients' };
  }

  #intakeContext(chosen: SenderChoice): IntakeContext {
    const request = this.#request;
    const { caller = request.caller } = this.#session;
    return {
      config: this.#config,
      services: this.#services,
      session: this.#session,
      transaction: this.#transaction,
      caller,
      until: this.#until,
      removesBcc: request.takesRecipientsFromHeaders,
      dontDeliver: request.dontDeliver ?? false,
      isSenderSetUntrusted: chosen.isSetUntrusted,
      hasSenderOption: request.sender !== undefined,
      nonRecipients: this.#removed,
      givenRecipients: this.#given,
    };
  }

  async #finish(intake: Intake, message: ReadMessage): Promise<number> {
    const { log } = this.#services;
    const { state } = this.#transaction;
    switch (intake.kind) {
      case 'accepted':
        this.#request.onAccepted(intake.accepted, intake.wish ?? this.#request.deliveryMode);
        return 0;
      case 'discarded':
        return 1;
      case 'refused': {
        const { phase, verdict } = intake;
        logSubmissionRejection(log, intake, this.#session.state.origin, state);
        const text = (verdict.kind === 'error' ? undefined : verdict.message) ?? 'local configuration problem';
        return this.#fail({ kind: 'rejected', by: phase === 'mime' ? 'MIME ACL' : 'non-SMTP ACL', text }, message, undefined);
      }
      case 'scanned-out':
        return this.#fail({ kind: 'rejected', by: 'local_scan()', text: intake.text }, message, undefined);
      case 'client-gone': // of SMTP only
        return 1;
      case 'failed': // the panic log, which the caller reads, has it
        return 1;
    }
  }

  // ---------------------------------------------------------------- errors

  async #refuseReading(sink: MessageSink, reading: Exclude<MessageReading, { kind: 'ok' }>, chosen: SenderChoice): Promise<number> {
    const { log } = this.#services;
    const { origin } = this.#session.state;
    const { main } = this.#config;
    switch (reading.kind) {
      case 'too-big': {
        await logTooBig(this.#intakeContext(chosen), this.#transaction.state, reading);
        const head = sink.body().head(reading.limitBytes);
        sink.abort();
        return this.#fail(
          { kind: 'too-big', limitBytes: reading.limitBytes, body: head.kind === 'ok' ? head.value : undefined },
          { headers: this.#transaction.state.headers },
          undefined,
        );
      }
      case 'header-too-big':
      case 'header-line-too-long': {
        sink.abort();
        this.#transaction.state.id = undefined;
        const isLine = reading.kind === 'header-line-too-long';
        const limit = isLine ? main.header_line_maxsize : main.header_maxsize || 1024 * 1024;
        const what = isLine ? 'overlong message header line' : 'ridiculously long message header';
        log.main(`${what} received from ${hostAndIdent(origin, log, false)} (more than ${limit} characters): message abandoned`);
        return this.#fail({ kind: reading.kind, limitBytes: limit, text: reading.text }, undefined, undefined);
      }
      case 'store':
        sink.abort();
        log.panic(`spool write error: ${reading.reason}`, sink.id);
        this.#request.writeError(`exim: error while writing spool file: ${reading.reason}\n`);
        return 1;
      default: {
        sink.abort();
        const id = reading.position === 'body' ? sink.id : undefined;
        const reason = reading.kind === 'error' ? reading.reason : undefined;
        log.main(`${reason ?? 'timed out'} while reading local message`, id);
        this.#request.writeError(`exim: ${reason ?? 'timed out while reading'} - message abandoned\n`);
        return 1;
      }
    }
  }

  /** Tells the sender in the way that the caller asked for. `rest`: the input of a message that was not read. */
  async #fail(error: SubmissionError, message: Pick<ReadMessage, 'headers'> | undefined, rest: InputSource | undefined): Promise<number> {
    const { errors } = this.#request;
    if (errors === 'print') {
      this.#request.writeError(errorLine(error));
      return 1;
    }
    const isSent = await this.#mailReport(error, message, rest);
    if (isSent) return errors === 'mail-exit-0' ? 0 : 1;
    return error.kind === 'no-recipients' || error.kind === 'all-suppressed' ? 2 : 1;
  }

  /** A message to the sender; false when there is none to tell, or it could not be accepted. */
  async #mailReport(
    error: SubmissionError,
    message: Pick<ReadMessage, 'headers'> | undefined,
    rest: InputSource | undefined,
  ): Promise<boolean> {
    const { state } = this.#transaction;
    const { log } = this.#services;
    const recipient = state.sender ?? '';
    if (recipient === '') {
      log.main(
        `Error while reading message with no usable sender address${this.#request.commandLine?.reference === undefined ? '' : ` (R=${this.#request.commandLine.reference})`}: ${logText(error)}`,
        state.id,
      );
      return false;
    }
    const copied = rest === undefined ? (error.kind === 'too-big' ? error.body : state.body?.bytes) : await rest.readAll(REPORT_BODY_LIMIT);
    const text = reportMessage(error, {
      recipient,
      qualifyDomain: this.#config.main.qualify_domain,
      headers: (message?.headers ?? []).filter((header) => header.type !== '*'),
      body: copied,
      messageId: rest === undefined && state.id !== undefined ? `<E${state.id}@${this.#config.main.primary_hostname}>` : undefined,
    });
    const { eximUser, eximGroup } = this.#config.build;
    const status = await submitMessage({
      ...this.#request,
      caller: {
        uid: eximUser.uid,
        gid: eximGroup.gid,
        groups: [],
        login: eximUser.name,
        fullName: '',
        home: '',
        isTrusted: true,
        isAdmin: true,
      },
      input: (async function* () {
        yield Buffer.from(text, 'latin1');
      })(),
      sender: '',
      recipients: [recipient],
      takesRecipientsFromHeaders: false,
      isDotNotEnd: true,
      errors: 'mail', // for want of a sender it is logged
      commandLine: { isLocalError: true, reference: state.id },
      presetOrigin: {},
      writeError: () => {},
    });
    if (status !== 0) log.main(`Child mail process returned status ${status}`, state.id);
    return status === 0;
  }
}

function hasHighOctet(text: Octets): boolean {
  return /[\x80-\xff]/.test(text);
}

const RECIPIENT_TYPES: ReadonlySet<HeaderLine['type']> = new Set<HeaderLine['type']>(['T', 'C', 'B']);
const REPORT_BODY_LIMIT = 100 * 1024;

/** Standard input as a source of octets. */
class InputSource implements OctetSource {
  readonly #input: LocalInput;
  readonly #until: Deadline;
  #rest: Buffer | undefined;

  /** The whole message has one deadline. */
  constructor(input: LocalInput, until: Deadline) {
    this.#input = input;
    this.#until = until;
  }

  async read(): Promise<ReadResult> {
    const bytes = this.#rest;
    this.#rest = undefined;
    return bytes === undefined ? this.#input.read(this.#until) : { kind: 'data', bytes };
  }

  unread(rest: Buffer): void {
    this.#rest = rest;
  }

  /** Up to `limit` octets; the rest is left. */
  async readAll(limit: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for (let size = 0; size < limit; ) {
      const result = await this.read();
      if (result.kind !== 'data') break;
      chunks.push(result.bytes);
      size += result.bytes.length;
    }
    return Buffer.concat(chunks).subarray(0, limit);
  }
}
