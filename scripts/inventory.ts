/**
 * `npm run inventory`: of everything that Exim 4.99 has a name for (docs/inventory/), what is done, what comes later, and what is not built and why,
 * as the program itself tells it. `--rows [STATE]` lists the rows.
 */
import { dirname } from 'node:path';
import { readDefinitions } from './gen/definitions.ts';
import type { Judgement } from './inventory/judge.ts';
import { judgeRows } from './inventory/judge.ts';
import { readInventory } from './inventory/rows.ts';

const STATES = ['done', 'later', 'refused'] as const;

const root = dirname(import.meta.dirname);
const judged = judgeRows(root, readInventory(root), await readDefinitions(root));
const at = process.argv.indexOf('--rows');
if (at < 0) printCounts(judged);
else printRows(judged, process.argv[at + 1]);

function printRows(all: readonly Judgement[], state: string | undefined): void {
  for (const { row, state: its, why } of all)
    if (state === undefined || state === its) console.log([its, row.kind, row.form, why].join('\t'));
}

function printCounts(all: readonly Judgement[]): void {
  console.log(line('', STATES));
  for (const [kind, rows] of Map.groupBy(all, ({ row }) => row.kind)) console.log(line(kind, countsOf(rows)));
  console.log(line('all', countsOf(all)));
  const later = Map.groupBy(
    all.filter(({ state }) => state === 'later'),
    ({ why }) => why,
  );
  console.log('\nlater');
  for (const [part, rows] of [...later].sort(([, a], [, b]) => b.length - a.length)) console.log(line(part, [rows.length]));
}

function countsOf(rows: readonly Judgement[]): readonly number[] {
  return STATES.map((state) => rows.filter((row) => row.state === state).length);
}

function line(name: string, cells: readonly (string | number)[]): string {
  return name.padEnd(32) + cells.map((cell) => String(cell).padStart(8)).join('');
}
