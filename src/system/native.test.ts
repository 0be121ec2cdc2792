import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { connectLocal, listenLocal } from './attached-process.ts';
import { SystemClock } from './clock.ts';
import { SystemFiles } from './files.ts';
import { Native, type PeerCredentials } from './native.ts';
import { notifyServiceManager, SyslogWriter } from './syslog.ts';
import { testDirectory } from './test-directory.ts';

const native = new Native();
const noNative = !native.isAvailable && 'koffi is not installed';

/** Another program that receives datagrams, and prints each as a line of hexadecimal digits. */
async function receiver(context: TestContext, path: string): Promise<{ next(): Promise<string> } | undefined> {
  const script = `import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.bind(sys.argv[1])\nprint('ready',flush=True)\nwhile True: print(s.recv(9000).hex(),flush=True)`;
  const child = spawn('python3', ['-c', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const started = await Promise.race([once(child, 'spawn'), once(child, 'error').then(() => undefined)]);
  if (!started) return undefined;
  context.after(() => child.kill());
  const lines: string[] = [];
  let waken: (() => void) | undefined;
  let rest = '';
  child.stdout.on('data', (chunk) => {
    const parts = (rest + String(chunk)).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
    waken?.();
  });
  const next = async () => {
    while (lines.length === 0)
      await new Promise<void>((resolve) => {
        waken = resolve;
      });
    return Buffer.from(lines.shift() ?? '', 'hex').toString('latin1');
  };
  while (lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  lines.shift();
  return { next };
}

test('syslog entries and sd_notify reach another program', { skip: noNative }, async (context) => {
  const path = `${testDirectory(context)}/log`;
  const from = await receiver(context, path);
  if (!from) return context.skip('python3 is not installed');
  const writer = new SyslogWriter({ native, clock: new SystemClock({ TZ: 'UTC' }), pid: 77, tag: 'exim', hasPid: true, path });
  context.after(() => writer.close());
  writer.send(22, 'caf\xe9 <= a@b.example');
  assert.match(await from.next(), /^<22>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d exim\[77\]: caf\xe9 <= a@b\.example$/);
  assert.equal(notifyServiceManager(native, new Map([['NOTIFY_SOCKET', path]]), 'READY=1'), true);
  assert.equal(await from.next(), 'READY=1');
  for (let i = 0; i < 500; i++) writer.send(22, `entry ${i}`);
  for (let i = 0; i < 500; i++) assert.match(await from.next(), new RegExp(`: entry ${i}$`));
  assert.equal(writer.lostCount, 0);
});

test('a syslog daemon that is away is counted, and no service manager is told nothing', { skip: noNative }, (context) => {
  const writer = new SyslogWriter({
    native,
    clock: new SystemClock({}),
    pid: 1,
    tag: 'exim',
    hasPid: false,
    path: `${testDirectory(context)}/none`,
  });
  writer.send(22, 'lost');
  assert.equal(writer.lostCount, 1);
  writer.close();
  assert.equal(notifyServiceManager(native, new Map(), 'READY=1'), false);
  assert.equal(notifyServiceManager(native, new Map([['NOTIFY_SOCKET', 'relative']]), 'READY=1'), false);
});

test('flock and descriptors of locks that are not open', { skip: noNative }, (context) => {
  const files = new SystemFiles(native);
  const path = `${testDirectory(context)}/file`;
  const [first, second] = [files.open(path, 'read-write-create'), files.open(path, 'read-write-create')];
  assert.ok(first.kind === 'ok' && second.kind === 'ok');
  assert.deepEqual(
    [
      native.flock(first.value.fd, 'exclusive'),
      native.flock(second.value.fd, 'shared'),
      native.flock(first.value.fd, 'unlock'),
      native.flock(second.value.fd, 'shared'),
    ],
    ['ok', 'would-block', 'ok', 'ok'],
  );
  first.value.close();
  second.value.close();
  assert.deepEqual(native.ofdLock(-1, 'shared', 0, 0), { kind: 'error', errno: 'EBADF', reason: 'Bad file descriptor' });
});

test('a local socket knows who connects, and has its mode from the beginning', async (context) => {
  const path = `${testDirectory(context)}/socket`;
  const arrived = Promise.withResolvers<PeerCredentials | undefined>();
  const listening = await listenLocal(path, { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }, native, (stream, peer) => {
    stream.end('hello');
    arrived.resolve(peer);
  });
  assert.equal(listening.kind, 'ok');
  const facts = new SystemFiles(native).stat(path);
  assert.deepEqual(facts.kind === 'ok' && [facts.value.type, facts.value.mode], ['socket', 0o600]);
  const stream = await connectLocal(path);
  assert.ok(stream.kind === 'ok');
  let text = '';
  for await (const chunk of stream.value) text += String(chunk);
  assert.equal(text, 'hello');
  stream.value.destroy();
  const peer = await arrived.promise;
  if (native.isAvailable) assert.deepEqual(peer, { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
  if (listening.kind === 'ok') await listening.value.close();
  const again = await listenLocal(path, undefined, native, (other) => other.destroy());
  const open = new SystemFiles(native).stat(path);
  assert.equal(open.kind === 'ok' && open.value.mode, 0o666);
  if (again.kind === 'ok') await again.value.close();
  assert.equal((await connectLocal(path)).kind, 'error');
});
