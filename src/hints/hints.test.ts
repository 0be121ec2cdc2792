import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RetryError, RetryRule, RetryStep } from '../core/index.ts';
import { createSystem } from '../system/create-system.ts';
import { MemoryFiles } from '../system/fakes/files.ts';
import { MemoryHints } from '../system/fakes/hints.ts';
import { FakeMachine } from '../system/fakes/host.ts';
import { FakeLog } from '../system/fakes/log.ts';
import { testDirectory } from '../system/test-directory.ts';
import { errorMatches, isPastLastCutoff, nextRetry } from './retry.ts';
import { dumpRetryRecord, findRetryRecord, formatRetryRecord, moreErrno, parseRetryRecord, type RetryRecord } from './retry-record.ts';
import { openHints } from './store.ts';
import { WaitingMessages } from './wait.ts';

const error = (name: string, detail = '', more = 0): RetryError => ({ name, detail, more });
const record: RetryRecord = {
  errorNumber: 111,
  error: error('refused', 'A'),
  firstFailed: 100,
  lastTry: 200,
  nextTry: 260,
  isExpired: false,
  text: 'Connection refused',
};

test('retry records are kept and printed as exim_dumpdb does', () => {
  assert.deepEqual(parseRetryRecord(formatRetryRecord(record)), record);
  assert.deepEqual(parseRetryRecord(formatRetryRecord({ ...record, error: error('', ''), isExpired: true, text: 'a b\nc' })), {
    ...record,
    error: error('', ''),
    isExpired: true,
    text: 'a b\nc',
  });
  assert.equal(parseRetryRecord('nonsense'), undefined);
  assert.equal(
    dumpRetryRecord('T:127.0.0.1:127.0.0.1:1', record, String),
    '  T:127.0.0.1:127.0.0.1:1 111 65 Connection refused\n100  200  260 \n',
  );
  assert.equal(moreErrno(error('rcpt_4xx', 'A', 51)), 13121);
  assert.equal(moreErrno(error('mail_4xx', 'A', 52)), 13377);
});

test('records that nobody updated expire', () => {
  const hints = new MemoryHints();
  hints.put('retry', 'R:x', formatRetryRecord(record));
  assert.deepEqual(findRetryRecord(hints, 'R:x', 1000, 800), record);
  assert.equal(findRetryRecord(hints, 'R:x', 1001, 800), undefined);
});

const matching: [string, RetryError, boolean][] = [
  ['*', error('anything'), true],
  ['refused', error('refused', 'MX'), true],
  ['refused_A', error('refused', 'MX'), false],
  ['refused_MX', error('refused', 'MX'), true],
  ['timeout', error('timeout_connect', 'A'), true],
  ['timeout_A', error('timeout_connect', 'A'), true],
  ['timeout_connect', error('timeout', 'A'), false],
  ['timeout_connect_MX', error('timeout_connect', 'MX'), true],
  ['rcpt_4xx', error('rcpt_4xx', 'A', 51), true],
  ['rcpt_45x', error('rcpt_4xx', 'A', 51), true],
  ['rcpt_451', error('rcpt_4xx', 'A', 51), true],
  ['rcpt_452', error('rcpt_4xx', 'A', 51), false],
  ['mail_4xx', error('rcpt_4xx', 'A', 51), false],
  ['quota', error('quota', '', 50), true],
  ['quota_1m', error('quota', '', 50), false],
  ['quota_1m', error('quota', '', 61), true],
  ['lost_connection', error('lost_connection'), true],
];
test('error names of rules', () => {
  for (const [rule, of, expected] of matching) assert.equal(errorMatches(rule, of), expected, `${rule} ${of.name}`);
});

const step = (algorithm: RetryStep['algorithm'], untilSeconds: number, intervalSeconds: number, factor = 1): RetryStep => ({
  algorithm,
  untilSeconds,
  intervalSeconds,
  factor,
});
const rule = (...steps: RetryStep[]): RetryRule => ({
  at: { file: '', line: 0, column: 0 },
  pattern: '*',
  error: '*',
  senders: undefined,
  steps,
});
const usual = rule(step('F', 7200, 900), step('G', 57600, 3600, 1.5), step('F', 345600, 21600));

test('F, then G growing, then F, then the cutoff', () => {
  let now = 1_000_000;
  let before: RetryRecord | undefined;
  const gaps: number[] = [];
  const expired: number[] = [];
  while (expired.length < 2) {
    const next = nextRetry(usual, before, {
      nowSeconds: now,
      receivedSeconds: now,
      isMessageError: false,
      intervalMaxSeconds: 86400,
      random: () => 0,
    });
    gaps.push(next.nextTry - now);
    if (next.isExpired) expired.push(now - next.firstFailed);
    before = { ...record, ...next };
    now = next.nextTry;
  }
  assert.deepEqual(gaps.slice(0, 16), [900, 900, 900, 900, 900, 900, 900, 900, 3600, 5400, 8100, 12150, 18225, 27337, 21600, 21600]);
  assert.ok((expired[0] ?? 0) >= 345600);
});

test('no rule: no retries; the longest interval is limited; a message error counts from the arrival', () => {
  const timing = { nowSeconds: 10_000, receivedSeconds: 10_000, isMessageError: false, intervalMaxSeconds: 300, random: () => 0 };
  assert.deepEqual(nextRetry(undefined, undefined, timing), { firstFailed: 10_000, lastTry: 10_000, nextTry: 10_000, isExpired: true });
  assert.equal(nextRetry(usual, undefined, timing).nextTry, 10_300);
  assert.equal(nextRetry(rule(step('F', 60, 10)), undefined, { ...timing, receivedSeconds: 9_000, isMessageError: true }).isExpired, true);
  assert.equal(
    nextRetry(
      rule(step('H', 7200, 600, 2)),
      { ...record, lastTry: 9_000, nextTry: 9_600 },
      { ...timing, intervalMaxSeconds: 86400, random: (limit) => limit - 1 },
    ).nextTry,
    11_200,
  );
  assert.equal(isPastLastCutoff(usual, 345_601), true);
  assert.equal(isPastLastCutoff(usual, 345_600), false);
});

test('messages wait for hosts', () => {
  const waiting = new WaitingMessages(new MemoryHints(), 'smtp');
  waiting.add('h', 'a');
  waiting.add('h', 'b');
  waiting.add('h', 'a');
  assert.deepEqual(waiting.of('h'), ['a', 'b']);
  waiting.remove('h', 'a');
  waiting.remove('h', 'b');
  assert.deepEqual(waiting.of('h'), []);
});

test('a full record stands beside, and is taken up when the other is empty', () => {
  const hints = new MemoryHints();
  const waiting = new WaitingMessages(hints, 'smtp');
  const ids = Array.from({ length: 120 }, (_, index) => `id${index}`);
  for (const id of [...ids, 'id3', 'id70']) waiting.add('h', id);
  assert.deepEqual([...hints.keys('wait-smtp')].sort(), ['h', 'h:0', 'h:1']);
  const taken: string[] = [];
  for (let [id] = waiting.of('h'); id !== undefined; [id] = waiting.of('h')) {
    taken.push(id);
    waiting.remove('h', id);
  }
  assert.deepEqual(taken, [...ids.slice(100), ...ids.slice(50, 100), ...ids.slice(0, 50)]);
  assert.deepEqual(hints.keys('wait-smtp'), []);
});

test('the store keeps octets, for several databases, and over a reopening', (context) => {
  const spoolDirectory = testDirectory(context);
  const system = createSystem();
  context.after(() => system.close());
  const parts = { files: system.files, machine: new FakeMachine(), log: new FakeLog(), spoolDirectory, owner: { uid: 0, gid: 0 } };
  const store = openHints(parts);
  store.put('retry', 'R:\xe9', 'a\0\xff\n');
  store.put('wait-smtp', 'R:\xe9', 'other');
  store.put('retry', 'T:b', '1');
  store.put('retry', 'T:b', '2');
  store.delete('wait-smtp', 'none');
  store.checkpoint();
  store.close();
  assert.equal(store.get('retry', 'T:b'), undefined, 'closed');
  const again = openHints(parts);
  assert.equal(again.get('retry', 'R:\xe9'), 'a\0\xff\n');
  assert.equal(again.get('retry', 'T:b'), '2');
  assert.deepEqual(again.keys('retry'), ['R:\xe9', 'T:b']);
  again.forget('wait-smtp', ['R:\xe9', 'none']);
  again.forget('retry', ['T:b', 'none', 'R:x']);
  assert.deepEqual([again.keys('retry'), again.keys('wait-smtp')], [['R:\xe9'], []]);
  assert.equal(again.skipped, 0);
  again.close();
});

test('a record is replaced only where nobody else was faster', (context) => {
  const spoolDirectory = testDirectory(context);
  const system = createSystem();
  context.after(() => system.close());
  const parts = { files: system.files, machine: new FakeMachine(), log: new FakeLog(), spoolDirectory, owner: { uid: 0, gid: 0 } };
  for (const [one, other] of [
    [openHints(parts), openHints(parts)],
    [new MemoryHints(), undefined],
  ] as const) {
    const second = other ?? one;
    assert.equal(one.replace('ratelimit', 'k\xe9', undefined, '1\0'), true);
    assert.equal(second.replace('ratelimit', 'k\xe9', undefined, 'x'), false);
    assert.equal(second.replace('ratelimit', 'k\xe9', '1\0', '2'), true);
    assert.equal(one.replace('ratelimit', 'k\xe9', '1\0', 'x'), false);
    assert.equal(one.replace('ratelimit', 'none', 'x', 'y'), false);
    assert.deepEqual([one.get('ratelimit', 'k\xe9'), one.keys('ratelimit')], ['2', ['k\xe9']]);
    one.close();
    other?.close();
  }
});

test('a store that is only read: with its log, and without', (context) => {
  const spoolDirectory = testDirectory(context);
  const system = createSystem();
  context.after(() => system.close());
  const parts = { files: system.files, machine: new FakeMachine(), log: new FakeLog(), spoolDirectory, owner: { uid: 0, gid: 0 } };
  const read = () => {
    const reader = openHints({ ...parts, isReadOnly: true });
    const values = reader.keys('retry').map((key) => reader.get('retry', key));
    reader.put('retry', 'k', 'not written');
    assert.equal(reader.replace('retry', 'k', 'v', 'not written'), true, 'not to be tried again');
    assert.equal(reader.skipped, 2);
    reader.close();
    return values;
  };
  const store = openHints(parts);
  store.put('retry', 'k', 'v');
  assert.deepEqual(read(), ['v'], 'the writer is still there');
  store.close();
  assert.deepEqual(read(), ['v']);
  for (const suffix of ['-wal', '-shm']) system.files.unlink(`${spoolDirectory}/db/eximius.sqlite${suffix}`);
  assert.deepEqual(read(), ['v']);
});

test('a store that cannot be opened reads as empty and counts', () => {
  const log = new FakeLog();
  const broken = openHints({
    files: new MemoryFiles(),
    machine: new FakeMachine(),
    log,
    spoolDirectory: '/no/such/directory',
    owner: { uid: 0, gid: 0 },
  });
  broken.put('retry', 'x', 'y');
  assert.equal(broken.get('retry', 'x'), undefined);
  assert.equal(broken.skipped, 2);
  assert.match(log.mainLines[0] ?? '', /Failed to open hints database/);
});
