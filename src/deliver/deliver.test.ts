import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesFromOctets, octetsFromBytes } from '../base/octets.ts';
import type {
  AcceptedMessage,
  Config,
  DeliveryBatch,
  DeliveryResult,
  MessageEnvelope,
  OptionSpec,
  OptionTable,
  RetryRule,
  RouterBehaviour,
  RouterInstance,
  Services,
  Template,
  TransportInstance,
  UserActions,
} from '../core/index.ts';
import { ok, UNTRIED_MESSAGE, untainted } from '../core/index.ts';
import { RETRY_DATABASE } from '../hints/retry-record.ts';
import { WaitingMessages } from '../hints/wait.ts';
import { createLists } from '../lists/lists.ts';
import { routerOptions } from '../routers/generic-options.ts';
import { Spool } from '../spool/spool.ts';
import { HELPER_LOST } from '../system/failure.ts';
import { FakeClock } from '../system/fakes/clock.ts';
import { MemoryFiles } from '../system/fakes/files.ts';
import { MemoryHints } from '../system/fakes/hints.ts';
import { FakeLog } from '../system/fakes/log.ts';
import { constantTemplate, fakeServices, testConfig, testList, testLocation } from '../system/fakes/services.ts';
import { transportOptions } from '../transports/generic-options.ts';
import type { DeliverParts, DeliveryReason } from './attempt.ts';
import { ON_ARRIVAL } from './attempt.ts';
import { deliverAccepted, deliverById } from './run.ts';

const until = { endMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
const QUEUE_RUN: DeliveryReason = { isQueueRun: true, isForced: false, thaws: false };
const FORCED: DeliveryReason = { isQueueRun: true, isForced: true, thaws: true };

function defaults(table: OptionTable): Record<string, unknown> {
  return Object.fromEntries(Object.entries<OptionSpec<unknown>>(table).map(([name, spec]) => [name, spec.default]));
}

const base = { at: testLocation, own: {}, settings: new Map(), notYet: [] };
const router = (name: string, route: RouterBehaviour['route'], own: Record<string, unknown> = {}): RouterInstance => ({
  ...base,
  name,
  driver: name,
  own,
  generic: { ...defaults(routerOptions), log_as_local: true },
  behaviour: { route },
});

/** What arrives at a mailbox of the fake transport, and what it answers by local part. */
interface World {
  readonly files: MemoryFiles;
  readonly clock: FakeClock;
  readonly log: FakeLog;
  readonly hints: MemoryHints;
  readonly mailboxes: Map<string, string[]>;
  readonly answers: Map<string, Partial<DeliveryResult>>;
  readonly parts: DeliverParts;
  readonly spool: Spool;
  readonly handedOver: AcceptedMessage[];
  config: Config;
  /** When the remote transport has sent a message. */
  onSent?: (batch: DeliveryBatch) => Promise<void>;
}

const retryRule: RetryRule = {
  at: testLocation,
  pattern: '*',
  error: '*',
  senders: undefined,
  steps: [{ algorithm: 'F', untilSeconds: 7200, intervalSeconds: 900, factor: 1 }],
};

function transport(world: () => World, isRemote: boolean): TransportInstance {
  const deliver: NonNullable<TransportInstance['behaviour']>['deliver'] = async (batch) => {
    const results: DeliveryResult[] = [];
    for (const address of batch.addresses) {
      const answer = world().answers.get(address.localPart) ?? {};
      const result: DeliveryResult = { address, kind: 'delivered', ...answer };
      if (result.kind === 'delivered') {
        const box = world().mailboxes.get(address.address) ?? [];
        box.push(batch.headers.join(''));
        world().mailboxes.set(address.address, box);
      }
      await batch.settled(result);
      results.push(result);
    }
    if (isRemote) await world().onSent?.(batch);
    return results;
  };
  return {
    ...base,
    name: isRemote ? 'smtp' : 'local',
    driver: 'fake',
    isRemote,
    generic: { ...defaults(transportOptions), retry_use_local_part: !isRemote },
    own: { max_rcpt: 2 },
    behaviour: { deliver },
  };
}

function makeWorld(
  files = new MemoryFiles(),
  change: { readonly main?: Partial<Config['main']>; readonly retryRules?: RetryRule[] } = {},
  shared?: Pick<World, 'mailboxes' | 'answers'>,
): World {
  const clock = new FakeClock();
  const log = new FakeLog();
  const hints = new MemoryHints();
  const transports = new Map([
    ['local', transport(() => world, false)],
    ['smtp', transport(() => world, true)],
  ]);
  const redirect = router(
    'aliases',
    async (address) => {
      if (address.localPart === 'list')
        return {
          kind: 'redirect',
          children: [
            { kind: 'mailbox', address: 'one@test.ex' },
            { kind: 'mailbox', address: 'two@test.ex' },
          ],
        };
      if (address.domain === 'box.ex')
        return { kind: 'redirect', children: [{ kind: 'file', address: `/box/${address.localPart}`, transport: 'local' }] };
      if (address.localPart === 'hole') return { kind: 'redirect', children: [], discarded: true };
      if (address.localPart === 'nobody') return { kind: 'fail', message: 'Unrouteable address' };
      if (address.localPart === 'later') return { kind: 'defer', message: 'not today' };
      if (address.localPart === 'ice') return { kind: 'freeze', message: 'frozen stiff' };
      return { kind: 'decline' };
    },
    { one_time: false },
  );
  const accept = router('mailboxes', async (address) =>
    address.domain === 'far.ex'
      ? { kind: 'accept', hosts: [{ name: 'mx.far.ex', address: '192.0.2.9' }], transport: 'smtp' }
      : { kind: 'accept', transport: 'local' },
  );
  const config = testConfig({
    routers: [redirect, accept],
    transports,
    retryRules: change.retryRules ?? [retryRule],
    main: { received_header_text: undefined, dsn_from: undefined, remote_max_parallel: 1, ...change.main },
  });
  const userActions = {
    deliver: (_identity, batch) => batch.instance.behaviour?.deliver(batch) ?? Promise.resolve([]),
  } as Partial<UserActions> as UserActions; // nothing else is used
  const services: Services = fakeServices({ clock, files, log, hints, userActions, lists: createLists() });
  const spool = new Spool({
    files,
    clock,
    machine: services.machine,
    log,
    settings: {
      directory: '/spool',
      split: false,
      idFormat: 'long',
      owner: { uid: 93, gid: 93 },
      writesMessageLogs: true,
      preservesMessageLogs: false,
      removalDelayMs: 0,
    },
  });
  const handedOver: AcceptedMessage[] = [];
  const world: World = {
    files,
    clock,
    log,
    hints,
    mailboxes: shared?.mailboxes ?? new Map(),
    answers: shared?.answers ?? new Map(),
    config,
    spool,
    handedOver,
    parts: {
      config,
      services,
      spool,
      handOver: (accepted) => {
        handedOver.push(accepted);
      },
    },
  };
  return world;
}

function envelope(recipients: readonly string[], sender = 's@x.y'): MessageEnvelope {
  return {
    sender,
    recipients: recipients.map((address) => ({ address })),
    headers: [
      { type: ' ', text: 'Subject: x\n' },
      { type: 'I', text: 'Message-Id: <orig@x>\n' },
    ],
    bodyLineCount: 1,
    bodyZeroCount: 0,
    maxReceivedLineLength: 10,
    receivedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    receivedUsec: 0,
    isUtf8: false,
    dsn: {},
    aclM: new Map(),
    origin: { callerLogin: 'me', callerUid: 1, callerGid: 1, ident: 'me', protocol: 'local', isLocal: false, aclC: new Map() },
    ...UNTRIED_MESSAGE,
    isLocalError: sender === '',
  };
}

async function acceptMessage(world: World, recipients: readonly string[], sender?: string): Promise<AcceptedMessage> {
  const begun = world.spool.begin();
  if (begun.kind !== 'ok') return assert.fail(begun.reason);
  await begun.sink.write(bytesFromOctets('body\n'));
  const done = await begun.sink.commit(envelope(recipients, sender));
  return done.kind === 'ok' ? done.value : assert.fail(done.reason);
}

/** Delivers a message to these recipients once; the log without the id. */
async function run(world: World, recipients: readonly string[], sender?: string): Promise<{ id: string; end: string; lines: string[] }> {
  const accepted = await acceptMessage(world, recipients, sender);
  const end = await deliverAccepted(world.parts, accepted, ON_ARRIVAL, until);
  return { id: accepted.message.id, end, lines: [...world.log.mainLines] };
}

async function bodyOf(message: AcceptedMessage['message']): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message.body.chunks(until)) chunks.push(chunk);
  return octetsFromBytes(Buffer.concat(chunks));
}

test('local and remote addresses, aliases, duplicates and :blackhole: in one message', async () => {
  const world = makeWorld();
  const { end, lines } = await run(world, [
    'b@test.ex',
    'list@test.ex',
    'one@test.ex',
    'hole@test.ex',
    'r1@far.ex',
    'r2@far.ex',
    'r3@far.ex',
  ]);
  assert.equal(end, 'completed');
  assert.deepEqual(lines, [
    '=> :blackhole: <hole@test.ex> R=aliases',
    '=> one <list@test.ex> R=mailboxes T=local',
    '=> two <list@test.ex> R=mailboxes T=local',
    '=> b <b@test.ex> R=mailboxes T=local',
    '=> r1@far.ex R=mailboxes T=smtp',
    '-> r2@far.ex R=mailboxes T=smtp',
    '-> r3@far.ex R=mailboxes T=smtp',
    'Completed',
  ]);
  assert.equal(world.mailboxes.get('one@test.ex')?.length, 1);
  await world.spool.settle();
  assert.deepEqual(world.files.paths('/spool'), []);
});

test('files that redirection names are delivered behind the mailboxes that it names, the last one first', async () => {
  const { lines } = await run(makeWorld(), ['a@box.ex', 'list@test.ex', 'b@box.ex', 'direct@test.ex', 'c@box.ex']);
  assert.deepEqual(lines, [
    '=> one <list@test.ex> R=mailboxes T=local',
    '=> two <list@test.ex> R=mailboxes T=local',
    '=> /box/c <c@box.ex> R=aliases T=local',
    '=> /box/b <b@box.ex> R=aliases T=local',
    '=> /box/a <a@box.ex> R=aliases T=local',
    '=> direct <direct@test.ex> R=mailboxes T=local',
    'Completed',
  ]);
});

test('a failed address bounces to the sender', async () => {
  const world = makeWorld();
  world.answers.set('r1', {
    kind: 'failed',
    host: { name: 'mx.far.ex', address: '192.0.2.9' },
    message: 'SMTP error from remote mail server after RCPT TO:<r1@far.ex>: 550 no such user',
  });
  const { id, end, lines } = await run(world, ['nobody@test.ex', 'r1@far.ex', 'b@test.ex']);
  assert.equal(end, 'completed');
  assert.deepEqual(lines.slice(0, 3), [
    '** nobody@test.ex R=aliases : Unrouteable address',
    '=> b <b@test.ex> R=mailboxes T=local',
    '** r1@far.ex R=mailboxes T=smtp H=mx.far.ex [192.0.2.9] : SMTP error from remote mail server after RCPT TO:<r1@far.ex>: 550 no such user',
  ]);
  const bounce = world.handedOver[0]?.message;
  assert.ok(bounce);
  assert.equal(lines[3], `<= <> R=${id} U=exim P=local S=${bounce.size}`);
  assert.deepEqual(bounce.recipients, [{ address: 's@x.y' }]);
  assert.equal(bounce.isLocalError, true);
  const headers = bounce.headers.map((header) => header.text).join('');
  assert.match(
    headers,
    /^X-Failed-Recipients: r1@far.ex,\n {2}nobody@test.ex\nAuto-Submitted: auto-replied\nFrom: Mail Delivery System <Mailer-Daemon@mail.test.example>\nTo: s@x.y\nReferences: <orig@x>\nContent-Type: multipart\/report; report-type=delivery-status; boundary=[0-9]+-eximdsn-[0-9]+\nMIME-Version: 1.0\nSubject: Mail delivery failed: returning message to sender\nMessage-Id: <E.*@mail.test.example>\nDate: /,
  );
  const mark = /boundary=(.*)/.exec(headers)?.[1] ?? '';
  assert.equal(
    (await bodyOf(bounce)).replaceAll(mark, 'B'),
    `--B
Content-type: text/plain; charset=us-ascii

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  r1@far.ex
  host mx.far.ex [192.0.2.9]
    SMTP error from remote mail server after RCPT TO:<r1@far.ex>:
    550 no such user
  nobody@test.ex
    Unrouteable address

--B
Content-type: message/delivery-status

Reporting-MTA: dns; mail.test.example

Action: failed
Final-Recipient: rfc822;nobody@test.ex
Status: 5.0.0

Action: failed
Final-Recipient: rfc822;r1@far.ex
Status: 5.0.0
Remote-MTA: dns; mx.far.ex
Diagnostic-Code: smtp; 550 no such user

--B
Content-type: message/rfc822

Return-path: <s@x.y>
Subject: x
Message-Id: <orig@x>

body

--B--
`,
  );
});

test('a deferred address stays, with its retry time; a queue run waits for it', async () => {
  const world = makeWorld();
  world.answers.set('full', {
    kind: 'deferred',
    errorNumber: -22,
    message: 'mailbox is full',
    error: { name: 'quota', detail: '', more: 0 },
  });
  const { id, end, lines } = await run(world, ['full@test.ex', 'b@test.ex', 'later@test.ex', 'list@test.ex']);
  assert.equal(end, 'deferred');
  assert.ok(lines.includes('== full@test.ex R=mailboxes T=local defer (-22): mailbox is full'), lines.join('\n'));
  assert.ok(lines.includes('== later@test.ex R=aliases defer (-1): not today'));
  const header = world.files.text(`/spool/input/${id}-H`) ?? '';
  for (const done of ['b@test.ex', 'list@test.ex', 'one@test.ex', 'two@test.ex'])
    assert.match(header, new RegExp(`\\n[YN][YN] ${done}\\n`));
  assert.doesNotMatch(header, /[YN][YN] full@test.ex/);
  assert.equal(world.files.text(`/spool/input/${id}-J`), undefined, 'the journal is in -H now');
  assert.match(world.files.text(`/spool/msglog/${id}`) ?? '', /^2026-01-02 03:04:05 Received from s@x.y U=me P=local S=[0-9]+\n/);
  assert.deepEqual([...world.hints.keys('retry')].sort(), ['R:test.ex', 'T:full@test.ex']);

  await deliverById(world.parts, id, QUEUE_RUN, until);
  assert.deepEqual(world.log.mainLines.slice(lines.length), [
    '== full@test.ex routing defer (-52): retry time not reached',
    '== later@test.ex routing defer (-52): retry time not reached',
  ]);

  world.hints.delete('retry', 'R:test.ex');
  const before = world.log.mainLines.length;
  await deliverById(world.parts, id, QUEUE_RUN, until);
  assert.ok(world.log.mainLines.slice(before).includes('== full@test.ex R=mailboxes T=local defer (-53): Retry time not yet reached'));

  world.answers.delete('full');
  const last = world.log.mainLines.length;
  await deliverById(world.parts, id, FORCED, until);
  assert.ok(world.log.mainLines.slice(last).includes('=> full <full@test.ex> R=mailboxes T=local'));
  assert.equal(world.hints.get('retry', 'T:full@test.ex'), undefined);
  assert.equal(world.mailboxes.get('b@test.ex')?.length, 1, 'nothing is delivered twice');
});

const FAR_HOST = { name: 'mx.far.ex', address: '192.0.2.9' };

/** Left on the queue, as by -odq; it waits for the host. */
async function queued(world: World, recipients: readonly string[]): Promise<string> {
  const { claim, message } = await acceptMessage(world, recipients);
  claim.release();
  new WaitingMessages(world.hints, 'smtp').add(FAR_HOST.name, message.id);
  return message.id;
}

test('the next message on a connection begins when the fate of the one before is durable, with what goes to that host', async () => {
  const world = makeWorld();
  const next = await queued(world, ['next@far.ex', 'local@test.ex']);
  const links: string[] = [];
  const link = (name: string) => ({ close: async () => void links.push(name) });
  const carried: string[] = [];
  world.onSent = async (batch) => {
    carried.push(`${batch.message.id === next ? 'next' : 'first'}: ${world.spool.scan().length} queued`);
    const goesOn = await batch.waiting?.carryOn(FAR_HOST, link(String(carried.length)), async () => true);
    carried.push(goesOn === true ? 'goes on' : 'is the last');
  };
  const { id, end } = await run(world, ['first@far.ex']);
  assert.equal(end, 'completed');
  assert.deepEqual(carried, ['first: 2 queued', 'goes on', 'next: 1 queued', 'is the last'], 'the first one was removed before');
  assert.equal(world.files.text(`/spool/input/${id}-H`), undefined);
  assert.deepEqual(links, ['1'], 'a connection that the transport did not take is closed');
  assert.match(world.files.text(`/spool/input/${next}-H`) ?? '', /\n[YN][YN] next@far\.ex\n/);
  assert.equal(world.mailboxes.get('local@test.ex'), undefined, 'local deliveries wait for another attempt');
  assert.deepEqual(world.hints.keys('wait-smtp'), []);
  world.onSent = async () => {};
  await deliverById(world.parts, next, FORCED, until);
  assert.deepEqual([world.mailboxes.get('next@far.ex')?.length, world.mailboxes.get('local@test.ex')?.length], [1, 1]);
});

test('messages that are gone, in other hands or frozen, and those that do not fit, do not go next', async () => {
  const world = makeWorld();
  const waiting = new WaitingMessages(world.hints, 'smtp');
  waiting.add(FAR_HOST.name, '1aaaaa-00000000000-0000');
  const held = await queued(world, ['held@far.ex']);
  const other = await queued(world, ['other@far.ex']);
  const claiming = world.spool.claim(held);
  let wasAsked = 0;
  world.onSent = async (batch) => {
    const fits = async () => {
      wasAsked++;
      return false;
    };
    assert.equal(await batch.waiting?.carryOn(FAR_HOST, { close: async () => assert.fail() }, fits), false);
  };
  await run(world, ['first@far.ex']);
  assert.equal(wasAsked, 1);
  assert.deepEqual(waiting.of(FAR_HOST.name), [other], 'it waits for another connection');
  if (claiming.kind === 'ok') claiming.claim.release();
});

test('what a host says about a recipient is not the end while another host waits for its time', async () => {
  const quick: RetryRule = { ...retryRule, steps: [{ algorithm: 'F', untilSeconds: 1, intervalSeconds: 1, factor: 1 }] };
  for (const [waitsForHost, fate] of [
    [true, 'deferred'],
    [false, 'completed'],
  ] as const) {
    const world = makeWorld(new MemoryFiles(), { retryRules: [quick] });
    const error = { name: 'rcpt_4xx', detail: '', more: 51 };
    world.answers.set('slow', { kind: 'deferred', message: '451', error, isOfRecipient: true, waitsForHost, host: FAR_HOST });
    const { id } = await run(world, ['slow@far.ex']);
    world.clock.advance(5000);
    assert.equal(await deliverById(world.parts, id, QUEUE_RUN, until), fate, world.log.mainLines.join('\n'));
  }
});

test('without a retry rule a deferral is the end', async () => {
  const world = makeWorld(undefined, { retryRules: [] });
  const { end, lines } = await run(world, ['later@test.ex']);
  assert.equal(end, 'completed');
  assert.deepEqual(lines.slice(0, 2), ['== later@test.ex R=aliases defer (-1): not today', '** later@test.ex: retry timeout exceeded']);
  assert.match(await bodyOf(world.handedOver[0]?.message ?? assert.fail()), /\n {2}later@test.ex\n {4}not today: retry timeout exceeded\n/);
});

test('a bounce that cannot be delivered is frozen, and thawed by force', async () => {
  const world = makeWorld();
  const { id, end, lines } = await run(world, ['nobody@test.ex'], '');
  assert.equal(end, 'frozen');
  assert.deepEqual(lines, ['** nobody@test.ex R=aliases : Unrouteable address', 'Frozen (delivery error message)']);
  assert.match(world.files.text(`/spool/input/${id}-H`) ?? '', /\n-frozen 1767323045\n/);
  assert.equal(await deliverById(world.parts, id, QUEUE_RUN, until), 'skipped');
  assert.deepEqual(world.log.mainLines.slice(2), ['Message is frozen']);
  await deliverById(world.parts, id, FORCED, until);
  assert.deepEqual(world.log.mainLines.slice(3), [
    'Unfrozen by forced delivery',
    '** nobody@test.ex R=aliases : Unrouteable address',
    'Frozen (delivery error message)',
  ]);
});

test('old bounces are given up', async () => {
  const world = makeWorld(undefined, { main: { ignore_bounce_errors_after: 0 } });
  const { end, lines } = await run(world, ['nobody@test.ex'], '');
  assert.equal(end, 'completed');
  assert.deepEqual(lines.slice(1), ['nobody@test.ex: error ignored', 'Completed']);
});

test('a bounce whose retrying has come to its end is given up', async () => {
  const world = makeWorld(undefined, { retryRules: [] });
  const { end, lines } = await run(world, ['later@test.ex'], '');
  assert.equal(end, 'completed');
  assert.deepEqual(lines.slice(1), ['** later@test.ex: retry timeout exceeded', 'later@test.ex: error ignored', 'Completed']);
});

test('a router may freeze a message', async () => {
  const world = makeWorld(undefined, { main: { freeze_tell: 'postmaster' } });
  const { end, lines } = await run(world, ['ice@test.ex', 'b@test.ex']);
  assert.equal(end, 'frozen');
  assert.ok(lines.includes('Frozen'), lines.join('\n'));
  assert.deepEqual(world.handedOver[0]?.message.recipients, [{ address: 'postmaster@mail.test.example' }]);
});

test('a delay is told once for each time of delay_warning', async () => {
  const world = makeWorld(undefined, {
    main: { delay_warning: [3600, 7200], delay_warning_condition: undefined },
    retryRules: [{ ...retryRule, steps: [{ algorithm: 'F', untilSeconds: 999999, intervalSeconds: 1, factor: 1 }] }],
  });
  const { id } = await run(world, ['later@test.ex']);
  assert.equal(world.handedOver.length, 0);
  await world.clock.advance(3_700_000);
  await deliverById(world.parts, id, QUEUE_RUN, until);
  await deliverById(world.parts, id, FORCED, until);
  assert.equal(world.handedOver.length, 1);
  const text = await bodyOf(world.handedOver[0]?.message ?? assert.fail());
  assert.match(
    text,
    /A message that you sent has not yet been delivered to one or more of its\nrecipients after more than 60 minutes on the queue on mail.test.example.\n/,
  );
  assert.match(text, /\n {2}later@test.ex\n {4}Delay reason: not today\n/);
  assert.match(world.files.text(`/spool/input/${id}-H`) ?? '', /^[^\n]*\n[^\n]*\n[^\n]*\n[0-9]+ 1\n/);
});

test('a copy (unseen) and its original are settled each for itself', async () => {
  const world = makeWorld();
  const [redirect, accept] = world.config.routers;
  if (redirect === undefined || accept === undefined) return assert.fail();
  const copying: RouterInstance = { ...accept, name: 'copying', generic: { ...accept.generic, unseen: true } };
  const deferring: RouterInstance = {
    ...redirect,
    name: 'deferring',
    behaviour: { route: async () => ({ kind: 'defer', message: 'not yet' }) },
  };
  const deliverWith = (routers: readonly RouterInstance[], id: string) =>
    deliverById({ ...world.parts, config: { ...world.config, routers } }, id, FORCED, until);
  const accepted = await acceptMessage(world, ['b@test.ex']);
  accepted.claim.release();
  const { id } = accepted.message;
  assert.equal(await deliverWith([copying, deferring], id), 'deferred');
  assert.equal(world.mailboxes.get('b@test.ex')?.length, 1);
  assert.match(world.files.text(`/spool/input/${id}-H`) ?? '', /\nNN b@test.ex\/local\n/);
  assert.equal(await deliverWith([copying, deferring], id), 'deferred', 'the copy that waits is not lost');
  assert.equal(world.mailboxes.get('b@test.ex')?.length, 1, 'nor is the other repeated');
  assert.equal(await deliverWith([accept], id), 'completed');
  assert.equal(world.mailboxes.get('b@test.ex')?.length, 1, 'however it is routed');
});

test('a message with too many Received: lines loops: it bounces', async () => {
  const world = makeWorld();
  const limit = world.config.main.received_headers_max;
  const received = Array.from({ length: limit + 1 }, () => ({ type: 'P' as const, text: 'Received: by here\n' }));
  const accepted = await acceptMessage(world, ['b@test.ex']);
  const message = { ...accepted.message, headers: [...received, ...accepted.message.headers] };
  assert.equal(await deliverAccepted(world.parts, { ...accepted, message }, ON_ARRIVAL, until), 'completed');
  assert.equal(world.log.mainLines[0], '** b@test.ex : Too many "Received" headers - suspected mail loop');
  assert.equal(world.mailboxes.size, 0);
  assert.equal(world.handedOver.length, 1);
});

test('held domains wait before anything is routed, queued ones when their turn comes; the others are delivered', async () => {
  const world = makeWorld(undefined, {
    main: { hold_domains: testList('domain', 'held.ex'), queue_domains: testList('domain', 'q1.ex : q2.ex') },
  });
  const accepted = await acceptMessage(world, ['a@q1.ex', 'b@q2.ex', 'c@held.ex', 'd@test.ex']);
  assert.equal(await deliverAccepted(world.parts, accepted, ON_ARRIVAL, until), 'deferred');
  assert.deepEqual(world.log.mainLines, [
    '== c@held.ex defer (-23): domain is held',
    '== b@q2.ex routing defer (-56): domain is in queue_domains',
    '== a@q1.ex routing defer (-56): domain is in queue_domains',
    '=> d <d@test.ex> R=mailboxes T=local',
  ]);
  await deliverById(world.parts, accepted.message.id, QUEUE_RUN, until);
  assert.deepEqual([...world.mailboxes.keys()].sort(), ['a@q1.ex', 'b@q2.ex', 'd@test.ex']);
});

test('header lines follow a domain that a router completes', async () => {
  const world = makeWorld();
  const widening = router('widen', async (address) =>
    address.domain === 'short' ? { kind: 'reroute', domain: 'short.test.ex', rewriteHeaders: true } : { kind: 'decline' },
  );
  const routers = [widening, ...world.config.routers];
  const parts = { ...world.parts, config: { ...world.config, routers } };
  const begun = world.spool.begin();
  if (begun.kind !== 'ok') return assert.fail(begun.reason);
  const headers = [{ type: 'T', text: 'To: x <a@short>\n' }] as const;
  const done = await begun.sink.commit({ ...envelope(['a@short']), headers });
  if (done.kind !== 'ok') return assert.fail(done.reason);
  assert.equal(await deliverAccepted(parts, done.value, ON_ARRIVAL, until), 'completed');
  assert.deepEqual([...world.mailboxes], [['a@short.test.ex', ['To: x <a@short.test.ex>\n']]]);
});

test('queue_smtp_domains: what would go out together waits together, asked of its first address', async () => {
  const domainVariable: Template = {
    ...constantTemplate('$domain'),
    evaluate: (frame) => ok(untainted(frame.address?.domain ?? '')),
  };
  for (const template of [domainVariable, constantTemplate('far.ex')]) {
    const world = makeWorld(undefined, { main: { queue_smtp_domains: { kind: 'domain', template } } });
    const accepted = await acceptMessage(world, ['a@far.ex', 'b@far.ex', 'd@test.ex']);
    assert.equal(await deliverAccepted(world.parts, accepted, ON_ARRIVAL, until), 'deferred');
    const why = 'R=mailboxes T=smtp defer (-1): first-pass only routing due to -odqs, queue_smtp_domains or control=queue';
    assert.deepEqual(world.log.mainLines, ['=> d <d@test.ex> R=mailboxes T=local', `== a@far.ex ${why}`, `== b@far.ex ${why}`]);
    await deliverById(world.parts, accepted.message.id, QUEUE_RUN, until);
    assert.deepEqual([...world.mailboxes.keys()].sort(), ['a@far.ex', 'b@far.ex', 'd@test.ex']);
  }
});

test('what the configuration asks for and is not built keeps messages on the queue', async () => {
  const world = makeWorld();
  const accepted = await acceptMessage(world, ['b@test.ex']);
  const config = { ...world.config, mainNotYet: new Map([['system_filter', 'deliver' as const]]) };
  assert.equal(await deliverAccepted({ ...world.parts, config }, accepted, ON_ARRIVAL, until), 'deferred');
  assert.deepEqual(world.log.panicLines, ['main option system_filter is not built yet']);
  assert.equal(world.mailboxes.size, 0);
  assert.equal(await deliverAccepted(world.parts, accepted, ON_ARRIVAL, until), 'completed');
});

test('-N logs *> and delivers nothing', async () => {
  const world = makeWorld();
  const accepted = await acceptMessage(world, ['b@test.ex']);
  await deliverAccepted(world.parts, accepted, { ...ON_ARRIVAL, dontDeliver: true }, until);
  assert.deepEqual(world.log.mainLines, ['*> b <b@test.ex> R=mailboxes T=local', 'Completed']);
  assert.equal(world.mailboxes.size, 0);
});

test('a shadow transport gets a copy of what was delivered; its failure is only logged', async () => {
  for (const [answer, shown] of [
    [{ kind: 'delivered' }, 'copy'],
    [{ kind: 'failed', message: 'no room' }, 'copy (no room)'],
  ] as const) {
    const world = makeWorld();
    const local = world.config.transports.get('local') ?? assert.fail('no transport');
    const copied: string[] = [];
    const copy: TransportInstance = {
      ...local,
      name: 'copy',
      behaviour: {
        deliver: async ({ addresses }) => {
          copied.push(...addresses.map(({ address, state }) => `${address} ${state.transport?.name ?? ''}`));
          return addresses.map((address) => ({ address, ...answer }));
        },
      },
    };
    const shadowed = { ...local, generic: { ...local.generic, shadow_transport: 'copy' } };
    const config = { ...world.config, transports: new Map([...world.config.transports, ['local', shadowed], ['copy', copy]]) };
    world.answers.set('b', { kind: 'failed', message: 'unknown' });
    const accepted = await acceptMessage(world, ['a@test.ex', 'b@test.ex']);
    await deliverAccepted({ ...world.parts, config }, accepted, ON_ARRIVAL, until);
    assert.deepEqual(copied, ['a@test.ex copy']);
    assert.ok(world.log.mainLines.includes(`=> a <a@test.ex> R=mailboxes T=local ST=${shown}`), world.log.mainLines.join('\n'));
    assert.ok(world.log.mainLines.includes('** b@test.ex R=mailboxes T=local : unknown'));
  }
});

// ------------------------------------------------------------ crashes

class Crash extends Error {}

/** Lets `steps` changing operations happen; the next one does not return, as when the machine stops. */
class CrashingFiles extends MemoryFiles {
  stepsLeft = Number.POSITIVE_INFINITY;

  #step(): void {
    if (this.stepsLeft-- <= 0) throw new Crash('crash');
  }

  override open(...args: Parameters<MemoryFiles['open']>): ReturnType<MemoryFiles['open']> {
    if (args[1] !== 'read') this.#step();
    const opened = super.open(...args);
    if (opened.kind === 'ok') {
      const write = opened.value.write.bind(opened.value);
      opened.value.write = (bytes) => {
        this.#step();
        return write(bytes);
      };
      const fsync = opened.value.fsync.bind(opened.value);
      opened.value.fsync = () => {
        this.#step();
        return fsync();
      };
    }
    return opened;
  }

  override rename(...args: Parameters<MemoryFiles['rename']>): ReturnType<MemoryFiles['rename']> {
    this.#step();
    return super.rename(...args);
  }

  override unlink(...args: Parameters<MemoryFiles['unlink']>): ReturnType<MemoryFiles['unlink']> {
    this.#step();
    return super.unlink(...args);
  }

  override fsyncDirectory(...args: Parameters<MemoryFiles['fsyncDirectory']>): ReturnType<MemoryFiles['fsyncDirectory']> {
    this.#step();
    return super.fsyncDirectory(...args);
  }
}

/** Files of the disk after a crash: nobody holds locks any more. */
function afterCrash(files: MemoryFiles): MemoryFiles {
  const disk = new MemoryFiles();
  for (const path of files.paths()) disk.put(path, files.text(path) ?? '');
  return disk;
}

test('whatever step it crashes after: nothing is lost, and only what was in flight may be repeated', async () => {
  const recipients = ['a@test.ex', 'list@test.ex', 'nobody@test.ex', 'r1@far.ex', 'r2@far.ex'];
  const expected = ['a@test.ex', 'one@test.ex', 'two@test.ex', 'r1@far.ex', 'r2@far.ex'];
  let crashes = 0;
  for (let steps = 0; ; steps++) {
    const files = new CrashingFiles();
    const world = makeWorld(files);
    const bounces: string[] = [];
    let acknowledged = false;
    let deliveredBefore = 0;
    files.stepsLeft = steps;
    try {
      const accepted = await acceptMessage(world, recipients);
      acknowledged = true;
      const end = await deliverAccepted(world.parts, accepted, ON_ARRIVAL, until);
      if (end === 'completed') await world.spool.settle();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
    const isOver = files.stepsLeft >= 0;
    files.stepsLeft = Number.POSITIVE_INFINITY;
    deliveredBefore = [...world.mailboxes.values()].reduce((sum, box) => sum + box.length, 0);
    const again = makeWorld(afterCrash(files), {}, world);
    for (const id of again.spool.scan()) {
      const peeked = again.spool.peek(id);
      if (peeked.kind === 'ok' && peeked.message.sender === '') bounces.push(id);
      else await deliverById(again.parts, id, QUEUE_RUN, until);
    }
    await again.spool.settle();
    bounces.push(...again.handedOver.map((accepted) => accepted.message.id));
    if (acknowledged) {
      for (const address of expected) assert.ok((world.mailboxes.get(address)?.length ?? 0) >= 1, `step ${steps}: ${address} is lost`);
      assert.ok(bounces.length >= 1, `step ${steps}: the failure was told`);
    }
    const repeated = expected.filter((address) => (world.mailboxes.get(address)?.length ?? 0) > 1);
    assert.ok(repeated.length <= 1, `step ${steps}: repeated ${repeated.join(' ')} after ${deliveredBefore}`);
    for (const address of repeated) assert.equal(world.mailboxes.get(address)?.length, 2);
    if (isOver) break;
    crashes++;
  }
  assert.ok(crashes > 30, `only ${crashes} steps`);
});

test('a delivery whose process was lost leaves no trace but what was delivered: no retry time, no bounce, and it is a first delivery again', async () => {
  const world = makeWorld(new MemoryFiles(), { retryRules: [] }); // any deferral that counts would bounce at once
  world.answers.set('b', { kind: 'deferred', isInterrupted: true, message: 'the local delivery process was lost: gone' });
  const { id, end, lines } = await run(world, ['a@test.ex', 'b@test.ex']);
  assert.equal(end, 'interrupted');
  assert.deepEqual(lines, [
    '=> a <a@test.ex> R=mailboxes T=local',
    'b@test.ex: delivery interrupted, to be tried again: the local delivery process was lost: gone',
  ]);
  assert.deepEqual(world.hints.keys(RETRY_DATABASE), []);
  assert.deepEqual(world.handedOver, []);
  const left = world.spool.peek(id);
  assert.equal(left.kind === 'ok' && left.message.isFirstDelivery, true, 'it is taken up after a crash');
  assert.deepEqual(left.kind === 'ok' && [...left.message.nonRecipients], ['a@test.ex']);
  world.answers.delete('b');
  assert.equal(await deliverById(world.parts, id, QUEUE_RUN, until), 'completed');
  assert.equal(world.mailboxes.get('a@test.ex')?.length, 1);
  assert.equal(world.mailboxes.get('b@test.ex')?.length, 1);
});

test('whatever a router makes of a helper that was lost, the address is tried again', async () => {
  for (const verdict of ['fail', 'defer'] as const) {
    const world = makeWorld(new MemoryFiles(), { retryRules: [] });
    const asks = router('asks', async (_address, context) => {
      const found = await context.services.userActions.stat(undefined, '/home/b/.forward', until);
      return found.kind === 'ok' ? { kind: 'decline' } : { kind: verdict, message: 'cannot look' };
    });
    const lost = { kind: 'error', errno: HELPER_LOST, reason: 'gone' } as const;
    let answers: readonly Awaited<ReturnType<UserActions['stat']>>[] = [lost];
    const userActions: UserActions = { ...world.parts.services.userActions, stat: async () => answers[0] ?? lost };
    const config = { ...world.config, routers: [asks, ...world.config.routers] };
    const parts: DeliverParts = { ...world.parts, config, services: { ...world.parts.services, userActions } };
    const accepted = await acceptMessage(world, ['b@test.ex']);
    assert.equal(await deliverAccepted(parts, accepted, ON_ARRIVAL, until), 'interrupted');
    assert.deepEqual(world.log.mainLines, ['b@test.ex: delivery interrupted, to be tried again: cannot look']);
    assert.deepEqual(world.hints.keys(RETRY_DATABASE), []);
    assert.deepEqual(world.handedOver, []);
    answers = [{ kind: 'error', errno: 'ENOENT', reason: 'No such file or directory' }];
    assert.notEqual(await deliverById(parts, accepted.message.id, FORCED, until), 'interrupted', 'an answer counts');
  }
});
