/** The table of cases on which both programs agree: a name and what Exim shows, as JSON, a line each. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const path = join(import.meta.dirname, 'golden.tsv');

export interface GoldenRow {
  readonly name: string;
  readonly shown: string;
}

export function writeGolden(rows: readonly GoldenRow[]): void {
  writeFileSync(path, rows.map(({ name, shown }) => `${JSON.stringify(name)}\t${JSON.stringify(shown)}\n`).join(''), 'latin1');
}

export function readGolden(): GoldenRow[] {
  return readFileSync(path, 'latin1')
    .split('\n')
    .filter(Boolean)
    .map((row) => {
      const [name = '', shown = ''] = row.split('\t').map((cell): string => JSON.parse(cell));
      return { name, shown };
    });
}
