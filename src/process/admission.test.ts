import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdmissionLedger, type AdmissionLimits, type Admittance, WorkerAdmission } from './admission.ts';
import type { ToSupervisor } from './messages.ts';

const HOST = '192.0.2.1';
const twenty: AdmissionLimits = { total: 20, reserve: 0, perHost: 0 };

/** Workers whose messages wait until they are taken, those of each in order. */
function makeWorkers(count: number) {
  const ledger = new AdmissionLedger<number>();
  const waiting: (() => void)[][] = Array.from({ length: count }, () => []);
  const workers = waiting.map((queue, id): WorkerAdmission => {
    const receive = (message: ToSupervisor) => {
      if (message.kind === 'connections') ledger.report(id, message.changes);
      if (message.kind === 'admit') {
        const given = ledger.admit(id, message.host, message);
        queueMicrotask(() => worker.admitted(message.request, given));
      }
    };
    const worker = new WorkerAdmission((message) => void queue.push(() => receive(message)));
    return worker;
  });
  /** One message of each worker in turn. */
  const deliver = () => {
    while (waiting.some((queue) => queue.length > 0)) for (const queue of waiting) queue.shift()?.();
  };
  return { ledger, workers, deliver };
}

test('two workers that ask at the same time get each place once', async () => {
  const { ledger, workers, deliver } = makeWorkers(2);
  const asked = Array.from({ length: 30 }, (_, index) => workers[index % 2]?.enter(HOST, twenty));
  deliver();
  const given = await Promise.all(asked);
  assert.deepEqual(
    given.map((admittance) => admittance?.verdict),
    Array.from({ length: 30 }, (_, index) => (index < 20 ? 'admitted' : 'total')),
  );
  assert.deepEqual(
    given.slice(0, 20).map((admittance) => admittance?.open),
    Array.from({ length: 20 }, (_, index) => index + 1),
  );
  assert.equal(ledger.open, 20, 'who was refused is not counted');
});

test('a place that was given back is free, and those of a worker that ended', async () => {
  const { ledger, workers, deliver } = makeWorkers(2);
  const [one, other] = workers;
  const enter = async (worker: WorkerAdmission | undefined): Promise<Admittance | undefined> => {
    const asked = worker?.enter(HOST, twenty);
    deliver();
    return asked;
  };
  for (let count = 0; count < 20; count++) await enter(count < 15 ? one : other);
  assert.equal((await enter(other))?.verdict, 'total');
  one?.leave(HOST);
  assert.deepEqual(await enter(one), { verdict: 'admitted', open: 20 }, 'what is asked comes behind what was told');
  assert.equal((await enter(other))?.verdict, 'total');
  ledger.forget(0);
  assert.deepEqual(await enter(other), { verdict: 'admitted', open: 6 });
});

test('the limit for a host, and the reserve for some', async () => {
  const { workers, deliver } = makeWorkers(1);
  const verdicts = async (host: string, limits: AdmissionLimits, count: number) => {
    const asked = Array.from({ length: count }, () => workers[0]?.enter(host, limits));
    deliver();
    return (await Promise.all(asked)).map((given) => given?.verdict);
  };
  const limits = { total: 6, reserve: 2, perHost: 3 };
  assert.deepEqual(await verdicts(HOST, limits, 4), ['admitted', 'admitted', 'admitted', 'host']);
  assert.deepEqual(await verdicts('__proto__', limits, 2), ['admitted', 'reserve']);
  assert.deepEqual(await verdicts('192.0.2.2', { ...limits, reserve: 0 }, 3), ['admitted', 'admitted', 'total']);
});

test('far from the limit nobody is asked, and the supervisor knows all the same', async () => {
  const { ledger, workers, deliver } = makeWorkers(2);
  for (const worker of workers) {
    assert.equal((worker.enter(HOST, { total: 5000, reserve: 0, perHost: 0 }) as Admittance).verdict, 'admitted'); // no promise: nobody was asked
    worker.enter(HOST, { total: 0, reserve: 0, perHost: 0 });
  }
  await new Promise((resolve) => setImmediate(resolve));
  deliver();
  assert.equal(ledger.open, 4);
});

test('a supervisor that is gone keeps nobody waiting', async () => {
  const asked: ToSupervisor[] = [];
  const admission = new WorkerAdmission((message) => void asked.push(message));
  const limits = { total: 20, reserve: 0, perHost: 5 };
  const waiting = admission.enter(HOST, limits);
  assert.ok(asked.some(({ kind }) => kind === 'admit'));
  admission.orphaned();
  assert.equal((await waiting).open, 1);
  assert.equal((await admission.enter(HOST, limits)).open, 2, 'nor who comes later');
});
