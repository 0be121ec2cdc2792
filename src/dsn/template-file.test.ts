import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Octets } from '../base/octets.ts';
import { concatText, type Text, tainted, untainted } from '../core/text.ts';
import { MemoryFiles } from '../system/fakes/files.ts';
import { FakeLog } from '../system/fakes/log.ts';
import { constantTemplate, fakeServices, testConfig, testFrame } from '../system/fakes/services.ts';
import { readTemplateFile } from './template-file.ts';

async function read(path: Text, taintMode: Octets = 'contain') {
  const log = new FakeLog();
  const config = testConfig({ main: { taint_mode: taintMode } });
  const files = new MemoryFiles({ files: { '/etc/t': 'one\n****\ntwo\n' } });
  const services = fakeServices({ log, files });
  const option = { ...constantTemplate('$x'), evaluate: () => ({ kind: 'ok', value: path }) as const };
  const items = await readTemplateFile(option, 'bounce_message_file', testFrame({ config, services }));
  return [...items, ...log.panicLines];
}

test('the items of a file, or why there are none', async () => {
  assert.deepEqual(await read(untainted('/etc/t')), ['one\n', 'two\n']);
  assert.deepEqual(await read(untainted('etc/t')), ["bounce_message_file is not absolute after expansion: 'etc/t'"]);
  assert.deepEqual(await read(untainted('')), ["Failed to expand bounce_message_file: '$x'"]);
  assert.deepEqual(await read(untainted('/none')), ['Failed to open /none for error message texts: No such file or directory']);
});

test('a name that a sender chose', async () => {
  const own = concatText([untainted('/etc/'), tainted('t')]);
  const refused = (path: Octets) => [`bounce_message_file is not untainted after expansion: '${path}'`];
  assert.deepEqual(await read(own), ['one\n', 'two\n']);
  assert.deepEqual(await read(own, 'strict'), refused('/etc/t'));
  assert.deepEqual(await read(concatText([untainted('/var/'), tainted('../etc/t')])), refused('/var/../etc/t'));
});
