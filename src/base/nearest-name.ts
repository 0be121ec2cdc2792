/** "did you mean …" for misspelt names. */

/** The nearest of the known names; undefined when none is near enough to be meant. */
export function nearestName(wrong: string, known: Iterable<string>): string | undefined {
  const limit = wrong.length <= 4 ? 1 : wrong.length <= 8 ? 2 : 3;
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const name of known) {
    if (Math.abs(name.length - wrong.length) >= bestDistance) continue;
    const distance = editDistance(wrong, name);
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

export function didYouMean(wrong: string, known: Iterable<string>): string | undefined {
  if (wrong.length > 64) return undefined;
  const name = nearestName(wrong, known);
  return name === undefined ? undefined : `did you mean "${name}"?`;
}

/** Insertions, deletions, replacements and exchanges of two neighbours that turn a into b (restricted Damerau-Levenshtein). */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let value = Math.min((row[j - 1] ?? 0) + 1, (previous[j] ?? 0) + 1, (previous[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) value = Math.min(value, (beforePrevious[j - 2] ?? 0) + 1);
      row.push(value);
    }
    beforePrevious = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}
