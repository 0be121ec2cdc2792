/**
 * A message that was read becomes a message in the spool: header fix-ups, Received:, the ACL for its data, durable storage, the `<=` line.
 * Spec ch. 48 "Message processing", ch. 44 "The DATA ACLs", "The non-SMTP ACLs"; DESIGN 3.8.
 */
import { expandAclOption } from '../acl/option-text.ts';
import type { Octets } from '../base/octets.ts';
import { lowerCase, printable, trimSpace } from '../base/octets.ts';
import { removeScanCopy } from '../checks/scan/scan-copy.ts';
import type {
  AcceptedMessage,
  AclVerdict,
  Caller,
  Config,
  Deadline,
  Frame,
  HeaderLine,
  HeldLink,
  MessageEnvelope,
  MessageSink,
  Recipient,
  Regexes,
  Services,
  Session,
  Template,
  Transaction,
  TransactionState,
} from '../core/index.ts';
import { UNTRIED_MESSAGE, unbuiltReason } from '../core/index.ts';
import { type Arrival, arrivalLine } from '../logging/lines/arrival.ts';
import { hostAndIdent } from '../logging/lines/host.ts';
import { rejectedMessage } from '../logging/lines/rejection.ts';
import { parseAddress } from '../message/address.ts';
import { formatDate } from '../message/date.ts';
import { decodeEncodedWords, findHeader, headerName, headerValue, unfold } from '../message/header.ts';
import { rewriteAddress, rewriteHeaders } from '../rewrite/rewrite.ts';
import type { DeliveryWish } from './dialogue.ts';
import { judgeSignatures, type SignatureCheck } from './dkim-acl.ts';
import { expandOctets, expandText } from './expansion.ts';
import {
  addressProblems,
  fixHeaders,
  insertAdded,
  isResentMessage,
  parseSubmission,
  qualifyHeaders,
  REWRITTEN_RECIPIENTS,
  REWRITTEN_SENDER,
  removeNamed,
} from './fixups.ts';
import { queueingLoad } from './load.ts';
import type { ScanRejection } from './local-scan.ts';
import { runLocalScan } from './local-scan.ts';
import { markAsOwn, mayChooseSender, ownAddress } from './local-sender.ts';
import type { ReadMessage } from './message-input.ts';
import { judgeMimeParts } from './mime-acl.ts';
import { judgeRecipients, type PrdrResult, type RecipientReplies } from './prdr.ts';
import { receptionFrame } from './transaction.ts';

export interface IntakeContext {
  readonly config: Config;
  readonly services: Services;
  readonly session: Session;
  readonly transaction: Transaction | undefined;
  readonly caller: Caller;
  readonly until: Deadline;
  /** For the `<=` line. */
  readonly usedPipelining?: 'used' | 'offered' | undefined;
  readonly earlyPipelining?: 'no' | 'accepted' | 'used';
  readonly usedChunking?: boolean;
  /** `-t`: Bcc lines go. */
  readonly removesBcc?: boolean;
  /** `-N`. */
  readonly dontDeliver?: boolean;
  /** A caller who is not trusted chose the sender. */
  readonly isSenderSetUntrusted?: boolean;
  /** By `-f`, which -H says of it. */
  readonly hasSenderOption?: boolean;
  /** `-t`: addresses of the command line, to which nothing is delivered. */
  readonly nonRecipients?: ReadonlySet<Octets>;
  /** For the log, when they are not as in the transaction: unqualified. */
  readonly givenRecipients?: readonly Octets[];
  /** Whether the client went away meanwhile. */
  readonly isClientGone?: () => boolean;
  /** How recipients get replies of their own, where the client can ask for them. */
  readonly recipientReplies?: RecipientReplies;
  /** What comes over SMTP. */
  readonly signatures?: SignatureCheck;
}

export type Intake =
  | {
      readonly kind: 'accepted';
      readonly accepted: AcceptedMessage;
      readonly wish: DeliveryWish | undefined /** Of `control = fakereject`, `fakedefer`. */;
      readonly fake: FakeReply | undefined;
      readonly message: Octets | undefined /** Of PRDR: who took it. */;
      readonly takers: PrdrResult | undefined;
    }
  /** Taken and thrown away: a 250 for nothing. With `takers` the recipients have had their refusals. */
  | { readonly kind: 'discarded'; readonly id: string; readonly takers?: PrdrResult; readonly message?: Octets | undefined }
  | { readonly kind: 'refused'; readonly phase: ContentPhase; readonly verdict: Refusal }
  /** By local_scan() or the host of a cutthrough delivery: the log has it. */
  | { readonly kind: 'scanned-out'; readonly isTemporary: boolean; readonly text: Octets }
  /** Before it could be told that the message is taken; the log has it. */
  | { readonly kind: 'client-gone' }
  /** `reply`: in place of the usual one. */
  | { readonly kind: 'failed'; readonly reason: Octets; readonly reply?: Octets };

/** The ACLs that see a whole message, in their order: DKIM's, that for its parts, that for its data. */
export type ContentPhase = 'dkim' | 'mime' | 'data' | 'not_smtp';

type Refusal = Exclude<AclVerdict, { kind: 'accept' | 'discard' }>;

export interface FakeReply {
  readonly code: string;
  readonly text: Octets;
}

const FAKE_REJECT =
  'Your message has been rejected but is being kept for evaluation.\nIf it was a legitimate message, it may still be delivered to the target\nrecipient(s).';

/** Uses up the sink. The log has the `<=` line, and it is written, when the result is `accepted`. */
export async function acceptMessage(context: IntakeContext, read: ReadMessage, sink: MessageSink): Promise<Intake> {
  try {
    return await judgeAndKeep(context, read, sink);
  } finally {
    removeScanCopy(receptionFrame(context));
  }
}

async function judgeAndKeep(context: IntakeContext, read: ReadMessage, sink: MessageSink): Promise<Intake> {
  const { transaction, session } = context;
  if (transaction === undefined) {
    sink.abort();
    return { kind: 'failed', reason: 'no transaction' };
  }
  const { state } = transaction;
  const unbuilt = unbuiltReason(context.config, 'receive');
  if (unbuilt !== undefined) return failed(context, sink, unbuilt);
  const frame = receptionFrame(context);
  takeFacts(state, read, sink);
  const chosen =
    session.mode === 'smtp-local' || session.mode === 'smtp-batch'
      ? { ...context, isSenderSetUntrusted: await takeLocalSender(context, state, frame) }
      : context;
  const failure = await fixUp(chosen, state, read.headers, frame);
  if (failure !== undefined) return failed(context, sink, failure);
  const received = context.givenRecipients ?? state.recipients.map((recipient) => recipient.address);
  await rewrite(state, frame);
  const noReceived = await addReceived(context, state, frame);
  if (noReceived !== undefined) return failed(context, sink, noReceived);
  applyAclHeaders(state, context.services.regexes);
  const signatures = await judgeSignatures(context.signatures, state, frame);
  if (signatures.kind === 'discard') return discard(context, state, sink, received, discardedBy('DKIM', signatures));
  if (signatures.kind !== 'accept') return refuse(state, sink, 'dkim', signatures);
  const parts = await judgeMimeParts(state, frame);
  applyAclHeaders(state, context.services.regexes);
  if (parts.kind === 'unscanned') return failed(context, sink, parts.reason, 'temporary local problem');
  if (parts.kind === 'discard') {
    state.recipients = [];
    state.controls.set('discarded-recipients', 'MIME');
    if (isOverSmtp(session)) return discard(context, state, sink, received, '(MIME ACL discarded recipients)');
  } else if (parts.kind !== 'accept') return refuse(state, sink, 'mime', parts);
  const takers = context.recipientReplies ? await judgeRecipients(state, frame, context.recipientReplies) : undefined;
  if (takers !== undefined && state.recipients.length === 0) {
    sink.abort();
    return { kind: 'discarded', id: sink.id, takers };
  }
  const verdict = await judge(context, frame);
  if (verdict.kind !== 'accept' && verdict.kind !== 'discard') {
    return refuse(state, sink, isOverSmtp(session) ? 'data' : 'not_smtp', verdict);
  }
  applyAclHeaders(state, context.services.regexes);
  const scanned = await runLocalScan(context, state, frame);
  if (scanned.kind === 'reject') return rejectByScan(context, state, sink, scanned);
  if (context.isClientGone?.() === true) return abandon(context, sink);
  state.headers = redateReceived(context, state.headers);
  const discarded = discardReason(state, session, verdict);
  if (discarded !== undefined) return discard(context, state, sink, received, discarded, verdict.message);
  const cut = takers === undefined ? await cutThrough(chosen, state, read, sink, received) : undefined;
  if (cut !== undefined) return cut;
  return commit(chosen, state, read, sink, { received, takers, message: verdict.kind === 'accept' ? verdict.message : undefined });
}

function isOverSmtp({ mode }: Session): boolean {
  return mode === 'smtp-tcp' || mode === 'smtp-local';
}

/** Delivers where a connection waits for the message. Undefined: it is to be delivered in the usual way. */
async function cutThrough(
  context: IntakeContext,
  state: TransactionState,
  read: ReadMessage,
  sink: MessageSink,
  received: readonly Octets[],
): Promise<Intake | undefined> {
  const { cutthrough } = state;
  if (typeof cutthrough !== 'object' || !state.controls.has('cutthrough_delivery') || state.controls.has('freeze')) return undefined;
  const body = sink.body();
  const size = state.headers.reduce((sum, header) => sum + (header.type === '*' ? 0 : header.text.length), 1) + body.sizeBytes;
  const frame = receptionFrame(context);
  const sent = await cutthrough.send({ ...envelopeOf(context, state, read), id: sink.id, body, size }, frame);
  state.cutthrough = 'off';
  if (sent.kind === 'delivered') {
    context.session.state.messagesAccepted++;
    context.services.log.main(arrival(context, state, received, size), sink.id);
    context.services.log.main('Completed', sink.id);
    sink.abort();
    await context.services.log.written();
    return { kind: 'discarded', id: sink.id };
  }
  const passesDefer = state.controls.get('cutthrough_delivery')?.includes('/defer=pass') === true && sent.reply !== '';
  if (sent.kind === 'deferred' && !passesDefer) return undefined;
  sink.abort();
  return { kind: 'scanned-out', isTemporary: sent.kind === 'deferred', text: asReplyText(sent.reply) };
}

/** Of a reply of several lines the codes are said once. */
function asReplyText(reply: Octets): Octets {
  const [first = '', ...rest] = reply.split('\n');
  return [
    `${first.slice(0, 3)} ${first.slice(4)}`,
    ...rest.map((line) => line.slice(4).replace(/^[45]\.[0-9]{1,3}\.[0-9]{1,3} /, '')),
  ].join('\n');
}

/** What is known of a message that was read, into the state. */
export function takeFacts(state: TransactionState, read: ReadMessage, sink: MessageSink): void {
  state.id = sink.id;
  state.body = sink.body();
  state.size = read.sizeBytes;
  state.bodyLineCount = read.bodyLineCount;
  state.receivedLineCount = read.headers.reduce((lines, { text }) => lines + text.split('\n').length - 1, read.bodyLineCount + 1);
  state.bodyZeroCount = read.bodyZeroCount;
  state.maxReceivedLineLength = read.maxLineLength;
}

/** A local SMTP client who is not trusted sends as itself (Spec ch. 49 "Incoming local SMTP"). Whether it chose its sender with leave. */
export async function takeLocalSender(context: IntakeContext, state: TransactionState, frame: Frame): Promise<boolean> {
  const { caller, config, session } = context;
  const { origin } = session.state;
  origin.isLocal = false;
  if (origin.hostAddress !== undefined || caller.isTrusted) return false;
  markAsOwn(origin, caller);
  if (state.sender !== undefined && state.sender !== '' && (await mayChooseSender(state.sender, frame))) return true;
  state.sender = ownAddress(caller, config);
  return false;
}

/** Fix-ups and qualification, into the state. The text of a failure. */
export async function prepareHeaders(
  context: IntakeContext,
  state: TransactionState,
  headers: readonly HeaderLine[],
  frame: Frame,
): Promise<Octets | undefined> {
  const failure = await fixUp(context, state, headers, frame);
  state.headers = withoutMarks(state.headers);
  return failure;
}

/** And the configuration's rewriting. */
export async function prepareAndRewrite(
  context: IntakeContext,
  state: TransactionState,
  headers: readonly HeaderLine[],
  frame: Frame,
): Promise<void> {
  await fixUp(context, state, headers, frame);
  await rewrite(state, frame);
}

/** With the marks of fixups.ts for the lines that tell of rewriting. */
async function fixUp(
  context: IntakeContext,
  state: TransactionState,
  headers: readonly HeaderLine[],
  frame: Frame,
): Promise<Octets | undefined> {
  const { config, services, session, caller } = context;
  const { main } = config;
  const { origin } = session.state;
  const { fullName, isGatewayed = false, keepsUnqualified = false } = session.commandLine ?? {};
  const isLocal = origin.hostAddress === undefined;
  const messageId = await makeMessageId(state, frame);
  const fixed = fixHeaders(headers, {
    isLocal,
    isCommandLine: session.mode === 'command-line',
    isTrusted: caller.isTrusted,
    submission: parseSubmission(state.controls.get('submission')),
    isSuppressed: isGatewayed || state.controls.has('suppress_local_fixups'),
    removesBcc: context.removesBcc ?? false,
    sender: state.sender ?? '',
    isOwnSender: origin.isLocal && !(context.isSenderSetUntrusted ?? false),
    isSenderSetUntrusted: context.isSenderSetUntrusted ?? false,
    login: caller.login,
    givenName: fullName,
    fullName: fullName ?? caller.fullName,
    authenticatedId: origin.authenticatedId,
    messageId,
    date: formatDate(services.clock, main.timezone),
    settings: {
      qualifyDomain: main.qualify_domain,
      removesReturnPath: main.return_path_remove,
      removesEnvelopeTo: main.envelope_to_remove,
      removesDeliveryDate: main.delivery_date_remove,
      retainsSender: main.local_sender_retain,
      checksFrom: main.local_from_check,
      fromPrefix: main.local_from_prefix,
      fromSuffix: main.local_from_suffix,
      charset: main.headers_charset ?? '',
    },
  });
  state.sender = fixed.sender;
  const qualifies = !keepsUnqualified;
  const syntax = { allowsUtf8Domains: state.isUtf8 || main.allow_utf8_domains };
  state.headers = qualifyHeaders(
    fixed.headers,
    {
      sender: qualifies && (isLocal || origin.allowUnqualifiedSender === true) ? main.qualify_domain : undefined,
      recipient: qualifies && (isLocal || origin.allowUnqualifiedRecipient === true) ? main.qualify_recipient : undefined,
    },
    syntax,
  );
  for (const problem of addressProblems(fixed.headers, syntax)) services.log.main(`qualify/rewrite: ${printable(problem)}`, state.id);
  return undefined;
}

/** The rules of the configuration, for the envelope and for the lines that came with the message (Spec ch. 31 "When does rewriting happen?"). */
async function rewrite(state: TransactionState, frame: Frame): Promise<void> {
  if (frame.config.rewriteRules.length === 0) {
    state.headers = withoutMarks(state.headers);
    return;
  }
  state.headers = withoutIntermediate(await rewriteHeaders(state.headers, frame));
  const { sender, recipients: given } = state;
  if (state.sender !== undefined && state.sender !== '') state.sender = (await rewriteAddress(state.sender, 'env-from', frame)).address;
  const recipients: Recipient[] = [];
  for (const recipient of state.recipients)
    recipients.push({ ...recipient, address: (await rewriteAddress(recipient.address, 'env-to', frame)).address });
  state.recipients = recipients;
  const old = (name: Octets, address: Octets): HeaderLine => ({ type: '*', text: `${name}: ${address}\n` });
  const changed = given.filter(({ address }, index) => address !== recipients[index]?.address);
  state.headers = state.headers.flatMap((header) => {
    if (header === REWRITTEN_RECIPIENTS) return changed.map(({ address }) => old('X-rewrote-original-recipient', address));
    if (header !== REWRITTEN_SENDER) return [header];
    return sender === state.sender ? [] : [old('X-rewrote-sender', sender ?? '')];
  });
}

function withoutMarks(headers: readonly HeaderLine[]): HeaderLine[] {
  return headers.filter((header) => header !== REWRITTEN_RECIPIENTS && header !== REWRITTEN_SENDER);
}

/** Of a line that was qualified and then rewritten the first and the last form stay. */
function withoutIntermediate(headers: readonly HeaderLine[]): HeaderLine[] {
  return headers.filter((header, index) => {
    const [before, after] = [headers[index - 1], headers[index + 1]];
    const isBetween = header.type === '*' && before?.type === '*' && after !== undefined && after.type !== '*';
    return !(isBetween && nameOf(before) === nameOf(header) && nameOf(header) === nameOf(after));
  });
}

function nameOf({ text }: HeaderLine): Octets {
  return lowerCase(headerName(text) ?? '');
}

/** The text of a failure. */
async function addReceived(context: IntakeContext, state: TransactionState, frame: Frame): Promise<Octets | undefined> {
  const { config, services } = context;
  const { main } = config;
  const received = await expandOctets(main.received_header_text, frame);
  if (received.kind !== 'ok')
    return `Expansion of "${main.received_header_text?.source ?? ''}" (received_header_text) failed: ${received.message ?? 'forced failure'}`;
  const date = formatDate(services.clock, main.timezone, state.receivedAtMs);
  if (received.value === '') {
    state.headers = [{ type: '*', text: `Received: ; ${date}\n` }, ...state.headers];
    return undefined;
  }
  state.headers = [{ type: 'P', text: `${received.value};\n\t${date}\n` }, ...state.headers];
  state.controls.set('received-added', '');
  return undefined;
}

/** `<E1abc…@host>`; `message_id_header_text` and `message_id_header_domain` change it, as far as they can be expanded. */
async function makeMessageId(state: TransactionState, frame: Frame): Promise<Octets> {
  const { main } = frame.config;
  const text = await idPart(main.message_id_header_text, 'message_id_header_text', state, frame);
  const domain = await idPart(main.message_id_header_domain, 'message_id_header_domain', state, frame);
  const extra = text === '' ? '' : `.${text.replace(/[^!#$%&'*+\-/0-9=?A-Z^_`a-z{|}~.\x80-\xff]/g, '-')}`;
  const host = domain === '' ? main.primary_hostname : domain.replace(/[^0-9A-Za-z.\-[\]:]/g, '-');
  return `<E${state.id ?? ''}${extra}@${host}>`;
}

async function idPart(template: Template | undefined, option: string, state: TransactionState, frame: Frame): Promise<Octets> {
  const expanded = await expandText(template, frame);
  if (expanded.kind === 'ok') return expanded.value.octets;
  if (expanded.kind !== 'forced-fail')
    frame.services.log.panic(`expansion of "${template?.source ?? ''}" (${option}) failed: ${expanded.message}`, state.id);
  return '';
}

/** What ACLs asked for so far goes out of the header and into it, once: lines that are added stay, whatever their name. */
function applyAclHeaders(state: TransactionState, regexes: Regexes): void {
  state.headers = insertAdded(removeNamed(state.headers, state.removedHeaders, regexes), state.addedHeaders);
  state.addedHeaders = [];
  state.removedHeaders = [];
}

function refuse(state: TransactionState, sink: MessageSink, phase: ContentPhase, verdict: Refusal): Intake {
  sink.abort();
  state.headers = insertAdded(state.headers, state.addedHeaders);
  return { kind: 'refused', phase, verdict };
}

async function judge(context: IntakeContext, frame: Frame): Promise<AclVerdict> {
  const { session, config, services } = context;
  const isSmtp = isOverSmtp(session);
  const option = isSmtp ? config.main.acl_smtp_data : config.main.acl_not_smtp;
  if (option === undefined) return { kind: 'accept' };
  const text = await expandAclOption(option, frame);
  if (text.kind === 'forced-fail') return { kind: 'accept' };
  if (text.kind !== 'ok') return { kind: 'error', logMessage: `failed to expand ACL string "${option.source}": ${text.message}` };
  return services.acls.run(isSmtp ? 'data' : 'not_smtp', text.value, [], frame);
}

/** The Received: line that was made here gets the time of acceptance (Spec ch. 48 "The Received: header line"). */
function redateReceived(context: IntakeContext, headers: HeaderLine[]): HeaderLine[] {
  if (!context.transaction?.state.controls.has('received-added')) return headers;
  const index = headers.findIndex((header) => header.type === 'P');
  const header = headers[index];
  if (header === undefined) return headers;
  const end = header.text.lastIndexOf(';\n\t');
  const date = formatDate(context.services.clock, context.config.main.timezone);
  return headers.map((line, at) => (at === index ? { ...line, text: `${line.text.slice(0, end)};\n\t${date}\n` } : line));
}

function rejectByScan(context: IntakeContext, state: TransactionState, sink: MessageSink, scanned: ScanRejection): Intake {
  const { log } = context.services;
  const { isTemporary, text, logText, showsHeader } = scanned;
  sink.abort();
  const who = `F=${state.sender === '' || state.sender === undefined ? '<>' : printable(state.sender)} ${hostAndIdent(context.session.state.origin, log, true)}`;
  const recipients = state.recipients.map(({ address }) => address);
  const headers = showsHeader ? rejectedMessage(state.sender ?? '', recipients, state.headers) : [];
  log.mainAndReject(`${who} ${isTemporary ? 'temporarily ' : ''}rejected by local_scan(): ${printable(logText)}`, headers, sink.id);
  return { kind: 'scanned-out', isTemporary, text };
}

/** `(RCPT ACL discarded recipients)`, and why; undefined when something is left to deliver. */
function discardReason(state: TransactionState, session: Session, verdict: AclVerdict): Octets | undefined {
  if (verdict.kind === 'discard')
    return discardedBy(session.mode === 'command-line' || session.mode === 'smtp-batch' ? 'non-SMTP' : 'DATA', verdict);
  if (state.recipients.length > 0) return undefined;
  if (state.controls.has('local-scan-emptied')) return '(local_scan() removed all recipients)';
  return `(${state.controls.get('discarded-recipients') ?? 'RCPT'} ACL discarded recipients)`;
}

function discardedBy(acl: string, { logMessage }: { readonly logMessage?: Octets | undefined }): Octets {
  return `(${acl} ACL discarded recipients)${logMessage === undefined ? '' : `: ${logMessage}`}`;
}

function discard(
  context: IntakeContext,
  state: TransactionState,
  sink: MessageSink,
  received: readonly Octets[],
  reason: Octets,
  message?: Octets,
): Intake {
  const { log } = context.services;
  const size = headersBytes(state.headers) + 1 + sink.body().sizeBytes;
  sink.abort();
  log.main(arrival(context, state, received, size), sink.id);
  log.main(`=> blackhole ${reason}`, sink.id);
  log.main('Completed', sink.id);
  log.flush();
  return { kind: 'discarded', id: sink.id, message };
}

function headersBytes(headers: readonly HeaderLine[]): number {
  return headers.reduce((total, header) => total + (header.type === '*' ? 0 : header.text.length), 0);
}

/** Spec ch. 49 "Incoming SMTP messages over TCP/IP": the client would send the message again, so nothing is kept of it. */
function abandon(context: IntakeContext, sink: MessageSink): Intake {
  const { origin } = context.session.state;
  const { log } = context.services;
  sink.abort();
  const protocol = origin.protocol === undefined ? '' : ` P=${printable(origin.protocol)}`;
  log.main(`SMTP connection lost after final dot ${hostAndIdent(origin, log, true)}${protocol}`, sink.id);
  return { kind: 'client-gone' };
}

function failed(context: IntakeContext, sink: MessageSink, reason: Octets, reply?: Octets): Intake {
  sink.abort();
  context.services.log.panic(reason, sink.id);
  return { kind: 'failed', reason, ...(reply === undefined ? {} : { reply }) };
}

/** What is known of an accepted message besides itself. */
interface Judged {
  /** The recipients before they were rewritten. */
  readonly received: readonly Octets[];
  readonly takers: PrdrResult | undefined;
  readonly message: Octets | undefined;
}

async function commit(
  context: IntakeContext,
  state: TransactionState,
  read: ReadMessage,
  sink: MessageSink,
  { received, takers, message }: Judged,
): Promise<Intake> {
  const { services } = context;
  const committed = await sink.commit(envelopeOf(context, state, read));
  if (committed.kind === 'error') {
    services.log.panic(`spool write error: ${committed.reason}`, sink.id);
    return { kind: 'failed', reason: committed.reason };
  }
  const accepted = { ...committed.value, held: takeHeld(state) };
  context.session.state.messagesAccepted++;
  const { size, queueName } = accepted.message;
  services.log.main(arrival(context, state, received, size, { usedPrdr: takers !== undefined, queueName }), sink.id);
  const freeze = state.controls.get('freeze');
  if (freeze !== undefined) services.log.main(`frozen by ${state.controls.has('local-scan-froze') ? 'local_scan()' : 'ACL'}`, sink.id);
  await services.log.written();
  return { kind: 'accepted', accepted, wish: queueWish(context, state), fake: fakeReply(state), message, takers };
}

/** A callout's connection goes with the message to who delivers it. */
function takeHeld(state: TransactionState): HeldLink | undefined {
  if (typeof state.cutthrough !== 'object') return undefined;
  const held = state.cutthrough;
  state.cutthrough = 'off';
  return held;
}

function envelopeOf(context: IntakeContext, state: TransactionState, read: ReadMessage): MessageEnvelope {
  const { session, services } = context;
  const now = services.clock.now();
  const { origin } = session.state;
  return {
    sender: state.sender ?? '',
    recipients: state.recipients,
    headers: state.headers,
    bodyLineCount: read.bodyLineCount,
    bodyZeroCount: read.bodyZeroCount,
    maxReceivedLineLength: read.maxLineLength,
    receivedAtMs: state.receivedAtMs,
    receivedUsec: Math.floor((state.receivedAtMs * 1000) % 1_000_000),
    receiveDurationUsec: Math.max(0, Math.round((now - state.receivedAtMs) * 1000)),
    isUtf8: state.isUtf8,
    ...downconversionOf(state),
    ...(state.localScanData === undefined ? {} : { localScanData: state.localScanData }),
    ...spamOf(state),
    dsn: state.dsn,
    aclM: new Map(state.aclM),
    // A copy: the session goes on and changes its own.
    origin: { ...origin, hostName: origin.hostAddress === undefined ? undefined : origin.hostName, aclC: new Map(origin.aclC) },
    ...UNTRIED_MESSAGE,
    nonRecipients: context.nonRecipients ?? new Set(),
    frozenAt: state.controls.has('freeze') ? Math.floor(now / 1000) : undefined,
    isLocalError: session.commandLine?.isLocalError ?? false,
    dontDeliver: context.dontDeliver ?? false,
    isSenderSetUntrusted: context.hasSenderOption === true && context.isSenderSetUntrusted === true,
    queueName: session.state.queueName ?? '',
    isQueueOnly: state.controls.has('queue') || state.controls.has('queue_only'),
  };
}

/** What of `$spam_…` stays with the message. */
function spamOf({ results }: TransactionState): Pick<MessageEnvelope, 'spam'> {
  const { spam } = results;
  return spam === undefined ? {} : { spam: { bar: spam.bar, score: spam.score, scoreInt: spam.scoreInt } };
}

/** `control = utf8_downconvert`. */
function downconversionOf(state: TransactionState): Pick<MessageEnvelope, 'downconversion'> {
  if (!state.isUtf8) return {};
  const setting = state.controls.get('utf8_downconvert');
  if (setting === '1') return { downconversion: 'always' };
  return setting === '-1' ? { downconversion: 'if-needed' } : {};
}

/** What an ACL or the configuration says about delivering at once; undefined: nothing. */
function queueWish(context: IntakeContext, state: TransactionState): DeliveryWish | undefined {
  const { main } = context.config;
  const { log } = context.services;
  const tell = (why: Octets) => {
    if (log.selected('delay_delivery')) log.main(`no immediate delivery: ${why}`, state.id);
  };
  const queue = state.controls.get('queue');
  if (queue !== undefined || state.controls.has('queue_only')) {
    tell(`queued by ${state.controls.has('local-scan-queued') ? 'local_scan()' : 'ACL'}`);
    return queue?.includes('first_pass_route') === true ? 'queue-smtp' : 'queue';
  }
  if (state.controls.has('freeze')) return 'queue';
  const load = queueingLoad(context.config, context.services, context.session.state);
  if (load !== undefined) {
    tell(`load average ${load.toFixed(2)}`);
    return 'queue';
  }
  if (main.queue_only_file !== undefined) return queueOnlyFile(context, main.queue_only_file);
  return undefined;
}

/** `smtp/path:/path`: the files that exist decide. */
function queueOnlyFile(context: IntakeContext, list: Octets): DeliveryWish | undefined {
  for (const item of list.split(':').map(trimSpace)) {
    const isSmtp = item.startsWith('smtp');
    const path = isSmtp ? item.slice(4) : item;
    if (path !== '' && context.services.files.stat(path).kind === 'ok') return isSmtp ? 'queue-smtp' : 'queue';
  }
  return undefined;
}

function fakeReply(state: TransactionState): FakeReply | undefined {
  for (const [control, code] of [
    ['fakedefer', '450'],
    ['fakereject', '550'],
  ] as const) {
    const options = state.controls.get(control);
    if (options !== undefined) return { code, text: options === '' ? FAKE_REJECT : options.slice(1) };
  }
  return undefined;
}

/** `received`: the recipients before they were rewritten. */
function arrival(
  context: IntakeContext,
  state: TransactionState,
  received: readonly Octets[],
  sizeBytes: number,
  { usedPrdr = false, queueName = context.session.state.queueName }: Pick<Arrival, 'usedPrdr' | 'queueName'> = {},
): Octets {
  const { services, session, config } = context;
  const { log } = services;
  const id = findHeader(state.headers, isResentMessage(state.headers) ? 'Resent-Message-ID' : 'Message-ID');
  const subject = findHeader(state.headers, 'Subject');
  const parsed = id === undefined ? undefined : parseAddress(headerValue(id), { allowsDomainLiterals: true });
  const value = parsed?.kind === 'ok' ? parsed.address : undefined;
  return arrivalLine(
    {
      sender: state.sender ?? '',
      origin: session.state.origin,
      sizeBytes,
      reference: session.commandLine?.reference,
      pipelining: context.usedPipelining,
      earlyPipelining: context.earlyPipelining,
      usedPrdr,
      queueName,
      usedChunking: context.usedChunking ?? false,
      bodyType: state.bodyType,
      durationMs: services.clock.now() - state.receivedAtMs,
      messageId: value === undefined ? undefined : { value, isCreated: value.startsWith(`E${state.id ?? ' '}`) },
      subject:
        subject === undefined
          ? undefined
          : decodeEncodedWords(unfold(headerValue(subject)), { charset: config.main.headers_charset ?? 'UTF-8' }),
      rawSender: state.rawSender ?? state.sender ?? '',
      recipients: received,
      mailAuth: session.state.origin.authenticatedSender,
      dkimDomain: state.dkim?.passedDomain,
      spfResult: state.results.spf?.result,
      isFakeReject: state.controls.has('fakereject'),
      showsHighOctets: config.main.print_topbitchars,
    },
    log,
  );
}
