/**
 * `malware` and `spam` against daemons that answer well, badly, half or not at all, as Exim 4.96 answered (written by `scanning.ts` beside this
 * file), for use without it. Where ours differs the table has both: Exim crashed, waited, or took what is no answer for "nothing found".
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runOurs } from './acl/bench.ts';
import { askProgram, type Owner, type ScanAnswer } from './scanning-bench.ts';
import { tableCases } from './scanning-cases.ts';

const rows = new Map<string, readonly string[]>();
for (const row of readFileSync(join(import.meta.dirname, 'scanning.tsv'), 'utf8').split('\n')) {
  const [key, ...cells] = row.split('\t');
  if (key !== undefined && key !== '') rows.set(JSON.parse(key), cells);
}

/** Root changes to Exim's user, who must be able to write the logs. */
function spoolOwner(): Owner | undefined {
  const ask = (option: string) => Number(spawnSync('id', [option, 'Debian-exim']).stdout.toString());
  const uid = ask('-u');
  return process.getuid?.() === 0 && uid > 0 ? { user: 'Debian-exim', uid, gid: ask('-g') } : undefined;
}

const owner = spoolOwner();

test('malware and spam, case by case', { concurrency: 8 }, async (t) => {
  await Promise.all(
    tableCases().map((scanCase) =>
      t.test(scanCase.name, async () => {
        const [theirs, ours] = rows.get(scanCase.name) ?? [];
        assert.ok(theirs !== undefined, 'the table has it');
        const expected: ScanAnswer = JSON.parse(ours ?? theirs);
        assert.deepEqual(await askProgram(runOurs, scanCase, owner), expected);
      }),
    ),
  );
});
