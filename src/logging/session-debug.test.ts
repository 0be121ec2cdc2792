import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionDebugOptions } from '../core/ports.ts';
import { FakeLog } from '../system/fakes/log.ts';
import { parseDebugCategories, parseDebugSelector } from './debug-categories.ts';
import { DebugRecorder } from './session-debug.ts';

class FileLog extends FakeLog {
  readonly files = new Map<string, string>();
  readonly onlyPanic: string[] = [];

  panicOnly(line: string): void {
    this.onlyPanic.push(line);
  }

  appendDebug(suffix: string, text: string): void {
    this.files.set(suffix, (this.files.get(suffix) ?? '') + text);
  }

  removeDebug(suffix: string): void {
    this.files.delete(suffix);
  }
}

const plain: SessionDebugOptions = { categories: undefined, pretriggerBytes: undefined, trigger: undefined };

function record(options: Partial<SessionDebugOptions> = {}) {
  const base = new FileLog();
  return { base, recorder: new DebugRecorder(base, '.x', { ...plain, ...options }) };
}

test('steps of the chosen categories and what is logged go to the file', () => {
  const { base, recorder } = record({ categories: new Set(['acl']) });
  const { log } = recorder;
  log.debug('acl', () => 'using ACL "x"');
  log.debug('lists', () => 'x in "y"?');
  log.main('a line', 'id');
  recorder.stop();
  log.debug('acl', () => 'not any more');
  recorder.stop();
  assert.equal(base.files.get('.x'), 'using ACL "x"\nLOG: MAIN\n  a line\n');
  assert.deepEqual([log.isDebug('acl'), log.isDebug('lists')], [false, false]);
});

test('a file that is killed is gone', () => {
  const { base, recorder } = record();
  recorder.log.debug('acl', () => 'a step');
  recorder.stop();
  assert.equal(base.files.size, 1);
  recorder.kill();
  assert.equal(base.files.size, 0);
});

test('before the trigger the newest lines are kept', () => {
  const { base, recorder } = record({ pretriggerBytes: 10, trigger: 'paniclog' });
  for (const text of ['one', 'two', 'three', 'four']) recorder.log.debug('acl', () => text);
  recorder.stop();
  assert.equal(base.files.size, 0);
  recorder.change(plain);
  for (const text of ['one', 'two', 'four']) recorder.log.debug('acl', () => text);
  recorder.change({ ...plain, trigger: 'now' });
  recorder.log.debug('acl', () => 'after it');
  recorder.stop();
  assert.equal(base.files.get('.x'), 'two\nfour\nafter it\n');
});

test('a line for the panic log alone stays there, and triggers', () => {
  const { base, recorder } = record({ trigger: 'paniclog' });
  recorder.log.panicOnly?.('bad');
  recorder.stop();
  assert.deepEqual([base.lines, base.onlyPanic], [[], ['bad']]);
  assert.equal(base.files.get('.x'), 'LOG: PANIC\n  bad\n');
});

test('categories', () => {
  const has = (text: string, ...names: string[]) => names.map((name) => parseDebugCategories(text)?.has(name));
  assert.deepEqual(has('', 'acl', 'expand', 'memory'), [true, false, false]);
  assert.deepEqual(has('+expand-acl', 'acl', 'expand'), [false, true]);
  assert.deepEqual(has('-all+route', 'acl', 'route'), [false, true]);
  assert.deepEqual(has('+all', 'expand', 'memory'), [true, false]);
  assert.equal(parseDebugCategories('+nonsense'), undefined);
  assert.equal(parseDebugCategories('acl'), undefined);
  assert.deepEqual(has(' +expand -acl ', 'acl', 'expand'), [false, true]);
  assert.deepEqual(has('=0x104', 'acl', 'expand', 'route'), [true, true, false]);
  assert.deepEqual(has('=-1', 'acl', 'memory', 'local_scan', 'verify'), [true, true, true, true]);
  assert.deepEqual(has('=02', 'acl', 'local_scan'), [false, true]);
  assert.equal(parseDebugCategories('=')?.size, 0);
});

test('what is wrong with categories', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['+acl+foo', 'unknown debug_selector setting: +foo'],
    ['-foo', 'unknown debug_selector setting: -foo'],
    ['+ACL', 'unknown debug_selector setting: +ACL'],
    ['+hints-lookup', 'unknown debug_selector setting: +hints'],
    ['++acl', 'unknown debug_selector setting: +'],
    ['+acl,foo', 'malformed debug_selector setting: + or - expected but found ",foo"'],
    ['0x80', 'malformed debug_selector setting: + or - expected but found "0x80"'],
    ['=0x', 'malformed numeric debug_selector setting: =0x'],
    ['=1k', 'malformed numeric debug_selector setting: =1k'],
    ['=+all', 'malformed numeric debug_selector setting: =+all'],
  ];
  for (const [text, message] of cases) assert.deepEqual(parseDebugSelector(text), { kind: 'error', message }, text);
});
