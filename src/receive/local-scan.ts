/**
 * local_scan(): the administrator's own last word on a message, a function `local_scan` that the module named by `local_scan_path` exports. It is called when all ACLs have
 * accepted. Spec ch. 46 "Adding a local scan function to Exim"; DESIGN.md 3.13.
 */
import type { Octets } from '../base/octets.ts';
import { octetsFromText, printable } from '../base/octets.ts';
import type { Config, Deadline, Frame, HeaderLine, HeaderType, Recipient, Services, Session, TransactionState } from '../core/index.ts';
import { earlier } from '../core/index.ts';
import { parseAddress } from '../message/address.ts';
import { hasName, makeHeader } from '../message/header.ts';

/** What the function is called with. Texts have one char an octet. */
export interface ScannedMessage {
  /** `$message_exim_id`. */
  readonly id: string;
  readonly sender: Octets;
  readonly bodyLineCount: number;
  readonly bodyZeroCount: number;
  /** The body, with \n line ends. */
  readonly body: () => AsyncIterable<Buffer>;
  readonly headersCharset: Octets;
  /** It is a session of -bh. */
  readonly hostChecking: boolean;
  readonly interfaceAddress: Octets | undefined;
  readonly interfacePort: number | undefined;
  readonly receivedProtocol: Octets | undefined;
  readonly senderHostAddress: Octets | undefined;
  readonly senderHostName: Octets | undefined;
  readonly senderHostPort: number | undefined;
  /** The authenticator's name. */
  readonly senderHostAuthenticated: Octets | undefined;
  readonly smtpInput: boolean;
  readonly smtpBatchedInput: boolean;
  /** All lines, the deleted ones (`type` is `*`) too. */
  readonly headers: readonly HeaderLine[];
  /** Whole lines with their line end, at the end or beside the first line of a name; `type` is found by the name. */
  addHeader(text: Octets, where?: { readonly before?: Octets; readonly after?: Octets }): void;
  /** One occurrence (from 1), or all. */
  removeHeader(name: Octets, occurrence?: number): void;
  /** May be replaced; without any the message is accepted and thrown away. */
  recipients: readonly { readonly address: Octets; readonly errorsTo?: Octets | undefined }[];
  expand(text: Octets): Promise<Octets>;
  /** To the main log. */
  log(text: Octets): void;
}

/** What the function returns; nothing is an acceptance. */
export type ScanAnswer =
  | undefined
  | ScanVerdict
  | {
      readonly verdict: ScanVerdict;
      readonly text?: Octets | undefined /** The header of a rejected message is not logged. */;
      readonly hidesHeader?: boolean;
    };

const VERDICTS = ['accept', 'freeze', 'queue', 'reject', 'tempreject'] as const;
export type ScanVerdict = (typeof VERDICTS)[number];

export interface ScanRejection {
  readonly kind: 'reject';
  readonly isTemporary: boolean;
  readonly text: Octets;
  readonly logText: Octets;
  readonly showsHeader: boolean;
}

export type ScanResult = { readonly kind: 'accept' } | ScanRejection;

export interface ScanContext {
  readonly config: Config;
  readonly services: Services;
  readonly session: Session;
  readonly until: Deadline;
}

const MAX_DATA_LENGTH = 1000;

/** Changes the state as the function wants it: headers, recipients, `$local_scan_data`, `control = freeze` or `queue`. */
export async function runLocalScan(context: ScanContext, state: TransactionState, frame: Frame): Promise<ScanResult> {
  const { main } = context.config;
  if (main.local_scan_path === undefined) return { kind: 'accept' };
  const loaded = await context.services.modules.load(main.local_scan_path);
  if (loaded.kind === 'error') return broken(`local_scan() library failed to load: ${loaded.reason}`);
  const called = loaded.exports.get('local_scan');
  if (typeof called !== 'function') return broken(`local_scan() library does not contain the expected function: ${main.local_scan_path}`);
  const work: Work = { headers: [...state.headers] };
  const message = messageFor(context, state, frame, work);
  const endMs = main.local_scan_timeout === 0 ? undefined : context.services.clock.monotonicMs() + main.local_scan_timeout * 1000;
  const call = async (): Promise<Scanned | undefined> => {
    const answer = readAnswer(await Reflect.apply(called, undefined, [message]));
    return answer && { answer, recipients: readRecipients(message.recipients, state.recipients, main.qualify_recipient) };
  };
  const answered = await callWithin(call, context, endMs);
  const size = state.size;
  if (answered.kind === 'timeout') return broken(`local_scan() function timed out - message temporarily rejected (size ${size})`);
  if (answered.kind === 'thrown')
    return broken(`local_scan() function failed: ${answered.reason} - message temporarily rejected (size ${size})`);
  if (answered.value === undefined) return broken(`invalid return from local_scan() - message temporarily rejected (size ${size})`);
  const { answer, recipients } = answered.value;
  if (answer.verdict === 'reject' || answer.verdict === 'tempreject') return rejection(answer);
  state.headers = work.headers;
  state.recipients = [...recipients];
  if (state.recipients.length === 0) state.controls.set('local-scan-emptied', '');
  if (answer.text !== '') state.localScanData = answer.text.replaceAll('\n', ' ').slice(0, MAX_DATA_LENGTH);
  if (answer.verdict === 'freeze') state.controls.set('freeze', '').set('local-scan-froze', '');
  if (answer.verdict === 'queue') state.controls.set('queue_only', '').set('local-scan-queued', '');
  return { kind: 'accept' };
}

/** The peer learns nothing of what is wrong here. */
function broken(logText: Octets): ScanResult {
  return { kind: 'reject', isTemporary: true, text: 'Temporary local problem', logText, showsHeader: true };
}

interface ReadAnswer {
  readonly verdict: ScanVerdict;
  readonly text: Octets;
  readonly hidesHeader: boolean;
}

function rejection({ verdict, text, hidesHeader }: ReadAnswer): ScanResult {
  const isTemporary = verdict === 'tempreject';
  const told = text === '' ? (isTemporary ? 'Temporary local problem' : 'Administrative prohibition') : text;
  return { kind: 'reject', isTemporary, text: told, logText: told.slice(0, 256), showsHeader: !hidesHeader };
}

/** What the function left behind; undefined: its answer is none. */
interface Scanned {
  readonly answer: ReadAnswer;
  readonly recipients: readonly Recipient[];
}

type Answered =
  | { readonly kind: 'value'; readonly value: Scanned | undefined }
  | { readonly kind: 'thrown'; readonly reason: Octets }
  | { readonly kind: 'timeout' };

/** A function that does not come back is left behind; what it does later has no effect. */
async function callWithin(
  call: () => Promise<Scanned | undefined>,
  { services, until }: ScanContext,
  endMs: number | undefined,
): Promise<Answered> {
  const run = async (): Promise<Answered> => {
    try {
      return { kind: 'value', value: await call() };
    } catch (error) {
      return { kind: 'thrown', reason: printable(octetsFromText(error instanceof Error ? error.message : String(error))) };
    }
  };
  if (endMs === undefined) return run();
  const waiting = new AbortController();
  const limit = { ...earlier(until, endMs), signal: AbortSignal.any([until.signal, waiting.signal]) };
  const late = services.clock.sleep(Math.max(0, endMs - services.clock.monotonicMs()), limit).then((): Answered => ({ kind: 'timeout' }));
  try {
    return await Promise.race([run(), late]);
  } finally {
    waiting.abort();
  }
}

/** Undefined for what is no answer. */
function readAnswer(value: unknown): ReadAnswer | undefined {
  if (value === undefined) return { verdict: 'accept', text: '', hidesHeader: false };
  if (typeof value === 'string') return readAnswer({ verdict: value });
  if (typeof value !== 'object' || value === null || !('verdict' in value)) return undefined;
  const verdict = VERDICTS.find((known) => known === value.verdict);
  if (verdict === undefined) return undefined;
  const text = 'text' in value && value.text !== undefined ? octetsFromText(String(value.text)) : '';
  return { verdict, text, hidesHeader: 'hidesHeader' in value && value.hidesHeader === true };
}

interface Work {
  headers: HeaderLine[];
}

function messageFor(context: ScanContext, state: TransactionState, frame: Frame, work: Work): ScannedMessage {
  const { config, services, session, until } = context;
  const { origin } = session.state;
  return {
    id: state.id ?? '',
    sender: state.sender ?? '',
    bodyLineCount: state.bodyLineCount,
    bodyZeroCount: state.bodyZeroCount,
    body: () => state.body?.chunks(until) ?? noChunks(),
    headersCharset: config.main.headers_charset ?? '',
    hostChecking: session.isRehearsal,
    interfaceAddress: origin.interfaceAddress,
    interfacePort: origin.interfacePort,
    receivedProtocol: origin.protocol,
    senderHostAddress: origin.hostAddress,
    senderHostName: origin.hostName,
    senderHostPort: origin.hostPort,
    senderHostAuthenticated: origin.authenticatorName,
    smtpInput: session.mode !== 'command-line',
    smtpBatchedInput: session.mode === 'smtp-batch',
    get headers() {
      return work.headers;
    },
    addHeader: (text, where = {}) => {
      work.headers = withHeader(work.headers, headerLine(octetsFromText(text)), where);
    },
    removeHeader: (name, occurrence = 0) => {
      work.headers = withoutHeader(work.headers, name, occurrence);
    },
    recipients: state.recipients.map(({ address, errorsTo }) => ({ address, errorsTo })),
    expand: async (text) => {
      const expanded = await config.compile(octetsFromText(text), 'local_scan').evaluate(frame);
      if (expanded.kind === 'ok') return expanded.value.octets;
      throw new Error(expanded.kind === 'forced-fail' ? 'forced failure' : expanded.message);
    },
    log: (text) => services.log.main(printable(octetsFromText(text)), state.id),
  };
}

async function* noChunks(): AsyncIterable<Buffer> {}

/** Beside the first line of that name that is not deleted (behind its neighbours of the same name); without one, at the end. */
function withHeader(
  headers: readonly HeaderLine[],
  line: HeaderLine,
  { before, after }: { readonly before?: Octets; readonly after?: Octets },
): HeaderLine[] {
  const name = before ?? after;
  let at = name === undefined ? -1 : headers.findIndex((header) => header.type !== '*' && hasName(header, name));
  if (at < 0) return [...headers, line];
  if (before === undefined && after !== undefined) for (let next = headers[at]; next && hasName(next, after); next = headers[at]) at++;
  return headers.toSpliced(at, 0, line);
}

function withoutHeader(headers: readonly HeaderLine[], name: Octets, occurrence: number): HeaderLine[] {
  let seen = 0;
  return headers.map((header) => {
    if (header.type === '*' || !hasName(header, name)) return header;
    seen++;
    return occurrence <= 0 || seen === occurrence ? { type: '*' as HeaderType, text: header.text } : header;
  });
}

/** One line, maybe folded: what is no header line must not end the header. */
function headerLine(text: Octets): HeaderLine {
  const whole = text.endsWith('\n') ? text : `${text}\n`;
  if (!/^[!-9;-~]+[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*$/.test(whole)) throw new Error(`not a header line: ${text}`);
  return makeHeader(whole);
}

/** The function may have put anything there. */
function readRecipients(given: unknown, known: readonly Recipient[], qualifyDomain: Octets): readonly Recipient[] {
  if (!Array.isArray(given)) throw new Error('recipients is no array');
  return given.map((one) => readRecipient(one, known, qualifyDomain));
}

/** What is known of a recipient beyond its address stays when the address does. */
function readRecipient(given: unknown, known: readonly Recipient[], qualifyDomain: Octets): Recipient {
  const address = propertyOf(given, 'address');
  const errorsTo = propertyOf(given, 'errorsTo');
  if (typeof address !== 'string' || address === '') throw new Error(`not a recipient: ${String(given)}`);
  const kept = known.find((recipient) => recipient.address === address) ?? { address: qualified(octetsFromText(address), qualifyDomain) };
  return errorsTo === undefined ? kept : { ...kept, errorsTo: qualified(octetsFromText(String(errorsTo)), qualifyDomain) };
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function qualified(given: Octets, domain: Octets): Octets {
  if (given === '') return given;
  const parsed = parseAddress(given, { allowsDomainLiterals: true, allowsUtf8Domains: true });
  if (parsed.kind === 'error') throw new Error(`not an address: ${given}`);
  return parsed.domain === '' ? `${parsed.address}@${domain}` : parsed.address;
}
