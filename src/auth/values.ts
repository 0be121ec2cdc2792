/** The values of an authentication, `$auth1` and so on: of what the client sent and of options. Spec ch. 33 "SMTP authentication". */
import type { Octets } from '../base/octets.ts';
import type { Frame, ServerAuthResult, Template, Text } from '../core/index.ts';
import { emptyText, tainted, untainted } from '../core/index.ts';

/** No end of strings from a client; the first three have names. */
const MAX_STRINGS = 20;

/** Binary zeros separate the strings of one answer. */
export function splitStrings(answer: Octets, limit = MAX_STRINGS): Text[] {
  return answer
    .split('\0', limit)
    .slice(0, limit)
    .map((string) => tainted(string));
}

/** `$auth1`… and, as of old, `$1`…. */
export function authFrame(frame: Frame, values: readonly Text[]): Frame {
  frame.results.auth = values;
  return { ...frame, captures: [untainted(''), ...values] };
}

/** Expands the options that are set into the places from `first` on, over what the client sent there; each sees those before it. */
export async function expandValues(
  options: readonly (Template | undefined)[],
  sent: readonly Text[],
  first: number,
  frame: Frame,
): Promise<ServerAuthResult> {
  const values = [...sent];
  for (const [index, option] of options.entries()) {
    if (option === undefined) continue;
    const expanded = await option.evaluate(authFrame(frame, values));
    if (expanded.kind === 'forced-fail') return { kind: 'fail' };
    if (expanded.kind !== 'ok') return { kind: 'defer', message: expanded.message };
    while (values.length < first + index) values.push(emptyText);
    values[first + index] = expanded.value;
  }
  authFrame(frame, values);
  return { kind: 'ok', values };
}
