/** The table of submissions: command lines with what Exim 4.96 made of them (written by `submission.ts` beside this file), for use without it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SubmissionBench } from './submission-bench.ts';
import { submissionCases } from './submission-cases.ts';

test('every submission of the table ends as in Exim', async () => {
  const cases = new Map(submissionCases.map((each) => [each.name, each]));
  assert.equal(cases.size, submissionCases.length, 'names are given once');
  const folder = mkdtempSync(join(tmpdir(), 'submission-'));
  const bench = new SubmissionBench(folder);
  try {
    for (const row of readFileSync(join(import.meta.dirname, 'submission.tsv'), 'utf8').split('\n')) {
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
});
