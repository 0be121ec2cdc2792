/** Golden lines: as Exim 4.96 and 4.99 write them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address, DeliveryResult, Origin, RouterInstance, TlsFacts, TransportInstance } from '../../core/index.ts';
import { FakeLog } from '../../system/fakes/log.ts';
import { defaultSelectors } from '../selectors.ts';
import { type Arrival, arrivalLine, receivedFromLine } from './arrival.ts';
import { closedLine, connectionLine, droppedLine, lostIdleLine, lostLine, noMailLine, smtpErrorLine } from './connection.ts';
import { deferredLine, deliveredLine, discardedLine, failedLine, failedMessageLogLine } from './delivery.ts';
import { formatDuration } from './duration.ts';
import { completedLine, frozenLine, queueRunLine } from './queue.ts';
import { rejectedMessage, rejectionLine } from './rejection.ts';

const plain = new FakeLog({ selectors: [...defaultSelectors()] });
const all = new FakeLog({
  selectors: [
    ...defaultSelectors(),
    '8bitmime',
    'deliver_time',
    'delivery_size',
    'incoming_interface',
    'incoming_port',
    'outgoing_interface',
    'outgoing_port',
    'millisec',
    'msg_id_created',
    'queue_time',
    'queue_time_overall',
    'pipelining',
    'receive_time',
    'received_recipients',
    'received_sender',
    'return_path_on_delivery',
    'sender_on_delivery',
    'subject',
    'tls_peerdn',
    'all_parents',
  ],
});

const local: Origin = {
  ident: 'root',
  protocol: 'local',
  isLocal: false,
  callerUid: 0,
  callerGid: 0,
  callerLogin: 'root',
  aclC: new Map(),
};
const remote: Origin = {
  ...local,
  ident: undefined,
  hostAddress: '127.0.0.1',
  hostPort: 38070,
  interfaceAddress: '127.0.0.1',
  interfacePort: 2599,
  heloName: 'host.test.ex',
  protocol: 'esmtpsa',
  authenticatorName: 'plain',
  authenticatedId: 'user',
};
const tls: TlsFacts = {
  cipher: 'TLS1.3:TLS_AES_256_GCM_SHA384:256',
  cipherStandardName: '',
  version: 'TLS1.3',
  bits: 256,
  peerDn: 'CN=host.test.ex',
  sni: '',
  certificateVerified: false,
  resumption: 1,
};

const arrival: Arrival = {
  sender: 's@x.y',
  origin: local,
  sizeBytes: 293,
  bodyType: '',
  durationMs: 0,
  messageId: { value: 'E1xUlBX-0004Y2-27@host.test.ex', isCreated: true },
  subject: 'hi there \xc3\xa4',
  recipients: ['x@red.ex', 'z@remote.ex'],
};

test('<=', () => {
  assert.equal(arrivalLine(arrival, plain), '<= s@x.y U=root P=local S=293');
  assert.equal(
    arrivalLine(arrival, all),
    '<= s@x.y U=root P=local S=293 M8S=0 RT=0.000s id*=E1xUlBX-0004Y2-27@host.test.ex T="hi there \\303\\244" from <s@x.y> for x@red.ex z@remote.ex',
  );
  assert.ok(arrivalLine({ ...arrival, recipients: [] }, all).endsWith(' from <s@x.y>'));
  assert.equal(arrivalLine({ ...arrival, queueName: 'slow' }, plain), '<= s@x.y U=root P=local S=293 Q=slow');
  assert.ok(arrivalLine({ ...arrival, queueName: 'slow' }, all).includes(' RT=0.000s Q=slow id*='));
  const fromHost: Arrival = {
    ...arrival,
    origin: { ...remote, tls: { ...tls, peerDn: '' } },
    usedChunking: true,
    pipelining: 'offered',
    messageId: { value: 'a@b', isCreated: false },
  };
  assert.equal(
    arrivalLine(fromHost, all),
    '<= s@x.y H=(host.test.ex) [127.0.0.1]:38070 I=[127.0.0.1]:2599 P=esmtpsa L- X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no A=plain:user K S=293 M8S=0 RT=0.000s id=a@b T="hi there \\303\\244" from <s@x.y> for x@red.ex z@remote.ex',
  );
  for (const [pipelining, earlyPipelining, field] of [
    ['used', 'no', ' L '],
    ['used', 'accepted', ' L. '],
    ['used', 'used', ' L* '],
    ['offered', 'accepted', ' L.- '],
  ] as const)
    assert.ok(arrivalLine({ ...fromHost, pipelining, earlyPipelining }, all).includes(field), field);
  assert.equal(
    arrivalLine({ ...arrival, sender: '', reference: '1abc', origin: { ...local, ident: 'Debian-exim' } }, plain),
    '<= <> R=1abc U=Debian-exim P=local S=293',
  );
  assert.equal(
    receivedFromLine(
      {
        ...arrival,
        origin: { ...remote, hostName: 'host.name', heloName: 'foo.bar', hostAddress: '1.2.3.4', ident: 'identme', protocol: 'esmtpa' },
      },
      plain,
    ),
    'Received from s@x.y H=host.name (foo.bar) [1.2.3.4] U=identme P=esmtpa A=plain:user S=293',
  );
});

test('<= has what SPF gave, when that is asked for', () => {
  const checked = { ...arrival, dkimDomain: 'd.ex', spfResult: 'pass' };
  assert.equal(arrivalLine(checked, plain), '<= s@x.y U=root P=local S=293 DKIM=d.ex');
  for (const selector of ['spf', 'spf_verbose'])
    assert.equal(arrivalLine(checked, new FakeLog({ selectors: [selector] })), '<= s@x.y U=root P=local S=293 SPF=pass', selector);
});

test('<= shows the beginning of a long subject, and no long message id', () => {
  const subject = `${'y'.repeat(99)}""`;
  const line = (length: number) => arrivalLine({ ...arrival, subject, messageId: { value: 'z'.repeat(length), isCreated: false } }, all);
  assert.equal(line(257), `<= s@x.y U=root P=local S=293 M8S=0 RT=0.000s T="${'y'.repeat(99)}\\"" from <s@x.y> for x@red.ex z@remote.ex`);
  assert.ok(line(256).includes(` id=${'z'.repeat(256)} T="`));
});

test('what the peer sent cannot break a line', () => {
  assert.equal(
    arrivalLine({ ...arrival, origin: { ...remote, heloName: 'a\nb', authenticatedId: 'x\ty' } }, plain),
    '<= s@x.y H=(a\\nb) [127.0.0.1] P=esmtpsa A=plain:x\\ty S=293',
  );
});

const hosts: [Partial<Origin>, string][] = [
  [{ hostName: 'a.b', heloName: 'A.B' }, 'H=a.b [127.0.0.1]'],
  [{ hostName: 'a.b', heloName: 'c' }, 'H=a.b (c) [127.0.0.1]'],
  [{ heloName: '[127.0.0.1]' }, 'H=([127.0.0.1]) [127.0.0.1]'],
  [{ heloName: '[10.0.0.1]', ident: 'me' }, 'H=([10.0.0.1]) [127.0.0.1] U=me'],
  [{ hostAddress: undefined, ident: 'CALLER' }, 'U=CALLER'],
];
test('H= and U=', () => {
  for (const [change, expected] of hosts) {
    assert.equal(
      rejectionLine(
        { origin: { ...remote, authenticatorName: undefined, ...change }, what: 'MAIL <x@y>', isTemporary: false, reason: 'no' },
        plain,
      ),
      `${expected} rejected MAIL <x@y>: no`,
    );
  }
});

const instance = { at: { file: '', line: 0, column: 0 }, own: {}, settings: new Map(), notYet: [], behaviour: undefined };
const router = (name: string, logAsLocal = false): RouterInstance => ({
  ...instance,
  name,
  driver: name,
  generic: { log_as_local: logAsLocal },
});
const transport = (name: string, isRemote: boolean): TransportInstance => ({ ...instance, name, driver: name, generic: {}, isRemote });

function address(
  text: string,
  change: { kind?: Address['kind']; parent?: Address; router?: RouterInstance; transport?: TransportInstance; original?: string } = {},
): Address {
  const at = text.lastIndexOf('@');
  return {
    kind: change.kind ?? 'mailbox',
    address: text,
    original: change.original ?? text,
    localPart: text.slice(0, at),
    domain: text.slice(at + 1),
    unique: text,
    recipientIndex: 0,
    ...(change.parent === undefined ? {} : { parent: change.parent }),
    inherited: { headersAdd: [], headersRemove: [], routerVariables: new Map() },
    state: { headersAdd: [], headersRemove: [], routerVariables: new Map(), router: change.router, transport: change.transport },
  };
}

const facts = { sender: 's@x.y', returnPath: 's@x.y', queuedMs: 55, durationMs: 17, sizeBytes: 305 };
const done = (of: Address, change: Partial<DeliveryResult> = {}): DeliveryResult => ({ address: of, kind: 'delivered', ...change });

test('=> and ->', () => {
  const red = address('x@red.ex');
  const final = address('final@local.ex', { parent: red, router: router('local', true), transport: transport('t1', false) });
  assert.equal(deliveredLine('=>', done(final), facts, plain), '=> final <x@red.ex> R=local T=t1');
  assert.equal(
    deliveredLine('=>', done(final), { ...facts, queuedMs: 12, durationMs: 2, sizeBytes: 330 }, all),
    '=> final <x@red.ex> F=<s@x.y> P=<s@x.y> R=local T=t1 S=330 QT=0.012s DT=0.002s',
  );
  const inSlow = { ...facts, queueName: 'slow' };
  assert.equal(
    deliveredLine('=>', done(final), { ...inSlow, sizeBytes: 330 }, all).slice(0, 65),
    '=> final <x@red.ex> F=<s@x.y> Q=slow P=<s@x.y> R=local T=t1 S=330',
  );
  const other = address('other@remote.ex', { parent: red, router: router('remote', true), transport: transport('smtp', true) });
  const sent = done(other, {
    host: { name: '127.0.0.1', address: '127.0.0.1', port: 2599 },
    tls,
    authenticator: 'plain',
    usedPipelining: true,
    usedChunking: true,
    sendingAddress: '127.0.0.1',
    sendingPort: 38070,
    confirmation: '250- 305 byte chunk, total 305\n250 OK id=1xUlBX-0004Y9-2D',
  });
  assert.equal(
    deliveredLine('=>', sent, facts, all),
    '=> other@remote.ex <x@red.ex> F=<s@x.y> P=<s@x.y> R=remote T=smtp S=305 H=127.0.0.1 [127.0.0.1]:2599 I=[127.0.0.1]:38070 X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no DN="CN=host.test.ex" A=plain L K C="250- 305 byte chunk, total 305\\\\n250 OK id=1xUlBX-0004Y9-2D" QT=0.055s DT=0.017s',
  );
  assert.equal(
    deliveredLine('->', done(address('z@remote.ex', { router: router('remote'), transport: transport('smtp', true) })), facts, plain),
    '-> z@remote.ex R=remote T=smtp',
  );
  assert.equal(discardedLine(address('bb@bh.ex', { router: router('bh') }), ':blackhole:'), '=> :blackhole: <bb@bh.ex> R=bh');
  const pipe = address('|/bin/true', {
    kind: 'pipe',
    parent: address('g@red.ex', { parent: address('f@red.ex') }),
    router: router('red'),
    transport: transport('t3', false),
  });
  assert.equal(deliveredLine('=>', done(pipe), facts, plain), '=> |/bin/true (g@red.ex) <f@red.ex> R=red T=t3');
  const upper = address('loc@local.ex', { original: 'LOC@local.ex', router: router('local', true), transport: transport('t1', false) });
  assert.equal(deliveredLine('*>', done(upper), facts, plain), '*> loc <LOC@local.ex> R=local T=t1');
});

test('a local part is shown without its quotes and backslashes, and behind it as it was written', () => {
  const rows: readonly (readonly [address: string, shown: string])[] = [
    ['"a b"@c.ex', 'a b@c.ex <"a b"@c.ex>'],
    ['a\\ b@c.ex', 'a b@c.ex <a\\ b@c.ex>'],
    ['|/x\\ "y \\"z"@c.ex', '|/x y "z@c.ex <|/x\\ "y \\"z"@c.ex>'],
  ];
  for (const [written, shown] of rows)
    assert.equal(
      failedLine(done(address(written, { router: router('r') }), { kind: 'failed', message: 'no' }), facts, plain),
      `** ${shown} R=r : no`,
    );
});

test('** and ==', () => {
  const bad = address('userx@test.ex', { router: router('r2') });
  assert.equal(
    failedLine(done(bad, { kind: 'failed', message: 'forced failure' }), facts, plain),
    '** userx@test.ex R=r2 : forced failure',
  );
  assert.match(
    failedLine(done(bad, { kind: 'failed', message: 'no' }), { ...facts, queueName: 'slow' }, all),
    /^\*\* userx@test\.ex F=<s@x\.y> Q=slow P=<s@x\.y> R=r2 : no/,
  );
  assert.equal(
    deferredLine(done(bad, { kind: 'deferred', errorNumber: -1, message: 'later' }), { ...facts, queueName: 'slow' }, plain),
    '== userx@test.ex Q=slow R=r2 defer (-1): later',
  );
  assert.equal(
    failedMessageLogLine(done(address('s@x.y'), { kind: 'failed', message: 'Unrouteable address' }), facts, plain),
    'routing failed for s@x.y : Unrouteable address',
  );
  const host = { name: '127.0.0.1', address: '127.0.0.1', port: 25 };
  const refused = address('r@ref.ex', { router: router('ref'), transport: transport('smtp', true) });
  assert.equal(
    deferredLine(done(refused, { kind: 'deferred', errorNumber: 111, errorReason: 'Connection refused' }), facts, plain),
    '== r@ref.ex R=ref T=smtp defer (111): Connection refused',
  );
  assert.equal(
    deferredLine(
      done(refused, {
        kind: 'deferred',
        errorNumber: -44,
        host,
        message: 'SMTP error from remote mail server after RCPT TO:<r@ref.ex>: 451 no',
      }),
      facts,
      plain,
    ),
    '== r@ref.ex R=ref T=smtp defer (-44) H=127.0.0.1 [127.0.0.1]: SMTP error from remote mail server after RCPT TO:<r@ref.ex>: 451 no',
  );
  assert.equal(
    failedLine(done(refused, { kind: 'failed', host, message: '550 no' }), facts, plain),
    '** r@ref.ex R=ref T=smtp H=127.0.0.1 [127.0.0.1] : 550 no',
  );
});

test('connections', () => {
  const host = { ...remote, heloName: undefined, authenticatorName: undefined };
  assert.equal(connectionLine(host, 1, plain), 'SMTP connection from [127.0.0.1] (TCP/IP connection count = 1)');
  assert.equal(connectionLine(host, 'inetd', plain), 'SMTP connection from [127.0.0.1] (via inetd)');
  assert.equal(lostIdleLine(host, '', 1000, plain, true), 'SMTP connection from [127.0.0.1] (via inetd) lost D=1s');
  const numbered = new FakeLog({ selectors: ['connection_id'] });
  assert.equal(connectionLine({ ...host, connectionId: '12' }, 1, numbered), connectionLine(host, 1, plain));
  assert.equal(lostLine({ ...host, connectionId: '12' }, 'somewhere', numbered), 'SMTP connection Ci=12 from [127.0.0.1] lost somewhere');
  assert.equal(
    closedLine({ ...host, hostName: 'localhost', heloName: 'myhost' }, 'QUIT', 2100, plain),
    'SMTP connection from localhost (myhost) [127.0.0.1] D=2s closed by QUIT',
  );
  assert.equal(
    lostLine({ ...local, ident: 'CALLER' }, 'while reading message data (header)', plain),
    'SMTP connection from CALLER lost while reading message data (header)',
  );
  assert.equal(
    droppedLine(host, 'too many nonmail commands (last was "vrfy")', plain),
    'SMTP call from [127.0.0.1] dropped: too many nonmail commands (last was "vrfy")',
  );
  assert.equal(
    smtpErrorLine('syntax', 'auth a%b', { ...local, ident: 'CALLER' }, 'invalid character in authentication mechanism name', plain),
    'SMTP syntax error in "auth a%b" U=CALLER invalid character in authentication mechanism name',
  );
  assert.equal(
    noMailLine(
      { ...host, heloName: 'foobar', authenticatorName: 'plain', authenticatedId: 'userx', tls: { ...tls, peerDn: '' } },
      0,
      ['EHLO', 'QUIT'],
      new FakeLog({ selectors: ['tls_cipher'] }),
    ),
    'no MAIL in SMTP connection from (foobar) [127.0.0.1] D=0s A=plain:userx X=TLS1.3:TLS_AES_256_GCM_SHA384:256 C=EHLO,QUIT',
  );
});

test('rejections', () => {
  const origin = { ...remote, authenticatorName: undefined, hostName: 'h.x' };
  assert.equal(
    rejectionLine(
      { origin, sender: 'CALLER@test.ex', what: 'RCPT <userx@test.ex>', isTemporary: true, reason: 'Recipient deferred' },
      plain,
    ),
    'H=h.x (host.test.ex) [127.0.0.1] F=<CALLER@test.ex> temporarily rejected RCPT <userx@test.ex>: Recipient deferred',
  );
  assert.equal(
    rejectionLine({ origin, sender: '', what: 'after DATA', isTemporary: false, reason: undefined }, plain),
    'H=h.x (host.test.ex) [127.0.0.1] F=<> rejected after DATA',
  );
  // Who has authenticated is told with the sender only.
  const user: Origin = { ...origin, authenticatorName: 'plain', authenticatedId: 'user' };
  const rejected = (sender: string | undefined, what: string) =>
    rejectionLine({ origin: user, sender, what, isTemporary: false, reason: undefined }, plain);
  assert.equal(rejected('x@y', 'RCPT <a@b>'), 'H=h.x (host.test.ex) [127.0.0.1] F=<x@y> A=plain:user rejected RCPT <a@b>');
  assert.equal(rejected(undefined, 'EXPN a@b'), 'H=h.x (host.test.ex) [127.0.0.1] rejected EXPN a@b');
  assert.deepEqual(
    rejectedMessage(
      'x@y',
      ['a@b', 'c@d'],
      [
        { type: 'P', text: 'Received: x\n\ty\n' },
        { type: ' ', text: 'Subject: s\n' },
      ],
    ),
    ['Envelope-from: <x@y>\n', 'Envelope-to: <a@b>\n', '    <c@d>\n', 'P Received: x\n\ty\n', '  Subject: s\n'],
  );
});

test('the rest', () => {
  assert.equal(completedLine(25, all), 'Completed QT=0.025s');
  assert.equal(completedLine(25, plain), 'Completed');
  assert.equal(frozenLine('delivery error message'), 'Frozen (delivery error message)');
  assert.equal(queueRunLine('Start', 12, '-qf'), 'Start queue run: pid=12 -qf');
  assert.equal(queueRunLine('End', 12, '', 'slow'), "End 'slow' queue run: pid=12");
  assert.equal(formatDuration(225_000, true), '3m45s');
  assert.equal(formatDuration(1578, true), '1.578s');
  assert.equal(formatDuration(1578, false), '1s');
});
