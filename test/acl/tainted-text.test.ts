/** What a remote party wrote is no ACL text, no name of an ACL file, and in mode `strict` no name of an ACL. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAcls } from '../../src/acl/acls.ts';
import { builtin } from '../../src/builtin.ts';
import { tainted, untainted } from '../../src/core/text.ts';
import { createExpander } from '../../src/expand/expander.ts';
import { MemoryFiles } from '../../src/system/fakes/files.ts';
import { FakeLog } from '../../src/system/fakes/log.ts';
import { fakeServices, testConfig, testFrame, testLocation } from '../../src/system/fakes/services.ts';

test('tainted ACL text', async () => {
  const expander = createExpander(await builtin.expansion());
  const acls = createAcls(await builtin.acl(), expander);
  const log = new FakeLog();
  const services = fakeServices({ acls, log, files: new MemoryFiles({ files: { '/f/acl': 'accept\n' } }) });
  const lines = [{ text: 'accept', at: testLocation }];
  const kind = async (text: ReturnType<typeof untainted>, mode: string) => {
    const config = testConfig({
      compiler: expander,
      compile: expander.runtime,
      main: { taint_mode: mode },
      acls: new Map([['known', { name: 'known', at: testLocation, lines }]]),
    });
    return (await acls.run('rcpt', text, [], testFrame({ services, config }))).kind;
  };
  assert.equal(await kind(untainted('accept'), 'strict'), 'accept');
  assert.equal(await kind(tainted('known'), 'contain'), 'accept');
  assert.deepEqual(log.panicLines, []);
  assert.equal(await kind(tainted('known'), 'strict'), 'error');
  assert.equal(await kind(tainted('accept'), 'contain'), 'error');
  assert.equal(await kind(tainted('/f/acl'), 'contain'), 'error');
  assert.deepEqual(
    log.panicLines,
    ['known', 'accept', '/f/acl'].map((text) => `attempt to use tainted ACL text "${text}"`),
  );
});
