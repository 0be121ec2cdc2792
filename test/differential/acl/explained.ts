/** Differences from Exim 4.96 that are known and meant: versions, and what docs/DEVIATIONS.md lists. A difference that matches none is a fault. */

export interface AclDifference {
  readonly name: string;
  readonly theirs: string;
  readonly ours: string;
}

interface Explanation {
  readonly why: string;
  readonly name?: RegExp;
  readonly theirs?: RegExp;
  readonly ours?: RegExp;
}

const explanations: readonly Explanation[] = [];

/** Why the two differ; undefined when nobody knows. */
export function explain({ name, theirs, ours }: AclDifference): string | undefined {
  return explanations.find(
    (known) => (known.name?.test(name) ?? true) && (known.theirs?.test(theirs) ?? true) && (known.ours?.test(ours) ?? true),
  )?.why;
}
