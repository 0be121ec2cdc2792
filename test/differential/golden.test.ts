/** The golden table: expansions with the answers of Exim 4.96 (written by `expand.ts` beside this file), for use without it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openExpansionBench, printedFor } from './expansion-bench.ts';

const table = readFileSync(join(import.meta.dirname, 'golden.tsv'), 'utf8');
const bench = await openExpansionBench();

test('every expansion of the table gives what Exim gives', async () => {
  const differences: string[] = [];
  for (const row of table.split('\n')) {
    if (row === '') continue;
    const [line = '', answer] = row.split('\t').map((cell): string => JSON.parse(cell));
    const ours = await printedFor(bench, line);
    if (ours !== answer) differences.push(`${line}\n  Exim ${JSON.stringify(answer)}\n  ours ${JSON.stringify(ours)}`);
  }
  assert.deepEqual(differences, []);
});
