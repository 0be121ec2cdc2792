/** The section retry. Spec ch. 32 "Format of retry rules", "Retry rules for specific errors". */

import { didYouMean } from '../base/nearest-name.ts';
import { isSpaceCode, lowerCase, type Octets, skipSpace, upperCase } from '../base/octets.ts';
import { parseTimeSpan } from '../base/time-span.ts';
import type { ListSource, RetryRule, RetryStep, TemplateCompiler } from '../core/config.ts';
import type { LogicalLine } from './lines.ts';
import type { Problems } from './problems.ts';
import { scanQuoted } from './scan.ts';

/** What is wrong, and where in the line. */
interface Flaw {
  readonly message: string;
  readonly offset: number;
}

export function readRetryRule(line: LogicalLine, compiler: TemplateCompiler, problems: Problems): RetryRule | undefined {
  const { text } = line;
  const pattern = scanWord(text, 0);
  const errorFrom = skipSpace(text, pattern.end);
  const error = scanWord(text, errorFrom);
  const flaw =
    error.value === '' ? { message: 'missing error type in retry rule', offset: errorFrom } : retryErrorFlaw(error.value, errorFrom);
  if (flaw) {
    problems.error(flaw.message, line.locate(flaw.offset), {
      suggestion: didYouMean(error.value, [...PLAIN_ERRORS, ...OTHER_ERRORS]) ?? RULE,
    });
    return undefined;
  }
  let at = skipSpace(text, error.end);
  let senders: ListSource | undefined;
  if (text.startsWith('senders=', at)) {
    const list = scanWord(text, at + 'senders='.length);
    senders = { kind: 'address', template: compiler.template(list.value, line.locate(at), 'senders of a retry rule') };
    at = skipSpace(text, list.end);
  }
  const steps = readSteps(text, at);
  if (!Array.isArray(steps)) {
    problems.error(steps.message, line.locate(steps.offset), { suggestion: RULE });
    return undefined;
  }
  return { at: line.at, pattern: pattern.value, error: error.value, senders, steps };
}

interface Word {
  readonly value: Octets;
  readonly end: number;
}

/** Up to white space, or quoted. */
function scanWord(text: Octets, from: number): Word {
  if (text[from] === '"') return scanQuoted(text, from) ?? { value: text.slice(from + 1), end: text.length };
  let end = from;
  while (end < text.length && !isSpaceCode(text.charCodeAt(end))) end++;
  return { value: text.slice(from, end), end };
}

/** How a rule is written. */
const RULE = 'a rule is: ADDRESSES ERROR F,2h,15m; G,16h,1h,1.5';
const OTHER_ERRORS = [
  'refused_A',
  'refused_MX',
  'timeout_A',
  'timeout_MX',
  'timeout_DNS',
  'timeout_connect',
  'rcpt_4xx',
  'mail_4xx',
  'data_4xx',
];

const PLAIN_ERRORS: ReadonlySet<string> = new Set([
  '*',
  'auth_failed',
  'lookup',
  'lost_connection',
  'quota',
  'refused',
  'timeout',
  'tls_required',
]);

function retryErrorFlaw(written: Octets, offset: number): Flaw | undefined {
  const error = lowerCase(written);
  if (PLAIN_ERRORS.has(error)) return undefined;
  const response =
    /^((?:mail|rcpt|data)_4)(.*)$/s.exec(written) ??
    /^((?:mail|rcpt|data)_4)(.*)$/s.exec(`${lowerCase(written.slice(0, 6))}${written.slice(6)}`);
  if (response) {
    return /^(?:xx|[0-9]x|[0-9][0-9])$/.test(response[2] ?? '')
      ? undefined
      : { message: `${lowerCase(response[1] ?? '')} must be followed by xx, dx, or dd, where x is literal and d is any digit`, offset };
  }
  if (error.startsWith('quota_'))
    return parseTimeSpan(error.slice('quota_'.length)) === undefined ? { message: 'bad time value', offset } : undefined;
  if (error.startsWith('refused_'))
    return /^refused_(?:a|mx)$/.test(error) ? undefined : { message: 'A or MX expected after "refused"', offset };
  if (error.startsWith('timeout_')) {
    return /^timeout_(?:dns|(?:connect_)?(?:a|mx)|connect)$/.test(error)
      ? undefined
      : { message: '"A", "MX", or "connect" expected after "timeout"', offset };
  }
  return { message: `unknown or malformed retry error "${written}"`, offset };
}

function readSteps(text: Octets, from: number): RetryStep[] | Flaw {
  const steps: RetryStep[] = [];
  let at = from;
  while (at < text.length) {
    const step = readStep(text, at);
    if ('message' in step) return step;
    steps.push(step.step);
    at = skipSpace(text, step.end);
    if (at >= text.length) break;
    if (text[at] !== ';') return { message: 'semicolon expected', offset: at };
    at = skipSpace(text, at + 1);
  }
  return steps;
}

const ALGORITHMS: ReadonlyMap<string, RetryStep['algorithm']> = new Map([
  ['F', 'F'],
  ['G', 'G'],
  ['H', 'H'],
]);

/** `F,2h,15m` or `G,16h,1h,1.5`; white space may follow a comma. */
function readStep(text: Octets, from: number): { readonly step: RetryStep; readonly end: number } | Flaw {
  const letter = ALGORITHMS.get(upperCase(text[from] ?? ''));
  if (text[from + 1] !== ',') return { message: 'comma expected', offset: from + 1 };
  const count = letter === 'F' ? 2 : 3;
  const parts: Octets[] = [];
  let at = from + 1;
  for (let i = 0; i < count; i++) {
    if (text[at] !== ',') return { message: 'comma expected', offset: at };
    const start = skipSpace(text, at + 1);
    const part = /^[0-9A-Za-z.]*/.exec(text.slice(start))?.[0] ?? '';
    parts.push(part);
    at = start + part.length;
    if (at < text.length && !/[,; \t]/.test(text[at] ?? '')) return { message: 'comma or semicolon expected', offset: at };
    if (letter === undefined) return { message: 'unknown retry rule letter', offset: from };
  }
  if (letter === undefined) return { message: 'unknown retry rule letter', offset: from };
  const untilSeconds = parseTimeSpan(parts[0] ?? '') ?? 0;
  const intervalSeconds = parseTimeSpan(parts[1] ?? '') ?? 0;
  const factor = letter === 'F' ? 1 : readFactor(parts[2] ?? '');
  if (untilSeconds <= 0 || intervalSeconds <= 0 || factor < 1) return { message: 'bad parameters for retry rule', offset: from };
  return { step: { algorithm: letter, untilSeconds, intervalSeconds, factor }, end: at };
}

/** 0 when malformed. */
function readFactor(text: Octets): number {
  return /^[0-9]+(?:\.[0-9]*)?$/.test(text) ? Math.trunc(Number.parseFloat(text) * 1000) / 1000 : 0;
}
