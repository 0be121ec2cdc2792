import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Octets } from '../../base/octets.ts';
import { type AclContext, untainted } from '../../core/index.ts';
import { FakeLog } from '../../system/fakes/log.ts';
import { FakeConnection, FakeNet, scriptedPeer } from '../../system/fakes/net.ts';
import { constantTemplate, fakeServices, testConfig, testFrame, testLocation } from '../../system/fakes/services.ts';
import spam from './spam.ts';

async function ask(argument: Octets, spamd_address: Octets, net = new FakeNet()) {
  const log = new FakeLog();
  const frame = testFrame({ config: testConfig({ main: { spamd_address } }), services: fakeServices({ log, net }) });
  const context: Partial<AclContext> = { frame };
  const tested = await spam
    .prepare({ source: argument, at: testLocation, template: constantTemplate(argument) })
    .test(untainted(argument), context as AclContext); // nothing else is read
  return { tested: tested.kind === 'ok' ? tested.value.value : tested.kind, log: log.mainLines, panic: log.panicLines };
}

test('what can be said without an answer of a server', async () => {
  const closed = '127.0.0.1 783';
  for (const nobody of ['', '0', 'false', 'False']) assert.deepEqual(await ask(nobody, closed), { tested: false, log: [], panic: [] });
  const lines = [
    'spam acl condition: spamd: failed to connect to any address for 127.0.0.1: Connection refused',
    'spam acl condition: all spamd servers failed',
  ];
  assert.deepEqual(await ask('joe:true', closed), { tested: 'defer', log: lines, panic: lines.slice(1) });
  assert.deepEqual(await ask('joe:true/defer_ok', closed), { tested: false, log: lines, panic: lines.slice(1) });
});

test('a server that is there would have to be asked: the ACL ends', async () => {
  const connection = new FakeConnection(scriptedPeer([]));
  const net = new FakeNet({ '127.0.0.1:783': () => connection });
  const missing = ['ACL condition "spam" is not built yet'];
  for (const argument of ['joe', 'joe/defer_ok'])
    assert.deepEqual(await ask(argument, '127.0.0.1 783', net), { tested: 'fail', log: missing, panic: missing });
  assert.equal(connection.isClosed, true);
  assert.deepEqual(await ask('joe', '$acl_m0'), { tested: 'fail', log: missing, panic: missing });
});
