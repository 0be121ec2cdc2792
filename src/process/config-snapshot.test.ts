import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesFromOctets } from '../base/octets.ts';
import { MemoryFiles } from '../system/fakes/files.ts';
import { filesOfSnapshot, readSnapshot, recordingFiles, writeSnapshot } from './config-snapshot.ts';

test('what was read is read again, whatever happened to the files', () => {
  const files = new MemoryFiles();
  files.put('/etc/exim.conf', 'a = \xe9\n');
  const recorded = recordingFiles(files);
  assert.equal(recorded.files.readFile('/etc/exim.conf').kind, 'ok');
  assert.equal(recorded.files.stat('/etc/missing').kind, 'error');
  files.mkdir('/spool', 0o750);
  assert.equal(writeSnapshot(files, '/spool/config', recorded.snapshot, { gid: 0, isRoot: false }).kind, 'ok');

  files.put('/etc/exim.conf', 'broken');
  files.put('/etc/missing', 'there now');
  const facts = files.stat('/spool/config');
  const read = readSnapshot(files, '/spool/config', facts.kind === 'ok' ? facts.value.uid : -1);
  assert.equal(read.kind, 'ok');
  if (read.kind !== 'ok') return;
  const seen = filesOfSnapshot(read.value, files);
  const content = seen.readFile('/etc/exim.conf');
  assert.deepEqual(content, { kind: 'ok', value: bytesFromOctets('a = \xe9\n') });
  assert.equal(seen.stat('/etc/missing').kind, 'error');
  assert.equal(seen.readFile('/etc/missing').kind, 'error');
});

test('a snapshot of somebody else is refused', () => {
  const files = new MemoryFiles();
  files.put('/config', '[]');
  assert.equal(readSnapshot(files, '/config', 12345).kind, 'error');
});
