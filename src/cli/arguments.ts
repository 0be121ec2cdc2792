/** Exim's single-dash grammar: arguments to an {@link Invocation}. Spec ch. 5 "The Exim command line". */
import { parseIp } from '../base/ip.ts';
import type { Octets } from '../base/octets.ts';
import { parseTimeSpan } from '../base/time-span.ts';
import { parseMacroArgument } from '../config/macros.ts';
import { parseDebugSelector } from '../logging/debug-categories.ts';
import { isMessageId } from '../spool/message-id.ts';
import { isQueueName } from '../spool/places.ts';
import type { AddressSelection, ErrorMode, Invocation, MessageAction, Mode, OriginOptions, QueueSelection } from './invocation.ts';
import { splitHostAndPort } from './origin.ts';

export type ParsedArguments =
  | { readonly kind: 'ok'; readonly invocation: Invocation }
  | { readonly kind: 'error'; readonly message: Octets; readonly status: number };

/** The record that options write into while they are read. */
type Draft = Omit<{ -readonly [K in keyof Invocation]: Invocation[K] }, 'macros' | 'words' | 'origin' | 'queueRuns'> & {
  queueRuns: QueueSelection[];
  macros: [string, Octets][];
  words: Octets[];
  origin: { -readonly [K in keyof OriginOptions]: OriginOptions[K] };
};

interface Reader {
  readonly draft: Draft;
  /** The next argument, or undefined when there is none. */
  next(): Octets | undefined;
  peek(): Octets | undefined;
  /** All that are left. */
  rest(): readonly Octets[];
}

/** What an option handler answers: nothing, or what is wrong, as it is printed. */
type Fault = { readonly message: Octets } | undefined;

interface OptionRule {
  /** The option without its dash. */
  readonly name: string;
  /** Text may follow the name in the same argument. */
  readonly attached?: boolean;
  /** A value follows: in the same argument, or in the next. */
  readonly value?: boolean;
  /** The value is the next argument, never the rest of this one. */
  readonly separate?: boolean;
  /** What is said when the value is missing; default: that the option is incomplete. */
  readonly missing?: Octets;
  /** `isAttached`: the text stood in the same argument. */
  readonly read: (reader: Reader, text: Octets, isAttached: boolean) => Fault;
}

const MACRO_NAME = 'exim: macro name set by -D must start with an upper case letter';

const EMPTY_QUEUE: QueueSelection = { isTwoStage: false, isFirstOnly: false, force: 'no', isLocalOnly: false, queueName: '' };

function mode(name: string, make: Mode): OptionRule {
  return { name, read: ({ draft }) => void (draft.mode = make) };
}

function set<K extends keyof Invocation>(name: string, key: K, value: Invocation[K]): OptionRule {
  return { name, read: ({ draft }) => void ((draft as { -readonly [N in keyof Invocation]: Invocation[N] })[key] = value) }; // a Draft is an Invocation that may be written
}

function ignored(name: string, extra: { readonly attached?: boolean; readonly value?: boolean } = {}): OptionRule {
  return { name, ...extra, read: () => undefined };
}

function listQueue(name: string, what: 'all' | 'count' | 'undelivered' | 'all-addresses' | 'ids', isUnsorted = false): OptionRule {
  return mode(name, { kind: 'list-queue', what, isUnsorted });
}

function messageAction(name: string, action: MessageAction): OptionRule {
  return {
    name,
    read: (reader) => {
      const id = reader.next();
      if (id === undefined) return { message: `exim: no message ids given after -${name} option` };
      reader.draft.mode = { kind: 'message-action', option: `-${name}`, action, id };
      reader.draft.words.push(...reader.rest());
      return undefined;
    },
  };
}

function origin(name: string, key: keyof OriginOptions): OptionRule {
  return { name, separate: true, missing: dataExpected(name), read: ({ draft }, text) => void (draft.origin[key] = text) };
}

function hostTest(name: string, withCallouts: boolean): OptionRule {
  const read = ({ draft }: Reader, host: Octets): Fault => {
    if (!parseIp(splitHostAndPort(host).address)) return notAnAddress(host);
    draft.mode = { kind: 'host-test', host, withCallouts };
    return undefined;
  };
  return { name, value: true, read };
}

/** An option whose value is a time; `isAttached`: in the same argument. */
function time(name: string, keep: (draft: Draft, seconds: number) => void): OptionRule {
  const read = ({ draft }: Reader, text: Octets, isAttached: boolean): Fault => {
    const seconds = parseTimeSpan(text);
    if (seconds === undefined) return badTime(isAttached ? `-${name}${text}` : text);
    keep(draft, seconds);
    return undefined;
  };
  return { name, value: true, missing: `exim: bad time value -${name}: abandoned`, read };
}

function dataExpected(name: string): Octets {
  return `exim: data expected after -${name}`;
}

function notAnAddress(text: Octets): Fault {
  return { message: `exim abandoned: "${text}" is not an IP address` };
}

function badTime(text: Octets): Fault {
  return { message: `exim: bad time value ${text}: abandoned` };
}

function errors(name: string, value: ErrorMode): OptionRule {
  return set(name, 'errors', value);
}

/** Longest names first at the same beginning: the first rule that fits is taken. */
const RULES: readonly OptionRule[] = [
  ignored('Ac'),
  ignored('Am'),
  mode('bdf', { kind: 'daemon', isForeground: true }),
  mode('bd', { kind: 'daemon', isForeground: false }),
  { name: 'bw', attached: true, read: readInetdWait },
  mode('bs', { kind: 'smtp' }),
  mode('bS', { kind: 'batch-smtp' }),
  { name: 'bmalware', value: true, read: ({ draft }, file) => void (draft.mode = { kind: 'malware', file }) },
  mode('bm', { kind: 'receive' }),
  {
    name: 'bnq',
    read: ({ draft }) => {
      draft.noQualify = true;
      draft.mode ??= { kind: 'receive' };
      return undefined;
    },
  },
  { name: 'bem', value: true, read: ({ draft }, file) => void (draft.mode = { kind: 'expand', messageFile: file }) },
  mode('be', { kind: 'expand' }),
  hostTest('bhc', true),
  hostTest('bh', false),
  mode('bt', { kind: 'address-test' }),
  mode('bvs', { kind: 'verify', isSender: true }),
  mode('bv', { kind: 'verify', isSender: false }),
  listQueue('bpc', 'count'),
  listQueue('bpra', 'all-addresses', true),
  listQueue('bpri', 'ids', true),
  listQueue('bpru', 'undelivered', true),
  listQueue('bpr', 'all', true),
  listQueue('bpa', 'all-addresses'),
  listQueue('bpi', 'ids'),
  listQueue('bpu', 'undelivered'),
  listQueue('bp', 'all'),
  {
    name: 'bP',
    read: (reader) => {
      reader.draft.mode = { kind: 'print-options' };
      reader.draft.words.push(...reader.rest());
      return undefined;
    },
  },
  { name: 'bI:', attached: true, read: ({ draft }, topic) => void (draft.mode = { kind: 'information', topic }) },
  mode('bV', { kind: 'version' }),
  mode('bi', { kind: 'newaliases' }),
  {
    name: 'brt',
    read: (reader) => {
      reader.draft.mode = { kind: 'retry-test' };
      reader.draft.words.push(...reader.rest());
      return undefined;
    },
  },
  mode('brw', { kind: 'rewrite-test' }),
  {
    name: 'bfd',
    value: true,
    missing: 'exim: string expected after -bfd',
    read: ({ draft }, domain) => void (draft.filterTest = { ...draft.filterTest, domain }),
  },
  {
    name: 'bfl',
    value: true,
    missing: 'exim: string expected after -bfl',
    read: ({ draft }, localPart) => void (draft.filterTest = { ...draft.filterTest, localPart }),
  },
  {
    name: 'bfp',
    value: true,
    missing: 'exim: string expected after -bfp',
    read: ({ draft }, prefix) => void (draft.filterTest = { ...draft.filterTest, prefix }),
  },
  {
    name: 'bfs',
    value: true,
    missing: 'exim: string expected after -bfs',
    read: ({ draft }, suffix) => void (draft.filterTest = { ...draft.filterTest, suffix }),
  },
  {
    name: 'bf',
    value: true,
    missing: 'exim: file name expected after -bf',
    read: ({ draft }, file) => void (draft.mode = { kind: 'filter-test', file, isSystem: false }),
  },
  {
    name: 'bF',
    value: true,
    missing: 'exim: file name expected after -bF',
    read: ({ draft }, file) => void (draft.mode = { kind: 'filter-test', file, isSystem: true }),
  },
  {
    name: 'B',
    attached: true,
    read: (reader, text) => {
      if (text === '') reader.next();
      return undefined;
    },
  },
  {
    name: 'C',
    value: true,
    read: ({ draft }, list) =>
      void (draft.configFiles = list
        .split(':')
        .map((file) => file.replace(/^[ \t]+|[ \t]+$/g, ''))
        .filter((file) => file !== '')),
  },
  { name: 'D', value: true, missing: MACRO_NAME, read: readMacro },
  { name: 'dropcr', read: () => undefined },
  { name: 'd', attached: true, read: readDebug },
  {
    name: 'E',
    attached: true,
    read: ({ draft }, id) => {
      draft.isLocalError = true;
      if (isMessageId(id)) draft.origin.messageReference = id;
      return undefined;
    },
  },
  { name: 'F', value: true, read: ({ draft }, name) => void (draft.fullName = name) },
  { name: 'f', value: true, read: readSender },
  { name: 'G', attached: true, read: ({ draft }) => void (draft.isGatewayed = true) },
  {
    name: 'h',
    value: true,
    read: (_reader, hops, isAttached) => (/^[0-9]+$/.test(hops) ? undefined : incomplete(isAttached ? `h${hops}` : 'h')),
  },
  set('i', 'isDotNotEnd', true),
  {
    name: 'L',
    value: true,
    read: ({ draft }, tag) =>
      tag.length > 32 || tag === ''
        ? { message: `exim: the -L syslog name is too ${tag === '' ? 'short' : `long: "${tag}"`}` }
        : void (draft.logTag = tag),
  },
  messageAction('Mar', 'add-recipient'),
  messageAction('Mes', 'edit-sender'),
  messageAction('Mf', 'freeze'),
  messageAction('Mg', 'give-up'),
  messageAction('Mmad', 'mark-all-delivered'),
  messageAction('Mmd', 'mark-delivered'),
  messageAction('Mrm', 'remove'),
  { name: 'Mset', read: readLoadedMessage },
  messageAction('Mt', 'thaw'),
  messageAction('Mvb', 'view-body'),
  messageAction('Mvc', 'view-copy'),
  messageAction('Mvh', 'view-header'),
  messageAction('Mvl', 'view-log'),
  messageAction('Mc', 'deliver-if-due'),
  {
    name: 'MG',
    read: (reader) => {
      const [queue, id] = [reader.next(), reader.next()];
      if (queue === undefined || id === undefined) return { message: 'exim: no message ids given after -MG option' };
      if (!isQueueName(queue)) return badQueueName(queue);
      reader.draft.mode = { kind: 'message-action', option: '-MG', action: 'move', id, queue };
      reader.draft.words.push(...reader.rest());
      return undefined;
    },
  },
  {
    name: 'MC',
    attached: true,
    read: (reader, text) => {
      reader.rest();
      return {
        message: text === '' ? 'exim: too many or too few arguments after -MC' : `exim: option -MC${text} is for Exim's own processes`,
      };
    },
  },
  messageAction('M', 'deliver'),
  ignored('m'),
  {
    name: 'N',
    read: ({ draft }) => {
      draft.minusN = true;
      draft.isVerbose = true;
      return undefined;
    },
  },
  { name: 'n', attached: true, read: ({ draft }) => void (draft.isValueOnly = true) },
  { name: 'oA', value: true, read: () => undefined },
  {
    name: 'oB',
    attached: true,
    read: (reader, text) => {
      if (text === '' && /^[0-9]+$/.test(reader.peek() ?? '')) reader.next();
      return /^[0-9]*$/.test(text) ? undefined : { message: 'exim: number expected after -oB' };
    },
  },
  origin('oMaa', 'authenticator'),
  origin('oMai', 'authenticatedId'),
  origin('oMas', 'authenticatedSender'),
  origin('oMa', 'hostAddress'),
  origin('oMi', 'interfaceAddress'),
  { name: 'oMm', separate: true, missing: dataExpected('oMm'), read: readReference },
  { name: 'oMr', separate: true, missing: dataExpected('oMr'), read: readProtocol },
  origin('oMs', 'hostName'),
  origin('oMt', 'ident'),
  mode('oPX', { kind: 'remove-pid-file' }),
  { name: 'oP', separate: true, read: ({ draft }, pidFile) => void (draft.listen = { ...draft.listen, pidFile }) },
  { name: 'oX', separate: true, read: ({ draft }, interfaces) => void (draft.listen = { ...draft.listen, interfaces }) },
  ignored('oY'),
  set('odb', 'delivery', 'background'),
  set('odf', 'delivery', 'foreground'),
  set('odi', 'delivery', 'foreground'),
  set('odqs', 'delivery', 'queue-smtp'),
  set('odq', 'delivery', 'queue'),
  errors('oee', 'mail-exit-0'),
  errors('oem', 'mail'),
  errors('oep', 'print'),
  errors('oeq', 'print'),
  errors('oew', 'mail'),
  set('oitrue', 'isDotNotEnd', true),
  set('oi', 'isDotNotEnd', true),
  ignored('om'),
  ignored('oo'),
  time('or', (draft, seconds) => void (draft.receiveTimeoutSeconds = seconds)),
  time('os', (draft, seconds) => void (draft.smtpReceiveTimeoutSeconds = seconds)),
  set('ov', 'isVerbose', true),
  {
    name: 'O',
    attached: true,
    read: (reader, text) => (text === '' && reader.next() === undefined ? { message: 'exim: string expected after -O' } : undefined),
  },
  set('pd', 'perlAtStart', false),
  set('ps', 'perlAtStart', true),
  { name: 'p', value: true, read: readProtocolAndHost },
  { name: 'q', attached: true, read: readQueue },
  { name: 'R', attached: true, read: (reader, text) => readSelection(reader, text, 'R', 'selectRecipient') },
  { name: 'r', value: true, read: readSender },
  { name: 'S', attached: true, read: (reader, text) => readSelection(reader, text, 'S', 'selectSender') },
  { name: 'tls-on-connect', read: ({ draft }) => void (draft.listen = { ...draft.listen, tlsOnConnect: true }) },
  {
    name: 'ti',
    read: ({ draft }) => {
      draft.takesRecipientsFromHeaders = true;
      draft.isDotNotEnd = true;
      return undefined;
    },
  },
  set('t', 'takesRecipientsFromHeaders', true),
  ignored('U', { attached: true }),
  set('v', 'isVerbose', true),
  ignored('x'),
  { ...ignored('X', { value: true }), missing: 'exim: string expected after -X' },
  {
    name: 'z',
    value: true,
    missing: 'exim: file name expected after -z',
    read: ({ draft }, text) => void (draft.mode = { kind: 'log-line', text }),
  },
  { name: 'atrn', read: readAtrn },
  mode('-help', { kind: 'help' }),
  mode('-version', { kind: 'version' }),
  { name: '-', read: (reader) => void reader.draft.words.push(...reader.rest()) },
];

/** Spec ch. 5 `-D`. */
const MAX_MACROS = 10;

function readMacro({ draft }: Reader, text: Octets): Fault {
  if (!/^[ \t]*[A-Z]/.test(text)) return { message: MACRO_NAME };
  const macro = parseMacroArgument(text);
  if (!macro) return { message: `exim: malformed -D option "-D${text}"` };
  if (draft.macros.some(([other]) => other === macro.name)) return { message: 'exim: duplicated -D in command line' };
  if (draft.macros.length >= MAX_MACROS) return { message: 'exim: too many -D options on command line' };
  draft.macros.push([macro.name, macro.text]);
  return undefined;
}

function readInetdWait({ draft }: Reader, text: Octets): Fault {
  const idleSeconds = text === '' ? undefined : parseTimeSpan(text);
  if (text !== '' && idleSeconds === undefined) return badTime(`-bw${text}`);
  draft.mode = { kind: 'inetd-wait', idleSeconds };
  return undefined;
}

function readReference({ draft }: Reader, id: Octets): Fault {
  if (!isMessageId(id)) return { message: 'exim: -oMm must be a valid message ID' };
  draft.origin.messageReference = id;
  return undefined;
}

function readAtrn(reader: Reader): Fault {
  const host = reader.next();
  const domains = reader.next();
  if (host === undefined || domains === undefined) return { message: 'option -atrn requires a host and a list of domains' };
  reader.draft.mode = { kind: 'atrn', host, domains };
  return undefined;
}

function readLoadedMessage(reader: Reader): Fault {
  const id = reader.next();
  if (id === undefined) return { message: 'exim: no message ids given after -Mset option' };
  if (!isMessageId(id)) return { message: `exim: malformed message id ${id} after -Mset option` };
  reader.draft.loadedMessage = id;
  return undefined;
}

function readSender({ draft }: Reader, text: Octets): Fault {
  draft.sender = text === '<>' ? '' : text;
  return undefined;
}

/** `-oMr protocol`. */
function readProtocol({ draft }: Reader, text: Octets): Fault {
  if (draft.origin.protocol !== undefined) return { message: 'received_protocol is set already' };
  draft.origin.protocol = text;
  return undefined;
}

/** `-pprotocol:host`. */
function readProtocolAndHost(reader: Reader, text: Octets): Fault {
  const colon = text.indexOf(':');
  const fault = readProtocol(reader, colon < 0 ? text : text.slice(0, colon));
  if (fault === undefined && colon >= 0) reader.draft.origin.hostName = text.slice(colon + 1);
  return fault;
}

/** `-q[q][i][f[f]][l][G<name>[/<time>]]][<time>]`, then up to two message ids; `-qR…` and `-qS…` select by address. */
function readQueue(reader: Reader, text: Octets): Fault {
  const selecting = /^(q?i?f{0,2}l?)([RS])(.*)$/s.exec(text);
  if (selecting) {
    const [, flags = '', letter = '', rest = ''] = selecting;
    return readQueue(reader, flags) ?? readSelection(reader, rest, letter, letter === 'R' ? 'selectRecipient' : 'selectSender');
  }
  const match = /^(q?)(i?)(f{0,2})(l?)(?:G([^/]*)(?:\/(.*))?)?(.*)$/s.exec(text);
  const time = match?.[6] ?? match?.[7] ?? '';
  const intervalSeconds = time === '' ? undefined : parseTimeSpan(time);
  if (!match || (time !== '' && intervalSeconds === undefined)) return badTime(`-q${text}`);
  if (!isQueueName(match[5] ?? '')) return badQueueName(match[5] ?? '');
  const base: QueueSelection = {
    isTwoStage: match[1] === 'q',
    isFirstOnly: match[2] === 'i',
    force: match[3] === 'ff' ? 'frozen' : match[3] === 'f' ? 'retry' : 'no',
    isLocalOnly: match[4] === 'l',
    queueName: match[5] ?? '',
    intervalSeconds,
  };
  const { queueRuns } = reader.draft;
  const mayBeAnother = queueRuns.every((other) => isPeriodic(other) && isPeriodic(base) && other.queueName !== base.queueName);
  if (!mayBeAnother) return { message: 'exim: -q specified more than once' };
  reader.draft.queue = base;
  queueRuns.push(base);
  return undefined;
}

function readSelection(reader: Reader, text: Octets, letter: string, key: 'selectRecipient' | 'selectSender'): Fault {
  const match = /^(r?)(ff?)?(r?)(.*)$/s.exec(text);
  const attached = match?.[4] ?? '';
  const value = attached === '' ? reader.next() : attached;
  if (value === undefined) return { message: `exim: string expected after -${letter}` };
  const selection: AddressSelection = {
    text: value,
    isRegex: match?.[1] === 'r' || match?.[3] === 'r',
    force: match?.[2] === 'ff' ? 'frozen' : match?.[2] === 'f' ? 'retry' : 'no',
  };
  reader.draft[key] = selection;
  reader.draft.queue ??= { ...EMPTY_QUEUE };
  return undefined;
}

function isPeriodic({ intervalSeconds }: QueueSelection): boolean {
  return intervalSeconds !== undefined;
}

function badQueueName(name: Octets): Fault {
  return { message: `exim: bad queue name "${name}"` };
}

/** `-d` and `-dd`; each one begins anew. */
function readDebug({ draft }: Reader, text: Octets): Fault {
  const selector = parseDebugSelector(text.startsWith('d') ? text.slice(1) : text);
  if (selector.kind === 'error') return { message: `exim: ${selector.message}` };
  draft.debug = selector.categories.size === 0 ? undefined : selector.categories;
  return undefined;
}

/** The modes that a program name stands for. */
function draftFor(calledAs: string): Draft {
  const draft: Draft = {
    calledAs,
    mode: undefined,
    configFiles: undefined,
    macros: [],
    debug: undefined,
    isVerbose: false,
    words: [],
    queue: undefined,
    queueRuns: [],
    selectRecipient: undefined,
    selectSender: undefined,
    listen: { interfaces: undefined, pidFile: undefined, tlsOnConnect: false },
    sender: undefined,
    fullName: undefined,
    isDotNotEnd: false,
    takesRecipientsFromHeaders: false,
    delivery: 'default',
    errors: 'mail',
    isRehearsal: false,
    noQualify: false,
    isGatewayed: false,
    isLocalError: false,
    bounceProtocol: undefined,
    origin: {},
    isValueOnly: false,
    receiveTimeoutSeconds: undefined,
    smtpReceiveTimeoutSeconds: undefined,
    dsn: {},
    minusN: false,
    loadedMessage: undefined,
    perlAtStart: undefined,
    logTag: undefined,
    filterTest: {},
  };
  switch (calledAs) {
    case 'mailq':
      draft.mode = { kind: 'list-queue', what: 'all', isUnsorted: false };
      break;
    case 'rmail':
      draft.isDotNotEnd = true;
      draft.errors = 'mail-exit-0';
      break;
    case 'rsmtp':
      draft.mode = { kind: 'batch-smtp' };
      break;
    case 'runq':
      draft.queue = { ...EMPTY_QUEUE };
      break;
    case 'newaliases':
      draft.mode = { kind: 'newaliases' };
      break;
    default:
      break;
  }
  return draft;
}

/** Arguments after the program's name, in octets. */
export function parseArguments(calledAs: string, args: readonly Octets[]): ParsedArguments {
  const draft = draftFor(calledAs);
  const modes = new Set<Mode['kind']>(draft.mode ? [draft.mode.kind] : []);
  let index = 0;
  const reader: Reader = {
    draft,
    next: () => args[index++],
    peek: () => args[index],
    rest: () => args.slice(index, (index = args.length)),
  };
  while (index < args.length) {
    const arg = args[index++] ?? '';
    if (!arg.startsWith('-')) {
      draft.words.push(arg);
      continue;
    }
    const before = draft.mode;
    const fault = readOption(reader, arg.slice(1));
    if (fault) return { kind: 'error', message: fault.message, status: 1 };
    if (draft.mode) modes.add(draft.mode.kind);
    if (before && draft.mode && rankOf(before) > rankOf(draft.mode)) draft.mode = before;
  }
  takeQueueIds(draft);
  const fault = findOverlongWord(draft);
  if (fault) return { kind: 'error', message: fault.message, status: 1 };
  if (isIncompatible(draft, modes)) return { kind: 'error', message: 'exim: incompatible command-line options or arguments', status: 1 };
  return { kind: 'ok', invocation: draft };
}

/** Of several modes: those that receive mail stand behind the others, whatever their order. */
function rankOf({ kind }: Mode): number {
  return RECEIVING.indexOf(kind) < 0 ? RECEIVING.length : RECEIVING.indexOf(kind);
}

const RECEIVING: readonly Mode['kind'][] = ['receive', 'smtp', 'batch-smtp'];

/** Modes and options that no call has together, as Exim refuses them. */
function isIncompatible(draft: Draft, modes: ReadonlySet<Mode['kind']>): boolean {
  const has = (...kinds: Mode['kind'][]) => kinds.some((kind) => modes.has(kind));
  const isQueueRunOnce = draft.queue !== undefined && draft.queue.intervalSeconds === undefined;
  if (draft.loadedMessage !== undefined && !has('expand')) return true;
  if (has('inetd-wait') && draft.queue !== undefined) return true;
  if (has('daemon')) {
    const others = has(
      'smtp',
      'batch-smtp',
      'address-test',
      'verify',
      'expand',
      'list-queue',
      'message-action',
      'newaliases',
      'filter-test',
    );
    return others || draft.words.length > 0 || draft.takesRecipientsFromHeaders || isQueueRunOnce;
  }
  if (has('address-test') && (has('verify') || draft.takesRecipientsFromHeaders)) return true;
  if (has('address-test', 'verify') && has('smtp')) return true;
  if (has('smtp', 'batch-smtp') && draft.sender !== undefined) return true;
  return has('smtp', 'batch-smtp')
    ? draft.takesRecipientsFromHeaders || isQueueRunOnce
    : draft.takesRecipientsFromHeaders && isQueueRunOnce && !has('list-queue');
}

/** What the value of an option may have, and what the option is called when it has more. */
const LIMITS: ReadonlyMap<string, { readonly octets: number; readonly label: string }> = new Map([
  ['f', { octets: 1024, label: '-f' }],
  ['r', { octets: 1024, label: '-f' }],
  ['F', { octets: 256, label: '-F' }],
  ['oMa', { octets: 45, label: '-oMa' }],
  ['oMaa', { octets: 64, label: '-oMaa' }],
  ['oMai', { octets: 256, label: '-oMas' }],
  ['oMas', { octets: 256, label: '-oMas' }],
  ['oMi', { octets: 45, label: '-oMi' }],
  ['oMr', { octets: 64, label: '-oMr' }],
  ['oMs', { octets: 255, label: '-oMs' }],
  ['oMt', { octets: 512, label: '-oMt' }],
  ['oX', { octets: 1024, label: '-oX' }],
]);
const MAX_ADDRESS_ARGUMENT = 16_384;
const MAX_TESTED_ADDRESS = 1024;

function overlong(octets: Octets, limit: number, label: string): Fault {
  return octets.length > limit ? { message: `exim: length limit exceeded (${octets.length} > ${limit}) for: ${label}` } : undefined;
}

/** Arguments that are no options, of the modes in which they are addresses. */
function findOverlongWord({ mode, words }: Draft): Fault {
  const isTest = mode?.kind === 'address-test' || mode?.kind === 'verify';
  if (!isTest && mode !== undefined && mode.kind !== 'receive') return undefined;
  for (const word of words) {
    const fault = isTest
      ? overlong(word, MAX_TESTED_ADDRESS, 'address verification')
      : overlong(word, MAX_ADDRESS_ARGUMENT, 'address argument');
    if (fault) return fault;
  }
  return undefined;
}

function readOption(reader: Reader, text: Octets): Fault {
  for (const rule of RULES) {
    if (!text.startsWith(rule.name)) continue;
    const after = text.slice(rule.name.length);
    if (rule.separate && after !== '') continue;
    if (rule.value || rule.separate) {
      const value = after === '' ? reader.next() : after;
      if (value === undefined) return rule.missing === undefined ? incomplete(text) : { message: rule.missing };
      const limit = LIMITS.get(rule.name);
      return (limit && overlong(value, limit.octets, limit.label)) ?? rule.read(reader, value, after !== '');
    }
    if (after === '' || rule.attached) return rule.read(reader, after, true);
  }
  return incomplete(text);
}

function incomplete(option: Octets): Fault {
  return { message: `exim abandoned: unknown, malformed, or incomplete option -${option}` };
}

/** `-q <id> <id>`: the words after a queue run are the range of ids. */
function takeQueueIds(draft: Draft): void {
  if (!draft.queue || draft.mode !== undefined || draft.words.length === 0) return;
  const [fromId, toId] = draft.words;
  draft.queue = { ...draft.queue, fromId, toId };
  draft.words = [];
}
