/**
 * The -H file: envelope, status and header lines of a message. Spec ch. 57 "Format of the -H file"; what Exim 4.96 and later write beyond
 * the manual is read too, and lines that are not known are kept. No value can bring in a line of its own: values that may hold newlines carry their length.
 */
import type { Octets } from '../base/octets.ts';
import { octetsFromBytes } from '../base/octets.ts';
import type { HeaderLine, HeaderType, Message, Origin, Recipient, SpamScore, TaintSpan, Text, TlsFacts } from '../core/index.ts';
import { formatNonRecipients, parseNonRecipients } from './non-recipients.ts';
import { formatRecipient, parseRecipient } from './recipient-line.ts';

/** Everything of a message but its body. `size` is that of headers and blank line; the body's is added by who knows it. */
export type HeaderFile = Omit<Message, 'body'> & { readonly isWireFormat: boolean };

export type HeaderFileParsing =
  | { readonly kind: 'ok'; readonly message: HeaderFile }
  | { readonly kind: 'error'; readonly message: string };

// ---------------------------------------------------------------- writing

export function formatHeaderFile(message: Omit<Message, 'body' | 'size'>): Octets {
  const { origin } = message;
  const seconds = Math.floor(message.receivedAtMs / 1000);
  const out = [
    `${message.id}-H`,
    `${oneLine(origin.callerLogin)} ${origin.callerUid} ${origin.callerGid}`,
    `<${oneLine(message.sender)}>`,
    `${seconds} ${message.warningCount}`,
    ...timeLines(message, seconds),
    ...originLines(origin),
    ...aclLines('c', origin.aclC),
    ...aclLines('m', message.aclM),
    ...countLines(message),
    ...submitterLines(origin),
    ...flagLines(message),
    ...(origin.tls === undefined ? [] : tlsLines(origin.tls)),
    ...dsnLines(message),
    ...message.unknownSpoolLines.map(oneLine),
    ...formatNonRecipients(new Set([...message.nonRecipients].map(oneLine))),
    String(message.recipients.length),
    ...message.recipients.map((recipient) => formatRecipient({ ...recipient, address: oneLine(recipient.address) })),
    '',
    '',
  ];
  return out.join('\n') + message.headers.map(formatHeader).join('');
}

/** `012F From: …`: length, type, text. */
function formatHeader(header: HeaderLine): Octets {
  const text = header.text.endsWith('\n') ? header.text : `${header.text}\n`;
  return `${String(text.length).padStart(3, '0')}${header.type} ${text}`;
}

/** A value that takes one line: what would end the line becomes a space. */
function oneLine(value: Octets): Octets {
  return /[\n\0]/.test(value) ? value.replace(/[\n\0]/g, ' ') : value;
}

function timeLines(message: Omit<Message, 'body' | 'size'>, seconds: number): Octets[] {
  const micro = (value: number) => String(value).padStart(6, '0');
  const lines = [`-received_time_usec .${micro(message.receivedUsec)}`];
  if (message.receiveDurationUsec !== undefined) {
    const end = message.receivedUsec + message.receiveDurationUsec;
    lines.push(`-received_time_complete ${seconds + Math.floor(end / 1_000_000)}.${micro(end % 1_000_000)}`);
  }
  return lines;
}

/** Values that came over the network are marked as tainted (`--`) whatever wrote them. */
function originLines(origin: Readonly<Origin>): Octets[] {
  const lines: Octets[] = [];
  const put = (name: string, value: Octets | undefined) => {
    if (value !== undefined && value !== '') lines.push(`${name} ${oneLine(value)}`);
  };
  const isRemote = origin.hostAddress !== undefined;
  put('--helo_name', origin.heloName);
  if (isRemote) put('-host_address', endpoint(origin.hostAddress, origin.hostPort ?? 0));
  put('--host_name', origin.hostName);
  put('-host_auth', origin.authenticatorName);
  put('-host_auth_pubname', origin.authenticatorPublicName);
  put('-interface_address', origin.interfaceAddress === undefined ? undefined : endpoint(origin.interfaceAddress, origin.interfacePort));
  put('-active_hostname', origin.activeHostname);
  put(isRemote ? '--ident' : '-ident', origin.ident);
  put('-received_protocol', origin.protocol);
  return lines;
}

function submitterLines(origin: Readonly<Origin>): Octets[] {
  const lines: Octets[] = [];
  const put = (name: string, value: Octets | undefined) => {
    if (value !== undefined && value !== '') lines.push(`${name} ${oneLine(value)}`);
  };
  const isRemote = origin.hostAddress !== undefined;
  put(isRemote ? '--auth_id' : '-auth_id', origin.authenticatedId);
  put(isRemote ? '--auth_sender' : '-auth_sender', origin.authenticatedSender);
  if (origin.allowUnqualifiedRecipient) lines.push('-allow_unqualified_recipient');
  if (origin.allowUnqualifiedSender) lines.push('-allow_unqualified_sender');
  return lines;
}

function endpoint(address: Octets | undefined, port: number | undefined): Octets {
  return `[${address ?? ''}]${port === undefined ? '' : `:${port}`}`;
}

/** `-aclm _name length`, the value, a newline. Only what follows `acl_m` is written: a number, or a name that begins with `_`. */
function aclLines(kind: 'c' | 'm', values: ReadonlyMap<string, Text>): Octets[] {
  return [...values].map(([name, value]) => {
    const written = oneLine(name.slice(`acl_${kind}`.length)).replaceAll(' ', '_');
    return `${taintMark(value)}acl${kind} ${written} ${value.octets.length}\n${value.octets}`;
  });
}

function taintMark(text: Text): Octets {
  const [first] = text.taint;
  if (first === undefined) return '-';
  const quotedFor = text.taint.every((span) => span.quotedFor === first.quotedFor) ? first.quotedFor : undefined;
  return quotedFor === undefined ? '--' : `--(${quotedFor})`;
}

function countLines(message: Omit<Message, 'body' | 'size'>): Octets[] {
  const lines = [`-body_linecount ${message.bodyLineCount}`, `-max_received_linelength ${message.maxReceivedLineLength}`];
  if (message.bodyZeroCount > 0) lines.push(`-body_zerocount ${message.bodyZeroCount}`);
  return lines;
}

function flagLines(message: Omit<Message, 'body' | 'size'>): Octets[] {
  const lines: Octets[] = [];
  if (message.isFirstDelivery) lines.push('-deliver_firsttime');
  if (message.frozenAt !== undefined) lines.push(`-frozen ${message.frozenAt}`);
  if (message.dontDeliver) lines.push('-N');
  if (message.origin.hostLookup === 'deferred') lines.push('-host_lookup_deferred');
  if (message.origin.hostLookup === 'failed') lines.push('-host_lookup_failed');
  if (message.origin.isLocal) lines.push('-local');
  if (message.isLocalError) lines.push('-localerror');
  if (message.localScanData !== undefined) lines.push(oneLine(`-local_scan ${message.localScanData}`));
  if (message.isManuallyThawed) lines.push('-manual_thaw');
  if (message.isSenderSetUntrusted) lines.push('-sender_set_untrusted');
  if (message.isUtf8) lines.push('-smtputf8');
  const { spam } = message;
  if (spam !== undefined) lines.push(`-spam_bar ${spam.bar}`, `-spam_score ${spam.score}`, `-spam_score_int ${spam.scoreInt}`);
  if (message.downconversion !== undefined) lines.push(message.downconversion === 'always' ? '-utf8_downcvt' : '-utf8_optdowncvt');
  return lines;
}

function tlsLines(tls: TlsFacts): Octets[] {
  const lines: Octets[] = [];
  if (tls.certificateVerified) lines.push('-tls_certificate_verified');
  if (tls.cipher !== '') lines.push(`-tls_cipher ${oneLine(tls.cipher)}`);
  if (tls.peerCertificate) lines.push(`--tls_peercert ${pem(tls.peerCertificate)}`);
  if (tls.peerDn !== '') lines.push(`--tls_peerdn ${oneLine(tls.peerDn)}`);
  if (tls.sni !== '') lines.push(`--tls_sni ${oneLine(tls.sni)}`);
  if (tls.ourCertificate) lines.push(`-tls_ourcert ${pem(tls.ourCertificate)}`);
  lines.push(`-tls_resumption ${String.fromCharCode(RESUMPTION_BASE + (tls.resumption & 0x1f))}`);
  if (tls.version !== '') lines.push(`-tls_ver ${oneLine(tls.version)}`);
  return lines;
}

/** One line, newlines as `\n`. */
function pem(der: Uint8Array): Octets {
  const base64 = Buffer.from(der)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\\n');
  return `-----BEGIN CERTIFICATE-----\\n${base64}\\n-----END CERTIFICATE-----\\n`;
}

function dsnLines(message: Omit<Message, 'body' | 'size'>): Octets[] {
  const lines: Octets[] = [];
  if (message.dsn.envid !== undefined && message.dsn.envid !== '') lines.push(`-dsn_envid ${oneLine(message.dsn.envid)}`);
  if (message.dsn.ret !== undefined) lines.push(`-dsn_ret ${message.dsn.ret === 'FULL' ? 1 : 2}`);
  return lines;
}

// ---------------------------------------------------------------- reading

/** `bytes` is the whole file; `id` must be what its first line says. */
export function parseHeaderFile(id: string, bytes: Buffer): HeaderFileParsing {
  return new HeaderFileReader(id, octetsFromBytes(bytes)).read();
}

const NO_SCORE: SpamScore = { bar: '', score: '', scoreInt: '' };

/** What the lines with a hyphen fill in. */
interface Draft {
  readonly origin: Origin;
  readonly aclM: Map<string, Text>;
  readonly unknown: Octets[];
  readonly tls: { -readonly [K in keyof TlsFacts]: TlsFacts[K] };
  readonly flags: Set<string>;
  usec: number;
  completeUsec: number | undefined;
  frozenAt: number | undefined;
  lineCount: number;
  zeroCount: number;
  maxLineLength: number;
  localScanData: Octets | undefined;
  spam: SpamScore | undefined;
  envid: Octets | undefined;
  ret: 'FULL' | 'HDRS' | undefined;
}

const FLAGS: ReadonlySet<string> = new Set([
  'allow_unqualified_recipient',
  'allow_unqualified_sender',
  'deliver_firsttime',
  'N',
  'host_lookup_deferred',
  'host_lookup_failed',
  'local',
  'localerror',
  'manual_thaw',
  'sender_set_untrusted',
  'smtputf8',
  'utf8_downcvt',
  'utf8_optdowncvt',
  'spool_file_wireformat',
  'tls_certificate_verified',
]);

/** `-tls_resumption`: a letter for the bits of `$tls_in_resumption`; none is A. */
const RESUMPTION_BASE = 0x41;
const HEADER_TYPES = ' BCFIPRST*';
const MAX_RECIPIENTS = 10_000_000;

class HeaderFileReader {
  readonly #id: string;
  readonly #text: Octets;
  #at = 0;

  constructor(id: string, text: Octets) {
    this.#id = id;
    this.#text = text;
  }

  read(): HeaderFileParsing {
    try {
      return { kind: 'ok', message: this.#message() };
    } catch (error) {
      if (error instanceof MalformedSpoolFile) return { kind: 'error', message: error.message };
      throw error;
    }
  }

  #message(): HeaderFile {
    if (this.#line() !== `${this.#id}-H`) throw new MalformedSpoolFile('its first line is not its name');
    const caller = match(/^(.*) (-?[0-9]+) (-?[0-9]+)$/s, this.#line(), 'caller');
    const sender = match(/^<(.*)>$/s, this.#line(), 'sender')[1] ?? '';
    const times = match(/^([0-9]+) ([0-9]+)$/, this.#line(), 'time');
    const draft = newDraft({
      callerLogin: caller[1] ?? '',
      callerUid: int(caller[2]),
      callerGid: int(caller[3]),
      isLocal: false,
      aclC: new Map(),
    });
    while (this.#text[this.#at] === '-') this.#attribute(draft);
    const nonRecipients = this.#tree();
    const recipients = this.#recipients();
    if (this.#line() !== '') throw new MalformedSpoolFile('no blank line before the headers');
    const headers = this.#headers();
    return assemble(this.#id, sender, int(times[1]), int(times[2]), draft, nonRecipients, recipients, headers);
  }

  #line(): Octets {
    const end = this.#text.indexOf('\n', this.#at);
    if (end < 0) throw new MalformedSpoolFile('it ends too early');
    const line = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return line;
  }

  #attribute(draft: Draft): void {
    const line = this.#line();
    const { isTainted, quotedFor, name, value } = splitAttribute(line);
    if (name === 'aclc' || name === 'aclm' || name === 'acl') {
      this.#aclVariable(draft, name, value, isTainted, quotedFor);
    } else if (FLAGS.has(name) && value === '') {
      draft.flags.add(name);
    } else if (!setValue(draft, name, value)) {
      draft.unknown.push(line);
    }
  }

  /** The value follows on the next line and is as long as is said, newlines included. */
  #aclVariable(draft: Draft, kind: string, value: Octets, isTainted: boolean, quotedFor: string | undefined): void {
    const parts = match(/^(.*) ([0-9]+)$/s, value, 'ACL variable');
    const length = int(parts[2]);
    const octets = this.#text.slice(this.#at, this.#at + length);
    if (octets.length < length || this.#text[this.#at + length] !== '\n')
      throw new MalformedSpoolFile('an ACL variable has another length');
    this.#at += length + 1;
    const span: TaintSpan = quotedFor === undefined ? { from: 0, to: length } : { from: 0, to: length, quotedFor };
    const text: Text = { octets, taint: isTainted && length > 0 ? [span] : [] };
    const name = parts[1] ?? '';
    if (kind === 'acl') {
      const number = int(name);
      if (number < 10) draft.origin.aclC.set(`acl_c${number}`, text);
      else draft.aclM.set(`acl_m${number - 10}`, text);
    } else if (kind === 'aclc') {
      draft.origin.aclC.set(`acl_c${name}`, text);
    } else {
      draft.aclM.set(`acl_m${name}`, text);
    }
  }

  #tree(): Set<Octets> {
    const lines: Octets[] = [];
    for (let open = 1; open > 0; ) {
      const line = this.#line();
      lines.push(line);
      if (line === 'XX' && lines.length === 1) break;
      open += (line[0] === 'Y' ? 1 : 0) + (line[1] === 'Y' ? 1 : 0) - 1;
    }
    const parsed = parseNonRecipients(lines, 0);
    if (parsed === undefined) throw new MalformedSpoolFile('its tree of non-recipients is broken');
    return parsed.addresses;
  }

  #recipients(): Recipient[] {
    const count = int(match(/^([0-9]+)$/, this.#line(), 'number of recipients')[1]);
    if (count > MAX_RECIPIENTS) throw new MalformedSpoolFile('too many recipients');
    const recipients: Recipient[] = [];
    for (let i = 0; i < count; i++) {
      const recipient = parseRecipient(this.#line());
      if (recipient === undefined) throw new MalformedSpoolFile('a recipient is malformed');
      recipients.push(recipient);
    }
    return recipients;
  }

  #headers(): HeaderLine[] {
    const headers: HeaderLine[] = [];
    while (this.#at < this.#text.length) {
      const found = /^([0-9]{1,9})(.) /s.exec(this.#text.slice(this.#at, this.#at + 12));
      const type = found?.[2] ?? '?';
      if (!found || !HEADER_TYPES.includes(type)) throw new MalformedSpoolFile('a header is malformed');
      const from = this.#at + found[0].length;
      const text = this.#text.slice(from, from + int(found[1]));
      if (text.length !== int(found[1])) throw new MalformedSpoolFile('a header is shorter than said');
      headers.push({ type: type as HeaderType, text }); // one of HEADER_TYPES
      this.#at = from + text.length;
    }
    return headers;
  }
}

/** Leaves the reader; never leaves this file. */
class MalformedSpoolFile extends Error {}

/** `-name value`; `--name` of a tainted value, `--(type)name` of one that was quoted for a lookup type. */
function splitAttribute(line: Octets): {
  readonly isTainted: boolean;
  readonly quotedFor: string | undefined;
  readonly name: string;
  readonly value: Octets;
} {
  const isTainted = line[1] === '-';
  let from = isTainted ? 2 : 1;
  let quotedFor: string | undefined;
  const close = line[from] === '(' ? line.indexOf(')', from) : -1;
  if (close >= 0) {
    quotedFor = line.slice(from + 1, close);
    from = close + 1;
  }
  const space = line.indexOf(' ', from);
  return space < 0
    ? { isTainted, quotedFor, name: line.slice(from), value: '' }
    : { isTainted, quotedFor, name: line.slice(from, space), value: line.slice(space + 1) };
}

function match(pattern: RegExp, line: Octets, what: string): RegExpExecArray {
  const found = pattern.exec(line);
  if (!found) throw new MalformedSpoolFile(`the ${what} is malformed`);
  return found;
}

function int(digits: string | undefined): number {
  return Number.parseInt(digits ?? '0', 10);
}

function newDraft(origin: Origin): Draft {
  return {
    origin,
    aclM: new Map(),
    unknown: [],
    tls: { cipher: '', cipherStandardName: '', version: '', bits: 0, peerDn: '', sni: '', certificateVerified: false, resumption: 0 },
    flags: new Set(),
    usec: 0,
    completeUsec: undefined,
    frozenAt: undefined,
    lineCount: 0,
    zeroCount: 0,
    maxLineLength: 0,
    localScanData: undefined,
    spam: undefined,
    envid: undefined,
    ret: undefined,
  };
}

/** False when the line is not known. */
function setValue(draft: Draft, name: string, value: Octets): boolean {
  const { origin, tls } = draft;
  switch (name) {
    case 'received_time_usec':
      draft.usec = micro(value);
      return true;
    case 'received_time_complete':
      draft.completeUsec = int(value.slice(0, value.indexOf('.'))) * 1_000_000 + micro(value.slice(value.indexOf('.')));
      return true;
    case 'helo_name':
      origin.heloName = value;
      return true;
    case 'host_address':
      [origin.hostAddress, origin.hostPort] = parseEndpoint(value);
      if (origin.hostPort === 0) origin.hostPort = undefined; // as it was before -H was written
      return true;
    case 'interface_address':
      [origin.interfaceAddress, origin.interfacePort] = parseEndpoint(value);
      return true;
    case 'host_name':
      origin.hostName = value;
      return true;
    case 'host_auth':
      origin.authenticatorName = value;
      return true;
    case 'host_auth_pubname':
      origin.authenticatorPublicName = value;
      return true;
    case 'active_hostname':
      origin.activeHostname = value;
      return true;
    case 'ident':
      origin.ident = value;
      return true;
    case 'received_protocol':
      origin.protocol = value;
      return true;
    case 'auth_id':
      origin.authenticatedId = value;
      return true;
    case 'auth_sender':
      origin.authenticatedSender = value;
      return true;
    case 'body_linecount':
      draft.lineCount = int(value);
      return true;
    case 'body_zerocount':
      draft.zeroCount = int(value);
      return true;
    case 'max_received_linelength':
      draft.maxLineLength = int(value);
      return true;
    case 'frozen':
      draft.frozenAt = int(value);
      return true;
    case 'spam_bar':
      draft.spam = { ...NO_SCORE, ...draft.spam, bar: value };
      return true;
    case 'spam_score':
      draft.spam = { ...NO_SCORE, ...draft.spam, score: value };
      return true;
    case 'spam_score_int':
      draft.spam = { ...NO_SCORE, ...draft.spam, scoreInt: value };
      return true;
    case 'local_scan':
      draft.localScanData = value;
      return true;
    case 'dsn_envid':
      draft.envid = value;
      return true;
    case 'dsn_ret':
      draft.ret = value === '1' ? 'FULL' : value === '2' ? 'HDRS' : undefined;
      return true;
    case 'tls_cipher':
      tls.cipher = value;
      return true;
    case 'tls_peerdn':
      tls.peerDn = value;
      return true;
    case 'tls_sni':
      tls.sni = value;
      return true;
    case 'tls_ver':
      tls.version = value;
      return true;
    case 'tls_resumption':
      tls.resumption = Math.max(0, value.charCodeAt(0) - RESUMPTION_BASE) & 0x1f;
      return true;
    case 'tls_peercert':
      return setCertificate(tls, 'peerCertificate', value);
    case 'tls_ourcert':
      return setCertificate(tls, 'ourCertificate', value);
    default:
      return false;
  }
}

function setCertificate(tls: Draft['tls'], which: 'peerCertificate' | 'ourCertificate', value: Octets): boolean {
  const found = /^-----BEGIN CERTIFICATE-----(.*)-----END CERTIFICATE-----/s.exec(value.replaceAll('\\n', ''));
  if (!found) return false;
  tls[which] = new Uint8Array(Buffer.from(found[1] ?? '', 'base64'));
  return true;
}

/** `.171165`, with as many digits as there are. */
function micro(value: Octets): number {
  const digits = /^\.([0-9]{1,6})/.exec(value)?.[1] ?? '0';
  return int(digits.padEnd(6, '0'));
}

/** `[1.2.3.4]:567`, or `1.2.3.4.567` as Exim wrote before. */
function parseEndpoint(value: Octets): [address: Octets, port: number | undefined] {
  const bracketed = /^\[([^\]]*)\](?::([0-9]+))?$/.exec(value);
  if (bracketed) return [bracketed[1] ?? '', bracketed[2] === undefined ? undefined : int(bracketed[2])];
  const dot = value.lastIndexOf('.');
  return [value.slice(0, dot), int(value.slice(dot + 1))];
}

function assemble(
  id: string,
  sender: Octets,
  seconds: number,
  warningCount: number,
  draft: Draft,
  nonRecipients: ReadonlySet<Octets>,
  recipients: readonly Recipient[],
  headers: readonly HeaderLine[],
): HeaderFile {
  const { origin, flags, tls } = draft;
  origin.isLocal = flags.has('local');
  if (flags.has('allow_unqualified_recipient')) origin.allowUnqualifiedRecipient = true;
  if (flags.has('allow_unqualified_sender')) origin.allowUnqualifiedSender = true;
  if (flags.has('host_lookup_failed')) origin.hostLookup = 'failed';
  else if (flags.has('host_lookup_deferred')) origin.hostLookup = 'deferred';
  else if (origin.hostName !== undefined) origin.hostLookup = 'found';
  tls.certificateVerified = flags.has('tls_certificate_verified');
  if (tls.cipher !== '') origin.tls = withCipherFacts(tls);
  return {
    id,
    sender,
    recipients,
    headers,
    size: headersSize(headers),
    bodyLineCount: draft.lineCount,
    bodyZeroCount: draft.zeroCount,
    maxReceivedLineLength: draft.maxLineLength,
    receivedAtMs: seconds * 1000 + draft.usec / 1000,
    receivedUsec: draft.usec,
    receiveDurationUsec: draft.completeUsec === undefined ? undefined : draft.completeUsec - (seconds * 1_000_000 + draft.usec),
    isUtf8: flags.has('smtputf8'),
    ...(flags.has('utf8_downcvt') ? { downconversion: 'always' as const } : {}),
    ...(flags.has('utf8_optdowncvt') ? { downconversion: 'if-needed' as const } : {}),
    dsn: { ...(draft.envid === undefined ? {} : { envid: draft.envid }), ...(draft.ret === undefined ? {} : { ret: draft.ret }) },
    aclM: draft.aclM,
    origin,
    nonRecipients,
    isFirstDelivery: flags.has('deliver_firsttime'),
    frozenAt: draft.frozenAt,
    isManuallyThawed: flags.has('manual_thaw'),
    isLocalError: flags.has('localerror'),
    dontDeliver: flags.has('N'),
    warningCount,
    isSenderSetUntrusted: flags.has('sender_set_untrusted'),
    ...(draft.spam === undefined ? {} : { spam: draft.spam }),
    ...(draft.localScanData === undefined ? {} : { localScanData: draft.localScanData }),
    unknownSpoolLines: draft.unknown,
    queueName: '',
    isQueueOnly: false,
    isWireFormat: flags.has('spool_file_wireformat'),
  };
}

/** `TLS1.3:TLS_AES_256_GCM_SHA384:256` also says the standard name and the bits. */
function withCipherFacts(tls: TlsFacts): TlsFacts {
  const [version = '', name = '', bits = ''] = tls.cipher.split(':');
  return {
    ...tls,
    version: tls.version === '' ? version : tls.version,
    cipherStandardName: name.startsWith('TLS_') ? name : '',
    bits: /^[0-9]+$/.test(bits) ? int(bits) : 0,
  };
}

/** Octets of the headers that are sent, and the blank line after them. */
export function headersSize(headers: readonly HeaderLine[]): number {
  let size = 1;
  for (const header of headers) if (header.type !== '*') size += header.text.length;
  return size;
}
