/** Retry rules: which one applies and when to try next. Spec ch. 32 "Choosing which retry rule to use", "Retry parameters". */
import { lowerCase, type Octets } from '../base/octets.ts';
import type { Frame, RetryError, RetryRule, RetryStep } from '../core/index.ts';
import { tainted } from '../core/index.ts';
import type { RetryRecord } from './retry-record.ts';

/**
 * Finds the rule for a failing address. `subjects` are tried in turn for each rule: addresses, or `*@domain` where there is no local part (a host, a
 * domain). Undefined: no rule, so there are no retries.
 */
export async function findRetryRule(
  subjects: readonly Octets[],
  error: RetryError,
  sender: Octets,
  frame: Frame,
): Promise<RetryRule | undefined> {
  for (const rule of frame.config.retryRules) {
    if (!errorMatches(rule.error, error)) continue;
    if (rule.senders !== undefined && !(await matches(frame.services.lists.matchAddress(rule.senders, tainted(sender), frame)))) continue;
    for (const subject of subjects) if (await patternMatches(rule.pattern, subject, frame)) return rule;
  }
  return undefined;
}

/** The pattern is one item of an address list; a bare domain pattern matches whatever the local part. */
async function patternMatches(pattern: Octets, subject: Octets, frame: Frame): Promise<boolean> {
  if (pattern === '*') return true;
  const item = pattern.includes('$') ? pattern : pattern.replaceAll(':', '::'); // one item, whatever it holds
  const template = frame.config.compile(item, 'retry rule');
  return matches(frame.services.lists.matchAddress({ kind: 'address', template }, tainted(subject), frame));
}

async function matches(result: ReturnType<Frame['services']['lists']['matchAddress']>): Promise<boolean> {
  const outcome = await result;
  return outcome.kind === 'ok' && outcome.value.matched;
}

/** `rule` as in the configuration: `*`, `refused_A`, `rcpt_45x`, `quota_3d`, `timeout_connect`… */
export function errorMatches(rule: Octets, error: RetryError): boolean {
  if (rule === '*') return true;
  const reply = /^(auth|mail|rcpt|data)_4(.)(.)$/.exec(rule);
  if (reply) return error.name === `${reply[1] ?? ''}_4xx` && digitsMatch(reply[2] ?? '', reply[3] ?? '', error.more);
  const quota = /^quota_([0-9]+[wdhms].*)$/.exec(rule);
  if (quota) return error.name === 'quota' && error.more > 0 && error.more >= (seconds(quota[1] ?? '') ?? Number.POSITIVE_INFINITY);
  const [, base = rule, detail = ''] = /^(.*?)(?:_(MX|A))?$/.exec(rule) ?? [];
  if (detail !== '' && detail !== error.detail) return false;
  return base === error.name || (base === 'timeout' && error.name === 'timeout_connect');
}

function digitsMatch(first: string, second: string, more: number): boolean {
  const digits = String(more).padStart(2, '0');
  return (first === 'x' || first === digits[0]) && (second === 'x' || second === digits[1]);
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['w', 604800],
  ['d', 86400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
]);

function seconds(span: string): number | undefined {
  let total = 0;
  for (const [, count = '', unit = ''] of span.matchAll(/([0-9]+)([wdhms])/g)) total += Number.parseInt(count, 10) * (UNITS.get(unit) ?? 0);
  return total === 0 ? undefined : total;
}

/** `*@domain` for rules that know no local part. */
export function anyLocalPart(domain: Octets): Octets {
  return `*@${lowerCase(domain)}`;
}

export interface RetryTiming {
  readonly nowSeconds: number;
  /** When the message was received: for errors of the message, what came before the first failure counts. */
  readonly receivedSeconds: number;
  readonly isMessageError: boolean;
  /** `retry_interval_max`. */
  readonly intervalMaxSeconds: number;
  /** 0 <= n < limit. */
  readonly random: (limit: number) => number;
}

/** The record after one more failure; `isExpired` says that the rule's last cutoff has been passed. */
export function nextRetry(
  rule: RetryRule | undefined,
  before: RetryRecord | undefined,
  timing: RetryTiming,
): Pick<RetryRecord, 'firstFailed' | 'lastTry' | 'nextTry' | 'isExpired'> {
  const { nowSeconds: now } = timing;
  const firstFailed = before?.firstFailed ?? now;
  const since = timing.isMessageError ? Math.min(firstFailed, timing.receivedSeconds) : firstFailed;
  const failingFor = now - since;
  const steps = rule?.steps ?? [];
  const step = steps.find((candidate) => failingFor < candidate.untilSeconds) ?? steps.at(-1);
  const isExpired = step === undefined || failingFor >= step.untilSeconds;
  const gap = step === undefined ? 0 : interval(step, before === undefined ? 0 : before.nextTry - before.lastTry, timing);
  return { firstFailed, lastTry: now, nextTry: now + Math.min(gap, timing.intervalMaxSeconds), isExpired };
}

function interval(step: RetryStep, lastGap: number, timing: RetryTiming): number {
  switch (step.algorithm) {
    case 'F':
      return step.intervalSeconds;
    case 'G':
      return geometric(step, lastGap);
    case 'H': {
      const most = lastGap < step.intervalSeconds ? step.intervalSeconds : Math.ceil(lastGap * step.factor);
      return step.intervalSeconds + timing.random(Math.max(1, most - step.intervalSeconds + 1));
    }
  }
}

/** The first interval of the series that is greater than the last one. */
function geometric(step: RetryStep, lastGap: number): number {
  let gap = step.intervalSeconds;
  if (step.factor <= 1) return gap;
  while (gap <= lastGap) gap *= step.factor;
  return Math.floor(gap);
}

/** Whether the message has been here longer than the rule's last cutoff: then it is tried even when it is not yet time, and times out. */
export function isPastLastCutoff(rule: RetryRule | undefined, ageSeconds: number): boolean {
  const last = rule?.steps.at(-1);
  return last === undefined || ageSeconds > last.untilSeconds;
}
