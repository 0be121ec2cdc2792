import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { Deadline } from '../../core/deadline.ts';
import type { SpawnRequest } from '../../core/ports.ts';
import { SpawnerClient } from './client.ts';
import { serveSpawner } from './serve.ts';

const forever: Deadline = { endMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
const uid = process.getuid?.() ?? 0;

function makeClient(context: TestContext, connections: { destroy(): void }[] = []): SpawnerClient {
  const client = new SpawnerClient(async () => {
    const [ours, theirs] = duplexPair();
    connections.push(theirs);
    void serveSpawner(theirs);
    return { kind: 'ok', value: ours };
  }, uid);
  context.after(() => client.close());
  return client;
}

function request(script: string, extra: Partial<SpawnRequest> = {}): SpawnRequest {
  return {
    argv: ['/bin/sh', '-c', script],
    environment: new Map([['X', '1']]),
    directory: '/',
    umask: 0o022,
    timeoutMs: 20_000,
    maxOutputBytes: 1 << 20,
    ...extra,
  };
}

test('input, output, stderr apart and status travel as octets', async (context) => {
  const client = makeClient(context);
  const input = Buffer.from(Array.from({ length: 500_000 }, (_, i) => i & 255));
  const ran = await client.run(request('cat; echo e$X >&2; exit 7', { separateStderr: true }), input, forever);
  if (ran.kind === 'error') throw new Error(ran.reason);
  assert.ok(ran.result.stdout.equals(input));
  assert.deepEqual(
    [ran.result.stderr.toString(), ran.result.status, ran.result.signal, ran.result.isTimeout],
    ['e1\n', 7, undefined, false],
  );
});

test('a command that does not read leaves its input; many run side by side', async (context) => {
  const client = makeClient(context);
  const input = Buffer.alloc(4 << 20);
  const results = await Promise.all(Array.from({ length: 8 }, (_, i) => client.run(request(`exit ${i}`), input, forever)));
  assert.deepEqual(
    results.map((ran) => ran.kind === 'ok' && ran.result.status),
    [0, 1, 2, 3, 4, 5, 6, 7],
  );
});

test('time over, an owner that ends, input that fails, another uid, a lost spawner', async (context) => {
  const connections: { destroy(): void }[] = [];
  const client = makeClient(context, connections);
  const slow = await client.run(request('sleep 600', { timeoutMs: 50 }), new Uint8Array(), forever);
  assert.equal(slow.kind === 'ok' && slow.result.isTimeout, true);

  const endless = await client.run(request('sleep 0.2; echo x', { timeoutMs: 0 }), new Uint8Array(), forever);
  assert.equal(endless.kind === 'ok' && endless.result.stdout.toString(), 'x\n', 'no limit is not a limit of nothing');

  const controller = new AbortController();
  setTimeout(() => controller.abort(), 50);
  const aborted = await client.run(request('sleep 600'), new Uint8Array(), { endMs: Number.POSITIVE_INFINITY, signal: controller.signal });
  assert.equal(aborted.kind === 'error' && aborted.errno, 'ETIMEDOUT');

  async function* broken(): AsyncGenerator<Buffer> {
    yield Buffer.from('x');
    throw new Error('the spool file cannot be read');
  }
  const failed = await client.run(request('cat'), broken(), forever);
  assert.equal(failed.kind === 'error' && failed.reason, 'the spool file cannot be read');

  const other = await client.run(request('true', { identity: { uid: uid + 1, gid: 1 } }), new Uint8Array(), forever);
  assert.equal(other.kind === 'error' && other.errno, 'EPERM');

  const lost = client.run(request('sleep 600'), new Uint8Array(), forever);
  setTimeout(() => {
    for (const connection of connections) connection.destroy();
  }, 50);
  const result = await lost;
  assert.equal(result.kind === 'error' && result.errno, 'EAGAIN');
  assert.equal((await client.run(request('true'), new Uint8Array(), forever)).kind, 'ok', 'it is connected again');
});

test('what cannot be started says why', async (context) => {
  const ran = await makeClient(context).run({ ...request(''), argv: ['/no/such/program'] }, new Uint8Array(), forever);
  assert.deepEqual(ran, { kind: 'error', errno: 'ENOENT', reason: 'No such file or directory' });
});
