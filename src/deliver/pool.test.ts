import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AcceptedMessage, Message } from '../core/index.ts';
import { Spool } from '../spool/spool.ts';
import { FakeClock } from '../system/fakes/clock.ts';
import { MemoryFiles } from '../system/fakes/files.ts';
import { fakeServices, testConfig } from '../system/fakes/services.ts';
import { type DeliverParts, ON_ARRIVAL } from './attempt.ts';
import { DeliveryPool } from './pool.ts';

const until = { endMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal };

function fixture(memoryLimit: number, clock = new FakeClock()) {
  const services = fakeServices({ files: new MemoryFiles(), clock });
  const spool = new Spool({
    ...services,
    settings: {
      directory: '/spool',
      split: false,
      idFormat: 'long',
      owner: { uid: 0, gid: 0 },
      writesMessageLogs: false,
      preservesMessageLogs: false,
    },
  });
  const parts: DeliverParts = { config: testConfig(), services, spool, handOver: () => undefined };
  return new DeliveryPool({ parts: () => parts, concurrency: 1, memoryLimit, until });
}

/** Frozen: an attempt ends at once and releases the claim. */
function accepted(id: string, released: string[]): AcceptedMessage {
  const message = { id, frozenAt: 1, receivedAtMs: 0, sender: 'a@b', queueName: '' } as Partial<Message> as Message; // nothing else is read of a frozen message
  return {
    message,
    claim: {
      id,
      release: () => {
        released.push(id);
      },
    },
  };
}

test('more than fit into memory go back to the spool', async () => {
  const released: string[] = [];
  const pool = fixture(2);
  pool.add(accepted('a', released));
  pool.add(accepted('b', released));
  pool.add(accepted('c', released));
  assert.deepEqual(released, ['c']);
  await pool.idle();
  assert.deepEqual(released.slice(1).sort(), ['a', 'b']);
  pool.add(accepted('d', released));
  await pool.idle();
  assert.equal(released.length, 4);
});

test('what waits when it closes stays on the queue', async () => {
  const released: string[] = [];
  const pool = fixture(10);
  for (const id of ['a', 'b', 'c']) pool.add(accepted(id, released));
  await pool.close();
  assert.deepEqual(released.sort(), ['a', 'b', 'c']);
  pool.add(accepted('d', released));
  assert.deepEqual(released.at(-1), 'd');
});

test('what was interrupted is tried again a few times, and not when the pool closes', async () => {
  const clock = new FakeClock();
  const pool = fixture(10, clock);
  const taken: string[] = [];
  pool.addId = (id) => void taken.push(id); // nothing is delivered
  const waits = [1000, 5000, 30_000];
  for (const [index, waitMs] of waits.entries()) {
    pool.retry('a', '', ON_ARRIVAL);
    await clock.advance(waitMs - 1);
    assert.equal(taken.length, index);
    await clock.advance(1);
    assert.equal(taken.length, index + 1);
  }
  pool.retry('a', '', ON_ARRIVAL);
  await clock.advance(3_600_000);
  assert.equal(taken.length, waits.length, 'then a queue run does it');
});
