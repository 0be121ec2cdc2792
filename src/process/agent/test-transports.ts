/** For tests of the agent: a runtime with transports that say what they saw and were. */
import { createHash } from 'node:crypto';
import type { DeliveryBatch, TransportInstance } from '../../core/drivers.ts';
import { DirectSpawner } from '../../system/direct-spawner.ts';
import { fakeServices, testConfig, testLocation } from '../../system/fakes/services.ts';
import { SystemFiles } from '../../system/files.ts';
import { Native } from '../../system/native.ts';
import type { AgentRuntime } from './delivery-call.ts';

/** One line per fact, as the message of a result. */
type Seen = Readonly<Record<string, unknown>>;

async function hashBody(batch: DeliveryBatch): Promise<string> {
  const hash = createHash('sha256');
  let length = 0;
  for await (const chunk of batch.message.body.chunks(batch.until)) {
    hash.update(chunk);
    length += chunk.length;
  }
  return `${length}:${hash.digest('hex')}`;
}

export function who(): Seen {
  return {
    uid: process.getuid?.(),
    euid: process.geteuid?.(),
    gid: process.getgid?.(),
    egid: process.getegid?.(),
    groups: process.getgroups?.().sort((a, b) => a - b),
    pid: process.pid,
  };
}

const behaviours: Readonly<Record<string, (batch: DeliveryBatch) => Promise<Seen>>> = {
  /** What arrived of everything that is sent. */
  recorder: async (batch) => ({
    ...who(),
    id: batch.message.id,
    sender: batch.message.sender,
    returnPath: batch.returnPath,
    headers: batch.headers,
    addresses: batch.addresses.map((address) => address.address),
    parents: batch.addresses.map((address) => address.parent?.address),
    localPartData: batch.addresses[0]?.state.localPartData,
    aclM: batch.message.aclM.get('acl_m_x'),
    transport: batch.addresses[0]?.state.transport === batch.instance,
    first: await hashBody(batch),
    second: await hashBody(batch),
    tail: (() => {
      const tail = batch.message.body.tail(4);
      return tail.kind === 'ok' ? tail.value.toString('latin1') : tail;
    })(),
  }),
  /** Stops reading after the first chunk, then reads again. */
  impatient: async (batch) => {
    for await (const _ of batch.message.body.chunks(batch.until)) break;
    return { again: await hashBody(batch) };
  },
  pipe: async (batch) => {
    const request = {
      argv: ['/usr/bin/id'],
      environment: new Map(),
      directory: '/',
      umask: 0o022,
      timeoutMs: 10_000,
      maxOutputBytes: 1000,
    };
    const ran = await batch.services.spawner.run(request, new Uint8Array(), batch.until);
    return { output: ran.kind === 'ok' ? ran.result.stdout.toString('latin1') : ran.reason };
  },
  crash: () => process.exit(1),
  slow: async (batch) => {
    const from = batch.services.clock.monotonicMs();
    await new Promise((resolve) => setTimeout(resolve, 30));
    return { from, to: from + 30, ...who() };
  },
  talkative: async (batch) => {
    batch.services.log.main('a line \xe9', batch.message.id);
    batch.services.log.panic('a panic line');
    return {};
  },
  /** Gives no result for the second address. */
  forgetful: async () => ({}),
  throwing: () => Promise.reject(new Error('a bug')),
};

function instanceOf(name: string, isRemote = false): TransportInstance {
  const behaviour = behaviours[name];
  return {
    name,
    driver: name,
    at: testLocation,
    generic: {},
    own: {},
    settings: new Map(),
    notYet: [],
    isRemote,
    behaviour: behaviour && {
      deliver: async (batch) => {
        const seen = await behaviour(batch);
        const wanted = name === 'forgetful' ? batch.addresses.slice(0, 1) : batch.addresses;
        const results = wanted.map((address) => ({
          address,
          kind: 'delivered' as const,
          message: JSON.stringify(seen),
          returnedText: Buffer.from('\x00\xff'),
        }));
        for (const result of results) await batch.settled(result);
        return results;
      },
    },
  };
}

export function testRuntime(): AgentRuntime {
  const transports = new Map(Object.keys(behaviours).map((name) => [name, instanceOf(name)]));
  transports.set('remote', instanceOf('remote', true));
  const config = testConfig({ transports });
  return { config, services: fakeServices({ files: new SystemFiles(new Native()), spawner: new DirectSpawner(), clock: realClock }) };
}

const realClock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  localOffsetSeconds: () => 0,
  sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
};
