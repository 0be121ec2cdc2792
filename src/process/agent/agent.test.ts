import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { duplexPair } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Address } from '../../core/address.ts';
import type { Deadline } from '../../core/deadline.ts';
import type { DeliveryBatch, DeliveryResult } from '../../core/drivers.ts';
import type { Body, Message } from '../../core/message.ts';
import { ok } from '../../core/outcome.ts';
import type { Identity } from '../../core/ports.ts';
import { untainted } from '../../core/text.ts';
import { SystemAccounts } from '../../system/accounts.ts';
import { connectLocal, startAttached } from '../../system/attached-process.ts';
import { done } from '../../system/failure.ts';
import { FakeLog } from '../../system/fakes/log.ts';
import { fakeServices, testFrame } from '../../system/fakes/services.ts';
import { SystemFiles } from '../../system/files.ts';
import { Native } from '../../system/native.ts';
import { testDirectory } from '../../system/test-directory.ts';
import { runAgentChild } from './child.ts';
import { AgentClient } from './client.ts';
import { listenForOwner, openLocalAgent } from './listen.ts';
import { AgentPool, type AgentPoolParts } from './pool.ts';
import { testRuntime } from './test-transports.ts';

const forever: Deadline = { endMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
const isRoot = process.getuid?.() === 0;
const notRoot = !isRoot && 'needs root';
const nobody: Identity = { uid: 65534, gid: 65534 };
const mail: Identity = { uid: 8, gid: 8 };
const self: Identity = { uid: 12_345, gid: 12_345 };
const realChild = fileURLToPath(new URL('./test-child.ts', import.meta.url));

interface Made {
  readonly pool: AgentPool;
  readonly client: AgentClient;
}

function makeAgent(context: TestContext, parts: Partial<AgentPoolParts> & Pick<AgentPoolParts, 'startChild'>): Made {
  const agent = openLocalAgent({ policy: { exim: nobody, neverUsers: new Set([666]) }, hasSpare: true, ...parts });
  context.after(() => agent.close());
  return agent;
}

/** Real processes, which give up root. */
function realAgent(context: TestContext, parts: Partial<AgentPoolParts> = {}): Made {
  return makeAgent(context, { startChild: () => startAttached({ script: realChild, args: [] }), ...parts });
}

/** Children in this process that stay who we are: the protocol without root. */
function localAgent(context: TestContext, parts: Partial<AgentPoolParts> = {}): Made & { readonly started: Identity[] } {
  const started: Identity[] = [];
  const made = makeAgent(context, {
    startChild: () => {
      const [ours, theirs] = duplexPair();
      const exited = runAgentChild({
        stream: theirs,
        files: new SystemFiles(new Native()),
        loadRuntime: async () => ({ kind: 'ok', runtime: testRuntime() }),
        become: (identity) => {
          started.push(identity);
          return done;
        },
      });
      return { kind: 'ok', value: { pid: 0, stream: ours, kill: () => {}, exited } };
    },
    ...parts,
  });
  return { ...made, started };
}

function bodyOf(bytes: Buffer): Body {
  const isHeld = bytes.length <= 65_536;
  return {
    sizeBytes: bytes.length,
    bytes: isHeld ? bytes : undefined,
    head: (limit) => ok(bytes.subarray(0, limit)),
    tail: (limit) => ok(bytes.subarray(Math.max(0, bytes.length - limit))),
    async *chunks() {
      for (let from = 0; from < bytes.length; from += 40_000) yield bytes.subarray(from, from + 40_000);
    },
  };
}

function addressOf(address: string, parent?: Address): Address {
  const at = address.lastIndexOf('@');
  return {
    kind: 'mailbox',
    address,
    original: address,
    localPart: address.slice(0, at),
    domain: address.slice(at + 1),
    unique: address,
    recipientIndex: 0,
    ...(parent ? { parent } : {}),
    inherited: { headersAdd: [], headersRemove: [], routerVariables: new Map() },
    state: {
      headersAdd: [],
      headersRemove: [],
      routerVariables: new Map(),
      localPartData: { octets: 'x\xe9', taint: [{ from: 0, to: 2 }] },
    },
  };
}

interface BatchParts {
  readonly body?: Buffer;
  readonly addresses?: readonly Address[];
  readonly until?: Deadline;
  readonly log?: FakeLog;
  readonly settled?: (result: DeliveryResult) => Promise<void>;
}

function batchOf(transport: string, parts: BatchParts = {}): DeliveryBatch {
  const runtime = testRuntime();
  const services = fakeServices({ log: parts.log ?? new FakeLog() });
  const instance = runtime.config.transports.get(transport) ?? { ...[...runtime.config.transports.values()][0], name: transport };
  const message = {
    id: '1abcde-000000012Ab-0001',
    sender: 's\xe9nder@a.example',
    recipients: [],
    headers: [{ type: 'F', text: 'From: x\n' }],
    body: bodyOf(parts.body ?? Buffer.from('body\n')),
    size: 10,
    bodyLineCount: 1,
    bodyZeroCount: 0,
    maxReceivedLineLength: 4,
    receivedAtMs: 0,
    isUtf8: false,
    dsn: {},
    aclM: new Map([['acl_m_x', untainted('acl\xff')]]),
    origin: { isLocal: true, callerUid: 0, callerGid: 0, callerLogin: 'root', aclC: new Map() },
    nonRecipients: new Set(['gone@a.example']),
    isFirstDelivery: true,
    isManuallyThawed: false,
    isLocalError: false,
    dontDeliver: false,
    warningCount: 0,
    receivedUsec: 0,
    isSenderSetUntrusted: false,
    unknownSpoolLines: [],
    queueName: '',
    isQueueOnly: false,
  } satisfies Message;
  return {
    message,
    addresses: parts.addresses ?? [addressOf('user@a.example')],
    instance: instance as DeliveryBatch['instance'],
    frame: { ...testFrame(), config: runtime.config },
    services,
    returnPath: 'bounce@a.example',
    headers: ['From: x\n', 'Subject: caf\xe9\n'],
    until: parts.until ?? forever,
    isRehearsal: false,
    retry: { hostStatus: () => 'due', hostFailed: () => {}, hostWorked: () => {} },
    settled: parts.settled ?? (async () => {}),
  };
}

function seenBy(results: readonly DeliveryResult[], index = 0): Record<string, unknown> {
  const result = results[index];
  assert.equal(result?.kind, 'delivered', result?.message);
  return JSON.parse(result?.message ?? '{}');
}

const hashOf = (body: Buffer) => `${body.length}:${createHash('sha256').update(body).digest('hex')}`;

for (const size of [0, 5, 65_536, 65_537, 3_000_000]) {
  test(`a delivery brings message, addresses and a body of ${size} octets, which can be read twice`, async (context) => {
    const { client } = localAgent(context);
    const parent = addressOf('alias@a.example');
    const body = Buffer.alloc(size, 'body line\n');
    const journalled: string[] = [];
    const batch = batchOf('recorder', {
      body,
      addresses: [addressOf('one@a.example', parent), addressOf('tw\xf6@a.example', parent)],
      settled: async (result) => void journalled.push(result.address.address),
    });
    const results = await client.deliver(self, batch, 'box');
    const seen = seenBy(results);
    assert.deepEqual(
      results.map((result) => result.address),
      batch.addresses,
      'the addresses of the caller',
    );
    assert.deepEqual(results[1]?.returnedText, Buffer.from('\x00\xff'));
    assert.deepEqual(journalled, ['one@a.example', 'tw\xf6@a.example']);
    const { id, sender, returnPath, headers, addresses, parents, localPartData, aclM, transport, first, second, tail } = seen;
    assert.deepEqual(
      { id, sender, returnPath, headers, addresses, parents, localPartData, aclM, transport, first, second, tail },
      {
        id: batch.message.id,
        sender: 's\xe9nder@a.example',
        returnPath: 'bounce@a.example',
        headers: ['From: x\n', 'Subject: caf\xe9\n'],
        addresses: journalled,
        parents: ['alias@a.example', 'alias@a.example'],
        localPartData: { octets: 'x\xe9', taint: [{ from: 0, to: 2 }] },
        aclM: { octets: 'acl\xff', taint: [] },
        transport: true,
        first: hashOf(body),
        second: hashOf(body),
        tail: body.subarray(-4).toString('latin1').slice(-4),
      },
    );
  });
}

test('a transport that leaves the body half read can read it again', async (context) => {
  const { client } = localAgent(context);
  const body = Buffer.alloc(1_000_000, 'x');
  assert.equal(seenBy(await client.deliver(self, batchOf('impatient', { body }), ''))['again'], hashOf(body));
});

const deferred: readonly (readonly [string, RegExp])[] = [
  ['throwing', /the throwing transport failed: a bug/],
  ['remote', /not a local one/],
  ['unknown', /unknown transport not found/],
];
for (const [transport, message] of deferred) {
  test(`a ${transport} transport is a defer`, async (context) => {
    const { client } = localAgent(context);
    const results = await client.deliver(self, batchOf(transport), '');
    assert.equal(results[0]?.kind, 'deferred');
    assert.match(results[0]?.message ?? '', message);
  });
}

test('an address without a result is deferred, and told to who journals', async (context) => {
  const { client } = localAgent(context);
  const settled: string[] = [];
  const addresses = [addressOf('one@a.example'), addressOf('two@a.example')];
  const results = await client.deliver(
    self,
    batchOf('forgetful', { addresses, settled: async (result) => void settled.push(`${result.address.localPart} ${result.kind}`) }),
    '',
  );
  assert.deepEqual(
    results.map((result) => result.kind),
    ['delivered', 'deferred'],
  );
  assert.deepEqual(settled, ['one delivered', 'two deferred']);
});

test('a journal that fails defers what follows', async (context) => {
  const { client } = localAgent(context);
  const addresses = [addressOf('one@a.example'), addressOf('two@a.example')];
  const batch = batchOf('recorder', {
    addresses,
    settled: async (result) => {
      if (result.kind === 'delivered') throw new Error('no space');
    },
  });
  const results = await client.deliver(self, batch, '');
  assert.deepEqual(
    results.map((result) => result.kind),
    ['delivered', 'deferred'],
  );
  assert.equal(results[1]?.message, 'no space');
});

test('log lines of a child are written by the worker', async (context) => {
  const { client } = localAgent(context);
  const log = new FakeLog();
  await client.deliver(self, batchOf('talkative', { log }), '');
  assert.ok(log.mainLines.includes('a line \xe9'));
  assert.deepEqual(log.panicLines, ['a panic line']);
});

test('deliveries to one mailbox run one after another, to others side by side', async (context) => {
  const { client } = localAgent(context);
  const run = async (mailbox: string) => seenBy(await client.deliver(self, batchOf('slow'), mailbox)) as { from: number; to: number };
  const same = (await Promise.all([run('a'), run('a'), run('a')])).sort((a, b) => a.from - b.from);
  for (const [i, slot] of same.entries()) if (i > 0) assert.ok(slot.from >= (same[i - 1]?.from ?? 0) + 25, 'they overlap');
  const other = await Promise.all([run('b'), run('c')]);
  assert.ok(Math.abs((other[0]?.from ?? 0) - (other[1]?.from ?? 1000)) < 25, 'they do not overlap');
});

test('identities that are refused: root, never_users, commands outside transports', async (context) => {
  const { client, started } = localAgent(context);
  const command = { argv: ['/bin/true'], environment: new Map(), directory: '/', umask: 0, timeoutMs: 1000, maxOutputBytes: 0 };
  const refused = [
    await client.stat({ uid: 0, gid: 0 }, '/', forever),
    await client.stat({ uid: 666, gid: 1 }, '/', forever),
    await client.run({ ...command, identity: self }, new Uint8Array(), forever),
  ];
  for (const result of refused) assert.equal(result.kind === 'error' && result.errno, 'EPERM');
  for (const uid of [-1, 1.5, 2 ** 32, Number.NaN]) {
    const result = await client.stat({ uid, gid: 1 }, '/', forever);
    assert.equal(result.kind === 'error' && result.errno, 'EPROTO', String(uid));
  }
  const delivery = await client.deliver({ uid: 0, gid: 0 }, batchOf('recorder'), '');
  assert.deepEqual(
    delivery.map(({ kind, message }) => [kind, message]),
    [['deferred', 'the agent never acts as root']],
  );
  assert.deepEqual(started, []);
  assert.equal((await client.run(command, new Uint8Array(), forever)).kind, 'ok', 'as Exim');
  assert.deepEqual(
    started.map(({ uid }) => uid),
    [nobody.uid],
  );
});

test('children are kept, the least recently used goes, and a full pool waits', async (context) => {
  const { client, pool, started } = localAgent(context, { limit: 2 });
  const as = (uid: number) => client.stat({ uid, gid: uid }, '/', forever);
  for (const uid of [1, 2, 1, 3, 1, 2]) assert.equal((await as(uid)).kind, 'ok');
  assert.deepEqual(
    started.map(({ uid }) => uid),
    [1, 2, 3, 2],
  );
  assert.equal(pool.childCount, 2);
  const busy = await Promise.all([11, 12, 13, 14].map((uid) => client.deliver({ uid, gid: 1 }, batchOf('slow'), '')));
  assert.deepEqual(
    busy.map((results) => results[0]?.kind),
    Array(4).fill('delivered'),
  );
});

test('an idle child ends, and a reload gives new ones', async (context) => {
  const { client, pool, started } = localAgent(context, { idleMs: 20 });
  await client.stat(self, '/', forever);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(pool.childCount, 0);
  const running = client.deliver(self, batchOf('slow'), '');
  await new Promise((resolve) => setTimeout(resolve, 5));
  pool.retireAll();
  await client.stat(self, '/', forever);
  assert.equal((await running)[0]?.kind, 'delivered');
  assert.equal(started.length, 3);
});

test('an owner that ends, or a time that is over, frees who waits', async (context) => {
  const { client } = localAgent(context);
  const controller = new AbortController();
  const delivery = client.deliver(self, batchOf('slow', { until: { endMs: Number.POSITIVE_INFINITY, signal: controller.signal } }), '');
  setTimeout(() => controller.abort(), 5);
  assert.equal((await delivery)[0]?.kind, 'deferred');
  const late = await client.stat(self, '/', { endMs: performance.now() - 1, signal: new AbortController().signal });
  assert.equal(late.kind === 'error' && late.errno, 'ETIMEDOUT');
});

test('files of 1 MiB with any octets are read, larger than the limit are not', async (context) => {
  const { client } = localAgent(context);
  const path = `${testDirectory(context)}/caf\xc3\xa9`;
  const bytes = Buffer.from(Array.from({ length: 1 << 20 }, (_, i) => i & 255));
  fs.writeFileSync(Buffer.from(path, 'latin1'), bytes);
  const read = await client.readFile(self, path, 1 << 20, forever);
  assert.ok(read.kind === 'ok' && read.value.bytes.equals(bytes) && read.value.facts.sizeBytes === 1 << 20);
  const cases: readonly (readonly [string, number, string])[] = [
    [path, 100, 'EFBIG'],
    [`${path}x`, 100, 'ENOENT'],
    ['/', 100, 'EISDIR'],
    ['/dev/null', 100, 'EINVAL'],
  ];
  for (const [wanted, limit, errno] of cases) {
    const result = await client.readFile(self, wanted, limit, forever);
    assert.equal(result.kind === 'error' && result.errno, errno, wanted);
  }
});

test('the agent is reached over a socket that others may not use', async (context) => {
  const path = `${testDirectory(context)}/agent`;
  const native = new Native();
  const pool = new AgentPool({
    policy: { exim: nobody, neverUsers: new Set() },
    startChild: () => ({ kind: 'error', errno: 'EAGAIN', reason: 'no children here' }),
  });
  context.after(() => pool.close());
  const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const listening = await listenForOwner(path, own, native, (stream) => pool.serve(stream));
  assert.ok(listening.kind === 'ok');
  const client = new AgentClient(() => connectLocal(path));
  assert.deepEqual(await client.stat(self, '/', forever), { kind: 'error', errno: 'EAGAIN', reason: 'no children here' });
  client.close();
  await listening.value.close();
  if (isRoot) return;
  const foreign = await listenForOwner(path, { uid: own.uid + 1, gid: own.gid }, native, () => assert.fail('served a stranger'));
  assert.ok(foreign.kind === 'ok');
  const stranger = new AgentClient(() => connectLocal(path));
  assert.equal((await stranger.stat(self, '/', forever)).kind, 'error');
  stranger.close();
  await foreign.value.close();
});

test('without an agent everything is deferred', async () => {
  const client = new AgentClient(async () => ({ kind: 'error', errno: 'ECONNREFUSED', reason: 'Connection refused' }));
  client.stopWaiting();
  const stat = await client.stat(self, '/', forever);
  assert.deepEqual(stat, { kind: 'error', errno: 'EAGAIN', reason: 'Connection refused' });
  const results = await client.deliver(self, batchOf('recorder'), '');
  assert.deepEqual(
    results.map(({ kind, message, isInterrupted }) => [kind, message, isInterrupted]),
    [['deferred', 'the agent cannot be reached: Connection refused', true]],
  );
});

// ---------------------------------------------------------------- as root, with real processes

test('ids and groups of transports and their commands are the user’s, and no others', { skip: notRoot }, async (context) => {
  const { client } = realAgent(context);
  for (const identity of [nobody, mail, { ...mail, initgroupsFor: 'mail' }]) {
    const seen = seenBy(await client.deliver(identity, batchOf('recorder'), 'box'));
    const { uid, euid, gid, egid, groups } = seen;
    assert.deepEqual(
      { uid, euid, gid, egid, groups },
      { uid: identity.uid, euid: identity.uid, gid: identity.gid, egid: identity.gid, groups: [identity.gid] },
    );
    const { output } = seenBy(await client.deliver(identity, batchOf('pipe'), 'box'));
    assert.match(
      String(output),
      new RegExp(`^uid=${identity.uid}\\(\\w+\\) gid=${identity.gid}\\(\\w+\\) groups=${identity.gid}\\(\\w+\\)\n$`),
    );
  }
});

test('initgroups gives the user’s supplementary groups', { skip: notRoot }, async (context) => {
  const accounts = new SystemAccounts(new Native());
  const member = /^[^:]*:[^:]*:\d+:([^,\n]+)/m.exec(fs.readFileSync('/etc/group', 'latin1'))?.[1] ?? '';
  const user = accounts.userByName(member);
  if (user.kind !== 'ok' || !user.value || user.value.uid === 0) return context.skip('no user here is in another group');
  const { uid, gid } = user.value;
  const expected = accounts.groupsOf(member, gid);
  const { client } = realAgent(context);
  const seen = seenBy(await client.deliver({ uid, gid, initgroupsFor: member }, batchOf('recorder'), 'box'));
  assert.deepEqual(seen['groups'], expected.kind === 'ok' && [...expected.value].sort((a, b) => a - b));
  assert.ok(expected.kind === 'ok' && expected.value.length > 1);
});

test('a .forward of mode 0600 in a home of mode 0700 is read by its owner only', { skip: notRoot }, async (context) => {
  const { client } = realAgent(context);
  const dir = testDirectory(context);
  const home = `${dir}/home`;
  const forward = `${home}/.forward`;
  fs.chmodSync(dir, 0o755);
  fs.mkdirSync(home, 0o700);
  fs.writeFileSync(forward, 'elsewhere@b.example\n', { mode: 0o600 });
  for (const path of [home, forward]) fs.chownSync(path, nobody.uid, nobody.gid);
  const read = await client.readFile(nobody, forward, 1000, forever);
  assert.ok(
    read.kind === 'ok' &&
      read.value.bytes.toString() === 'elsewhere@b.example\n' &&
      read.value.facts.uid === nobody.uid &&
      read.value.facts.mode === 0o600,
  );
  for (const result of [
    await client.readFile(mail, forward, 1000, forever),
    await client.stat(mail, forward, forever),
    await client.access(mail, forward, 'read', forever),
  ])
    assert.equal(result.kind === 'error' && result.errno, 'EACCES');
  assert.equal((await client.access(nobody, forward, 'write', forever)).kind, 'ok');
});

test('a child that is lost defers its delivery, and the next delivery gets another', { skip: notRoot }, async (context) => {
  const { client } = realAgent(context);
  const lost = await client.deliver(nobody, batchOf('crash'), '');
  assert.equal(lost[0]?.kind, 'deferred');
  assert.match(lost[0]?.message ?? '', /the process of the agent was lost/);
  assert.equal(lost[0]?.isInterrupted, true, 'which says nothing about the address');
  const [first, second] = [
    seenBy(await client.deliver(nobody, batchOf('slow'), '')),
    seenBy(await client.deliver(nobody, batchOf('slow'), '')),
  ];
  assert.equal(first['pid'], second['pid'], 'it is kept');
});

test('a child refuses root and never_users by itself, and does nothing as nobody', { skip: notRoot }, async (context) => {
  const { Channel } = await import('../channel/channel.ts');
  const ask = async (...requests: object[]) => {
    const started = startAttached({ script: realChild, args: [] });
    assert.ok(started.kind === 'ok');
    const channel = new Channel(started.value.stream);
    context.after(() => channel.close());
    const errnos: unknown[] = [];
    for (const request of requests) {
      const ended = await channel.call(request).ended;
      errnos.push(ended.kind === 'reply' ? (Reflect.get(Object(ended.value), 'errno') ?? 'ok') : ended.kind);
    }
    return errnos;
  };
  const become = (uid: number) => ({ op: 'become', identity: { uid, gid: 8 }, neverUsers: [666] });
  assert.deepEqual(await ask({ op: 'stat', path: '/' }, become(0), become(8)), ['EPERM', 'EPERM', 'EPERM']);
  assert.deepEqual(await ask(become(666)), ['EPERM']);
  assert.deepEqual(await ask(become(8), { op: 'stat', path: '/' }, become(65534)), ['ok', 'ok', 'EPERM']);
});
