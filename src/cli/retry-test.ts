/** `-brt`: which retry rule applies to an address, or to a host that serves a domain. Spec ch. 5 "-brt". */
import type { Octets } from '../base/octets.ts';
import { lowerCase } from '../base/octets.ts';
import { formatTimeSpan } from '../base/time-span.ts';
import type { RetryError, RetryRule, RetryStep } from '../core/index.ts';
import { untilAborted } from '../core/index.ts';
import { findRetryRule } from '../hints/retry.ts';
import type { ModeRunner } from './mode.ts';
import { openForMode } from './open.ts';

export const runRetryTest: ModeRunner = async (context) => {
  const { io, invocation } = context;
  const [first, second, third] = invocation.words;
  if (first === undefined) {
    io.stdout.write('-brt needs a domain or address argument\n');
    return 1;
  }
  const opened = await openForMode(context);
  if (opened.kind === 'exit') return opened.status;
  const { runtime } = opened;
  const hasSecond = second !== undefined && third !== undefined;
  const error = third ?? (second !== undefined && /^[a-z_]+(?:_[0-9A-Zx]+)?$/.test(second) && !second.includes('.') ? second : undefined);
  const subjects = [first, ...(hasSecond || (second !== undefined && error !== second) ? [second ?? ''] : [])].map(asSubject);
  const lifetime = new AbortController();
  const rule = await findRetryRule(subjects, parseError(error), invocation.sender ?? '', runtime.frame(untilAborted(lifetime.signal)));
  io.stdout.write(rule ? `Retry rule: ${formatRule(rule)}\n` : 'No retry information found\n');
  lifetime.abort();
  opened.close();
  return rule ? 0 : 1;
};

function asSubject(word: Octets): Octets {
  const lower = lowerCase(word);
  return lower.includes('@') ? lower : `*@${lower}`;
}

function parseError(name: Octets | undefined): RetryError {
  const match = /^(.*?)(?:_(A|MX))?$/.exec(name ?? '');
  return { name: match?.[1] ?? '', detail: match?.[2] ?? '', more: 0 };
}

/** As in the configuration, with a semicolon behind each step. */
function formatRule({ pattern, error, steps }: RetryRule): Octets {
  return `${pattern}  ${error}  ${steps.map((step) => `${formatStep(step)}; `).join('')}`;
}

function formatStep({ algorithm, untilSeconds, intervalSeconds, factor }: RetryStep): Octets {
  const base = `${algorithm},${formatTimeSpan(untilSeconds)},${formatTimeSpan(intervalSeconds)}`;
  return algorithm === 'F' ? base : `${base},${factor}`;
}
