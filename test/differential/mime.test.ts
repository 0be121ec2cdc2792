/**
 * The table of MIME messages: what the ACL for parts sees and what is decoded, as Exim 4.96 answered (written by `mime.ts` beside this file), for
 * use without it. Where ours differs on purpose, `mime-cases.ts` says why.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { judgeCase } from './mime-bench.ts';
import { caseKey, explained, mimeCases } from './mime-cases.ts';

const rows = new Map<string, readonly string[]>();
for (const row of readFileSync(join(import.meta.dirname, 'mime.tsv'), 'utf8').split('\n')) {
  const [key, ...cells] = row.split('\t');
  if (key !== undefined && key !== '') rows.set(JSON.parse(key), cells);
}

for (const mimeCase of mimeCases) {
  test(`MIME: ${caseKey(mimeCase)}`, async () => {
    const [theirs, ours] = rows.get(caseKey(mimeCase)) ?? [];
    assert.ok(theirs !== undefined, 'the table has it');
    assert.equal(ours !== undefined, explained.has(mimeCase.name), 'what differs from Exim is explained, and nothing else');
    const judged = await judgeCase(mimeCase);
    assert.deepEqual([...judged.rows, ...judged.files], JSON.parse(ours ?? theirs));
  });
}
