/** The table of generated expansions with the reference program's answers: one JSON string each, in the order in which they were asked. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer } from './programs.ts';

const path = join(import.meta.dirname, 'generated.tsv');

export interface GoldenRow {
  readonly line: string;
  readonly answer: string;
}

/** `count` of the expansions, evenly chosen, asked again in this order: what one leaves behind for the next is then the same in every run. */
export function writeGolden(agreed: readonly string[], count: number, ask: (lines: readonly string[]) => readonly Answer[]): void {
  const step = Math.max(1, agreed.length / count);
  const chosen = agreed.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step) || index === 0);
  const answers = ask(chosen);
  const rows = chosen.flatMap((line, index) => {
    const answer = answers[index];
    return answer?.kind === 'printed' ? [`${JSON.stringify(line)}\t${JSON.stringify(answer.text)}\n`] : [];
  });
  writeFileSync(path, rows.join(''));
}

export function readGolden(): GoldenRow[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((row) => {
      const [line = '', answer = ''] = row.split('\t').map((cell): string => JSON.parse(cell));
      return { line, answer };
    });
}
