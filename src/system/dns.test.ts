import assert from 'node:assert/strict';
import type { RemoteInfo, Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { Answer, Packet, Question } from 'dns-packet';
import dnsPacket from 'dns-packet';
import fc from 'fast-check';
import { untilAborted } from '../core/deadline.ts';
import type { MainOptions } from '../core/main-options.ts';
import type { DnsAnswer, DnsType } from '../core/ports.ts';
import { Resolver } from './dns.ts';
import { decodeResponse, encodeQuery } from './dns-message.ts';
import { FakeClock } from './fakes/clock.ts';
import { MemoryFiles } from './fakes/files.ts';
import { FakeRandom } from './fakes/host.ts';
import { testConfig } from './fakes/services.ts';
import { SystemHosts } from './hosts.ts';
import { parseNameServer, parseResolvConf } from './resolv-conf.ts';

type Reply = (question: Question, query: Packet) => (Partial<Packet> & { readonly rcode?: number }) | 'silent';

const forever = untilAborted(new AbortController().signal);

/** A name server for one test: UDP and TCP on the same port of 127.0.0.1. */
async function serve(t: TestContext, reply: Reply): Promise<{ readonly port: number; readonly asked: string[] }> {
  const asked: string[] = [];
  const answer = (bytes: Buffer, transport: string): Buffer | undefined => {
    const query = dnsPacket.decode(bytes);
    const question = query.questions?.[0];
    assert.ok(question);
    asked.push(`${transport} ${question.name}/${question.type}`);
    const made = reply(question, query);
    if (made === 'silent') return undefined;
    const { rcode = 0, flags = 0, ...rest } = made;
    return dnsPacket.encode({ type: 'response', id: query.id ?? 0, questions: [question], ...rest, flags: flags | rcode });
  };
  const tcp = createServer((socket) => {
    socket.on('data', (bytes: Buffer) => {
      const made = answer(bytes.subarray(2), 'tcp');
      if (!made) return;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(made.length);
      socket.write(length);
      socket.end(made);
    });
  });
  const { port, udp } = await listenOnBoth(tcp);
  t.after(() => {
    udp.close();
    tcp.close();
  });
  udp.on('message', (bytes, from) => {
    const made = answer(bytes, 'udp');
    if (made) udp.send(made, from.port, from.address);
  });
  return { port, asked };
}

/** One port that is free for both; what is free for one of them may be in use for the other. */
async function listenOnBoth(tcp: Server): Promise<{ readonly port: number; readonly udp: Socket }> {
  const attempts = 20;
  for (let attempt = 1; ; attempt++) {
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address() as AddressInfo;
    const udp = createSocket('udp4');
    try {
      udp.bind(port, '127.0.0.1');
      await once(udp, 'listening');
      return { port, udp };
    } catch (error) {
      udp.close();
      tcp.close();
      if (attempt === attempts) throw error;
      await once(tcp, 'close');
    }
  }
}

function resolverFor(
  t: TestContext,
  port: number,
  options: { readonly main?: Partial<MainOptions>; readonly clock?: FakeClock; readonly again?: string } = {},
): Resolver {
  const resolver = new Resolver({
    files: new MemoryFiles(),
    clock: options.clock ?? new FakeClock(),
    random: new FakeRandom(),
    main: { ...testConfig().main, dns_servers: [`[127.0.0.1]:${port}`], ...options.main },
    ...(options.again === undefined ? {} : { isAgainNonexistent: (name) => name === options.again }),
  });
  t.after(() => resolver.close());
  return resolver;
}

async function ask(resolver: Resolver, name: string, type: DnsType): Promise<DnsAnswer> {
  return resolver.resolve(name, type, forever, { retransMs: 500, retries: 1 });
}

const a = (name: string, data: string, ttl = 60): Answer => ({ type: 'A', name, ttl, data });
const soa: Answer = {
  type: 'SOA',
  name: 'ex',
  ttl: 60,
  data: { mname: 'ns.ex', rname: 'root.ex', serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 30 },
};

test('records of each type', async (t) => {
  const { port } = await serve(t, ({ name, type }) => {
    const answers: Record<string, Answer[]> = {
      A: [a(name, '192.0.2.1'), a(name, '192.0.2.2')],
      MX: [{ type: 'MX', name, ttl: 60, data: { preference: 10, exchange: 'mail.ex' } }],
      TXT: [
        { type: 'TXT', name, ttl: 60, data: [Buffer.from('v=spf1 \xe9', 'latin1'), Buffer.from('more')] },
        { type: 'TXT', name, ttl: 60, data: [Buffer.from('other')] },
      ],
      SRV: [{ type: 'SRV', name, ttl: 60, data: { priority: 1, weight: 2, port: 25, target: 'srv.ex' } }],
      TLSA: [{ type: 'TLSA', name, ttl: 60, data: { usage: 3, selector: 1, matchingType: 1, certificate: Buffer.from('abcd', 'hex') } }],
      SOA: [soa],
    };
    return { answers: answers[type] ?? [], authorities: [soa] };
  });
  const resolver = resolverFor(t, port);
  const records = async (type: DnsType, name = 'ex') => {
    const answer = await ask(resolver, name, type);
    return answer.kind === 'found' ? answer.records.map(({ name: _name, ttl: _ttl, ...rest }) => rest) : answer.kind;
  };
  assert.deepEqual(await records('A'), [
    { type: 'A', address: '192.0.2.1' },
    { type: 'A', address: '192.0.2.2' },
  ]);
  assert.deepEqual(await records('MX'), [{ type: 'MX', preference: 10, exchange: 'mail.ex' }]);
  assert.deepEqual(await records('TXT'), [
    { type: 'TXT', chunks: ['v=spf1 \xe9', 'more'] },
    { type: 'TXT', chunks: ['other'] },
  ]);
  assert.deepEqual(await records('SPF'), [{ type: 'TXT', chunks: ['v=spf1 \xe9', 'more'] }]);
  assert.deepEqual(await records('SRV', '_smtp._tcp.ex'), [{ type: 'SRV', priority: 1, weight: 2, port: 25, target: 'srv.ex' }]);
  assert.deepEqual(await records('TLSA', '_25._tcp.ex'), [
    { type: 'TLSA', usage: 3, selector: 1, matchingType: 1, data: Buffer.from('abcd', 'hex') },
  ]);
  assert.deepEqual(await records('SOA'), [
    { type: 'SOA', primary: 'ns.ex', responsible: 'root.ex', serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 30 },
  ]);
  assert.equal(await records('NS'), 'no-data');
});

test('what is not an answer', async (t) => {
  const rcodes: Record<string, number> = { 'servfail.ex': 2, 'none.ex': 3, 'refused.ex': 5 };
  const { port, asked } = await serve(t, ({ name }) =>
    name === 'silent.ex' ? 'silent' : { rcode: rcodes[name] ?? 0, authorities: [soa] },
  );
  const resolver = resolverFor(t, port, { again: 'silent.ex' });
  const kind = async (name: string, type: DnsType = 'A') => (await ask(resolver, name, type)).kind;
  assert.equal(await kind('servfail.ex'), 'again');
  assert.equal(await kind('none.ex'), 'no-name');
  assert.equal(await kind('refused.ex'), 'fail');
  assert.equal(await kind('empty.ex'), 'no-data');
  assert.equal(await kind('silent.ex'), 'no-name', 'dns_again_means_nonexist');
  asked.length = 0;
  assert.equal(await kind('bad name.ex'), 'no-name', 'dns_check_names_pattern');
  assert.equal(await kind('-bad.ex'), 'no-name');
  assert.equal(await kind('a..b'), 'no-name');
  assert.equal(await kind(`${'x'.repeat(64)}.ex`), 'fail');
  assert.deepEqual(asked, []);
});

test('an answer that was truncated is asked for by TCP', async (t) => {
  let count = 0;
  const { port, asked } = await serve(t, ({ name }) =>
    count++ === 0 ? { flags: dnsPacket.TRUNCATED_RESPONSE } : { answers: [a(name, '192.0.2.9')] },
  );
  const answer = await ask(resolverFor(t, port), 'big.ex', 'A');
  assert.equal(answer.kind, 'found');
  assert.deepEqual(asked, ['udp big.ex/A', 'tcp big.ex/A']);
});

test('the next server is asked when one does not answer or fails', async (t) => {
  const silent = await serve(t, () => 'silent');
  const failing = await serve(t, () => ({ rcode: 2 }));
  const good = await serve(t, ({ name }) => ({ answers: [a(name, '192.0.2.1')] }));
  const resolver = resolverFor(t, 0, {
    main: { dns_servers: [silent.port, failing.port, good.port].map((port) => `[127.0.0.1]:${port}`) },
  });
  assert.equal((await ask(resolver, 'x.ex', 'A')).kind, 'found');
  assert.equal(silent.asked.length, 1);
});

test('an answer that comes late, while the question is asked again, is taken', async (t) => {
  const asked: { readonly bytes: Buffer; readonly from: RemoteInfo }[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (bytes, from) => {
    asked.push({ bytes, from });
    const [first] = asked;
    if (asked.length !== 2 || !first) return; // only the first question is answered, after the second was asked
    const query = dnsPacket.decode(first.bytes);
    const reply = dnsPacket.encode({
      type: 'response',
      id: query.id ?? 0,
      questions: query.questions ?? [],
      answers: [a('late.ex', '192.0.2.1')],
    });
    socket.send(reply, first.from.port, first.from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  const answer = await resolverFor(t, socket.address().port).resolve('late.ex', 'A', forever, { retransMs: 1000, retries: 2 });
  assert.equal(answer.kind, 'found');
  assert.equal(asked.length, 2);
});

test('aliases: in one answer, over two, and too many', async (t) => {
  const cname = (name: string, data: string): Answer => ({ type: 'CNAME', name, ttl: 60, data });
  const { port } = await serve(t, ({ name }) => {
    if (name === 'one.ex') return { answers: [cname('one.ex', 'Two.ex'), cname('two.ex', 'end.ex'), a('end.ex', '192.0.2.1')] };
    if (name === 'far.ex') return { answers: [cname('far.ex', 'host.ex')] };
    if (name === 'host.ex') return { answers: [a('host.ex', '192.0.2.2')] };
    return { answers: [cname(name, `x${name}`)] };
  });
  const resolver = resolverFor(t, port);
  const one = await ask(resolver, 'one.ex', 'A');
  assert.equal(one.kind === 'found' && one.name, 'end.ex');
  const far = await ask(resolver, 'far.ex', 'A');
  assert.equal(far.kind === 'found' && far.name, 'host.ex');
  assert.deepEqual(await ask(resolver, 'loop.ex', 'A'), { kind: 'fail', message: 'CNAME loop for loop.ex encountered' });
});

test('answers are kept for their TTL, negative ones for the SOA’s, and asked once for all who wait', async (t) => {
  const { port, asked } = await serve(t, ({ name }) =>
    name === 'none.ex' ? { rcode: 3, authorities: [soa] } : { answers: [a(name, '192.0.2.1', 10)] },
  );
  const clock = new FakeClock();
  const resolver = resolverFor(t, port, { clock });
  await Promise.all([ask(resolver, 'x.ex', 'A'), ask(resolver, 'X.ex.', 'A')]);
  assert.equal(asked.length, 1);
  await clock.advance(9_000);
  assert.ok(!(resolver.resolve('x.ex', 'A', forever) instanceof Promise), 'a kept answer comes at once');
  await clock.advance(2_000);
  await ask(resolver, 'x.ex', 'A');
  assert.equal(asked.length, 2);
  await ask(resolver, 'none.ex', 'A');
  await clock.advance(29_000);
  await ask(resolver, 'none.ex', 'A');
  assert.equal(asked.length, 3);
});

test('the caller’s deadline ends the wait', async (t) => {
  const { port } = await serve(t, () => 'silent');
  const controller = new AbortController();
  const waiting = resolverFor(t, port).resolve('slow.ex', 'A', untilAborted(controller.signal));
  controller.abort();
  assert.equal((await waiting).kind, 'again');
});

test('EDNS, AD and DO are asked for; AD is reported; an old server is asked without', async (t) => {
  const seen: boolean[] = [];
  const { port } = await serve(t, ({ name }, query) => {
    const hasOpt = (query.additionals ?? []).some((record) => record.type === 'OPT' && record.flag_do);
    seen.push(hasOpt);
    return name === 'old.ex' && hasOpt ? { rcode: 1 } : { flags: dnsPacket.AUTHENTIC_DATA, answers: [a(name, '192.0.2.1')] };
  });
  const resolver = resolverFor(t, port);
  const answer = await resolver.resolve('x.ex', 'A', forever, { dnssec: true });
  assert.ok(answer.kind === 'found' && answer.isAuthenticated);
  assert.equal((await resolver.resolve('old.ex', 'A', forever, { dnssec: true, retransMs: 1000, retries: 2 })).kind, 'found');
  assert.deepEqual(seen, [true, true, false]);
});

test('dns_dnssec_ok and dns_use_edns0 decide over what callers ask for', async (t) => {
  const seen: string[] = [];
  const { port } = await serve(t, ({ name }, query) => {
    const opt = (query.additionals ?? []).find((record) => record.type === 'OPT');
    seen.push(opt?.type === 'OPT' ? (opt.flag_do ? 'edns do' : 'edns') : 'plain');
    return { answers: [a(name, '192.0.2.1')] };
  });
  for (const [main, dnssec] of [
    [{ dns_dnssec_ok: 0 }, true],
    [{ dns_dnssec_ok: 0, dns_use_edns0: 0 }, true],
    [{ dns_dnssec_ok: 1 }, false],
    [{ dns_use_edns0: 0 }, false],
    [{ dns_use_edns0: 1 }, false],
  ] as const) {
    const resolver = new Resolver({
      files: new MemoryFiles(),
      clock: new FakeClock(),
      random: new FakeRandom(),
      main: { ...testConfig().main, dns_servers: [`[127.0.0.1]:${port}`], ...main },
    });
    t.after(() => resolver.close());
    assert.equal((await resolver.resolve('x.ex', 'A', forever, { dnssec })).kind, 'found');
  }
  assert.deepEqual(seen, ['edns', 'plain', 'edns do', 'plain', 'edns']);
});

test('dns_trust_aa: authoritative answers for its domains count as validated', async (t) => {
  const { port } = await serve(t, ({ name }) => ({
    flags: name === 'own.ex' ? dnsPacket.AUTHORITATIVE_ANSWER : 0,
    answers: [a(name, '192.0.2.1')],
  }));
  const resolver = new Resolver({
    files: new MemoryFiles(),
    clock: new FakeClock(),
    random: new FakeRandom(),
    main: { ...testConfig().main, dns_servers: [`[127.0.0.1]:${port}`] },
    isAuthoritativeTrusted: (name) => name.endsWith('own.ex'),
  });
  t.after(() => resolver.close());
  const isAuthenticated = async (name: string) => {
    const answer = await ask(resolver, name, 'A');
    return answer.kind === 'found' && answer.isAuthenticated;
  };
  assert.equal(await isAuthenticated('own.ex'), true);
  assert.equal(await isAuthenticated('other.own.ex'), false); // not an authoritative answer
});

test('dns_retry: so often a server that is silent is asked', async (t) => {
  const { port, asked } = await serve(t, () => 'silent');
  const resolver = new Resolver({
    files: new MemoryFiles(),
    clock: new FakeClock(),
    random: new FakeRandom(),
    main: { ...testConfig().main, dns_servers: [`[127.0.0.1]:${port}`], dns_retry: 3 },
  });
  t.after(() => resolver.close());
  assert.equal((await resolver.resolve('x.ex', 'A', forever, { retransMs: 20 })).kind, 'again');
  assert.equal(asked.length, 3);
  assert.equal((await resolver.resolve('y.ex', 'A', forever, { retransMs: 20, retries: 1 })).kind, 'again');
  assert.equal(asked.length, 4);
});

test('a list that decides on a name may look that name up itself', async (t) => {
  const { port } = await serve(t, () => ({ rcode: 2 }));
  const resolver: Resolver = new Resolver({
    files: new MemoryFiles(),
    clock: new FakeClock(),
    random: new FakeRandom(),
    main: { ...testConfig().main, dns_servers: [`[127.0.0.1]:${port}`] },
    isAgainNonexistent: async (name) => (await ask(resolver, name, 'A')).kind === 'again',
  });
  t.after(() => resolver.close());
  assert.equal((await ask(resolver, 'x.ex', 'A')).kind, 'no-name');
});

test('answers of others are not taken', async (t) => {
  const { port } = await serve(t, ({ name }, query) => ({ id: ((query.id ?? 0) + 1) & 0xffff, answers: [a(name, '192.0.2.66')] }));
  assert.equal((await ask(resolverFor(t, port), 'x.ex', 'A')).kind, 'again');
  const other = await serve(t, ({ type }) => ({ questions: [{ name: 'evil.ex', type }], answers: [a('x.ex', '192.0.2.66')] }));
  assert.equal((await ask(resolverFor(t, other.port), 'x.ex', 'A')).kind, 'again');
});

test('any bytes are decoded or refused', () => {
  const query = encodeQuery(7, 'x.ex', 'MX', { usesEdns: true, dnssec: true });
  assert.ok(query);
  const good = dnsPacket.encode({
    type: 'response',
    id: 7,
    questions: [{ type: 'MX', name: 'x.ex' }],
    answers: [a('x.ex', '192.0.2.1'), soa],
  });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(good.length), (noise, at) => {
      decodeResponse(Buffer.from(noise));
      const mixed = Buffer.from(good);
      mixed.set(noise.subarray(0, Math.max(0, mixed.length - at)), at);
      decodeResponse(mixed);
      return true;
    }),
    { numRuns: 2000 },
  );
});

test('resolv.conf and name servers', () => {
  const conf = parseResolvConf(
    '# x\nnameserver 10.0.0.1\nnameserver ::1\nnameserver junk\nsearch a.ex b.ex.\noptions ndots:2 timeout:3 attempts:4\n',
  );
  assert.deepEqual(conf, {
    servers: [
      { address: '10.0.0.1', port: 53 },
      { address: '::1', port: 53 },
    ],
    search: ['a.ex', 'b.ex'],
    timeoutMs: 3000,
    attempts: 4,
  });
  assert.deepEqual(parseResolvConf('').servers, [{ address: '127.0.0.1', port: 53 }]);
  assert.deepEqual(parseNameServer('[::1]:5353'), { address: '::1', port: 5353 });
  assert.equal(parseNameServer('host'), undefined);
});

test('hosts: /etc/hosts first, read again when changed, then DNS', async (t) => {
  const { port, asked } = await serve(t, ({ name, type }) => ({
    answers: type === 'A' && name === 'dns.ex' ? [a(name, '192.0.2.1')] : [],
    authorities: [soa],
  }));
  const files = new MemoryFiles({ files: { '/etc/hosts': '127.0.0.1 localhost\n::1 localhost\n10.0.0.1\thost.ex Alias # c\n' } });
  const hosts = new SystemHosts({ files, dns: resolverFor(t, port) });
  const find = async (name: string, family: 0 | 4 | 6 = 0) => {
    const found = await hosts.byName(name, family, forever);
    return found.kind === 'found' ? [found.name, ...found.addresses] : found.kind;
  };
  assert.deepEqual(await find('LOCALHOST'), ['localhost', '127.0.0.1', '::1']);
  assert.deepEqual(await find('localhost', 6), ['localhost', '::1']);
  assert.deepEqual(await find('alias'), ['host.ex', '10.0.0.1']);
  assert.deepEqual(await find('10.9.9.9'), ['10.9.9.9', '10.9.9.9']);
  assert.deepEqual(asked, []);
  assert.deepEqual(await find('dns.ex'), ['dns.ex', '192.0.2.1']);
  assert.equal(await find('none.ex'), 'not-found');
  files.put('/etc/hosts', '10.0.0.2 new.ex\n');
  assert.deepEqual(await find('new.ex'), ['new.ex', '10.0.0.2']);
  assert.deepEqual(hosts.byAddress('10.0.0.2', forever), {
    kind: 'found',
    name: 'new.ex',
    aliases: [],
    addresses: ['10.0.0.2'],
    isAuthenticated: false,
  });
});
