/**
 * One SMTP connection as its commands see it: its records, replies, ACLs, rejections. Spec ch. 49 "SMTP processing", ch. 44 "Access control lists".
 * Replies are held back while the client's next commands are already here (RFC 2920), so that a pipelined group costs one write.
 */
import { expandAclOption } from '../acl/option-text.ts';
import { assertNever } from '../base/invariant.ts';
import type { Octets } from '../base/octets.ts';
import { printable } from '../base/octets.ts';
import { earlier } from '../core/deadline.ts';
import type {
  AcceptedMessage,
  AclVerdict,
  Caller,
  CommandLineFacts,
  Config,
  Connection,
  Deadline,
  Frame,
  MessageSink,
  MessageStore,
  Origin,
  ReadResult,
  SenderVerifyFailure,
  Services,
  Session,
  Template,
  Transaction,
} from '../core/index.ts';
import { missingNameReason } from '../lists/host-name.ts';
import { droppedLine, leftLine, smtpErrorLine } from '../logging/lines/connection.ts';
import { formatDuration } from '../logging/lines/duration.ts';
import { hostAndIdent } from '../logging/lines/host.ts';
import { rejectedMessage, rejectionLine } from '../logging/lines/rejection.ts';
import { logRejection } from '../logging/rejections.ts';
import type { DataDecoder } from '../smtp/data-decoder.ts';
import { LineReader, type LineResult } from '../smtp/line-reader.ts';
import { formatReply, splitCode, wrapReplyText } from '../smtp/reply.ts';
import type { SignatureCheck } from './dkim-acl.ts';
import type { MessageReceiver } from './message-input.ts';
import { newOrigin, newSessionState, newTransaction, protocolName, receptionFrame, UTF8_PROTOCOL } from './transaction.ts';

/** What is known when a connection begins. */
export interface SmtpParts {
  readonly connection: Connection;
  readonly config: Config;
  readonly services: Services;
  readonly store: MessageStore;
  readonly mode: 'smtp-tcp' | 'smtp-local';
  readonly caller: Caller;
  /** `-bh`: nothing is written, host checks are told on stderr. */
  /** Of -bs. */
  readonly commandLine?: CommandLineFacts;
  readonly isRehearsal: boolean;
  /** `-bhc`. */
  readonly makesCallouts?: boolean;
  /** Sent in front of the first reply. */
  readonly heading?: Octets;
  readonly connectionNumber: number;
  /** How many connections there are with this one, for the log. */
  readonly connectionCount: number;
  /** It has one of the places that are kept for `smtp_reserve_hosts`. */
  readonly isPlaceReserved?: boolean;
  /** The socket is one that inetd accepted. */
  readonly isFromInetd?: boolean;
  /** TLS begins before the banner (`tls_on_connect_ports`). */
  readonly isTlsOnConnect: boolean;
  /** The sending host; undefined for a local caller without -oMa. */
  readonly hostAddress: Octets | undefined;
  readonly hostPort: number | undefined;
  /** `-oMt` and the like, before anything is read. */
  readonly presetOrigin?: Partial<Origin>;
  /** Hands an accepted message over for delivery. It owns the claim. */
  readonly onAccepted: (accepted: AcceptedMessage, delivery: DeliveryWish) => void | Promise<void>;
  /** ETRN: starts a queue run for recipients with the text in them; ends when that has ended. */
  readonly startQueueRun?: (recipient: Octets) => Promise<void>;
  /** ATRN: sends what waits for the domains to the client, which is a server on the connection now; ends when that is done. */
  readonly turnLine?: (connection: Connection, host: Octets, domains: readonly Octets[]) => Promise<void>;
  /** The process ends after this, if it can wait. */
  readonly waitsFor?: (work: Promise<void>) => void;
  /** `-os`, in place of `smtp_receive_timeout`; 0: none. */
  readonly receiveTimeoutSeconds?: number | undefined;
  /** Aborts when the process ends. */
  readonly signal: AbortSignal;
  /** Who made the session closes it when the process ends: to follow `signal` costs 2 KB for each of 10,000 connections. */
  readonly isClosedAtEnd?: boolean;
  /** `-N`: messages are received but never really delivered. */
  readonly dontDeliver?: boolean;
  /** `-odq` and the like. */
  readonly deliveryMode?: DeliveryWish;
}

/** `queue`: left for the next queue run. */
export type DeliveryWish = 'background' | 'foreground' | 'queue' | 'queue-smtp';

/** What the last EHLO offered. */
export interface Advertised {
  pipelining: boolean;
  dsn: boolean;
  tls: boolean;
  auth: boolean;
  chunking: boolean;
  prdr: boolean;
  smtputf8: boolean;
  xclient: boolean;
  wellknown: boolean;
}

/** A message whose chunks are being received (BDAT). */
export interface ChunkedMessage {
  readonly sink: MessageSink;
  readonly signatures: SignatureCheck;
  readonly receiver: MessageReceiver;
  readonly decoder: DataDecoder;
  /** Octets of its chunks so far, and the last two of them. */
  wireBytes: number;
  /** Of its first chunk. */
  readonly startedMs: number;
  lastOctets: Octets;
}

/** The last text a RCPT was refused with, for the refusal of DATA. */
interface RcptRefusal {
  readonly text: Octets;
  /** All were refused with it. */
  readonly isShared: boolean;
  /** DATA has shown it. */
  isTold: boolean;
}

const NOTHING_ADVERTISED: Advertised = {
  pipelining: false,
  dsn: false,
  tls: false,
  auth: false,
  chunking: false,
  prdr: false,
  smtputf8: false,
  xclient: false,
  wellknown: false,
};

/** Reply lines longer than this are broken at a space when `control = no_multiline_responses` does not forbid it. */
const REPLY_LINE_LIMIT = 75;
/** Replies that are held back are sent when there are this many octets of them. */
const MAX_HELD_REPLY = 16_384;
/** Of ACLs that see the header, which the reject log shows. */
const CONTENT_PHASES: ReadonlySet<string> = new Set(['data', 'mime', 'dkim']);

/** Where an ACL runs and the sender is part of the log line. */
const PHASES_WITH_SENDER: ReadonlySet<string> = new Set(['rcpt', 'data', 'mime', 'prdr']);

/** Codes of rejections other than 550. */
const PHASE_CODES: ReadonlyMap<string, string> = new Map([
  ['auth', '503'],
  ['etrn', '458'],
  ['vrfy', '252'],
]);

export class Dialogue {
  readonly parts: SmtpParts;
  readonly session: Session;
  readonly reader: LineReader;
  transaction: Transaction | undefined;
  advertised: Advertised = { ...NOTHING_ADVERTISED };
  isHeloSeen = false;
  /** `helo_verify_hosts`, `helo_try_verify_hosts`, `helo_accept_junk_hosts`, for this host. */
  heloRules = { mustVerify: false, triesToVerify: false, acceptsJunk: false };
  /** For the client's next line. */
  isWaiting = false;
  /** Set by a handler: no more commands are read. */
  isOver = false;
  /** For `$smtp_notquit_reason`, and whether QUIT was seen. */
  endReason: 'quit' | 'eof' | 'timeout' | 'error' | 'drop' | 'signal' = 'eof';
  /** strerror's text, when the connection broke. */
  lostReason: Octets = '';
  syntaxErrors = 0;
  unknownCommands = 0;
  nonmailCommands = 0;
  mailCommands = 0;
  lastCommand: Octets = '';
  previousVerb: string | undefined;
  /** The MAIL before was refused: RCPT after it is no protocol error when it was pipelined. */
  wasMailRejected = false;
  /** The last RCPT came without a sender, and its client could know that. */
  isRcptOutOfPlace = false;
  rcptRefusal: RcptRefusal | undefined;
  /** `recipients_max_reject` holds for the transaction, or for what came behind its refused DATA. */
  hasTooManyRecipients = false;
  /** DATA has been said: nobody who may connect early does so any more. */
  isDataTried = false;
  /** Something came behind MAIL or RCPT before the reply, which is what the log tells. */
  usedPipelining = false;
  /** Commands before MAIL may come at once (`pipelining_connect_advertise_hosts`), and whether they came before the greeting. */
  earlyPipelining: 'no' | 'accepted' | 'used' = 'no';
  /** A proxy in front did not say in time whom it speaks for: only QUIT is obeyed. */
  isProxyFailed = false;
  /** STARTTLS was given within TLS: only QUIT is left. */
  isTlsFailed = false;
  /** The connected host is in `hosts_xclient`; undefined before it was looked at. */
  maySpeakForOthers: boolean | undefined;
  /** The client is in `smtp_ratelimit_hosts`; undefined before it was looked at. */
  isSlowedDown: boolean | undefined;
  receiveTimeoutMs = 300_000;
  isAuthenticationTried = false;
  /** How the connection ended is in the log already. */
  isEndTold = false;
  /** By the ACL for connections, without `drop`, or because TLS on connect failed: no session has begun. */
  isTurnedAway = false;
  /** The ACL for HELO did not take the last name. */
  isHeloRefused = false;
  /** It was dropped for what the client did. */
  wasCutOff = false;
  /** The last reply, in place of whose text the ACL for the end may say something. */
  farewell: { readonly code: string; readonly text: Octets } | undefined;
  /** The log line about that, when it comes after the ACL for the end. */
  dropLine: Octets | undefined;
  /** A message that comes in chunks (BDAT), between its chunks. */
  chunked: ChunkedMessage | undefined;
  /** A chunked message was broken off by another command: only RSET (or the like) goes on from here. */
  isChunkingBroken = false;
  /** `86 byte chunk, total 86`, before the reply to the last chunk. */
  chunkSummary: Octets | undefined;
  readonly until: Deadline;
  readonly #abort = new AbortController();
  #held = '';
  #transactionCount = 0;

  constructor(parts: SmtpParts) {
    this.parts = parts;
    const { caller, connection, mode, services } = parts;
    const isTcp = mode === 'smtp-tcp';
    const startedAtMs = services.clock.now();
    const connectionId = `${Math.floor(startedAtMs)}${String(parts.connectionNumber).padStart(4, '0')}`;
    const origin: Origin = {
      ...newOrigin(caller, false),
      ...(connection.remoteAddress === '' && !parts.isRehearsal ? { ident: caller.login } : {}),
      ...(parts.hostAddress === undefined ? {} : { hostAddress: parts.hostAddress, hostPort: parts.hostPort }),
      ...(isTcp && connection.localAddress !== ''
        ? { interfaceAddress: connection.localAddress, interfacePort: connection.localPort }
        : {}),
      tls: connection.tls,
      connectionId,
      ...parts.presetOrigin,
    };
    const state = newSessionState(origin);
    this.until = { endMs: Number.POSITIVE_INFINITY, signal: this.#endingSignal(parts) };
    this.session = {
      mode,
      connectionNumber: parts.connectionNumber,
      startedAtMs,
      connectionId,
      isRehearsal: parts.isRehearsal,
      ...(parts.commandLine === undefined ? {} : { commandLine: parts.commandLine }),
      ...(parts.makesCallouts === undefined ? {} : { makesCallouts: parts.makesCallouts }),
      ...(isTcp ? { connectionCount: parts.connectionCount } : {}),
      until: this.until,
      state,
      caller,
    };
    state.flushReplies = () => this.flush();
    this.reader = new LineReader(connection);
    this.reader.beforeWait = () => this.flush();
    this.#held = parts.heading ?? '';
    origin.protocol = protocolName(origin, false, isTcp);
  }

  #endingSignal({ isClosedAtEnd = false, signal }: SmtpParts): AbortSignal {
    return isClosedAtEnd ? this.#abort.signal : AbortSignal.any([signal, this.#abort.signal]);
  }

  get origin(): Origin {
    return this.session.state.origin;
  }

  get log(): Services['log'] {
    return this.session.state.debug?.log ?? this.parts.services.log;
  }

  get config(): Config {
    return this.parts.config;
  }

  get isOverTcp(): boolean {
    return this.parts.mode === 'smtp-tcp';
  }

  get hostName(): Octets {
    return this.origin.activeHostname ?? this.config.main.primary_hostname;
  }

  frame(): Frame {
    return receptionFrame({
      config: this.config,
      services: this.parts.services,
      session: this.session,
      transaction: this.transaction,
      until: this.until,
    });
  }

  /** Until when the client may be silent. */
  commandDeadline(): Deadline {
    const endMs = this.receiveTimeoutMs === 0 ? Number.POSITIVE_INFINITY : this.parts.services.clock.monotonicMs() + this.receiveTimeoutMs;
    return { endMs, signal: this.until.signal };
  }

  /** The same, but no later than `smtp_command_deadline` from `startedMs` on. */
  wholeDeadline(startedMs = this.parts.services.clock.monotonicMs()): Deadline {
    const seconds = this.config.main.smtp_command_deadline;
    const silent = this.commandDeadline();
    return seconds === 0 ? silent : earlier(silent, startedMs + seconds * 1000);
  }

  /** What the client says next: a command, or the answer to a challenge. */
  async nextLine(): Promise<LineResult> {
    this.isWaiting = true;
    const result = await this.reader.readLine(this.commandDeadline(), undefined, () => this.wholeDeadline());
    this.isWaiting = false;
    return result;
  }

  // ---------------------------------------------------------------- transactions

  beginTransaction(): Transaction {
    this.rcptRefusal = undefined;
    this.hasTooManyRecipients = false;
    this.transaction = this.makeTransaction();
    return this.transaction;
  }

  /** One that nobody has begun: for an ACL about an address outside of all. */
  makeTransaction(): Transaction {
    return newTransaction(++this.#transactionCount, this.parts.services.clock.now());
  }

  /** RSET, EHLO, after a message: nothing of the transaction stays. */
  resetTransaction(): void {
    this.dropChunks();
    this.isChunkingBroken = false;
    this.endCutthrough();
    this.transaction = undefined;
    const { origin } = this;
    origin.authenticatedSender = undefined; // of the next message another may be the author
    if (origin.protocol?.startsWith(UTF8_PROTOCOL)) origin.protocol = origin.protocol.slice(UTF8_PROTOCOL.length);
    this.rcptRefusal = undefined;
    this.hasTooManyRecipients = false;
    this.wasMailRejected = false;
    this.session.state.warningsLogged?.clear();
  }

  /** Of a message whose header has not come: what the log tells from here on is about none. */
  forgetId(): void {
    if (this.transaction !== undefined) this.transaction.state.id = undefined;
  }

  /** Recipients that another host has taken already do not get this message from here and now. */
  endCutthrough(): void {
    const state = this.transaction?.state;
    if (typeof state?.cutthrough !== 'object') return;
    void state.cutthrough.close();
    state.cutthrough = 'off';
  }

  /** What EHLO offered holds no more. */
  /** As if EHLO had not been given; what it offered and needs no EHLO may be used all the same. */
  forgetEhlo(): void {
    this.session.state.esmtp = false;
    this.isHeloSeen = false;
    this.advertised = { ...this.advertised, auth: false, dsn: false, prdr: false, smtputf8: false };
  }

  forgetAdvertised(): void {
    this.advertised = { ...NOTHING_ADVERTISED };
  }

  // ---------------------------------------------------------------- replies

  /** Queues a reply; it goes out before the next wait for input. */
  reply(code: string, text: Octets): void {
    if (this.#isBeforeTls) return;
    this.#held += formatReply(code, text);
    this.trace(() => `SMTP>> ${formatReply(code, text).replace(/\r\n$/, '')}`);
  }

  /** The client waits for TLS: it understands nothing else. */
  get #isBeforeTls(): boolean {
    return this.parts.isTlsOnConnect && this.parts.connection.tls === undefined;
  }

  /** A step for `-d`; not of -bh, whose user sees the dialogue. */
  trace(text: () => string): void {
    if (!this.parts.isRehearsal) this.log.debug('receive', text);
  }

  /** Octets that are no reply. */
  send(octets: Octets): void {
    this.#held += octets;
  }

  /** A text from the configuration: its own code and enhanced code go before every line, long lines are broken. `details` come before it. */
  replyText(code: string, text: Octets, details: Octets = ''): void {
    const coded = splitCode(this.#withRightCode(code, text), code);
    const lines = this.#isSingleLine ? [firstLine(coded.text)] : wrapReplyText(details + coded.text, REPLY_LINE_LIMIT);
    this.reply(coded.code, lines.map((line) => printable(coded.enhanced + line, { escapeTab: false })).join('\n'));
  }

  /** The same with a text that brings no code. */
  replyWithoutCode(code: string, text: Octets): void {
    const lines = this.#isSingleLine ? [firstLine(text)] : wrapReplyText(text, REPLY_LINE_LIMIT);
    this.reply(code, lines.map((line) => printable(line, { escapeTab: false })).join('\n'));
  }

  /** The reply to HELO or EHLO: a text from the configuration is one line, whose code is that of all lines. */
  replyToHelo(hello: Octets | undefined, usual: Octets, extensions: readonly Octets[]): void {
    if (hello === undefined) return this.reply('250', [usual, ...extensions].join('\n'));
    const coded = splitCode(this.#withRightCode('250', hello), '250');
    const [first = '', ...others] = wrapReplyText(coded.enhanced + coded.text, REPLY_LINE_LIMIT);
    if (others.length > 0) {
      const whole = [`${coded.code} ${first}`, ...others].join('\n');
      this.log.panic(`EHLO/HELO response must not contain newlines: message truncated: ${printable(whole)}`);
    }
    this.reply(coded.code, [printable(first, { escapeTab: false }), ...extensions].join('\n'));
  }

  /** `control = no_multiline_responses`. */
  get #isSingleLine(): boolean {
    return this.session.state.controls.has('no_multiline_responses');
  }

  /** A code of another kind than the reply's is told, and the reply's own stands in its place. */
  #withRightCode(code: string, text: Octets): Octets {
    const given = splitCode(text, code);
    if (given.code[0] === code[0] || code === '252') return text;
    this.log.panic(
      `configured error code starts with incorrect digit (expected ${code[0]}) in "${text}"`,
      code === '354' ? undefined : this.transaction?.state.id,
    );
    return `${code} ${given.text}`;
  }

  async flush(): Promise<void> {
    if (this.#held === '') return;
    const text = this.#held;
    this.#held = '';
    const written = await this.parts.connection.write(text, this.commandDeadline());
    if (written.kind === 'ok') return;
    this.isOver = true;
    this.endReason = written.kind === 'timeout' ? 'timeout' : 'error';
    if (written.kind === 'error') this.lostReason = written.reason;
  }

  /** Sends what is held back unless the client's next command is already here. */
  async flushUnlessPipelined(): Promise<void> {
    const isMoreHere = this.reader.bufferedBytes > 0 && this.#held.length < MAX_HELD_REPLY && !this.isOver;
    if (!isMoreHere) await this.flush();
    else if (this.previousVerb === 'MAIL' || this.previousVerb === 'RCPT') this.usedPipelining = true;
  }

  /** A refused or malformed command: counted, and the connection ends with too many. `logged` is the reason in the log. */
  protocolError(kind: 'syntax' | 'protocol', code: string, text: Octets, logged = text): void {
    this.logError(kind, logged);
    const isLast = this.syntaxErrors >= this.config.main.smtp_max_synprot_errors;
    this.countedError(code, isLast ? `${text}\nToo many syntax or protocol errors` : text);
  }

  /** An error of the client that counts, but for which the log has a line of its own and the last reply is as the others. */
  countedError(code: string, text: Octets): void {
    this.reply(code, text);
    this.syntaxErrors++;
    if (this.syntaxErrors <= this.config.main.smtp_max_synprot_errors) return;
    this.dropFor(
      `too many syntax or protocol errors (last command was "${this.shownCommand(128)}", ${this.historyField() || 'NULL'})`,
      'synprot-error',
    );
  }

  /** Something was refused: the selector decides about the main log, the reject log has it in any case. */
  logRejected(selector: string, line: Octets, headers: readonly Octets[] = [], id?: string): void {
    const { log } = this;
    if (log.selected(selector)) log.mainAndReject(line, headers, id);
    else log.reject(line, headers, id);
  }

  logError(kind: 'syntax' | 'protocol', why: Octets): void {
    const { log } = this;
    const isLogged = kind === 'syntax' ? log.selected('smtp_syntax_error') : log.selected('smtp_protocol_error');
    if (isLogged) log.main(smtpErrorLine(kind, this.shownCommand(), this.origin, why, log));
  }

  /** The last command for the log: octets above 127 are escaped unless `print_topbitchars`. */
  shownCommand(limit = Number.POSITIVE_INFINITY): Octets {
    return printable(this.lastCommand.slice(0, limit), { escapeHigh: !this.config.main.print_topbitchars });
  }

  /** An address that cannot be read: the reply begins with it, the log has the whole command. */
  addressError(given: Octets, problem: Octets): void {
    this.protocolError('syntax', '501', printable(`${given}: ${problem}`, { escapeTab: false }), problem);
  }

  /** An address without a domain from a host that may not send such; not a syntax error. */
  refuseUnqualified(role: 'sender' | 'recipient' | 'verify', given: Octets, address: Octets): void {
    const { origin, log } = this;
    const what = role === 'sender' ? 'sender' : 'recipient';
    this.reply('501', printable(`${given}: ${what} address must contain a domain`, { escapeTab: false }));
    const nameless = origin.hostLookup === 'failed' ? ` (${missingNameReason(origin)})` : '';
    const line = `unqualified ${role} rejected: <${printable(address)}> ${hostAndIdent(origin, log, true)}${nameless}`;
    this.logRejected('smtp_syntax_error', line);
  }

  /** `kind`: what Exim keeps of a reply of its own has a code and a line end, which it loses when DATA shows it: then no later one is the same. */
  noteRcptRefusal(text: Octets, kind: 'whole-reply' | 'text' = 'text'): void {
    const { rcptRefusal: before } = this;
    const isSame = before !== undefined && before.text === text && !(before.isTold && kind === 'whole-reply');
    this.rcptRefusal = { text, isShared: before === undefined || (before.isShared && isSame), isTold: before?.isTold ?? false };
  }

  /** The client is a pipe or a terminal, or somebody who plays one: what it sends cannot come too soon. */
  get isPipe(): boolean {
    return !this.isOverTcp || this.parts.isRehearsal || this.parts.connection.remoteAddress === '';
  }

  /** Whether lines must end with CRLF and have no other CR or LF (`smtp_strict_crlf`). */
  get isCrlfStrict(): boolean {
    return this.config.main.smtp_strict_crlf && !this.isPipe;
  }

  /** Ends the connection for what the client did; `why` is printable, `reason` is `$smtp_notquit_reason`. Logged after the ACL for that, or at once. */
  dropFor(why: Octets, reason: Octets, isLoggedAtOnce = false): void {
    this.wasCutOff = isLoggedAtOnce || reason !== 'bad-commands'; // unknown commands end it well
    const line = droppedLine(this.origin, why, this.log);
    if (isLoggedAtOnce) this.log.mainAndReject(line);
    else this.dropLine = line;
    this.session.state.quitReason = reason;
    this.drop();
  }

  /** ` C=EHLO,MAIL,…`: the last 20 commands. */
  historyField(): Octets {
    const history = this.session.state.commandHistory;
    return history.length === 0 ? '' : ` C=${history.slice(-20).join(',')}`;
  }

  /** The client went away or was silent while a command was waited for. */
  lost(result: Exclude<ReadResult, { kind: 'data' }>): void {
    this.isOver = true;
    this.endReason = result.kind === 'end' ? 'eof' : result.kind;
    if (result.kind === 'error') this.lostReason = result.reason;
  }

  /** How long the connection lasts, for the log. */
  duration(): Octets {
    return formatDuration(this.parts.services.clock.now() - this.session.startedAtMs, this.log.selected('millisec'));
  }

  /** The last reply, if there is to be one. */
  sayFarewell(text = this.farewell?.text ?? ''): void {
    if (this.farewell !== undefined) this.replyWithoutCode(this.farewell.code, text);
    this.farewell = undefined;
  }

  /** The daemon ends. Spec ch. 44 "The not-QUIT ACL": `signal-exit`. */
  leave(): void {
    if (this.isOver) return;
    this.farewell = { code: '421', text: `${this.hostName}: Service not available - closing connection` };
    this.log.main(leftLine(this.origin, this.log));
    this.session.state.quitReason = 'signal-exit';
    this.isOver = true;
    this.endReason = 'signal';
  }

  /** Who waits for input waits no more. */
  stopWaiting(): void {
    this.#abort.abort();
  }

  drop(): void {
    this.isOver = true;
    this.endReason = 'drop';
  }

  // ---------------------------------------------------------------- ACLs

  /** Without an ACL the verdict is `unset`. */
  async runAcl(phase: string, option: Template | undefined, unset: AclVerdict): Promise<AclVerdict> {
    if (option === undefined) return unset;
    const frame = this.frame();
    const text = await expandAclOption(option, frame);
    if (text.kind === 'forced-fail') return { kind: 'accept' };
    if (text.kind !== 'ok') return { kind: 'error', logMessage: `failed to expand ACL string "${option.source}": ${text.message}` };
    return this.parts.services.acls.run(phase, text.value, [], frame);
  }

  /**
   * Replies to and logs what an ACL refused; the text comes back without codes. `label` names the command in the log: `RCPT <a@b>`, `connection in "connect" ACL`.
   * Spec ch. 44 "Returned text", "Log lines".
   */
  refuse(
    phase: string,
    label: Octets,
    verdict: Exclude<AclVerdict, { kind: 'accept' | 'discard' }>,
  ): { readonly code: string; readonly text: Octets } {
    const isTemporary = verdict.kind !== 'fail';
    const code = isTemporary ? '451' : (PHASE_CODES.get(phase) ?? '550');
    const fallback = isTemporary ? 'Temporary local problem - please try later' : 'Administrative prohibition';
    const userText = verdict.kind === 'error' || verdict.message === '' ? undefined : verdict.message;
    const failure = verdict.kind === 'error' ? undefined : this.#untold(verdict.senderVerify);
    // VRFY's usual code is none of a refusal: any other may take its place
    const given = phase === 'vrfy' ? splitCode(userText ?? '', code).code : code;
    const text = this.#withRightCode(given, userText ?? fallback);
    this.replyText(given, text, senderDetails(failure));
    const isTold = verdict.kind === 'error' && verdict.logMessage === ''; // by a line of its own
    const reason = userText !== undefined && verdict.logMessage === firstLine(userText) ? firstLine(text) : verdict.logMessage;
    this.#logRefusal(phase, label, isTemporary, { ...verdict, logMessage: isTold ? undefined : reason }, failure);
    if (verdict.kind === 'fail' && verdict.isDrop) {
      this.session.state.quitReason = 'acl-drop';
      this.drop();
    }
    return { code, text: splitCode(text, code).text };
  }

  /** The details of a bad sender are for the first refusal only. */
  #untold(failure: SenderVerifyFailure | undefined): SenderVerifyFailure | undefined {
    const told = this.transaction?.state.sendersTold;
    if (failure === undefined || told?.has(failure.address)) return undefined;
    told?.add(failure.address);
    return failure;
  }

  #logRefusal(
    phase: string,
    label: Octets,
    isTemporary: boolean,
    { logMessage: reason, logTargets }: Pick<Exclude<AclVerdict, { kind: 'accept' | 'discard' }>, 'logMessage' | 'logTargets'>,
    failure: SenderVerifyFailure | undefined,
  ): void {
    const { origin, log } = this;
    const state = this.transaction?.state;
    const addresses = state?.recipients.map((recipient) => recipient.address) ?? [];
    const headers = CONTENT_PHASES.has(phase) && state !== undefined ? rejectedMessage(state.sender ?? '', addresses, state.headers) : [];
    if (failure !== undefined && log.selected('sender_verify_fail')) {
      const line = `sender verify ${failure.isDefer ? 'defer' : 'fail'} for <${failure.address}>${failure.logText === '' && !failure.isDefer ? '' : `: ${firstLine(failure.logText)}`}`;
      log.mainAndReject(`${hostAndIdent(origin, log, true)} ${line}`, headers, state?.id);
    }
    const sender = PHASES_WITH_SENDER.has(phase) ? state?.sender : undefined;
    logRejection(log, logTargets, rejectionLine({ origin, sender, what: label, isTemporary, reason }, log), headers, state?.id);
  }

  /** What came of a chunked message is forgotten. */
  dropChunks(): void {
    this.chunked?.sink.abort();
    this.chunked = undefined;
  }

  close(): void {
    this.dropChunks();
    this.endCutthrough();
    this.#abort.abort();
    this.parts.connection.close();
  }
}

/** What verification says about the sender, in lines before the refusal's own. */
function senderDetails(failure: SenderVerifyFailure | undefined): Octets {
  if (failure?.details === undefined) return '';
  const details = failure.details === '' ? '' : `${failure.details}\n`;
  switch (failure.cause) {
    case 'null-sender':
      return `Callback setup failed while verifying <${failure.address}>\n${details}${NULL_SENDER_REFUSED}`;
    case 'postmaster':
      return `Postmaster verification failed while checking <${failure.address}>\n${details}${POSTMASTER_REFUSED}`;
    case undefined:
      return `Verification failed for <${failure.address}>\n${details}`;
    default:
      return assertNever(failure.cause);
  }
}

const NULL_SENDER_REFUSED = `The initial connection, or a HELO or MAIL FROM:<> command was
rejected. Refusing MAIL FROM:<> does not help fight spam, disregards
RFC requirements, and stops you from receiving standard bounce
messages. This host does not accept mail from domains whose servers
refuse bounces.
`;

const POSTMASTER_REFUSED = `Several RFCs state that you are required to have a postmaster
mailbox for each mail domain. This host does not accept mail
from domains whose servers reject the postmaster address.
`;

function firstLine(text: Octets): Octets {
  const end = text.indexOf('\n');
  return end < 0 ? text : text.slice(0, end);
}
