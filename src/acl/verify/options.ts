/** `verify = <what>[=<address>][/<option>…]`: what may be verified, where, and its options. Spec ch. 44 "ACL conditions", "Callout verification". */
import { parseList } from '../../base/list-text.ts';
import type { Octets } from '../../base/octets.ts';
import { lowerCase, skipSpace, trimSpace } from '../../base/octets.ts';
import { parseTimeSpan } from '../../base/time-span.ts';
import type { AclArgumentProblem, AclPhase, CalloutOptions, Lists, QuotaOptions } from '../../core/index.ts';
import { DEFAULT_CALLOUT } from '../../core/index.ts';
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

/** At the end of a session there is nothing to be found. */
const DATA_PHASES: readonly AclPhase[] = ['data', 'mime', 'dkim', 'not_smtp', 'not_smtp_mime', 'prdr', 'quit', 'notquit'];

const KINDS: ReadonlyMap<VerifyKind, KindRules> = new Map<VerifyKind, KindRules>([
  ['reverse_host_lookup', { permittedIn: allPhasesBut(), takesOptions: true }],
  ['certificate', { permittedIn: allPhasesBut(), takesOptions: false }],
  ['helo', { permittedIn: allPhasesBut(), takesOptions: false }],
  ['csa', { permittedIn: allPhasesBut(), takesOptions: true }],
  ['header_syntax', { permittedIn: DATA_PHASES, takesOptions: false }],
  ['not_blind', { permittedIn: DATA_PHASES, takesOptions: true }],
  ['header_sender', { permittedIn: DATA_PHASES, takesOptions: true }],
  ['sender', { permittedIn: ['mail', 'rcpt', 'predata', 'data', 'not_smtp'], takesOptions: true }],
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
  /** `csa/<domain>`. */
  readonly csaDomain: Octets | undefined;
  readonly quota: QuotaOptions | undefined;
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
  const kind = [...KINDS.keys()].find((known) => known === lowerCase(name));
  const rules = kind === undefined ? undefined : KINDS.get(kind);
  const afterName = skipSpace(head, name.length);
  const hasAddress = head[afterName] === '=';
  if (kind === undefined || rules === undefined || (afterName < head.length && !(hasAddress && kind === 'sender'))) {
    return bad(
      `expected "sender[=address]", "recipient", "helo", "header_syntax", "header_sender", "header_names_ascii" or "reverse_host_lookup" at start of ACL condition "verify ${text}"`,
    );
  }
  if (!rules.takesOptions && text.includes('/')) return bad(`unexpected '/' found in "${text}" (this verify item has no options)`);
  if (!rules.permittedIn.includes(phase)) return bad(`cannot verify ${kind} in ACL for ${phaseName(phase)}`);
  const draft: VerifyDraft = {
    kind,
    address: hasAddress ? trimSpace(head.slice(afterName + 1)) : undefined,
    csaDomain: undefined,
    deferOk: false,
    calloutDeferOk: false,
    noDetails: false,
    successOnRedirect: false,
    caseSensitive: true,
    callout: undefined,
    quota: undefined,
  };
  if (kind === 'csa') return { kind: 'ok', call: { ...draft, csaDomain: items[1] } };
  for (const option of items.slice(1)) {
    const fault = kind === 'reverse_host_lookup' && option !== 'defer_ok' ? undefined : readOption(option, draft, text, lists);
    if (fault !== undefined) return bad(fault);
  }
  return { kind: 'ok', call: draft };
}

type VerifyDraft = { -readonly [K in keyof VerifyCall]: VerifyCall[K] };

/** What stands alone; `callout_defer_ok` and `check_postmaster` are older forms of callout parameters. */
const PLAIN_OPTIONS: ReadonlyMap<string, (draft: VerifyDraft) => void> = new Map<string, (draft: VerifyDraft) => void>([
  ['defer_ok', (draft) => void (draft.deferOk = true)],
  ['no_details', (draft) => void (draft.noDetails = true)],
  ['success_on_redirect', (draft) => void (draft.successOnRedirect = true)],
  ['case_insensitive', (draft) => void (draft.caseSensitive = false)],
  [
    'callout_defer_ok',
    (draft) => {
      draft.calloutDeferOk = true;
      draft.callout ??= DEFAULT_CALLOUT;
    },
  ],
  [
    'check_postmaster',
    (draft) => void (draft.callout = { ...(draft.callout ?? DEFAULT_CALLOUT), isPostmaster: true, postmasterSender: '' }),
  ],
]);

/** Returns what is wrong, in Exim's words. */
function readOption(option: Octets, draft: VerifyDraft, text: Octets, lists: Pick<Lists, 'split'>): Octets | undefined {
  const plain = PLAIN_OPTIONS.get(option);
  if (plain !== undefined) {
    plain(draft);
    return undefined;
  }
  const [, name, settings = ''] = /^(callout|quota)[ \t]*(?:=([^]*))?$/.exec(option) ?? [];
  if (name === undefined) return `unknown option "${option}" in ACL condition "verify ${text}"`;
  return (name === 'callout' ? readCallout : readQuota)(trimSpace(settings), draft, text, lists);
}

type CalloutDraft = { -readonly [K in keyof CalloutOptions]: CalloutOptions[K] } & {
  connectMs?: number;
  totalMs?: number;
  givesMailFrom?: boolean;
};

/** Parameters without a value; what stands behind them is not looked at. */
const CALLOUT_FLAGS: ReadonlyMap<string, (draft: CalloutDraft) => void> = new Map<string, (draft: CalloutDraft) => void>([
  ['defer_ok', (draft) => void (draft.deferOk = true)],
  ['fullpostmaster', (draft) => void (draft.isPostmaster = draft.isFullPostmaster = true)],
  ['hold', (draft) => void (draft.hold = true)],
  ['no_cache', (draft) => void (draft.noCache = true)],
  ['postmaster', askPostmaster],
  ['random', (draft) => void (draft.isRandom = true)],
  ['use_postmaster', (draft) => void (draft.usePostmaster = true)],
  ['use_sender', (draft) => void (draft.useSender = true)],
  ['use_tptsender', (draft) => void (draft.useSender = draft.useTransportSender = true)],
]);

function askPostmaster(draft: CalloutDraft, sender = ''): void {
  draft.isPostmaster = true;
  draft.postmasterSender = sender;
}

/** With a value. */
const CALLOUT_VALUES: ReadonlyMap<string, (draft: CalloutDraft, value: Octets) => 'ok' | 'bad-time'> = new Map<
  string,
  (draft: CalloutDraft, value: Octets) => 'ok' | 'bad-time'
>([
  [
    'mailfrom',
    (draft, value) => {
      draft.mailFrom = value;
      draft.givesMailFrom = true;
      return 'ok';
    },
  ],
  [
    'postmaster_mailfrom',
    (draft, value) => {
      askPostmaster(draft, value);
      return 'ok';
    },
  ],
  ['connect', (draft, value) => readTime(value, (ms) => void (draft.connectMs = ms))],
  ['maxwait', (draft, value) => readTime(value, (ms) => void (draft.totalMs = ms))],
]);

function readTime(value: Octets, take: (ms: number) => void): 'ok' | 'bad-time' {
  const seconds = parseTimeSpan(value);
  if (seconds === undefined) return 'bad-time';
  take(seconds * 1000);
  return 'ok';
}

/** Returns what is wrong, in Exim's words. */
function readCallout(settings: Octets, call: VerifyDraft, text: Octets, lists: Pick<Lists, 'split'>): Octets | undefined {
  const draft: CalloutDraft = { ...DEFAULT_CALLOUT };
  for (const item of settings === '' ? [] : lists.split(`<,${settings}`)) {
    const fault = readCalloutItem(item, draft, text);
    if (fault !== undefined) return fault;
  }
  if (draft.givesMailFrom && call.kind !== 'header_sender')
    return `"mailfrom" is allowed as a callout option only for verify=header_sender (detected in ACL condition "${text}")`;
  if (call.kind !== 'recipient' && (draft.useSender || draft.usePostmaster))
    return 'use_sender or use_postmaster cannot be used for a sender verify callout';
  if (draft.useSender && draft.usePostmaster) return 'only one of use_sender and use_postmaster can be set for a recipient callout';
  const { connectMs, totalMs, givesMailFrom: _, ...options } = draft;
  call.calloutDeferOk ||= draft.deferOk;
  call.callout = {
    ...options,
    connectTimeoutMs: connectMs ?? draft.commandTimeoutMs,
    totalTimeoutMs: totalMs ?? 4 * draft.commandTimeoutMs,
  };
  return undefined;
}

function readCalloutItem(item: Octets, draft: CalloutDraft, text: Octets): Octets | undefined {
  const name = /^[a-z_]*/.exec(item)?.[0] ?? '';
  const flag = CALLOUT_FLAGS.get(name);
  if (flag !== undefined) {
    flag(draft);
    return undefined;
  }
  const badTime = `bad time value in ACL condition "verify ${text}"`;
  const read = CALLOUT_VALUES.get(name);
  if (read === undefined) return readTime(item, (ms) => void (draft.commandTimeoutMs = ms)) === 'ok' ? undefined : badTime;
  const equals = skipSpace(item, name.length);
  if (item[equals] !== '=') return `'=' expected after "${name}" in ACL verify condition "${text}"`;
  return read(draft, trimSpace(item.slice(equals + 1))) === 'ok' ? undefined : badTime;
}

const QUOTA_POSITIVE_SECONDS = 300;
const QUOTA_NEGATIVE_SECONDS = 3600;

/** `cachepos=`, `cacheneg=`, `no_cache`, from left to right; others are passed over, as in Exim. Returns what is wrong, in Exim's words. */
function readQuota(settings: Octets, call: VerifyDraft, text: Octets, lists: Pick<Lists, 'split'>): Octets | undefined {
  if (call.kind !== 'recipient') return 'can only verify quota of recipient';
  let positiveSeconds = QUOTA_POSITIVE_SECONDS;
  let negativeSeconds = QUOTA_NEGATIVE_SECONDS;
  for (const item of settings === '' ? [] : lists.split(`<,${settings}`)) {
    if (item === 'no_cache') positiveSeconds = negativeSeconds = 0;
    const [, name, value = ''] = /^(cachepos|cacheneg)=(.*)$/s.exec(item) ?? [];
    if (name === undefined) continue;
    const seconds = parseTimeSpan(value);
    if (seconds === undefined) return `bad time value in ACL condition "verify ${text}"`;
    if (name === 'cachepos') positiveSeconds = seconds;
    else negativeSeconds = seconds;
  }
  call.quota = { positiveSeconds, negativeSeconds };
  return undefined;
}
