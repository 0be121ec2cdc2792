/** What transports do with a batch: files in memory, scripted servers, a fake spawner. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Octets } from '../../src/base/octets.ts';
import { bytesFromOctets } from '../../src/base/octets.ts';
import type { Address, Body, DeliveryBatch, DeliveryResult, HostItem, Message, RetryPort } from '../../src/core/index.ts';
import { UNTRIED_MESSAGE } from '../../src/core/index.ts';
import { ok } from '../../src/core/outcome.ts';
import { concatText, tainted, untainted } from '../../src/core/text.ts';
import { makeHeader } from '../../src/message/header.ts';
import { makeAddress } from '../../src/routers/address.ts';
import { FakeDns } from '../../src/system/fakes/dns.ts';
import type { FakePeer } from '../../src/system/fakes/net.ts';
import { connectFailure, FakeConnection, FakeNet } from '../../src/system/fakes/net.ts';
import type { FakeProgram } from '../../src/system/fakes/spawner.ts';
import { FakeSpawner } from '../../src/system/fakes/spawner.ts';
import { prepareBatch } from '../../src/transports/headers.ts';
import type { World } from './world.ts';
import { makeWorld } from './world.ts';

function bodyOf(octets: Octets): Body {
  const bytes = bytesFromOctets(octets);
  return {
    sizeBytes: bytes.length,
    bytes,
    head: (limit) => ok(bytes.subarray(0, limit)),
    tail: (limit) => ok(bytes.subarray(-limit)),
    async *chunks() {
      yield bytes;
    },
  };
}

function messageWith(body: Octets, more: Partial<Message> = {}): Message {
  return {
    id: '1xUlZP-00000000bq2-2R00',
    sender: 'snd@x.ex',
    recipients: [{ address: 'a@b.ex' }],
    headers: [makeHeader('Subject: hi\n'), makeHeader('X-Old: 1\n')],
    body: bodyOf(body),
    size: body.length + 20,
    bodyLineCount: 1,
    bodyZeroCount: 0,
    maxReceivedLineLength: 70,
    receivedAtMs: 0,
    isUtf8: false,
    dsn: {},
    aclM: new Map(),
    origin: { isLocal: true, callerUid: 93, callerGid: 93, callerLogin: 'exim', aclC: new Map() },
    receivedUsec: 0,
    ...UNTRIED_MESSAGE,
    ...more,
  };
}

interface Delivered {
  readonly results: readonly DeliveryResult[];
  readonly failedHosts: readonly string[];
}

/** Sends a message for some addresses through one transport of the world's configuration. */
async function deliver(world: World, name: string, addresses: readonly Address[], message: Message): Promise<Delivered> {
  const instance = world.frame.config.transports.get(name);
  assert.ok(instance?.behaviour !== undefined);
  const failedHosts: string[] = [];
  const settled: DeliveryResult[] = [];
  const retry: RetryPort = {
    hostStatus: () => 'due',
    hostFailed: (host, _address, error) => void failedHosts.push(`${host.address ?? ''} ${error.name}`),
    hostWorked: () => undefined,
  };
  const [first] = addresses;
  assert.ok(first !== undefined);
  const frame = { ...world.frame, message, address: first, batch: addresses };
  const prepared = await prepareBatch({
    message,
    addresses,
    instance,
    frame,
    services: world.services,
    until: world.frame.until,
    isRehearsal: false,
    retry,
    settled: async (result) => void settled.push(result),
  });
  assert.equal(prepared.kind, 'ok');
  assert.ok(prepared.kind === 'ok');
  const batch: DeliveryBatch = prepared.value;
  const results = await instance.behaviour.deliver(batch);
  assert.deepEqual(results, settled, 'every result is reported');
  return { results, failedHosts };
}

const short = ({ address, kind, message, errorNumber, errorReason, host }: DeliveryResult) =>
  [kind, address.address, errorNumber, errorReason, host?.address, message].filter((part) => part !== undefined && part !== '').join(' | ');

function local(address: Octets, state: Partial<Address['state']> = {}): Address {
  const made = makeAddress({ address, recipientIndex: 0 });
  Object.assign(made.state, state);
  return made;
}

// ---------------------------------------------------------------- appendfile

const FILES = `begin transports
mbox:
  driver = appendfile
  file = /var/mail/$local_part
  delivery_date_add
  envelope_to_add
  return_path_add
  headers_remove = x-old
  headers_add = X-New: $local_part
maildir:
  driver = appendfile
  directory = /home/$local_part/Maildir
  maildir_format
  maildir_tag = ,S=$message_size
grouped:
  driver = appendfile
  file = /var/mail/$local_part
  check_group
small:
  driver = appendfile
  file = /var/mail/$local_part
  quota = 50
home:
  driver = appendfile
  file = $home/box
detail:
  driver = appendfile
  file = /var/mail/box$local_part_suffix
bounded:
  driver = appendfile
  file = /var/mail/$local_part
  create_file = belowhome
tiny:
  driver = appendfile
  file = /var/mail/$local_part
  message_size_limit = 10
impatient:
  driver = appendfile
  file = /var/mail/$local_part
  lock_retries = 2
  lock_interval = 1s
crlf:
  driver = appendfile
  file = /var/mail/$local_part
  use_crlf
  check_string =
  message_prefix =
  message_suffix =
`;

test('appendfile: a mailbox gets From line, header changes, escapes and an empty line', async () => {
  const world = await makeWorld(FILES);
  world.files.makeDirectory('/var/mail');
  const message = messageWith('From me\nFromage\n\nFrom you');
  const { results } = await deliver(world, 'mbox', [local('ann@b.ex')], message);
  assert.deepEqual(results.map(short), ['delivered | ann@b.ex']);
  const text = world.files.text('/var/mail/ann') ?? '';
  assert.match(
    text,
    /^From snd@x\.ex [A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} [0-9]{4}\nReturn-path: <snd@x\.ex>\nEnvelope-to: ann@b\.ex\nDelivery-date: /,
  );
  assert.ok(text.endsWith('\nSubject: hi\nX-New: ann\n\n>From me\nFromage\n\n>From you\n\n'), text);
  assert.deepEqual(world.files.paths('/var/mail'), ['/var/mail/ann']);
  await deliver(world, 'mbox', [local('ann@b.ex')], message);
  assert.equal((world.files.text('/var/mail/ann') ?? '').length, text.length * 2);
});

test("appendfile: what may not be written defers with Exim's words", async () => {
  const world = await makeWorld(FILES);
  world.files.makeDirectory('/var/mail');
  const attempt = async (transport: string, address: Address) =>
    (await deliver(world, transport, [address], messageWith('text\n'))).results.map(short);
  world.files.put('/var/mail/wide', '', 0o400);
  assert.deepEqual(await attempt('mbox', local('wide@b.ex')), [
    'deferred | wide@b.ex | -7 | mailbox /var/mail/wide has the wrong mode 400 (600 expected)',
  ]);
  world.files.put('/var/mail/roots', '', 0o600);
  world.files.chown('/var/mail/roots', 0, 0);
  assert.deepEqual(await attempt('mbox', local('roots@b.ex')), [
    'deferred | roots@b.ex | -6 | mailbox /var/mail/roots has wrong uid (0 != 93)',
  ]);
  world.files.put('/var/mail/staff', '', 0o600);
  world.files.chown('/var/mail/staff', 93, 50);
  assert.deepEqual(await attempt('grouped', local('staff@b.ex')), [
    'deferred | staff@b.ex | -6 | mailbox /var/mail/staff has wrong gid (50 != 93)',
  ]);
  assert.deepEqual(await attempt('mbox', local('staff@b.ex')), ['delivered | staff@b.ex']);
  assert.deepEqual(await attempt('small', local('full@b.ex')), [
    'deferred | full@b.ex | -22 | mailbox is full (MTA-imposed quota exceeded while writing to /var/mail/full)',
  ]);
  assert.deepEqual(await attempt('bounded', local('out@b.ex', { home: untainted('/home/out') })), [
    'deferred | out@b.ex | -34 | mailbox /var/mail/out does not exist, but creation outside the home directory is not permitted',
  ]);
  assert.deepEqual(await attempt('tiny', local('big@b.ex')), ['failed | big@b.ex | message is too big (transport limit = 10)']);
  assert.deepEqual(await attempt('mbox', local('"../etc"@b.ex')), [
    'deferred | "../etc"@b.ex | -1 | Tainted \'/var/mail/../etc\' (file or directory name for mbox transport) not permitted',
  ]);
  assert.deepEqual(await attempt('home', local('up@b.ex', { home: tainted('/home/..') })), [
    "deferred | up@b.ex | -1 | Tainted '/home/../box' (file or directory name for home transport) not permitted",
  ]);
  assert.deepEqual(await attempt('detail', local('a+/../../etc/x@b.ex', { suffix: '+/../../etc/x', suffixVariable: '/../../etc/x' })), [
    "deferred | a+/../../etc/x@b.ex | -1 | Tainted '/var/mail/box+/../../etc/x' (file or directory name for detail transport) not permitted",
  ]);
  assert.deepEqual(await attempt('detail', local('a+x@b.ex', { suffix: '+x', suffixVariable: 'x' })), ['delivered | a+x@b.ex']);
  world.files.put('/var/mail/held', '', 0o600);
  world.files.put('/var/mail/held.lock', '', 0o600);
  assert.deepEqual(await attempt('impatient', local('held@b.ex')), [
    'deferred | held@b.ex | -9 | failed to lock mailbox /var/mail/held (lock file)',
  ]);
  assert.deepEqual(
    world.files.paths('/var/mail').filter((path) => path.includes('.lock.')),
    [],
    'no hitching posts are left',
  );
});

test('appendfile: a failing write leaves the mailbox as it was', async () => {
  const world = await makeWorld(FILES);
  world.files.put('/var/mail/ann', 'old\n', 0o600);
  world.files.failOn('write', '/var/mail/ann', 'ENOSPC');
  const { results } = await deliver(world, 'mbox', [local('ann@b.ex')], messageWith('text\n'));
  assert.equal(results[0]?.kind, 'deferred');
  assert.equal(world.files.text('/var/mail/ann'), 'old\n');
  assert.deepEqual(world.files.paths('/var/mail'), ['/var/mail/ann']);
});

test('appendfile: the directory of a new mailbox is synced, where that can be', async () => {
  const world = await makeWorld(FILES);
  const times = () => world.files.syncedDirectories.filter((path) => path === '/var/mail').length;
  await deliver(world, 'mbox', [local('new@b.ex')], messageWith('text\n'));
  assert.equal(times(), 1);
  await deliver(world, 'mbox', [local('new@b.ex')], messageWith('text\n'));
  assert.equal(times(), 1, 'its name is there already');
});

test('appendfile: Maildir, and CRLF', async () => {
  const world = await makeWorld(FILES);
  await deliver(world, 'maildir', [local('ann@b.ex')], messageWith('From x\n'));
  const [file] = world.files.paths('/home/ann/Maildir/new');
  assert.match(file ?? '', /\/new\/[0-9]+\.M[0-9]+P[0-9]+\.host\.test\.ex,S=29$/);
  await deliver(world, 'maildir', [local('ann@b.ex')], messageWith('From x\n'));
  assert.deepEqual(world.files.paths('/home/ann/Maildir/new'), [file], 'a repetition takes the place of the first');
  assert.equal(world.files.text(file ?? ''), 'Subject: hi\nX-Old: 1\n\nFrom x\n');
  assert.equal(world.files.stat('/home/ann/Maildir/cur').kind, 'ok');
  world.files.makeDirectory('/var/mail');
  await deliver(world, 'crlf', [local('bob@b.ex')], messageWith('one\ntwo\n'));
  assert.equal(world.files.text('/var/mail/bob'), 'Subject: hi\r\nX-Old: 1\r\n\r\none\r\ntwo\r\n');
});

// ---------------------------------------------------------------- smtp

const REMOTE = `begin transports
out:
  driver = smtp
  hosts = 198.51.100.1 : 198.51.100.2
slow:
  driver = smtp
  hosts = 198.51.100.1
  hosts_avoid_pipelining = *
  hosts_avoid_tls = *
secure:
  driver = smtp
  hosts = 198.51.100.1
  hosts_require_tls = *
mail:
  driver = smtp
  hosts = 198.51.100.1
  protocol = LMTP
  port = 2003
one:
  driver = smtp
  hosts = 198.51.100.1
  max_rcpt = 1
`;

const EHLO = '250-mx.ex hello\r\n250-SIZE 1000000\r\n250 PIPELINING\r\n';

/** A server that answers line by line; what is not in the table gets 250. */
function server(answers: Readonly<Record<string, Octets>>, ehlo = EHLO): FakePeer {
  let isData = false;
  return (written) => {
    if (written === '') return '220 mx.ex ready\r\n';
    let reply = '';
    for (const line of written.split('\r\n').slice(0, -1)) {
      if (isData) {
        if (line !== '.') continue;
        isData = false;
        reply += answers['.'] ?? '250 OK id=1\r\n';
        continue;
      }
      const known = Object.entries(answers).find(([start]) => start !== '.' && line.startsWith(start));
      const answer =
        known?.[1] ?? (line.startsWith('EHLO') || line.startsWith('LHLO') ? ehlo : line === 'DATA' ? '354 go\r\n' : '250 OK\r\n');
      if (line === 'DATA' && answer.startsWith('354')) isData = true;
      reply += answer;
    }
    return reply;
  };
}

async function send(
  transport: string,
  peers: Readonly<Record<string, FakePeer | 'refused'>>,
  addresses: readonly Octets[],
  more: Partial<Message> = {},
  hosts?: readonly HostItem[],
) {
  const net = new FakeNet(
    Object.fromEntries(
      Object.entries(peers).map(([key, peer]) => [
        key,
        () => (peer === 'refused' ? connectFailure('ECONNREFUSED', 'Connection refused') : new FakeConnection(peer)),
      ]),
    ),
  );
  const world = await makeWorld(REMOTE, { net });
  const made = addresses.map((address) => local(address, hosts === undefined ? {} : { hosts }));
  const delivered = await deliver(world, transport, made, messageWith('.dot\nend', more));
  return {
    ...delivered,
    lines: delivered.results.map(short),
    written: net.connections.map((connection) => connection.written),
    log: world.log.mainLines,
  };
}

test('smtp: a transaction, pipelined', async () => {
  const { results, lines, written, log } = await send('out', { '198.51.100.1:25': server({}) }, ['A.b@c.ex', 'd@c.ex']);
  assert.deepEqual(lines, ['delivered | A.b@c.ex | 198.51.100.1', 'delivered | d@c.ex | 198.51.100.1']);
  assert.equal(results[0]?.confirmation, '250 OK id=1');
  assert.equal(results[0]?.usedPipelining, true);
  assert.deepEqual(written, [
    'EHLO host.test.ex\r\nMAIL FROM:<snd@x.ex> SIZE=1055\r\nRCPT TO:<A.b@c.ex>\r\nRCPT TO:<d@c.ex>\r\nDATA\r\nSubject: hi\r\nX-Old: 1\r\n\r\n..dot\r\nend\r\n.\r\nQUIT\r\n',
  ]);
  assert.deepEqual(log, []);
});

test('smtp: replies to RCPT, MAIL, DATA and the message', async () => {
  const one = async (answers: Readonly<Record<string, Octets>>, transport = 'slow') =>
    (await send(transport, { '198.51.100.1:25': server(answers) }, ['a@c.ex', 'b@c.ex'])).lines;
  assert.deepEqual(await one({ 'RCPT TO:<a': '550 no\r\n', 'RCPT TO:<b': '451-wait\r\n451 please\r\n' }), [
    'failed | a@c.ex | 198.51.100.1 | SMTP error from remote mail server after RCPT TO:<a@c.ex>: 550 no',
    'deferred | b@c.ex | -44 | 198.51.100.1 | SMTP error from remote mail server after RCPT TO:<b@c.ex>: 451-wait\n451 please',
  ]);
  assert.deepEqual(
    (await one({ MAIL: '550 not you\r\n' }))[0],
    'failed | a@c.ex | 198.51.100.1 | SMTP error from remote mail server after MAIL FROM:<snd@x.ex> SIZE=1055: 550 not you',
  );
  assert.deepEqual(
    (await one({ DATA: '451 not now\r\n' }))[0],
    'deferred | a@c.ex | -46 | 198.51.100.1 | SMTP error from remote mail server after DATA: 451 not now',
  );
  assert.deepEqual(
    (await one({ '.': '552 too bad\r\n' }))[0],
    'failed | a@c.ex | 198.51.100.1 | SMTP error from remote mail server after end of data: 552 too bad',
  );
  assert.deepEqual(
    (await one({ '.': '550 no\r\n' }, 'out'))[1],
    'failed | b@c.ex | 198.51.100.1 | SMTP error from remote mail server after end of data: 550 no',
  );
  assert.deepEqual(
    (await one({ 'RCPT TO:<a': '250 ok\r\n', 'RCPT TO:<b': '\r\n' }))[1],
    'deferred | b@c.ex | -19 | 198.51.100.1 | Malformed SMTP reply (an empty line) in response to RCPT TO:<b@c.ex>',
  );
});

test('smtp: hosts in turn', async () => {
  const { lines, log, failedHosts } = await send('out', { '198.51.100.1:25': 'refused', '198.51.100.2:25': server({}) }, ['a@c.ex']);
  assert.deepEqual(lines, ['delivered | a@c.ex | 198.51.100.2']);
  assert.deepEqual(log, ['H=198.51.100.1 [198.51.100.1] Connection refused']);
  assert.deepEqual(failedHosts, ['198.51.100.1 refused']);
  const none = await send('out', {}, ['a@c.ex']);
  assert.deepEqual(none.lines, ['deferred | a@c.ex | 111 | Connection refused']);
  const busy = await send('slow', { '198.51.100.1:25': () => '451 later\r\n' }, ['a@c.ex']);
  assert.deepEqual(
    busy.lines,
    ['deferred | a@c.ex | 198.51.100.1 | SMTP error from remote mail server after initial connection: 451 later'].map((line) =>
      line.replace('a@c.ex |', 'a@c.ex | 0 |'),
    ),
  );
  assert.deepEqual(busy.log, ['H=198.51.100.1 [198.51.100.1]: SMTP error from remote mail server after initial connection: 451 later']);
  const gone = await send('slow', { '198.51.100.1:25': () => '554 go away\r\n' }, ['a@c.ex']);
  assert.deepEqual(gone.lines, [
    'failed | a@c.ex | 198.51.100.1 | SMTP error from remote mail server after initial connection: 554 go away',
  ]);
  const partly = await send('out', { '198.51.100.1:25': server({ 'RCPT TO:<b': '450 no\r\n' }), '198.51.100.2:25': server({}) }, [
    'a@c.ex',
    'b@c.ex',
  ]);
  assert.deepEqual(partly.lines, ['delivered | a@c.ex | 198.51.100.1', 'delivered | b@c.ex | 198.51.100.2']);
  assert.deepEqual(partly.log, ['H=198.51.100.1 [198.51.100.1] SMTP error from remote mail server after RCPT TO:<b@c.ex>: 450 no']);
  const routed = await send('out', { '198.51.100.9:2525': server({}) }, ['a@c.ex'], {}, [
    { name: 'nine.ex', address: '198.51.100.9', port: 2525 },
  ]);
  assert.deepEqual(routed.lines, ['delivered | a@c.ex | 198.51.100.9']);
});

test('smtp: HELO after a refused EHLO, required TLS, LMTP, max_rcpt', async () => {
  const old = await send('slow', { '198.51.100.1:25': server({ EHLO: '500 what\r\n' }) }, ['a@c.ex']);
  assert.match(old.written[0] ?? '', /^EHLO host\.test\.ex\r\nHELO host\.test\.ex\r\nMAIL FROM:<snd@x\.ex>\r\n/);
  const secure = await send('secure', { '198.51.100.1:25': server({}) }, ['a@c.ex']);
  assert.deepEqual(secure.lines, [
    'deferred | a@c.ex | -38 | 198.51.100.1 | a TLS session is required, but the server did not offer TLS support',
  ]);
  const lmtp = await send('mail', { '198.51.100.1:2003': server({ '.': '250 first\r\n550 second\r\n' }, '250 hi\r\n') }, [
    'a@c.ex',
    'b@c.ex',
  ]);
  assert.deepEqual(lmtp.lines, ['delivered | a@c.ex | 198.51.100.1', 'failed | b@c.ex | 198.51.100.1 | LMTP error after DATA: 550 second']);
  const single = await send('one', { '198.51.100.1:25': server({}) }, ['a@c.ex', 'b@c.ex']);
  assert.equal(single.written.length, 1);
  assert.equal((single.written[0] ?? '').split('MAIL FROM').length, 3);
});

test('smtp: a certificate is checked against the name that stands before the CNAMEs', async () => {
  const dns = new FakeDns({ 'alias.ex': 'CNAME more.ex', 'more.ex': 'CNAME real.ex', 'real.ex': 'A 198.51.100.1' });
  const connection = new FakeConnection(server({}, '250-mx.ex hello\r\n250 STARTTLS\r\n'));
  const world = await makeWorld('begin transports\naliased:\n  driver = smtp\n  hosts = alias.ex\n  hosts_require_tls = *\n', {
    net: new FakeNet({ '198.51.100.1:25': () => connection }),
    dns,
  });
  const { results } = await deliver(world, 'aliased', [local('a@c.ex')], messageWith('end'));
  assert.equal(results[0]?.host?.name, 'real.ex');
  assert.deepEqual(connection.clientTls?.verifyNames, ['alias.ex']);
});

/** The verbs of a connection, RCPT with the local part. */
function verbs(written: Octets): Octets {
  const commands = written.matchAll(/^(?:EHLO|MAIL|RCPT TO:<([^@]*)|DATA|RSET|QUIT)/gm);
  return [...commands].map(([command, localPart]) => localPart ?? command.slice(0, 4)).join(' ');
}

test('smtp: several transactions over one connection', async () => {
  const all = ['a@c.ex', 'b@c.ex', 'c@c.ex'];
  const limited = (limits: string) => server({}, `250-mx.ex hello\r\n250-PIPELINING\r\n250 LIMITS ${limits}\r\n`);
  const pairs = await send('out', { '198.51.100.1:25': limited('RCPTMAX=2') }, all);
  assert.deepEqual(pairs.written.map(verbs), ['EHLO MAIL a b DATA MAIL c DATA QUIT']);
  assert.deepEqual(
    pairs.results.map(({ transactionIndex }) => transactionIndex),
    [undefined, undefined, 1],
  );
  const fresh = await send('out', { '198.51.100.1:25': limited('RCPTMAX=1 MAILMAX=2') }, all);
  assert.deepEqual(fresh.written.map(verbs), ['EHLO MAIL a DATA MAIL b DATA QUIT', 'EHLO MAIL c DATA QUIT']);
  const refused = await send('one', { '198.51.100.1:25': server({ 'RCPT TO:<a': '550 no\r\n' }, '250 mx.ex\r\n') }, all);
  assert.deepEqual(refused.written.map(verbs), ['EHLO MAIL a RSET MAIL b DATA MAIL c DATA QUIT']);
});

test('smtp: recipients that were too many go out in another transaction, when the commands went out together', async () => {
  const tooMany = { 'RCPT TO:<b': '452 too many\r\n' };
  const piped = await send('out', { '198.51.100.1:25': server(tooMany), '198.51.100.2:25': server({}) }, ['a@c.ex', 'b@c.ex']);
  assert.deepEqual(piped.written.map(verbs), ['EHLO MAIL a b DATA MAIL b DATA QUIT', 'EHLO MAIL b DATA QUIT']);
  assert.deepEqual(piped.lines, ['delivered | a@c.ex | 198.51.100.1', 'delivered | b@c.ex | 198.51.100.2']);
  const single = await send('slow', { '198.51.100.1:25': server(tooMany) }, ['a@c.ex', 'b@c.ex']);
  assert.deepEqual(single.written.map(verbs), ['EHLO MAIL a b DATA QUIT']);
});

test('smtp: a message that does not fit', async () => {
  const long = await send('slow', { '198.51.100.1:25': server({}) }, ['a@c.ex'], { maxReceivedLineLength: 2000 });
  assert.deepEqual(long.lines, ['failed | a@c.ex | message has lines too long for transport']);
  const big = await send('slow', { '198.51.100.1:25': server({}, '250-x\r\n250 SIZE 10\r\n') }, ['a@c.ex']);
  assert.equal(big.results[0]?.kind, 'failed');
});

// ---------------------------------------------------------------- pipe

test('appendfile: create_file, for a directory also when it is there', async () => {
  const inDirectory = 'tried to create file in %, but file creation outside the home directory is not permitted';
  const ofFile = 'mailbox %/f does not exist, but creation outside the home directory is not permitted';
  const rows: readonly (readonly [where: Octets, directory: Octets, isAllowed: boolean])[] = [
    ['anywhere', '/out', true],
    ['belowhome', '/home/ann', true],
    ['belowhome', '/home/ann/sub', true],
    ['belowhome', '/home/anna', false],
    ['belowhome', '/home/ann/../out', false],
    ['belowhome', '/out', false],
    ['inhome', '/home/ann', true],
    ['inhome', '/home/ann/sub', false],
    ['/out', '/out/new', true],
    ['/out', '/home/ann', false],
  ];
  for (const [where, directory, isAllowed] of rows)
    for (const target of [`directory = ${directory}\n  maildir_format`, `directory = ${directory}`, `file = ${directory}/f`]) {
      const world = await makeWorld(`begin transports\nt:\n  driver = appendfile\n  create_file = ${where}\n  ${target}\n`);
      for (const path of ['/home', '/home/ann', '/home/ann/sub', '/home/anna', '/out']) world.files.makeDirectory(path);
      const { results } = await deliver(world, 't', [local('ann@b.ex', { home: untainted('/home/ann') })], messageWith('text\n'));
      const refusal = (target.startsWith('file') ? ofFile : inDirectory).replace('%', directory);
      assert.deepEqual(
        results.map(short),
        [isAllowed ? 'delivered | ann@b.ex' : `deferred | ann@b.ex | -34 | ${refusal}`],
        `${where} ${target}`,
      );
    }
});

/** A list of so many variables. */
const variables = (count: number) => Array.from({ length: count }, (_, index) => `V${index}=1`).join(':');

const PIPES = `begin transports
crowded:
  driver = pipe
  command = /bin/deliver
  environment = ${variables(36)}
overfull:
  driver = pipe
  command = /bin/deliver
  environment = ${variables(37)}
run:
  driver = pipe
  command = /bin/deliver -d $local_part "two words" "\${if eq{a}{a}{x}}"
  return_fail_output
  log_output
back:
  driver = pipe
  command = /bin/deliver
  return_output
plain:
  driver = pipe
  path = /usr/bin
  message_prefix =
  message_suffix =
strange:
  driver = pipe
  command = /bin/$local_part
script:
  driver = pipe
  command = /bin/sh -c "deliver $local_part"
quoted:
  driver = pipe
  command = /usr/bin/env bash -ec "deliver \${quote:$local_part}"
data:
  driver = pipe
  command = /bin/sh -c 'deliver "\\$1"' sh $local_part
shell:
  driver = pipe
  use_shell
each:
  driver = pipe
  command = /bin/deliver a $pipe_addresses "$pipe_addresses" b
within:
  driver = pipe
  command = /bin/deliver x$pipe_addresses
`;

async function pipe(transport: string, program: FakeProgram, address: Address, more: Partial<Message> = {}) {
  const spawner = new FakeSpawner({ '/bin/deliver': program, '/usr/bin/vacation': program, '/bin/sh': program });
  const world = await makeWorld(PIPES, { spawner });
  world.files.put('/usr/bin/vacation', '', 0o755);
  const { results } = await deliver(world, transport, [address], messageWith('text\n', more));
  return {
    lines: results.map(short),
    results,
    request: spawner.requests[0],
    input: spawner.inputs[0],
    log: world.log.mainLines,
    panics: world.log.panicLines,
  };
}

test('pipe: the command is split before it is expanded', async () => {
  const { lines, request, input } = await pipe('run', () => '', local('o ne@b.ex', { prefix: 'real-', home: untainted('/home/one') }));
  assert.deepEqual(lines, ['delivered | o ne@b.ex']);
  assert.deepEqual(request?.argv, ['/bin/deliver', '-d', 'o ne', 'two words', 'x']);
  assert.equal(request?.directory, '/home/one');
  const environment = request?.environment;
  assert.deepEqual(
    ['LOCAL_PART', 'LOCAL_PART_PREFIX', 'DOMAIN', 'RECIPIENT', 'SENDER', 'HOME', 'PATH', 'MESSAGE_ID', 'SHELL'].map((name) =>
      environment?.get(name),
    ),
    ['o ne', 'real-', 'b.ex', 'real-o ne@b.ex', 'snd@x.ex', '/home/one', '/bin:/usr/bin', '1xUlZP-00000000bq2-2R00', '/bin/sh'],
  );
  assert.match(input ?? '', /^From snd@x\.ex .*\nSubject: hi\nX-Old: 1\n\ntext\n\n$/);
});

test('pipe: an argument $pipe_addresses is one for each address; it is no variable', async () => {
  const spawner = new FakeSpawner({ '/bin/deliver': () => '' });
  const world = await makeWorld(PIPES, { spawner });
  const { results } = await deliver(world, 'each', [local('a@b.ex'), local('"o ne"@c.ex')], messageWith('text\n'));
  assert.deepEqual(results.map(short), ['delivered | a@b.ex', 'delivered | "o ne"@c.ex']);
  const both = ['a@b.ex', '"o ne"@c.ex'];
  assert.deepEqual(spawner.requests[0]?.argv, ['/bin/deliver', 'a', ...both, ...both, 'b']);
  assert.deepEqual((await pipe('within', () => '', local('a@b.ex'))).lines, [
    'deferred | a@b.ex | 0 | Expansion of "x$pipe_addresses" from command "/bin/deliver x$pipe_addresses" in within transport failed: unknown variable name "pipe_addresses"',
  ]);
});

test('pipe: what a status, a signal, output and a time-out mean', async () => {
  const becomes = async (transport: string, program: FakeProgram, more: Partial<Message> = {}) =>
    (await pipe(transport, program, local('a@b.ex'), more)).lines[0];
  assert.equal(
    await becomes('run', () => ({ status: 1 })),
    'failed | a@b.ex | Child process of run transport returned 1 from command: /bin/deliver',
  );
  assert.equal(
    await becomes('run', () => ({ status: 67 })),
    'failed | a@b.ex | Child process of run transport returned 67 (could mean user nonexistent) from command: /bin/deliver',
  );
  assert.equal(
    await becomes('run', () => ({ status: 75 })),
    'deferred | a@b.ex | 0 | Child process of run transport returned 75 (could mean temporary error) from command: /bin/deliver',
  );
  assert.equal(
    await becomes('back', () => ({ status: undefined, signal: 9 })),
    'failed | a@b.ex | Child process of back transport (running command "/bin/deliver") was terminated by signal 9 (Killed)',
  );
  assert.equal(await becomes('back', () => 'hello\n'), 'failed | a@b.ex | return message generated');
  assert.equal(await becomes('back', () => 'hello\n', { sender: '' }), 'delivered | a@b.ex');
  assert.equal(await becomes('back', () => ({ isTimeout: true })), 'failed | a@b.ex | pipe delivery process timed out');
  const { results, log } = await pipe('run', () => ({ status: 1, output: 'first\nsecond\n' }), local('a@b.ex'));
  assert.deepEqual([results[0]?.returnedText?.toString(), log], ['first\nsecond\n', ['<a@b.ex>: run transport output: first']]);
});

test('pipe: redirected commands, PATH, tainted names', async () => {
  const parent = makeAddress({ address: 'ann@b.ex', recipientIndex: 0 });
  const redirected = makeAddress({ address: '|vacation "a b"', kind: 'pipe', parent, recipientIndex: 0 });
  const { lines, request, input } = await pipe('plain', () => '', redirected);
  assert.deepEqual(lines, ['delivered | |vacation "a b"']);
  assert.deepEqual(request?.argv, ['/usr/bin/vacation', 'a b']);
  assert.equal(input, 'Subject: hi\nX-Old: 1\n\ntext\n');
  const unknown = makeAddress({ address: '|nosuch', kind: 'pipe', parent, recipientIndex: 0 });
  assert.deepEqual((await pipe('plain', () => '', unknown)).lines, ['failed | |nosuch | "nosuch" command not found for plain transport']);
  assert.deepEqual((await pipe('strange', () => '', local('sh@b.ex'))).lines, [
    "deferred | sh@b.ex | 0 | Tainted '/bin/sh' (command for strange transport) not permitted",
  ]);
});

test('pipe: 49 variables at most', async () => {
  const full = await pipe('crowded', () => '', local('a@b.ex'));
  assert.deepEqual([full.lines, full.request?.environment?.size], [['delivered | a@b.ex'], 49]);
  assert.deepEqual((await pipe('overfull', () => '', local('a@b.ex'))).lines, [
    'deferred | a@b.ex | 7 | Argument list too long | too many environment settings for overfull transport',
  ]);
});

test('pipe: what came from outside is never the script of a shell', async () => {
  const refusal = "Tainted arg 2 for script transport command: 'deliver x;id'";
  const { lines, request, panics } = await pipe('script', () => '', local('x;id@b.ex'));
  assert.deepEqual([lines, request, panics], [[`deferred | x;id@b.ex | 0 | ${refusal}`], undefined, [refusal]]);
  assert.deepEqual((await pipe('quoted', () => '', local('x@b.ex'))).lines, [
    "deferred | x@b.ex | 0 | Tainted arg 3 for quoted transport command: 'deliver x'",
  ]);
  const data = await pipe('data', () => '', local('x;id@b.ex'));
  assert.deepEqual([data.lines, data.request?.argv], [['delivered | x;id@b.ex'], ['/bin/sh', '-c', 'deliver "$1"', 'sh', 'x;id']]);
});

test('pipe: a redirection with parts that came from outside', async () => {
  const parent = makeAddress({ address: 'ann@b.ex', recipientIndex: 0 });
  const redirected = (before: string, outside: string, after = '') => {
    const made = makeAddress({ address: `|${before}${outside}${after}`, kind: 'pipe', parent, recipientIndex: 0 });
    Object.assign(made.state, { fileName: concatText([untainted(before), tainted(outside), untainted(after)]) });
    return made;
  };
  const outcome = async (transport: string, address: Address) => (await pipe(transport, () => '', address)).lines[0];
  assert.equal(await outcome('plain', redirected('/bin/deliver -a ', 'ann')), 'delivered | |/bin/deliver -a ann');
  assert.equal(await outcome('plain', redirected('/bin/deliver -a "', 'ann', '"')), 'delivered | |/bin/deliver -a "ann"');
  const refused: readonly (readonly [transport: string, address: Address, message: string])[] = [
    ['plain', redirected('/bin/deliver -a ', 'ann -x'), "Tainted '/bin/deliver -a ann -x' (command for plain transport) not permitted"],
    ['plain', redirected('', '/bin/deliver'), "Tainted '/bin/deliver' (command for plain transport) not permitted"],
    ['plain', redirected('/bin/sh -c "deliver ', 'ann;id', '"'), "Tainted arg 2 for plain transport command: 'deliver ann;id'"],
    ['shell', redirected('/bin/deliver ', 'ann'), "Tainted '/bin/deliver ann' (command for shell transport) not permitted"],
  ];
  for (const [transport, address, message] of refused)
    assert.equal(await outcome(transport, address), `deferred | ${address.address} | 0 | ${message}`);
});
