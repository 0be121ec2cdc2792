/** `verify = <what>[=<address>][/<option>…]`: what may be verified, where, and its options. Spec ch. 44 "ACL conditions", "Callout verification". */
import { parseList } from '../../base/list-text.ts';
import type { Octets } from '../../base/octets.ts';
import { skipSpace, trimSpace } from '../../base/octets.ts';
import { parseTimeSpan } from '../../base/time-span.ts';
import type { AclArgumentProblem, AclPhase, CalloutOptions, Lists } from '../../core/index.ts';
import { allPhasesBut, phaseName } from '../phases.ts';

export type VerifyKind =
  | 'sender'
  | 'recipient'
  | 'helo'
  | 'header_syntax'
  | 'header_sender'
  | 'header_names_ascii'
  | 'not_blind'
  | 'certificate'
  | 'csa'
  | 'reverse_host_lookup'
  | 'arc';

interface KindRules {
  readonly permittedIn: readonly AclPhase[];
  readonly takesOptions: boolean;
}

const DATA_PHASES: readonly AclPhase[] = ['data', 'mime', 'not_smtp', 'not_smtp_mime', 'prdr'];

const KINDS: ReadonlyMap<VerifyKind, KindRules> = new Map<VerifyKind, KindRules>([
  ['reverse_host_lookup', { permittedIn: allPhasesBut(), takesOptions: true }],
  ['certificate', { permittedIn: allPhasesBut(), takesOptions: false }],
  ['helo', { permittedIn: allPhasesBut(), takesOptions: false }],
  ['csa', { permittedIn: allPhasesBut(), takesOptions: false }],
  ['header_syntax', { permittedIn: DATA_PHASES, takesOptions: false }],
  ['not_blind', { permittedIn: DATA_PHASES, takesOptions: true }],
  ['header_sender', { permittedIn: DATA_PHASES, takesOptions: true }],
  ['sender', { permittedIn: ['mail', 'rcpt', 'predata', 'data', 'mime', 'dkim', 'prdr', 'not_smtp', 'not_smtp_mime'], takesOptions: true }],
  ['recipient', { permittedIn: ['rcpt'], takesOptions: true }],
  ['header_names_ascii', { permittedIn: DATA_PHASES, takesOptions: false }],
  ['arc', { permittedIn: ['data'], takesOptions: true }],
]);

export interface VerifyCall {
  readonly kind: VerifyKind;
  /** `sender=<address>`. */
  readonly address: Octets | undefined;
  readonly deferOk: boolean;
  readonly calloutDeferOk: boolean;
  readonly noDetails: boolean;
  readonly successOnRedirect: boolean;
  readonly caseSensitive: boolean;
  readonly callout: CalloutOptions | undefined;
}

export type ParsedVerify = { readonly kind: 'ok'; readonly call: VerifyCall } | { readonly kind: 'error'; readonly message: Octets };

/** What is wrong with an argument wherever it stands; undefined when nothing is. */
export function verifyProblem(text: Octets): AclArgumentProblem | undefined {
  const name = /^[A-Za-z0-9_]*/.exec(text)?.[0] ?? '';
  const rules = [...KINDS].find(([known]) => known === name)?.[1];
  const parsed = parseVerify(text, rules?.permittedIn[0] ?? 'rcpt', { split: (list) => parseList(list).items });
  if (parsed.kind === 'ok') return undefined;
  return rules ? { message: parsed.message } : { message: parsed.message, word: name, known: [...KINDS.keys()] };
}

/** The argument of the condition, expanded. */
export function parseVerify(text: Octets, phase: AclPhase, lists: Pick<Lists, 'split'>): ParsedVerify {
  const bad = (message: Octets): ParsedVerify => ({ kind: 'error', message });
  const items = lists.split(`</${text}`);
  const head = items[0] ?? '';
  const name = /^[A-Za-z0-9_]*/.exec(head)?.[0] ?? '';
  const kind = [...KINDS.keys()].find((known) => known === name);
  const rules = kind === undefined ? undefined : KINDS.get(kind);
  const afterName = skipSpace(head, name.length);
  const hasAddress = head[afterName] === '=';
  if (kind === undefined || rules === undefined || (afterName < head.length && !(hasAddress && kind === 'sender'))) {
    return bad(
      `expected "sender[=address]", "recipient", "helo", "header_syntax", "header_sender", "header_names_ascii" or "reverse_host_lookup" at start of ACL condition "verify ${text}"`,
    );
  }
  if (!rules.permittedIn.includes(phase)) return bad(`cannot verify ${kind} in ACL for ${phaseName(phase)}`);
  if (!rules.takesOptions && text.includes('/')) return bad(`unexpected '/' found in "${text}" (this verify item has no options)`);
  const draft: { -readonly [K in keyof VerifyCall]: VerifyCall[K] } = {
    kind,
    address: hasAddress ? trimSpace(head.slice(afterName + 1)) : undefined,
    deferOk: false,
    calloutDeferOk: false,
    noDetails: false,
    successOnRedirect: false,
    caseSensitive: true,
    callout: undefined,
  };
  for (const option of items.slice(1)) {
    const fault = readOption(option, draft, text, lists);
    if (fault !== undefined) return bad(fault);
  }
  return { kind: 'ok', call: draft };
}

function readOption(
  option: Octets,
  draft: { -readonly [K in keyof VerifyCall]: VerifyCall[K] },
  text: Octets,
  lists: Pick<Lists, 'split'>,
): Octets | undefined {
  switch (option) {
    case 'defer_ok':
      draft.deferOk = true;
      return undefined;
    case 'no_details':
      draft.noDetails = true;
      return undefined;
    case 'success_on_redirect':
      draft.successOnRedirect = true;
      return undefined;
    case 'case_insensitive':
      draft.caseSensitive = false;
      return undefined;
    default:
      break;
  }
  const callout = /^callout[ \t]*(?:=([^]*))?$/.exec(option);
  if (!callout) return `unknown option "${option}" in ACL condition "verify ${text}"`;
  return readCallout(trimSpace(callout[1] ?? ''), draft, text, lists);
}

const DEFAULT_CALLOUT_MS = 30_000;

function readCallout(
  settings: Octets,
  draft: { -readonly [K in keyof VerifyCall]: VerifyCall[K] },
  text: Octets,
  lists: Pick<Lists, 'split'>,
): Octets | undefined {
  let commandTimeoutMs = DEFAULT_CALLOUT_MS;
  let connectTimeoutMs: number | undefined;
  let totalTimeoutMs: number | undefined;
  const flags = new Set<Octets>();
  let mailFrom = '';
  let postmasterSender: Octets | undefined;
  for (const item of settings === '' ? [] : lists.split(`<,${settings}`)) {
    const match = /^([a-z_]+)[ \t]*(?:=[ \t]*([^]*))?$/.exec(item);
    const [name, value] = [match?.[1] ?? '', match?.[2]];
    if (value === undefined && CALLOUT_FLAGS.has(name)) {
      flags.add(name);
      continue;
    }
    const seconds = parseTimeSpan(value ?? item);
    const badTime = `bad time value in ACL condition "verify ${text}"`;
    switch (value === undefined ? '' : name) {
      case 'mailfrom':
        mailFrom = value ?? '';
        break;
      case 'postmaster_mailfrom':
        flags.add('postmaster');
        postmasterSender = value;
        break;
      case 'connect':
        if (seconds === undefined) return badTime;
        connectTimeoutMs = seconds * 1000;
        break;
      case 'maxwait':
        if (seconds === undefined) return badTime;
        totalTimeoutMs = seconds * 1000;
        break;
      default:
        if (seconds === undefined || value !== undefined) return badTime;
        commandTimeoutMs = seconds * 1000;
    }
  }
  if (flags.has('use_sender') && flags.has('use_postmaster'))
    return 'only one of use_sender and use_postmaster can be set for a recipient callout';
  draft.calloutDeferOk = flags.has('defer_ok');
  draft.callout = {
    commandTimeoutMs,
    connectTimeoutMs: connectTimeoutMs ?? commandTimeoutMs,
    totalTimeoutMs: totalTimeoutMs ?? 4 * commandTimeoutMs,
    isRandom: flags.has('random'),
    isPostmaster: flags.has('postmaster'),
    isFullPostmaster: flags.has('fullpostmaster'),
    postmasterSender,
    mailFrom,
    useSender: flags.has('use_sender'),
    usePostmaster: flags.has('use_postmaster'),
    noCache: flags.has('no_cache'),
    deferOk: flags.has('defer_ok'),
    hold: flags.has('hold'),
  };
  return undefined;
}

const CALLOUT_FLAGS: ReadonlySet<string> = new Set([
  'defer_ok',
  'fullpostmaster',
  'hold',
  'no_cache',
  'postmaster',
  'random',
  'use_postmaster',
  'use_sender',
]);
