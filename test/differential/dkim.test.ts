/** The table of DKIM signatures: messages with what Exim 4.96 made of them (written by `dkim.ts` beside this file), for use without it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DnsServer } from '../e2e/support/dns-server.ts';
import { dkimCases, dkimZone } from './dkim-cases.ts';
import { explainDkim } from './dkim-explained.ts';
import { ownDkim } from './dkim-seen.ts';
import { SubmissionBench } from './submission-bench.ts';

test('every signature of the table is judged as by Exim', async () => {
  const expected = new Map(
    readFileSync(join(import.meta.dirname, 'dkim.tsv'), 'utf8')
      .split('\n')
      .filter((row) => row !== '')
      .map((row) => row.split('\t') as [string, string]), // the program that writes the table gives a row two fields
  );
  assert.equal(new Set(dkimCases.map(({ name }) => name)).size, dkimCases.length, 'names are given once');
  const folder = mkdtempSync(join(tmpdir(), 'dkim-'));
  const dns = await DnsServer.start(dkimZone);
  const bench = new SubmissionBench(folder);
  try {
    for (const each of dkimCases) {
      const row = expected.get(each.name);
      if (row === undefined) {
        assert.ok(explainDkim(each.name), `"${each.name}" is in the table, or explained`);
        continue;
      }
      assert.deepEqual(await ownDkim(bench, each, dns.server), JSON.parse(row), each.name);
    }
  } finally {
    bench.close();
    await dns.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
