/** What -bt and -bv say about an address: the outputs are Exim's own for the same configuration. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Octets } from '../../src/base/octets.ts';
import { type ReportPurpose, reportAddress } from '../../src/verify/report.ts';
import { makeWorld } from './world.ts';

const CONFIG = `
begin routers
failing:
  driver = redirect
  local_parts = fails
  allow_fail
  data = :fail: bad user
deferring:
  driver = redirect
  local_parts = defers
  allow_defer
  data = :defer: later
one:
  driver = redirect
  local_parts = b : bb : f : d : good
  data = \${extract{$local_part}{b=unknown f=fails d=defers bb=b good=ok}}@test.ex
two:
  driver = redirect
  local_parts = two
  data = fails@test.ex, unknown@test.ex
ok:
  driver = accept
  local_parts = ok
  transport = null
begin transports
null:
  driver = appendfile
  file = /dev/null
`;

type Case = readonly [localPart: Octets, status: number, text: Octets];

async function check(purpose: ReportPurpose, isDetailed: boolean, cases: readonly Case[]): Promise<void> {
  const { frame } = await makeWorld(CONFIG);
  for (const [localPart, status, text] of cases) {
    const address = `${localPart}@test.ex`;
    const report = await reportAddress({ address, written: address, purpose, isDetailed, tellsWhy: true }, new Set(), frame);
    assert.deepEqual([report.status, report.text], [status, text], `${purpose} ${localPart}`);
  }
}

test('verification in brief names the address that was asked for', async () => {
  for (const purpose of ['verify-recipient', 'verify-sender'] as const) {
    await check(purpose, false, [
      ['ok', 0, 'ok@test.ex verified\n'],
      ['good', 0, 'good@test.ex verified\n'],
      ['two', 0, 'two@test.ex verified\n'],
      ['unknown', 2, 'unknown@test.ex failed to verify: Unrouteable address\n'],
      ['b', 2, 'b@test.ex failed to verify: Unrouteable address\n'],
      ['bb', 2, 'bb@test.ex failed to verify: Unrouteable address\n'],
      ['f', 2, 'f@test.ex failed to verify: bad user\n'],
      ['d', 1, 'd@test.ex cannot be resolved at this time: later\n'],
    ]);
  }
});

test('with -v, and with -bt, what it was redirected to', async () => {
  await check('verify-recipient', true, [
    ['b', 2, 'unknown@test.ex failed to verify: Unrouteable address\n    <-- b@test.ex\n'],
    ['bb', 2, 'unknown@test.ex failed to verify: Unrouteable address\n    <-- b@test.ex\n    <-- bb@test.ex\n'],
  ]);
  await check('test', false, [
    ['b', 2, 'unknown@test.ex is undeliverable: Unrouteable address\n    <-- b@test.ex\n'],
    ['d', 1, 'defers@test.ex cannot be resolved at this time: later\n    <-- d@test.ex\n'],
  ]);
});
