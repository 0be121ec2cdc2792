/** The tables of command lines that receive mail, and of those that test and verify addresses, with what Exim 4.96 made of them (written by `submission.ts` beside this file), for use without it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SubmissionBench } from './submission-bench.ts';
import { type SubmissionCase, submissionCases } from './submission-cases.ts';
import { verificationCases } from './verification-cases.ts';

test('every submission of the table ends as in Exim', () => runTable('submission.tsv', submissionCases));

test('every address that the table tests and verifies is told of as in Exim', () => runTable('verification.tsv', verificationCases()));

async function runTable(table: string, all: readonly SubmissionCase[]): Promise<void> {
  const cases = new Map(all.map((each) => [each.name, each]));
  assert.equal(cases.size, all.length, 'names are given once');
  const folder = mkdtempSync(join(tmpdir(), 'submission-'));
  const bench = new SubmissionBench(folder);
  try {
    for (const row of readFileSync(join(import.meta.dirname, table), 'utf8').split('\n')) {
      if (row === '') continue;
      const [name = '', expected = ''] = row.split('\t');
      const each = cases.get(name);
      assert.ok(each, `there is a case "${name}"`);
      assert.deepEqual(await bench.observe(each), JSON.parse(expected), `${name}: ${each.args.join(' ')}`);
    }
  } finally {
    bench.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
