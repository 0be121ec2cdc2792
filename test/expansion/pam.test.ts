/** The condition `pam`: what its codes mean, and the real library with services of our own. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type Outcome, ok, type Pam, type PamVerdict, untilAborted } from '../../src/core/index.ts';
import { PamHelper } from '../../src/process/pam.ts';
import { DirectSpawner } from '../../src/system/direct-spawner.ts';
import { openExpansionBench, printedFor } from '../differential/expansion-bench.ts';

const until = untilAborted(new AbortController().signal);

test('what the codes mean, and what PAM is asked', async () => {
  const asked: (readonly string[])[] = [];
  let verdict: Outcome<PamVerdict> = ok({ code: 0, text: 'Success' });
  const pam: Pam = {
    authenticate: async (user, answers) => {
      asked.push([user, ...answers]);
      return verdict;
    },
  };
  const bench = await openExpansionBench({ pam });
  const print = (source: string) => printedFor(bench, source);
  assert.equal(await print('${if pam{ joe : a::b : c }{yes}{no}}'), 'yes');
  assert.equal(await print('${if pam{<;joe;p:q}{yes}{no}}'), 'yes');
  assert.equal(await print('${if pam{joe}{yes}{no}}'), 'yes');
  for (const nobody of ['', ':', ': secret']) assert.equal(await print(`\${if pam{${nobody}}{yes}{no}}`), 'no');
  assert.deepEqual(asked, [['joe', 'a:b', 'c'], ['joe', 'p:q'], ['joe']]);
  for (const code of [7, 10, 13]) {
    verdict = ok({ code, text: 'no' });
    assert.equal(await print('${if pam{joe:p}{yes}{no}}'), 'no');
  }
  verdict = ok({ code: 4, text: 'System error' });
  assert.equal(await print('${if !pam{joe:p}{yes}{no}}'), 'Failed: System error');
  verdict = { kind: 'defer', message: 'PAM did not answer in time' };
  assert.equal(await print('${if pam{joe:p}{yes}{no}}'), 'Failed: PAM did not answer in time');
});

test('the real library', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'eximius-pam-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, 'note');
  const noted = join(folder, 'noted');
  writeFileSync(program, `#!/bin/sh\n{ echo "$PAM_SERVICE $PAM_USER"; cat; } > ${noted}\n`);
  chmodSync(program, 0o755);
  const service = (name: string, ...lines: string[]) => {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'exim'), `${lines.join('\n')}\n`);
    const command = [process.execPath, join(dirname(import.meta.dirname), '../scripts/exim.ts'), '--eximius-role=pam'];
    return new PamHelper({ spawner: new DirectSpawner(), command, environment: new Map(), configDirectory: join(folder, name) });
  };
  const permit = service('permit', 'auth required pam_permit.so', 'account required pam_permit.so');
  const permitted = await permit.authenticate('joe', [], until);
  if (permitted.kind !== 'ok' || permitted.value.text === 'Module is unknown')
    return context.skip(`no PAM here: ${permitted.kind === 'ok' ? permitted.value.text : permitted.kind}`);
  assert.equal(permitted.value.code, 0);
  const codeOf = async (helper: PamHelper, ...answers: string[]) => {
    const verdict = await helper.authenticate('joe', answers, until);
    return verdict.kind === 'ok' ? verdict.value.code : verdict;
  };
  assert.equal(await codeOf(service('deny', 'auth required pam_deny.so', 'account required pam_permit.so')), 7);
  assert.notEqual(await codeOf(service('expired', 'auth required pam_permit.so', 'account required pam_deny.so')), 0);
  const noModule = await service('none', 'auth required pam_nosuch.so', 'account required pam_permit.so').authenticate('joe', [], until);
  assert.deepEqual(noModule, ok({ code: 28, text: 'Module is unknown' }));
  const asking = service('asking', `auth required pam_exec.so expose_authtok ${program}`, 'account required pam_permit.so');
  assert.equal(await codeOf(asking, 's\u00e9cr et', 'unused'), 0);
  assert.equal(readFileSync(noted, 'latin1').replace(/\0$/, ''), 'exim joe\ns\u00e9cr et');
  assert.equal(await codeOf(asking), 0, 'what is asked for beyond the answers is empty');
  assert.equal(readFileSync(noted, 'latin1').replace(/\0$/, ''), 'exim joe\n');
});
