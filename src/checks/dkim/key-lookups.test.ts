import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilAborted } from '../../core/deadline.ts';
import type { Deadline, Dns, DnsAnswer } from '../../core/index.ts';
import { FakeClock } from '../../system/fakes/clock.ts';
import { KeyLookups } from './key-lookups.ts';

const NOTHING: DnsAnswer = { kind: 'no-name', isAuthenticated: false };

/** Answers when it is told to. */
class SlowDns implements Dns {
  readonly asked: string[] = [];
  readonly deadlines: Deadline[] = [];
  readonly #answers: ((answer: DnsAnswer) => void)[] = [];

  resolve(name: string, _type: string, until: Deadline): Promise<DnsAnswer> {
    this.asked.push(name);
    this.deadlines.push(until);
    const { promise, resolve } = Promise.withResolvers<DnsAnswer>();
    this.#answers.push(resolve);
    return promise;
  }

  searchDomains(): readonly string[] {
    return [];
  }

  /** The question that came as number `index`. */
  async answer(index: number): Promise<void> {
    this.#answers[index]?.(NOTHING);
    await turn();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('four keys are asked for at a time, and one that is not answered holds up only its lane', async () => {
  const dns = new SlowDns();
  const lookups = new KeyLookups(dns, new FakeClock(), untilAborted(new AbortController().signal));
  const answers = Array.from({ length: 12 }, (_, index) => lookups.ask(`s${index}`));
  await turn();
  assert.deepEqual(dns.asked, ['s0', 's1', 's2', 's3']);
  await dns.answer(1);
  assert.deepEqual(dns.asked.slice(4), ['s5']);
  await dns.answer(4);
  assert.deepEqual(dns.asked.slice(5), ['s9']);
  for (let index = 0; index < 12; index++) await dns.answer(index);
  assert.deepEqual(await Promise.all(answers), Array(12).fill(NOTHING));
});

test('all keys of a message share one deadline, which the session may end earlier', async () => {
  const clock = new FakeClock();
  const { signal } = new AbortController();
  for (const [sessionEnd, end] of [
    [Number.POSITIVE_INFINITY, clock.monotonicMs() + 20_000],
    [clock.monotonicMs() + 5, clock.monotonicMs() + 5],
  ] as const) {
    const dns = new SlowDns();
    const lookups = new KeyLookups(dns, clock, { endMs: sessionEnd, signal });
    for (const name of ['a', 'b']) void lookups.ask(name);
    await turn();
    assert.deepEqual(
      dns.deadlines.map(({ endMs }) => endMs),
      [end, end],
    );
  }
});
