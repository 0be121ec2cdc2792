/** `malware` and `spam`: what they are asked with, what is kept, and what they ask of ports, without sockets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import malware from '../../src/acl/conditions/malware.ts';
import spam from '../../src/acl/conditions/spam.ts';
import { bytesFromOctets } from '../../src/base/octets.ts';
import { findMalwareInFile } from '../../src/checks/scan/malware.ts';
import { removeScanCopy } from '../../src/checks/scan/scan-copy.ts';
import type { AclConditionDefinition, AclContext, Frame, MainOptions } from '../../src/core/index.ts';
import { untainted } from '../../src/core/text.ts';
import { bodyOf } from '../../src/receive/fakes.ts';
import { newTransaction } from '../../src/receive/transaction.ts';
import { MemoryFiles } from '../../src/system/fakes/files.ts';
import { FakeLog } from '../../src/system/fakes/log.ts';
import { FakeConnection, FakeNet, type FakePeer } from '../../src/system/fakes/net.ts';
import { constantTemplate, fakeServices, testConfig, testFrame } from '../../src/system/fakes/services.ts';
import { FakeSpawner } from '../../src/system/fakes/spawner.ts';

const ID = '1ABCDE-00000000001-0001';

function open(main: Partial<MainOptions>, peers: Record<string, FakePeer> = {}, spawner = new FakeSpawner()) {
  const config = testConfig({ main });
  const { spoolDirectory } = config.startup;
  const files = new MemoryFiles();
  files.makeDirectory(spoolDirectory);
  const log = new FakeLog();
  const net = new FakeNet(Object.fromEntries(Object.entries(peers).map(([place, peer]) => [place, () => new FakeConnection(peer)])));
  const transaction = newTransaction(1, 0);
  const { state } = transaction;
  state.id = ID;
  state.sender = 'a@b.c';
  state.body = bodyOf(bytesFromOctets('body\n'));
  const services = fakeServices({ files, log, net, spawner });
  const frame = testFrame({ config, services, transaction, results: state.results });
  return { frame, files, log, net, state, directory: `${spoolDirectory}/scan/${ID}` };
}

async function holds(condition: AclConditionDefinition, argument: string, frame: Frame): Promise<unknown> {
  const source = { source: argument, at: { file: '', line: 1, column: 1 }, template: constantTemplate('') };
  const outcome = await condition.prepare(source).test(untainted(argument), { phase: 'data', frame } as AclContext); // of which nothing else is asked
  return outcome.kind === 'ok' ? outcome.value.value : outcome;
}

test('a message is scanned once; control = no_mbox_unspool keeps its copy', async () => {
  for (const keeps of [false, true]) {
    const { frame, files, net, state, directory } = open({ av_scanner: 'clamd:/run/clamd' }, { '/run/clamd': () => 'x: Eicar FOUND\n' });
    assert.equal(await holds(malware, '*', frame), true);
    assert.equal(await holds(malware, 'nothing', frame), false);
    assert.equal(await holds(malware, '^Ei', frame), true);
    assert.equal(frame.results.malwareName, 'Eicar');
    assert.equal(frame.results.calloutAddress, '/run/clamd');
    assert.deepEqual(
      net.connections.map(({ written, isClosed }) => [written, isClosed]),
      [[`SCAN ${directory}/${ID}.eml\n`, true]],
    );
    if (keeps) state.controls.set('no_mbox_unspool', '');
    removeScanCopy(frame);
    assert.equal(
      files.paths(directory).some((path) => path.endsWith('.eml')),
      keeps,
    );
  }
});

test('a scanner of the command line is run by the spawner, with the rest of the time', async () => {
  const spawner = new FakeSpawner({ '/bin/sh': () => "Virus 'A B' found in file\n" });
  const { frame, directory } = open({ av_scanner: "cmdline:/usr/bin/sweep -all %s:found in file:'(.+)'" }, {}, spawner);
  assert.equal(await holds(malware, '*/tmo=10s', frame), true);
  assert.equal(frame.results.malwareName, 'A B');
  const [request] = spawner.requests;
  assert.deepEqual(request?.argv, ['/bin/sh', '-c', `/usr/bin/sweep -all ${directory} 2>&1`]);
  assert.equal(request?.timeoutMs, 10_000);
});

test('a copy that cannot be made defers, unless defer_ok', async () => {
  for (const [condition, name] of [
    [malware, 'malware'],
    [spam, 'spam'],
  ] as const) {
    const { frame, log, state } = open({ av_scanner: 'clamd:/x', spamd_address: '/x' });
    state.id = undefined;
    assert.deepEqual(await holds(condition, '*', frame), { kind: 'defer', message: '' });
    assert.equal(await holds(condition, '*/defer_ok', frame), false);
    assert.deepEqual(log.panicLines, new Array(2).fill(`${name} acl condition: error while creating mbox spool file`));
  }
});

test('what spamd says is kept for its user', async () => {
  const peer: FakePeer = () => ({ first: 'SPAMD/1.1 0 EX_OK\r\nSpam: True ; 15.0 / 5.0\r\n\r\nr\n', ending: 'end' });
  const { frame, net, state } = open({ spamd_address: '/run/spamd' }, { '/run/spamd': peer });
  for (const user of ['joe', 'joe:true', 'jim', 'jim']) assert.equal(await holds(spam, user, frame), true);
  assert.deepEqual(
    net.connections.map(({ written }) => /User: (.*)\r/.exec(written)?.[1]),
    ['joe', 'jim'],
  );
  const { spam: kept } = state.results;
  assert.deepEqual([kept?.score, kept?.scoreInt, kept?.bar, kept?.report, kept?.action], ['15.0', '150', '+'.repeat(15), 'r', 'reject']);
});

test('no user brings in a header of its own', async () => {
  const { frame, net } = open({ spamd_address: '/run/spamd' }, { '/run/spamd': () => ({ ending: 'end' }) });
  await holds(spam, 'joe\r\nX', frame);
  assert.match(net.connections[0]?.written ?? '', /\r\nUser: joe {2}X\r\nContent-length: /);
});

test('-bmalware looks at any file', async () => {
  const { frame, files, log, net } = open({ av_scanner: 'clamd:/run/clamd' }, { '/run/clamd': () => 'x: OK\n' });
  files.makeDirectory('/tmp');
  assert.deepEqual(await findMalwareInFile('/tmp/none', frame), { kind: 'defer', message: '' });
  assert.deepEqual(log.panicLines, ['malware acl condition: /tmp/none: No such file or directory']);
  const made = files.open('/tmp/f', 'create', 0o600);
  if (made.kind === 'ok') made.value.close();
  assert.deepEqual(await findMalwareInFile('/tmp/f', frame), { kind: 'ok', value: undefined });
  assert.equal(net.connections[0]?.written, 'SCAN /tmp/f\n');
});
