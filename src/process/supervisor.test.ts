/** The supervisor starts again what ends, also when everything ends at once, and ends only when it is told to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChildExit, OwnProcess } from '../system/processes.ts';
import { Supervisor } from './supervisor.ts';

class FakeProcess implements OwnProcess {
  readonly pid = 1;
  readonly sent: unknown[] = [];
  readonly exited: Promise<ChildExit>;
  #end: (exit: ChildExit) => void = () => {};
  #listener: (message: unknown) => void = () => {};

  constructor() {
    this.exited = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  send(message: unknown): boolean {
    this.sent.push(message);
    return true;
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#listener = listener;
  }

  say(message: unknown): void {
    this.#listener(message);
  }

  kill(signal: 'SIGTERM' | 'SIGKILL' | 'SIGHUP'): void {
    this.#end({ status: undefined, signal });
  }

  exit(status: number): void {
    this.#end({ status, signal: undefined });
  }

  detach(): void {}
}

interface Pause {
  readonly ms: number;
  readonly then: () => void;
  isCancelled: boolean;
}

async function startedSupervisor() {
  const workers: FakeProcess[] = [];
  const helpers: FakeProcess[] = [];
  const pauses: Pause[] = [];
  const panics: string[] = [];
  const begin = (list: FakeProcess[]) => () => {
    const process = new FakeProcess();
    list.push(process);
    return process;
  };
  const supervisor = new Supervisor({
    workerCount: 2,
    startWorker: begin(workers),
    startHelper: begin(helpers),
    log: () => {},
    panic: (line) => void panics.push(line),
    delay: (ms, then) => {
      const pause = { ms, then, isCancelled: false };
      pauses.push(pause);
      return () => {
        pause.isCancelled = true;
      };
    },
  });
  const starting = supervisor.start();
  for (const worker of workers) worker.say({ kind: 'ready' });
  assert.equal(await starting, undefined);
  return { supervisor, workers, helpers, pauses, panics };
}

/** Every callback of a promise that is settled has run. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test('processes that all end at once are all started again, after a pause, and take up what was left', async () => {
  const { workers, helpers, pauses, panics } = await startedSupervisor();
  for (const process of [...workers, ...helpers]) process.kill('SIGKILL');
  await settled();
  assert.deepEqual(panics, [
    'worker 0 ended with signal SIGKILL: it is started again',
    'worker 1 ended with signal SIGKILL: it is started again',
    'agent ended with signal SIGKILL: it is started again',
  ]);
  assert.deepEqual(
    pauses.map(({ ms }) => ms),
    [100, 100, 100],
  );
  for (const { then } of pauses) then();
  assert.deepEqual([workers.length, helpers.length], [4, 2]);
  assert.ok(workers[2]?.sent.some((message) => JSON.stringify(message) === '{"kind":"take-up"}'));
});

test('stopping calls off starts that wait, and the killing of what has ended', async () => {
  const { supervisor, workers, helpers, pauses } = await startedSupervisor();
  workers[0]?.kill('SIGKILL');
  await settled();
  const stopping = supervisor.stop();
  assert.deepEqual(workers[1]?.sent.at(-1), { kind: 'stop', isUrgent: false });
  assert.notDeepEqual(helpers[0]?.sent.at(-1), { kind: 'stop', isUrgent: false }, 'workers may need it');
  workers[1]?.exit(0);
  await settled();
  assert.deepEqual(helpers[0]?.sent.at(-1), { kind: 'stop', isUrgent: false });
  helpers[0]?.exit(0);
  assert.equal(await stopping, true);
  assert.deepEqual(
    pauses.map(({ ms, isCancelled }) => [ms, isCancelled]),
    [
      [100, true],
      [60_000, true],
      [5000, true],
    ],
  );
});

test('told to stop once more everything ends at once, and the next daemon is to take up what was cut off', async () => {
  const { supervisor, workers, helpers, pauses } = await startedSupervisor();
  const stopping = supervisor.stop();
  workers[0]?.exit(0);
  assert.equal(supervisor.stop(), stopping);
  assert.deepEqual(workers[1]?.sent.at(-1), { kind: 'stop', isUrgent: true });
  pauses.at(-1)?.then(); // it does not listen, and is killed
  await settled();
  helpers[0]?.exit(0);
  assert.equal(await stopping, false);
});

test('queue runs begin when the start has been told, and in a worker that is started again', async () => {
  const { supervisor, workers, pauses } = await startedSupervisor();
  const begun = () => workers.map(({ sent }) => sent.filter((message) => JSON.stringify(message) === '{"kind":"begin"}').length);
  assert.deepEqual(begun(), [0, 0]);
  supervisor.begin();
  assert.deepEqual(begun(), [1, 1]);
  workers[0]?.kill('SIGKILL');
  await settled();
  pauses[0]?.then();
  workers.at(-1)?.say({ kind: 'ready' });
  assert.deepEqual(begun(), [1, 1, 1]);
});
