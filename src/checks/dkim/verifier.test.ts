import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { bytesFromOctets } from '../../base/octets.ts';
import type { DkimFinding, DnsAnswer, HeaderLine, VerifiedSignature } from '../../core/index.ts';
import { makeHeader } from '../../message/header.ts';
import { FakeDns, type FakeZone } from '../../system/fakes/dns.ts';
import { keyRecord, type Signing, signatureLine, type TestKey } from './signing-fixture.ts';
import { type DkimOptions, DkimVerifier, type KeyLookup } from './verifier.ts';

const OPTIONS: DkimOptions = {
  dkim_verify_hashes: 'sha256:sha512',
  dkim_verify_keytypes: 'ed25519:rsa',
  dkim_verify_min_keysizes: 'rsa=1024 ed25519=250',
  dkim_verify_minimal: false,
};

const ZONE: FakeZone = {
  'sel._domainkey.test.ex': `TXT "${keyRecord('rsa1024')}"`,
  'ed._domainkey.test.ex': `TXT "${keyRecord('ed25519')}"`,
  'big._domainkey.test.ex': `TXT "${keyRecord('rsa2048').slice(0, 200)}" "${keyRecord('rsa2048').slice(200)}"`,
  'later._domainkey.test.ex': 'AGAIN',
};

const NEVER = { endMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal };

const HEADERS = ['From: Joe <joe@test.ex>\r\n', 'To: ann@elsewhere.ex\r\n', 'Subject: a\r\n  test\r\n'];
const BODY = 'Hello  Ann,\r\n\r\nthis is a test. \r\n\r\n';
const SIGNING: Signing = { headers: HEADERS, body: BODY, key: 'rsa1024', selector: 'sel' };

function headerLines(lines: readonly string[]): HeaderLine[] {
  return lines.map((line) => makeHeader(line.replaceAll('\r\n', '\n')));
}

interface Played {
  readonly zone?: FakeZone;
  readonly options?: Partial<DkimOptions>;
  /** Octets in a piece of the body. */
  readonly size?: number;
  readonly lookup?: KeyLookup;
}

async function verify(lines: readonly string[], body: string, { zone = ZONE, options = {}, size = 7, lookup }: Played = {}) {
  const dns = new FakeDns(zone, { isAsync: true });
  const ask = lookup ?? ((name: string) => dns.resolve(name, 'TXT', NEVER));
  const verifier = DkimVerifier.begin(headerLines(lines), { ...OPTIONS, ...options }, ask);
  const octets = bytesFromOctets(body.replaceAll('\r\n', '\n'));
  for (let at = 0; at < octets.length; at += size) verifier?.push(octets.subarray(at, at + size));
  return { asked: dns.asked, result: await verifier?.finish() };
}

async function findings(lines: readonly string[], body: string, played: Played = {}): Promise<DkimFinding[]> {
  return (await signatures(lines, body, played)).map(({ finding }) => finding);
}

async function signatures(lines: readonly string[], body: string, played: Played = {}): Promise<readonly VerifiedSignature[]> {
  const { result } = await verify(lines, body, played);
  assert.equal(result?.kind, 'verified');
  return result.signatures;
}

test('a message without a signature that counts is nothing to verify, and nobody is asked', async () => {
  const ignored = [
    [],
    ['DKIM-Signature:\r\n'],
    ['DKIM-Signature : a=rsa-sha256\r\n'],
    ['X-DKIM-Signature: a=rsa-sha256\r\n'],
    [signatureLine({ ...SIGNING, algorithm: 'rsa-sha1' })],
  ];
  for (const lines of ignored) {
    const { asked, result } = await verify([...lines, ...HEADERS], BODY);
    assert.equal(result, undefined);
    assert.deepEqual(asked, []);
  }
});

test('signatures in their order: kinds of keys, then hashes, then as they stand', async () => {
  const lines = [
    signatureLine({ ...SIGNING, algorithm: 'rsa-sha512' }),
    signatureLine({ ...SIGNING, key: 'rsa2048', selector: 'big' }),
    signatureLine(SIGNING),
    signatureLine({ ...SIGNING, key: 'ed25519', selector: 'ed' }),
  ];
  const found = await signatures([...lines, ...HEADERS], BODY);
  assert.deepEqual(
    found.map(({ signature, finding, keyBits }) => [signature.selector, signature.algorithm, finding, keyBits]),
    [
      ['ed', 'ed25519-sha256', 'pass', 253],
      ['big', 'rsa-sha256', 'pass', 2048],
      ['sel', 'rsa-sha256', 'pass', 1024],
      ['sel', 'rsa-sha512', 'pass', 1024],
    ],
  );
});

test('what a signature comes to', async () => {
  const line = signatureLine(SIGNING);
  const cases: readonly (readonly [finding: DkimFinding, lines: readonly string[], body: string, played?: Played])[] = [
    ['pass', [line, ...HEADERS], BODY],
    ['body-hash-differs', [line, ...HEADERS], BODY.replace('Ann', 'Bob')],
    ['signature-wrong', [line, ...HEADERS.slice(1)], BODY],
    ['version-unknown', [line.replace('v=1', 'v=2'), ...HEADERS], BODY],
    ['tag-missing', [line.replace('s=sel; ', ''), ...HEADERS], BODY],
    ['key-unavailable', [line, ...HEADERS], BODY, { zone: {} }],
    ['key-unavailable', [signatureLine({ ...SIGNING, selector: 'later' }), ...HEADERS], BODY],
    ['key-record-malformed', [line, ...HEADERS], BODY, { zone: { 'sel._domainkey.test.ex': 'TXT "hello"' } }],
    ['key-malformed', [line, ...HEADERS], BODY, { zone: { 'sel._domainkey.test.ex': 'TXT "v=DKIM1; p="' } }],
    ['key-malformed', [line, ...HEADERS], BODY, { zone: { 'sel._domainkey.test.ex': `TXT "${keyRecord('ed25519')}"` } }],
    ['signature-wrong', [line, ...HEADERS], BODY, { zone: { 'sel._domainkey.test.ex': `TXT "${keyRecord('otherRsa')}"` } }],
    ['hash-not-permitted', [line, ...HEADERS], BODY, { zone: { 'sel._domainkey.test.ex': `TXT "h=sha1; ${keyRecord('rsa1024')}"` } }],
    ['key-too-short', [line, ...HEADERS], BODY, { options: { dkim_verify_min_keysizes: 'rsa=1025' } }],
    ['pass', [line, ...HEADERS], BODY, { options: { dkim_verify_min_keysizes: undefined } }],
    ['pass', [line, ...HEADERS], BODY, { zone: { 'sel._domainkey.test.ex': ['TXT "v=spf1 -all"', `TXT "${keyRecord('rsa1024')}"`] } }],
  ];
  for (const [finding, lines, body, played] of cases) assert.deepEqual(await findings(lines, body, played), [finding]);
});

test('a hash that is too long for its key is a wrong signature', async () => {
  const line = signatureLine({ ...SIGNING, key: 'rsa1024', algorithm: 'rsa-sha512' });
  const zone = { 'sel._domainkey.test.ex': `TXT "${keyRecord('rsa512')}"` };
  assert.deepEqual(await findings([line, ...HEADERS], BODY, { zone, options: { dkim_verify_min_keysizes: '' } }), ['signature-wrong']);
});

test('dkim_verify_minimal ends with the first that is good', async () => {
  const lines = [signatureLine({ ...SIGNING, selector: 'none' }), signatureLine(SIGNING), signatureLine(SIGNING), ...HEADERS];
  assert.deepEqual(await findings(lines, BODY, { options: { dkim_verify_minimal: true } }), ['key-unavailable', 'pass', 'not-verified']);
});

test('a key is not looked at when the body is another', async () => {
  const [found] = await signatures([signatureLine(SIGNING), ...HEADERS], 'x\r\n');
  assert.equal(found?.keyBits, 0);
  assert.equal(found?.key, undefined);
});

test('all keys are asked for at once, when the header is known', async () => {
  const waiting: ((answer: DnsAnswer) => void)[] = [];
  const names: string[] = [];
  const lookup: KeyLookup = (name) => {
    names.push(name);
    return new Promise((resolve) => waiting.push(resolve));
  };
  const lines = ['one', 'two', 'three'].map((selector) => signatureLine({ ...SIGNING, selector }));
  const verifier = DkimVerifier.begin(headerLines([...lines, ...HEADERS]), OPTIONS, lookup);
  assert.deepEqual(names, ['one._domainkey.test.ex', 'two._domainkey.test.ex', 'three._domainkey.test.ex']);
  verifier?.push(bytesFromOctets(BODY.replaceAll('\r\n', '\n')));
  for (const resolve of waiting) resolve({ kind: 'no-name', isAuthenticated: false });
  const result = await verifier?.finish();
  assert.equal(result?.kind === 'verified' && result.signatures.every(({ finding }) => finding === 'key-unavailable'), true);
});

test('names with U-labels are asked for in A-labels', async () => {
  const names = async (signing: Partial<Signing>) => (await verify([signatureLine({ ...SIGNING, ...signing }), ...HEADERS], BODY)).asked;
  assert.deepEqual(await names({ domain: 'b\xc3\xbccher.ex', selector: '\xc3\xa4' }), ['xn--4ca._domainkey.xn--bcher-kva.ex/TXT']);
  assert.deepEqual(await names({ domain: 'b\xfccher.ex' }), ['sel._domainkey.b\xfccher.ex/TXT']);
});

test('what is made to cost too much is not verified', async () => {
  const many = (count: number) => [...Array.from({ length: count }, () => signatureLine(SIGNING)), ...HEADERS];
  assert.equal((await findings(many(19), BODY)).length, 19);
  const excess = await verify(many(20), BODY);
  assert.deepEqual(excess.result, { kind: 'unusable', reason: 'EXCESS_SIGS' });
  assert.deepEqual(excess.asked, []);
  const { result } = await verify(many(1), `${'x'.repeat(16_382)}\r\n`, { size: 1000 });
  assert.deepEqual(result, { kind: 'unusable', reason: 'LONG_LINE' });
  const empty = async (count: number) => (await verify(many(1), `a\r\n${'\r\n'.repeat(count)}x\r\n`)).result;
  assert.equal((await empty(400_000))?.kind, 'verified');
  assert.deepEqual(await empty(600_000), { kind: 'unusable', reason: 'LONG_LINE' });
});

test('many names and many lines of one name', async () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => `X: ${index}\r\n`);
  const line = `${signatureLine(SIGNING).replace('h=From', `h=${'X:'.repeat(50_000)}From`)}`;
  assert.deepEqual(await findings([line, ...HEADERS, ...lines], BODY), ['signature-wrong']);
});

const text = fc
  .array(fc.constantFrom(' ', '\t', 'a', 'B', ':', ';', '=', '.', '-', '\xe9'), { minLength: 1, maxLength: 12 })
  .map((chars) => chars.join(''));
const header = fc.tuple(fc.constantFrom('From', 'TO', 'Subject', 'X-A', 'x-a'), fc.array(text, { minLength: 1, maxLength: 3 })).map(
  // a folded line that is empty would be dropped
  ([name, parts]) => `${name}: ${parts.map((part) => `x${part}`).join('\r\n ')}\r\n`,
);
const body = fc
  .array(fc.constantFrom(' ', '\t', '\r\n', '\r\n', 'a', '.', '\xe9'), { maxLength: 40 })
  .map((chars) => `${chars.join('')}\r\n`);
const form = fc.constantFrom('simple' as const, 'relaxed' as const);
const changes = [
  (lines: string[], sent: string) => [lines, sent] as const,
  (lines: string[], sent: string) => [lines, `${sent}\r\n\r\n`] as const,
  (lines: string[], sent: string) => [lines, sent.replace('a', 'b')] as const,
  (lines: string[], sent: string) => [lines, sent.replace(' ', '  ')] as const,
  (lines: string[], sent: string) => [lines.map((line) => line.replace(' ', '  ')), sent] as const,
  (lines: string[], sent: string) => [lines.map((line) => line.replace('B', 'b')), sent] as const,
  (lines: string[], sent: string) => [lines.toReversed(), sent] as const,
  (lines: string[], sent: string) => [[...lines, 'X-A: new\r\n'], sent] as const,
] as const;

test('an independent verifier agrees about messages of every kind, changed or not', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(header, { maxLength: 5 }),
      body,
      fc.tuple(form, form),
      fc.constantFrom<readonly [TestKey, string]>(['rsa1024', 'sel'], ['ed25519', 'ed'], ['rsa2048', 'big']),
      fc.constantFrom(...changes),
      fc.option(fc.nat(30), { nil: undefined }),
      async (more, signedBody, canonicalization, [key, selector], change, bodyLength) => {
        const signed = ['From: Joe <joe@test.ex>\r\n', ...more];
        const line = signatureLine({ headers: signed, body: signedBody, key, selector, canonicalization, bodyLength });
        const [sent, sentBody] = change(signed, signedBody);
        const dns = new FakeDns(ZONE);
        const message = Buffer.from(`${line}${sent.join('')}\r\n${sentBody}`, 'latin1');
        const { results } = await dkimVerify(message, {
          minBitLength: 1024,
          resolver: async (name: string) => {
            const answer = dns.resolve(name, 'TXT', NEVER);
            assert.ok(!(answer instanceof Promise) && answer.kind === 'found');
            return answer.records.map((record) => (record.type === 'TXT' ? [...record.chunks] : []));
          },
        });
        const theirs = results.map(({ status }) => status.result === 'pass');
        const ours = (await findings([line, ...sent], sentBody)).map((finding) => finding === 'pass');
        assert.deepEqual(ours, theirs);
      },
    ),
    { numRuns: 300 },
  );
});
