import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Octets } from '../../base/octets.ts';
import type { AclPhase, Frame, TransactionState } from '../../core/index.ts';
import { emptyEvents, formatRateRecord, nextRate, parseRateRecord, withEvent } from '../../hints/rate-record.ts';
import { createLists } from '../../lists/lists.ts';
import { FakeClock } from '../../system/fakes/clock.ts';
import { MemoryHints } from '../../system/fakes/hints.ts';
import { fakeServices, testFrame } from '../../system/fakes/services.ts';
import { measureRate } from './measure.ts';
import { parseRatelimit, rateKey } from './ratelimit.ts';
import { testSeen } from './seen.ts';

const lists = createLists();

interface World {
  readonly clock: FakeClock;
  readonly hints: MemoryHints;
  readonly frame: Frame;
  readonly state: TransactionState;
}

function makeWorld(hints = new MemoryHints()): World {
  const clock = new FakeClock();
  const state: TransactionState = {
    recipients: [{ address: 'a@b' }, { address: 'c@d' }],
    rcptCount: 0,
    rcptFailCount: 0,
    rcptDeferCount: 0,
    headers: [],
    addedHeaders: [],
    removedHeaders: [],
    size: 0,
    declaredSize: 500,
    bodyLineCount: 0,
    bodyZeroCount: 0,
    maxReceivedLineLength: 0,
    receivedAtMs: 0,
    bodyType: '',
    isUtf8: false,
    dsn: {},
    aclM: new Map(),
    controls: new Map(),
    sendersTold: new Set(),
    warningsLogged: new Set(),
    results: {},
    currentRecipient: { address: 'A@b', localPart: 'a', domain: 'b' },
  };
  const base = testFrame({ services: fakeServices({ clock, hints, lists }) });
  const session = {
    mode: 'smtp-tcp' as const,
    connectionNumber: 1,
    startedAtMs: 0,
    isRehearsal: false,
    until: base.until,
    state: {
      origin: { isLocal: false, callerUid: 0, callerGid: 0, callerLogin: '', aclC: new Map(), hostAddress: '192.0.2.1' },
      commandHistory: [],
      messagesAccepted: 0,
      esmtp: true,
      controls: new Map(),
      results: {},
    },
  };
  return { clock, hints, state, frame: { ...base, session, transaction: { number: 1, state } } };
}

test('what the argument of ratelimit says', () => {
  const cases: readonly (readonly [argument: Octets, phase: AclPhase, key: Octets, limit: number, update: string])[] = [
    ['5/1h', 'mail', '1h/per_mail/192.0.2.1', 5, 'leaky'],
    ['2.5 / 1h / per_cmd / strict / k1 / k2', 'helo', '1h/per_cmd/k1/k2', 2.5, 'strict'],
    ['5/1h/k/per_cmd', 'helo', '1h/per_cmd/k', 5, 'leaky'],
    ['5/1h/per_cmd//k', 'mail', '1h/per_mail/per_cmd/k', 5, 'leaky'],
    ['5/1h/per_cmd/a//b', 'mail', '1h/per_cmd/a/b', 5, 'leaky'],
    ['5K/1h/per_byte', 'data', '1h/per_mail/192.0.2.1', 5120, 'leaky'],
    ['5g/1d1h/per_conn/x', 'connect', '1d1h/per_conn/x', 5 * 1024 ** 3, 'leaky'],
    ['1e3/1h/per_cmd', 'helo', '1h/per_cmd/192.0.2.1', 1000, 'leaky'],
    ['0x10/1h/per_cmd', 'helo', '1h/per_cmd/192.0.2.1', 16, 'leaky'],
    ['/1h', 'helo', '1h/per_mail/192.0.2.1', 0, 'leaky'],
    ['5/1h/per_mail/noupdate', 'helo', '1h/per_mail/192.0.2.1', 5, 'readonly'],
    ['5/1h/per_mail', 'helo', '1h/per_mail/192.0.2.1', 5, 'readonly'],
    ['5/1h/per_rcpt', 'mail', '1h/per_rcpt/192.0.2.1', 5, 'readonly'],
    ['5/1h/per_addr', 'rcpt', '1h/per_rcpt/unique/192.0.2.1', 5, 'leaky'],
    ['5/1h/per_addr', 'data', '1h/per_rcpt/unique/192.0.2.1', 5, 'readonly'],
    ['5/1h/per_conn', 'not_smtp', '1h/per_conn/192.0.2.1', 5, 'readonly'],
    ['5/1h/unique=$x/k', 'rcpt', '1h/per_mail/unique/k', 5, 'leaky'],
    ['5/1h/per_wrong', 'rcpt', '1h/per_mail/per_wrong', 5, 'leaky'],
  ];
  for (const [argument, phase, key, limit, update] of cases) {
    const parsed = parseRatelimit(argument, phase, lists);
    assert.ok(parsed.kind === 'ok', argument);
    assert.deepEqual(
      [rateKey(parsed.question, '192.0.2.1'), parsed.question.limit, parsed.question.update],
      [key, limit, update],
      argument,
    );
  }
});

test('what is wrong with the argument of ratelimit', () => {
  const cases: readonly (readonly [argument: Octets, phase: AclPhase, message: Octets])[] = [
    ['', 'mail', 'sender rate limit not set'],
    ['5', 'mail', '"NULL" is not a time value'],
    ['5/', 'mail', '"NULL" is not a time value'],
    ['5/x', 'mail', '"x" is not a time value'],
    ['5/0s', 'mail', '"0s" is not a time value'],
    ['x/1h', 'mail', '"x" is not a positive number'],
    ['-1/1h', 'mail', '"-1" is not a positive number'],
    ['5X/1h', 'mail', '"5X" is not a positive number'],
    ['5 K/1h', 'mail', '"5 K" is not a positive number'],
    ['5//1h', 'mail', '"5/1h" is not a positive number'],
    ['5/1h/count=1.5x', 'mail', '"count=1.5x" is not a positive number'],
    ['5/1h/count=2K', 'mail', '"count=2K" is not a positive number'],
    ['5/1h/strict/leaky', 'mail', 'conflicting update modes'],
    ['5/1h/per_cmd/per_cmd', 'mail', 'conflicting per_* options'],
    ['5/1h/per_byte/strict', 'helo', '"per_mail" must not have /leaky or /strict option, or cannot be used in EHLO or HELO ACL'],
    ['5/1h/per_addr/leaky', 'data', '"per_rcpt" must not have /leaky or /strict option, or cannot be used in DATA ACL'],
  ];
  for (const [argument, phase, message] of cases)
    assert.deepEqual(
      parseRatelimit(argument, phase, lists),
      { kind: 'error', message: `error in arguments to "ratelimit" condition: ${message}` },
      argument,
    );
});

test('rates decay and are never below one burst', () => {
  const at = (rate: number) => ({ atSeconds: 100, rate });
  assert.equal(nextRate(undefined, 3, 100, 10), 3);
  assert.ok(Math.abs(nextRate(at(2), 1, 100, 10) - 3) < 1e-6);
  assert.ok(Math.abs(nextRate(at(1), 1, 101.3, 2) - 1.2569) < 1e-3);
  assert.ok(Math.abs(nextRate(at(1), 0, 101.3, 1) - 0.2725) < 1e-3);
  assert.equal(nextRate(at(5), 1, 102.6, 1), 1);
  assert.equal(nextRate(at(4), 4, 200, 1), 4);
});

test('records are read as they were written', () => {
  const events = withEvent(emptyEvents(30, 100), 'x y\n\0');
  assert.ok(events);
  for (const record of [
    { atSeconds: 1795267879.123457, rate: 0.1 },
    { atSeconds: 5.000001, rate: 1e-9, events },
  ])
    assert.deepEqual(parseRateRecord(formatRateRecord(record)), 'events' in record ? record : { ...record });
  assert.equal(parseRateRecord('nonsense'), undefined);
  assert.equal(withEvent(events, 'x y\n\0'), undefined);
  assert.notEqual(withEvent(events, 'other'), undefined);
  assert.equal(emptyEvents(0, 1).filter.length, 40);
  assert.equal(emptyEvents(100.7, 1).filter.length, 200);
});

test('rates of commands, recipients, messages and connections', async () => {
  const { clock, hints, frame, state } = makeWorld();
  const measure = (argument: Octets, phase: AclPhase) => {
    const parsed = parseRatelimit(argument, phase, lists);
    assert.ok(parsed.kind === 'ok', argument);
    return measureRate(parsed.question, phase, frame);
  };
  const nextCommand = () => frame.session?.state.rates?.command.clear();
  const shown = (argument: Octets, phase: AclPhase) => measure(argument, phase).rate.toFixed(1);
  assert.equal(shown('5/1h/per_cmd', 'helo'), '1.0');
  assert.equal(shown('5/1h/per_cmd', 'helo'), '1.0', 'once a command');
  nextCommand();
  assert.equal(shown('5/1h/per_cmd', 'helo'), '2.0');
  assert.equal(shown('5/1h/per_rcpt', 'rcpt'), '1.0');
  nextCommand();
  assert.equal(shown('5/1h/per_rcpt', 'rcpt'), '2.0');
  assert.equal(shown('5/1h/per_rcpt', 'data'), '4.0', 'all recipients at once');
  assert.equal(shown('5/1h/per_rcpt', 'data'), '4.0', 'once a message');
  assert.equal(shown('5/1h/per_byte/b', 'mail'), '500.0');
  assert.equal(shown('5/1h/per_conn', 'mail'), '1.0');
  nextCommand();
  assert.equal(shown('5/1h/per_conn', 'mail'), '1.0', 'once a connection');
  assert.equal(shown('5/1h/per_addr', 'rcpt'), '1.0');
  nextCommand();
  assert.equal(shown('5/1h/per_addr', 'rcpt'), '1.0', 'the same recipient');
  state.currentRecipient = { address: 'e@b', localPart: 'e', domain: 'b' };
  nextCommand();
  assert.equal(shown('5/1h/per_addr', 'rcpt'), '2.0');
  assert.equal(shown('5/1h/per_addr', 'data'), '2.0', 'only read');
  await clock.advance(3_600_000);
  assert.equal(shown('5/1h/per_cmd/readonly', 'helo'), '0.7');
  nextCommand();
  assert.deepEqual(measure('1/1h/count=3/leaked', 'mail'), { rate: 3, isExceeded: true });
  assert.equal(hints.get('ratelimit', '1h/per_mail/leaked'), undefined, 'leaky: not kept above the limit');
  assert.deepEqual(measure('1/1h/count=3/strict/kept', 'mail'), { rate: 3, isExceeded: true });
  assert.notEqual(hints.get('ratelimit', '1h/per_mail/kept'), undefined);
});

/** Something happens once between the look at a record and its change. */
class RacingHints extends MemoryHints {
  meanwhile: (() => void) | undefined;

  override replace(...record: Parameters<MemoryHints['replace']>): boolean {
    const act = this.meanwhile;
    this.meanwhile = undefined;
    act?.();
    return super.replace(...record);
  }
}

test('processes that measure at the same time all count', () => {
  const hints = new RacingHints();
  for (const [argument, rate] of [
    ['5/1h/per_addr/strict/k', '3.0'],
    ['5/1h/per_cmd/strict/k', '3.0'],
  ] as const) {
    const parsed = parseRatelimit(argument, 'rcpt', lists);
    assert.ok(parsed.kind === 'ok');
    const { question } = parsed;
    const measure = (name: Octets) => {
      const { frame, state } = makeWorld(hints);
      state.currentRecipient = { address: `${name}@b`, localPart: name, domain: 'b' };
      return measureRate(question, 'rcpt', frame).rate.toFixed(1);
    };
    hints.meanwhile = () => {
      hints.meanwhile = () => assert.equal(measure('x'), '1.0');
      assert.equal(measure('y'), '2.0');
    };
    assert.equal(measure('z'), rate, argument);
  }
});

test('seen', async () => {
  const { clock, frame } = makeWorld();
  const seen = (argument: Octets) => testSeen(argument, frame);
  const yes = { kind: 'ok', value: true };
  const no = { kind: 'ok', value: false };
  assert.deepEqual(seen('5m'), no);
  assert.deepEqual(seen('5m'), yes);
  assert.deepEqual(seen('-5m'), no);
  assert.deepEqual(seen('-5m/key=new'), no, 'made');
  assert.deepEqual(seen('5m/key=r/readonly'), no);
  assert.deepEqual(seen('5m/key=r/readonly'), no, 'not made');
  await clock.advance(300_000);
  assert.deepEqual(seen('-5m/key=new'), yes);
  assert.deepEqual(seen('-5m / key=new/refresh=1m'), yes);
  assert.deepEqual(seen('-5m/key=new'), no, 'refreshed');
  assert.deepEqual(seen('1m'), no, 'older, and renewed');
  assert.deepEqual(seen('1m'), yes);
  assert.deepEqual(seen('-1m/write/key=w'), no);
  assert.deepEqual(seen('-0s/write/key=w'), yes);
  for (const [argument, message] of [
    ['x', "failed to parse 'x'"],
    ['', "failed to parse ''"],
    ['-', "failed to parse '-'"],
    ['5m/bogus', "unrecognised option 'bogus' in '5m/bogus'"],
    ['5m/refresh=x', "failed to parse '5m/refresh=x'"],
  ] as const)
    assert.deepEqual(seen(argument), { kind: 'fail', message });
});
