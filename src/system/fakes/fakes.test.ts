import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesFromOctets } from '../../base/octets.ts';
import { untilAborted } from '../../core/deadline.ts';
import { FakeClock } from './clock.ts';
import { FakeDns } from './dns.ts';
import { MemoryFiles } from './files.ts';
import { fakeServices, testConfig, testFrame } from './services.ts';

const forever = untilAborted(new AbortController().signal);

test('MemoryFiles: content, symlinks, renames', () => {
  const files = new MemoryFiles({ files: { '/etc/aliases': 'root: joe\n' } });
  assert.equal(files.text('/etc/aliases'), 'root: joe\n');
  assert.equal(files.symlink('aliases', '/etc/link').kind, 'ok');
  assert.equal(files.text('/etc/link'), 'root: joe\n');
  const missing = files.readFile('/etc/none');
  assert.deepEqual(missing, { kind: 'error', errno: 'ENOENT', reason: 'No such file or directory' });
  assert.equal(files.rename('/etc/aliases', '/etc/new').kind, 'ok');
  assert.deepEqual(files.paths(), ['/etc/link', '/etc/new']);
});

test('MemoryFiles: permissions of a user', () => {
  const files = new MemoryFiles({ uid: 93 });
  files.put('/home/secret', 'x', 0o200);
  const result = files.readFile('/home/secret');
  assert.equal(result.kind === 'error' && result.errno, 'EACCES');
});

test('MemoryFiles: append, exclusive creation and locks', () => {
  const files = new MemoryFiles({ files: { '/f': 'one' } });
  const exclusive = files.open('/f', 'create-exclusive');
  assert.equal(exclusive.kind === 'error' && exclusive.errno, 'EEXIST');
  const first = files.open('/f', 'append');
  const second = files.open('/f', 'read-write');
  assert.ok(first.kind === 'ok' && second.kind === 'ok');
  first.value.write(bytesFromOctets(' two'));
  assert.equal(files.text('/f'), 'one two');
  assert.equal(first.value.lock('exclusive', 0, 10), 'ok');
  assert.equal(second.value.lock('shared', 5, 1), 'would-block');
  assert.equal(second.value.lock('shared', 10, 1), 'ok');
  first.value.close();
  assert.equal(second.value.lock('exclusive', 0, 0), 'ok');
});

test('FakeClock wakes sleepers in order', async () => {
  const clock = new FakeClock(0);
  const woken: number[] = [];
  void clock.sleep(20, forever).then(() => woken.push(20));
  void clock.sleep(10, forever).then(() => woken.push(10));
  await clock.advance(15);
  assert.deepEqual(woken, [10]);
  await clock.advance(5);
  assert.deepEqual(woken, [10, 20]);
  assert.equal(clock.now(), 20);
});

test('FakeDns follows CNAMEs and says what happens instead', () => {
  const dns = new FakeDns({ 'www.example': 'CNAME host.example', 'host.example': ['A 10.0.0.1', 'AGAIN MX'], 'bad.example': 'FAIL' });
  const found = dns.resolve('WWW.example', 'A', forever);
  assert.ok(!(found instanceof Promise) && found.kind === 'found' && found.name === 'host.example');
  const kinds = [
    ['host.example', 'MX'],
    ['bad.example', 'A'],
    ['none.example', 'A'],
    ['example', 'A'],
    ['host.example', 'TXT'],
  ] as const;
  assert.deepEqual(
    kinds.map(([name, type]) => {
      const answer = dns.resolve(name, type, forever);
      return answer instanceof Promise ? 'promise' : answer.kind;
    }),
    ['again', 'fail', 'no-name', 'no-data', 'no-data'],
  );
});

test('testConfig has defaults, testFrame is complete', () => {
  const config = testConfig({ main: { primary_hostname: 'h.example' }, namedLists: { domainlist: { local: 'a.example' } } });
  assert.equal(config.main.smtp_accept_max, 20);
  assert.equal(config.main.helo_lookup_domains?.kind, 'domain');
  assert.equal(config.main.hosts_require_helo?.template.constant, '*');
  assert.equal(config.namedLists.domainlist.get('local')?.template.constant, 'a.example');
  const frame = testFrame({ config, services: fakeServices() });
  assert.throws(() => frame.services.lists.split('a'), /gives fakeServices a "lists"/);
});
