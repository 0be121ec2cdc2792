/** What a remote party wrote is no ACL text, no name of an ACL file, and in mode `strict` no name of an ACL. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAcls } from '../../src/acl/acls.ts';
import { expandAclOption } from '../../src/acl/option-text.ts';
import { builtin } from '../../src/builtin.ts';
import { untilAborted } from '../../src/core/deadline.ts';
import type { Session } from '../../src/core/session.ts';
import { isTainted, tainted, untainted } from '../../src/core/text.ts';
import { createExpander } from '../../src/expand/expander.ts';
import { newOrigin, newSessionState } from '../../src/receive/transaction.ts';
import { MemoryFiles } from '../../src/system/fakes/files.ts';
import { FakeLog } from '../../src/system/fakes/log.ts';
import { fakeServices, testConfig, testFrame, testLocation } from '../../src/system/fakes/services.ts';

test('tainted ACL text', async () => {
  const expander = createExpander(await builtin.expansion());
  const acls = createAcls(await builtin.acl(), expander);
  const log = new FakeLog();
  const services = fakeServices({ acls, log, files: new MemoryFiles({ files: { '/f/acl': 'accept\n' } }) });
  const lines = [{ text: 'accept', at: testLocation }];
  const until = untilAborted(new AbortController().signal);
  const kind = async (text: ReturnType<typeof untainted>, mode: string, hostAddress?: string) => {
    const config = testConfig({
      compiler: expander,
      compile: expander.runtime,
      main: { taint_mode: mode },
      acls: new Map([['known', { name: 'known', at: testLocation, lines }]]),
    });
    const origin = { ...newOrigin({ uid: 0, gid: 0, login: 'root' }, hostAddress === undefined), ...(hostAddress ? { hostAddress } : {}) };
    const session: Session = {
      mode: 'smtp-tcp',
      connectionNumber: 1,
      startedAtMs: 0,
      isRehearsal: false,
      state: newSessionState(origin),
      until,
    };
    return (await acls.run('rcpt', text, [], testFrame({ services, config, session }))).kind;
  };
  const host = '192.0.2.7';
  assert.equal(await kind(untainted('accept'), 'strict', host), 'accept');
  assert.equal(await kind(tainted('known'), 'contain', host), 'accept');
  assert.equal(await kind(tainted('accept'), 'contain'), 'accept'); // by who may start a program here
  assert.deepEqual(log.panicLines, []);
  assert.equal(await kind(tainted('known'), 'strict', host), 'error');
  assert.equal(await kind(tainted('accept'), 'strict'), 'error');
  assert.equal(await kind(tainted('accept'), 'contain', host), 'error');
  assert.equal(await kind(tainted('/f/acl'), 'contain', host), 'error');
  assert.deepEqual(
    log.panicLines,
    ['known', 'accept', 'accept', '/f/acl'].map((text) => `attempt to use tainted ACL text "${text}"`),
  );
});

test('an ACL in the option itself is not tainted by what it names', async () => {
  const expander = createExpander(await builtin.expansion());
  const config = testConfig({ compiler: expander, compile: expander.runtime });
  const session: Session = {
    mode: 'smtp-tcp',
    connectionNumber: 1,
    startedAtMs: 0,
    isRehearsal: false,
    state: newSessionState({ ...newOrigin({ uid: 0, gid: 0, login: 'root' }, false), heloName: 'x\ndeny' }),
    until: untilAborted(new AbortController().signal),
  };
  const frame = testFrame({ config, session });
  const textOf = (source: string) => expandAclOption(expander.template(source, testLocation, 'test'), frame);
  const inline = 'accept logwrite = <$sender_helo_name>';
  assert.deepEqual(await textOf(inline), { kind: 'ok', value: untainted(inline) });
  assert.deepEqual(await textOf('accept logwrite = $primary_hostname'), {
    kind: 'ok',
    value: untainted(`accept logwrite = ${config.main.primary_hostname}`),
  });
  for (const source of [
    'acl_$sender_helo_name',
    '$sender_helo_name',
    'accept_$sender_helo_name',
    '${if eq{a}{a}{accept $sender_helo_name}}',
  ]) {
    const text = await textOf(source);
    assert.ok(text.kind === 'ok' && isTainted(text.value), source);
  }
});
