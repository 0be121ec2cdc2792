/** The table of lookups and lists: expansions with the answers of Exim 4.96 (written by `lookups.ts` beside this file), for use without it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLookupBench } from './lookup-bench.ts';

test('every lookup and list of the table gives what Exim gives', async () => {
  const bench = await openLookupBench(join(import.meta.dirname, 'lookup-files'));
  const differences: string[] = [];
  for (const row of readFileSync(join(import.meta.dirname, 'lookups.tsv'), 'utf8').split('\n')) {
    if (row === '') continue;
    const [line = '', answer] = row.split('\t').map((cell): string => JSON.parse(cell));
    const ours = await bench.print(line);
    if (ours !== answer) differences.push(`${line}\n  Exim ${JSON.stringify(answer)}\n  ours ${JSON.stringify(ours)}`);
  }
  bench.close();
  assert.deepEqual(differences, []);
});
