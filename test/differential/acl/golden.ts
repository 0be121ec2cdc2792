/** The table of cases on which both programs agree: a name and what Exim shows, as JSON, a line each. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const path = join(import.meta.dirname, 'golden.tsv');

export function writeGolden(rows: readonly { readonly name: string; readonly shown: string }[]): void {
  writeFileSync(path, rows.map(({ name, shown }) => `${JSON.stringify(name)}\t${JSON.stringify(shown)}\n`).join(''));
}

export function readGolden(): Map<string, string> {
  const rows = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return new Map(
    rows.map((row): [string, string] => {
      const [name = '', shown = ''] = row.split('\t').map((cell): string => JSON.parse(cell));
      return [name, shown];
    }),
  );
}
