/** Differences from Exim 4.96 that are known and meant: versions, and what docs/DEVIATIONS.md lists. A difference that matches none is a fault. */
import type { Answer } from './programs.ts';

export interface Difference {
  readonly line: string;
  readonly reference: Answer;
  readonly ours: Answer;
}

interface Explanation {
  readonly why: string;
  readonly line?: RegExp;
  readonly reference?: RegExp;
  readonly ours?: RegExp;
}

const explanations: readonly Explanation[] = [];

/** Why the two differ; undefined when nobody knows. */
export function explain({ line, reference, ours }: Difference): string | undefined {
  if (reference.kind === 'died' && ours.kind === 'printed') return 'Exim crashes';
  return explanations.find(
    (known) =>
      (known.line?.test(line) ?? true) && (known.reference?.test(textOf(reference)) ?? true) && (known.ours?.test(textOf(ours)) ?? true),
  )?.why;
}

export function textOf(answer: Answer): string {
  return answer.kind === 'printed' ? answer.text : `(${answer.how})`;
}
