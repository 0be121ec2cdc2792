import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilAborted } from '../core/index.ts';
import { FakeClock } from '../system/fakes/clock.ts';
import { FakeConnection, FakeNet } from '../system/fakes/net.ts';
import { queueSizeFrom } from './queue-size.ts';

test('messages are counted once a minute, and only for a daemon', async () => {
  const clock = new FakeClock();
  const until = untilAborted(new AbortController().signal);
  let messages = 3;
  const sizeOf = (net: FakeNet) => queueSizeFrom({ net, clock, controlSocket: '/spool/control', count: () => messages });
  assert.equal(await sizeOf(new FakeNet({}))(until), undefined);
  const size = sizeOf(new FakeNet({ '/spool/control': () => new FakeConnection(() => undefined) }));
  assert.equal(await size(until), 3);
  messages = 5;
  await clock.advance(59_000);
  assert.equal(await size(until), 3);
  await clock.advance(1_000);
  assert.equal(await size(until), 5);
});
