import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Deadline } from '../core/deadline.ts';
import type { SpawnRequest, SpawnResult } from '../core/ports.ts';
import { DirectSpawner } from './direct-spawner.ts';

const forever: Deadline = { endMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
const nothing = new Uint8Array();

function request(argv: readonly string[], extra: Partial<SpawnRequest> = {}): SpawnRequest {
  return {
    argv,
    environment: new Map([['PATH', '/bin:/usr/bin']]),
    directory: '/',
    umask: 0o022,
    timeoutMs: 20_000,
    maxOutputBytes: 10_000,
    ...extra,
  };
}

async function run(
  argv: readonly string[],
  extra: Partial<SpawnRequest> = {},
  input: Uint8Array | AsyncIterable<Uint8Array> = nothing,
): Promise<SpawnResult> {
  const ran = await new DirectSpawner().run(request(argv, extra), input, forever);
  if (ran.kind === 'error') throw new Error(ran.reason);
  return ran.result;
}

const shell = (script: string) => ['/bin/sh', '-c', script];

test('status, signal, output, and stderr with stdout or apart', async () => {
  const cases: readonly (readonly [string, Partial<SpawnRequest>, Partial<SpawnResult> & { out?: string; err?: string }])[] = [
    ['echo out; exit 3', {}, { status: 3, signal: undefined, out: 'out\n' }],
    ['kill -TERM $$', {}, { status: undefined, signal: 15 }],
    ['echo one >&2', {}, { out: 'one\n', err: '' }],
    ['echo one; echo two >&2', { separateStderr: true }, { out: 'one\n', err: 'two\n' }],
    ['pwd; umask', { directory: '/usr', umask: 0o077 }, { out: '/usr\n0077\n' }],
    ['echo "$A|$HOME"', { environment: new Map([['A', 'caf\xc3\xa9']]) }, { out: 'caf\xc3\xa9|\n' }],
    ['nice', { niceLevel: 5 }, { status: 0 }],
  ];
  for (const [script, extra, expected] of cases) {
    const result = await run(shell(script), extra);
    const { out, err, ...rest } = expected;
    if (out !== undefined) assert.equal(result.stdout.toString('latin1'), out, script);
    if (err !== undefined) assert.equal(result.stderr.toString('latin1'), err, script);
    for (const [name, value] of Object.entries(rest)) assert.equal(Reflect.get(result, name), value, `${name} of ${script}`);
  }
});

test('input is streamed; a command that does not read it leaves EPIPE, not a hang', async () => {
  let produced = 0;
  async function* megabytes() {
    for (; produced < 50; produced++) yield Buffer.alloc(1 << 20, 'x');
  }
  const counted = await run(['/usr/bin/wc', '-c'], {}, megabytes());
  assert.equal(counted.stdout.toString('latin1').trim(), String(50 << 20));
  assert.equal(counted.inputFailure, undefined);
  produced = 0;
  const unread = await run(['/bin/true'], {}, megabytes());
  assert.equal(unread.status, 0);
  assert.equal(unread.inputFailure?.errno, 'EPIPE');
  assert.ok(produced < 50);
});

test('input that does not come is not waited for', async () => {
  async function* never(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('x');
    await new Promise(() => {});
  }
  const result = await run(['/bin/true'], {}, never());
  assert.deepEqual([result.status, result.inputFailure?.errno], [0, 'EPIPE']);
});

test('output beyond the limit is thrown away, or ends the command', async () => {
  const kept = await run(shell('head -c 100000 /dev/zero; exit 0'), { maxOutputBytes: 1000 });
  assert.deepEqual([kept.status, kept.isTruncated, kept.stdout.length], [0, true, 1000]);
  const killed = await run(['/usr/bin/yes'], { maxOutputBytes: 1000, killOnExcess: true });
  assert.deepEqual([killed.signal, killed.isTruncated, killed.stdout.length], [9, true, 1000]);
});

test('time over: the whole process group is killed, and nothing waits for who left it', async () => {
  const started = performance.now();
  const result = await run(shell('sleep 600 & sleep 600'), { timeoutMs: 100 });
  assert.deepEqual([result.isTimeout, result.signal], [true, 9]);
  const escaped = await run(shell('setsid sleep 5 & sleep 600'), { timeoutMs: 100 });
  assert.equal(escaped.isTimeout, true);
  assert.ok(performance.now() - started < 4000);
});

test('an owner that ends kills its commands', async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 50);
  const ran = await new DirectSpawner().run(request(['/bin/sleep', '600']), nothing, {
    endMs: Number.POSITIVE_INFINITY,
    signal: controller.signal,
  });
  assert.equal(ran.kind === 'ok' && ran.result.isTimeout, true);
});

test('what cannot be started is a failure with its reason', async () => {
  const spawner = new DirectSpawner();
  const cases: readonly (readonly [SpawnRequest, string])[] = [
    [request(['/no/such/program']), 'ENOENT'],
    [request(['/etc/passwd']), 'EACCES'],
    [request(['/bin/true'], { directory: '/no/such/directory' }), 'ENOENT'],
    [request(['/bin/echo', 'caf\xe9']), 'EILSEQ'],
    [request(['/bin/echo', 'nul\0']), 'EINVAL'],
    [request(['/bin/true'], { identity: { uid: 12_345, gid: 12_345 } }), 'EPERM'],
  ];
  for (const [wanted, errno] of cases) {
    const ran = await spawner.run(wanted, nothing, forever);
    assert.equal(ran.kind === 'error' && ran.errno, errno, wanted.argv.join(' '));
  }
});
