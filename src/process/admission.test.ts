import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdmissionLedger, WorkerAdmission } from './admission.ts';
import type { ToSupervisor } from './messages.ts';

test('two workers together stay exact near the limit', async () => {
  const ledger = new AdmissionLedger<number>();
  const workers = [0, 1].map((id): WorkerAdmission => {
    const worker: WorkerAdmission = new WorkerAdmission((message: ToSupervisor) => {
      if (message.kind === 'connections') ledger.report(id, message.open, message.byHost);
      if (message.kind === 'admit') queueMicrotask(() => worker.admitted(message.request, ledger.counts(message.host)));
    });
    return worker;
  });
  const limits = { total: 20, perHost: 0 };
  const seen: number[] = [];
  for (let i = 0; i < 30; i++) {
    const worker = workers[i % 2];
    const counts = await worker?.enter('192.0.2.1', limits);
    seen.push(counts?.open ?? 0);
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 30 }, (_, i) => i + 1),
  );
  workers[0]?.leave('192.0.2.1');
  assert.equal((await workers[0]?.enter('192.0.2.2', { total: 20, perHost: 5 }))?.fromHost, 1);
});

test('a supervisor that is gone keeps nobody waiting', async () => {
  const asked: ToSupervisor[] = [];
  const admission = new WorkerAdmission((message) => void asked.push(message));
  const limits = { total: 20, perHost: 5 };
  const waiting = admission.enter('192.0.2.1', limits);
  assert.ok(asked.some(({ kind }) => kind === 'admit'));
  admission.orphaned();
  assert.equal((await waiting).open, 1);
  assert.equal((await admission.enter('192.0.2.1', limits)).open, 2, 'nor who comes later');
});
