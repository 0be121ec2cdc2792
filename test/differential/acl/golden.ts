/**
 * The table of cases on which both programs agree: a name and what Exim shows, as JSON, a line each. Without the steps of `-bh` and what every session
 * begins and ends with; of cases with one outcome there is one.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const path = join(import.meta.dirname, 'golden.tsv');

export interface GoldenRow {
  readonly name: string;
  readonly outcome: string;
}

/** Of a transcript. */
export function outcomeOf(shown: string): string {
  return shown
    .split('\n')
    .filter((line) => !/^(?:>>>|220 mail|250-|250 HELP|221 mail|--- stdout|\*\*\*\*|$)/.test(line))
    .join('\n');
}

export function writeGolden(rows: readonly { readonly name: string; readonly shown: string }[]): void {
  const seen = new Set<string>();
  const chosen = rows.flatMap(({ name, shown }): GoldenRow[] => {
    const outcome = outcomeOf(shown);
    if (seen.has(outcome)) return [];
    seen.add(outcome);
    return [{ name, outcome }];
  });
  writeFileSync(path, chosen.map(({ name, outcome }) => `${JSON.stringify(name)}\t${JSON.stringify(outcome)}\n`).join(''), 'latin1');
}

export function readGolden(): GoldenRow[] {
  return readFileSync(path, 'latin1')
    .split('\n')
    .filter(Boolean)
    .map((row) => {
      const [name = '', outcome = ''] = row.split('\t').map((cell): string => JSON.parse(cell));
      return { name, outcome };
    });
}
