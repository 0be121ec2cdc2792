import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesFromOctets } from '../base/octets.ts';
import { type HeaderType, type Message, type TlsFacts, tainted, untainted } from '../core/index.ts';
import { FakeRandom } from '../system/fakes/host.ts';
import { formatHeaderFile, headersSize, parseHeaderFile } from './header-file.ts';
import { formatNonRecipients } from './non-recipients.ts';
import { formatRecipient, parseRecipient } from './recipient-line.ts';

const ID = '1xUl9Q-000000003y7-0a2b';

/** As Exim 4.96 wrote it. */
const WRITTEN_BY_EXIM = `1xUl9Q-0003y7-0a-H
root 0 0
<s@x.y>
1795267748 1
-received_time_usec .183150
-received_time_complete 1795267749.083671
--helo_name foo.bar
--host_address [1.2.3.4]:567
--host_name host.name
--host_auth plain
-host_auth_pubname PLAIN
--interface_address [5.6.7.8]:25
--ident identme
-received_protocol esmtpa
-aclc _foo 9
two
lines
--aclm 0 13
hello foo.bar
--(mysql)aclm _q 11
a\\'bfoo.bar
-body_linecount 1
-max_received_linelength 10
-body_zerocount 1
--auth_id user1
-deliver_firsttime
-tls_cipher TLS1.3:TLS_AES_256_GCM_SHA384:256
-tls_resumption B
-dsn_envid QQ1
-dsn_ret 1
YY b@test.ex
NN a@test.ex
NN r3@test.ex
5
r1@test.ex rfc822;o+40@test.ex 19,20  0,-1#3
r2@test.ex  0,2  0,-1#3
r3@test.ex
aa@def.ex  0,0  0,0#3
old@x.y err@x.y 7,2#1

186P Received: from host.name
\t([1.2.3.4] helo=foo.bar ident=identme)
\tby host.test.ex with esmtpa (Exim 4.96)
\t(envelope-from <s@x.y>)
\tid 1xUl9Q-0003y7-0a;
\tSat, 21 Nov 2026 13:29:08 +0000
011  Subject: x
011* Subject: y
`;

function parsed(id: string, text: string) {
  const result = parseHeaderFile(id, bytesFromOctets(text));
  assert.equal(result.kind, 'ok', result.kind === 'error' ? result.message : '');
  return result.kind === 'ok' ? result.message : assert.fail();
}

test('what Exim wrote is read', () => {
  const message = parsed('1xUl9Q-0003y7-0a', WRITTEN_BY_EXIM);
  assert.equal(message.sender, 's@x.y');
  assert.equal(message.receivedAtMs, 1795267748183.15);
  assert.equal(message.receiveDurationUsec, 900521);
  assert.equal(message.warningCount, 1);
  assert.equal(message.origin.hostAddress, '1.2.3.4');
  assert.equal(message.origin.hostPort, 567);
  assert.equal(message.origin.interfacePort, 25);
  assert.equal(message.origin.authenticatorName, 'plain');
  assert.equal(message.origin.authenticatorPublicName, 'PLAIN');
  assert.equal(message.origin.aclC.get('acl_c_foo')?.octets, 'two\nlines');
  assert.deepEqual(message.aclM.get('acl_m0'), tainted('hello foo.bar'));
  assert.deepEqual(message.aclM.get('acl_m_q'), tainted("a\\'bfoo.bar", 'mysql'));
  assert.deepEqual(message.dsn, { envid: 'QQ1', ret: 'FULL' });
  assert.deepEqual([...message.nonRecipients].sort(), ['a@test.ex', 'b@test.ex', 'r3@test.ex']);
  assert.deepEqual(message.recipients, [
    { address: 'r1@test.ex', orcpt: 'rfc822;o+40@test.ex', notify: ['SUCCESS', 'DELAY'] },
    { address: 'r2@test.ex', notify: ['NEVER'] },
    { address: 'r3@test.ex' },
    { address: 'aa@def.ex', parentIndex: 0 },
    { address: 'old@x.y', errorsTo: 'err@x.y', parentIndex: 2 },
  ]);
  assert.equal(message.origin.tls?.bits, 256);
  assert.equal(message.origin.tls?.cipherStandardName, 'TLS_AES_256_GCM_SHA384');
  assert.equal(message.origin.tls?.resumption, 1);
  assert.deepEqual(message.unknownSpoolLines, []);
  assert.deepEqual(
    message.headers.map((header) => header.type),
    ['P', ' ', '*'],
  );
  assert.equal(message.size, 186 + 11 + 1);
  assert.equal(message.isFirstDelivery, true);
});

test('what was read is written so that it reads the same', () => {
  const message = parsed('1xUl9Q-0003y7-0a', WRITTEN_BY_EXIM);
  assert.deepEqual(parsed('1xUl9Q-0003y7-0a', formatHeaderFile(message)), message);
});

test('addresses before 4.9x have their port behind a dot', () => {
  const old = WRITTEN_BY_EXIM.replace('--host_address [1.2.3.4]:567', '-host_address 1.2.3.4.567').replace('[5.6.7.8]:25', '::1.25');
  const { origin } = parsed('1xUl9Q-0003y7-0a', old);
  assert.deepEqual([origin.hostAddress, origin.hostPort, origin.interfaceAddress, origin.interfacePort], ['1.2.3.4', 567, '::1', 25]);
});

const random = new FakeRandom(7);
const pick = <T>(items: readonly T[]): T => items[random.below(items.length)] as T; // below length
const octets = (length: number, exclude = /[\n\0]/g) =>
  Array.from({ length: random.below(length) }, () => String.fromCharCode(random.below(256)))
    .join('')
    .replace(exclude, '.');
const optional = <T>(value: () => T): T | undefined => (random.below(2) === 0 ? undefined : value());

/** Without keys of undefined, as the reader leaves them. */
function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T; // the same keys that have values
}

/** What -H has no line for is found again from the cipher. */
function randomTls(): TlsFacts {
  return {
    cipher: 'TLS1.3:TLS_AES_256_GCM_SHA384:256',
    cipherStandardName: 'TLS_AES_256_GCM_SHA384',
    version: 'TLS1.3',
    bits: 256,
    peerDn: octets(9),
    sni: octets(9),
    certificateVerified: random.below(2) === 0,
    resumption: random.below(32),
  };
}

function randomMessage(): Omit<Message, 'body'> {
  const hostAddress = optional(() => pick(['1.2.3.4', '::1']));
  const hostLookup = pick([undefined, 'failed', 'deferred'] as const);
  const aclVariable = () => octets(20, /(?!)/) || 'x';
  const header = () => ({ type: pick([...' BCFIPRST*'] as HeaderType[]), text: `X-${octets(200, /[\0]/g)}\n` });
  const headers = Array.from({ length: random.below(6) }, header);
  const seconds = 1795267748 + random.below(1000);
  const usec = random.below(1_000_000);
  return {
    id: ID,
    sender: octets(20, /[\n\0]/g),
    recipients: Array.from({ length: random.below(5) }, (_, i) =>
      defined({
        address: `${octets(10, /[\n\0#]/g)}${i}@x.y`,
        errorsTo: optional(() => `e${octets(9, /[\n\0]/g)}`),
        parentIndex: optional(() => random.below(9)),
        orcpt: optional(() => `rfc822;${octets(9, /[\n\0]/g)}`),
        notify: optional(() => ['SUCCESS', 'DELAY'] as const),
      }),
    ),
    headers,
    size: headersSize(headers),
    bodyLineCount: random.below(100),
    bodyZeroCount: random.below(2),
    maxReceivedLineLength: random.below(1000),
    receivedAtMs: seconds * 1000 + usec / 1000,
    receivedUsec: usec,
    receiveDurationUsec: optional(() => random.below(5_000_000)),
    isUtf8: random.below(2) === 0,
    dsn: defined({ envid: optional(() => `q${octets(5)}`), ret: pick([undefined, 'FULL', 'HDRS'] as const) }),
    aclM: new Map(
      [
        [`acl_m${random.below(10)}`, tainted(aclVariable())],
        ['acl_m_long name', untainted(aclVariable())],
      ].slice(random.below(3)) as [],
    ),
    origin: defined({
      callerLogin: `l${octets(4)}`,
      callerUid: random.below(100),
      callerGid: random.below(100),
      isLocal: random.below(2) === 0,
      aclC: new Map([['acl_c_x', tainted(aclVariable(), 'mysql')]]),
      hostAddress,
      hostPort: hostAddress === undefined ? undefined : 25,
      hostLookup,
      heloName: optional(() => `h${octets(9)}`),
      ident: optional(() => `i${octets(9)}`),
      protocol: optional(() => 'esmtp'),
      authenticatedId: optional(() => `a${octets(9)}`),
      authenticatorName: optional(() => `a${octets(9)}`),
      authenticatorPublicName: optional(() => `p${octets(9)}`),
      tls: optional(randomTls),
      activeHostname: optional(() => 'act'),
      interfaceAddress: optional(() => '10.0.0.1'),
    }),
    nonRecipients: new Set(Array.from({ length: random.below(20) }, () => `n${octets(9)}`)),
    isFirstDelivery: random.below(2) === 0,
    frozenAt: optional(() => seconds),
    isManuallyThawed: random.below(2) === 0,
    isLocalError: random.below(2) === 0,
    dontDeliver: random.below(2) === 0,
    warningCount: random.below(5),
    isSenderSetUntrusted: random.below(2) === 0,
    ...(random.below(2) === 0 ? {} : { downconversion: random.below(2) === 0 ? 'always' : 'if-needed' }),
    ...(random.below(2) === 0 ? {} : { localScanData: `l${octets(9)}` }),
    ...(random.below(2) === 0 ? {} : { spam: { bar: '++', score: '2.5', scoreInt: '25' } }),
    unknownSpoolLines: random.below(2) === 0 ? [] : ['-nobody_knows ++'],
    queueName: '',
    isQueueOnly: false,
  };
}

test('property: parse(write(x)) = x', () => {
  for (let i = 0; i < 500; i++) {
    const message = randomMessage();
    const wanted = {
      ...message,
      aclM: new Map([...message.aclM].map(([name, text]) => [name.replaceAll(' ', '_'), text])),
      isWireFormat: false,
    };
    const got = parsed(ID, formatHeaderFile(message));
    const { hostPort, ...origin } = got.origin;
    assert.deepEqual({ ...got, origin: defined({ ...origin, hostPort }) }, wanted);
  }
});

test('no value makes a line of its own', () => {
  const evil = 'x\n-frozen 1\n';
  const message = {
    ...parsed('1xUl9Q-0003y7-0a', WRITTEN_BY_EXIM),
    sender: evil,
    id: '1xUl9Q-0003y7-0a',
    nonRecipients: new Set([evil]),
    dsn: { envid: evil },
    unknownSpoolLines: [`-x${evil}`],
  };
  const origin = { ...message.origin, heloName: evil, ident: evil, authenticatedId: evil, hostName: evil, callerLogin: evil };
  const again = parsed(
    '1xUl9Q-0003y7-0a',
    formatHeaderFile({ ...message, origin, recipients: [{ address: evil }, { address: 'a@b', orcpt: 'o' }] }),
  );
  assert.equal(again.frozenAt, undefined);
  assert.equal(again.recipients.length, 2);
  assert.equal(again.sender, 'x -frozen 1 ');
});

test('broken files are refused, never thrown', () => {
  for (let cut = 0; cut < WRITTEN_BY_EXIM.length - 1; cut += 3) {
    assert.doesNotThrow(() => parseHeaderFile('1xUl9Q-0003y7-0a', bytesFromOctets(WRITTEN_BY_EXIM.slice(0, cut))));
  }
  assert.equal(parseHeaderFile('1xUl9Q-0003y7-0b', bytesFromOctets(WRITTEN_BY_EXIM)).kind, 'error');
});

test('recipient lines', () => {
  assert.equal(formatRecipient({ address: 'a@b' }), 'a@b');
  assert.equal(formatRecipient({ address: 'a@b', notify: ['SUCCESS', 'DELAY'], orcpt: 'rfc822;o' }), 'a@b rfc822;o 8,20  0,-1#3');
  assert.deepEqual(parseRecipient('"a#1"@b'), { address: '"a#1"@b' });
  assert.equal(parseRecipient('a@b 7,0#1'), undefined);
});

test('the tree of non-recipients is balanced', () => {
  assert.deepEqual(formatNonRecipients(new Set(['a', 'b', 'c'])), ['YY b', 'NN a', 'NN c']);
  assert.deepEqual(formatNonRecipients(new Set(['b', 'a'])), ['YN b', 'NN a']);
  assert.deepEqual(formatNonRecipients(new Set(['a', 'b'])), ['NY a', 'NN b']);
  assert.deepEqual(formatNonRecipients(new Set(['m@y', 'a@z', 'k@z'])), ['YY k@z', 'NN a@z', 'NN m@y']);
  assert.deepEqual(formatNonRecipients(new Set(['a', 'c', 'b'])), ['YY b', 'NN a', 'NN c']);
  assert.deepEqual(formatNonRecipients(new Set(['f', 'e', 'd', 'c', 'b', 'a'])), ['YY c', 'YN b', 'NN a', 'YY e', 'NN d', 'NN f']);
  assert.deepEqual(formatNonRecipients(new Set()), ['XX']);
});
