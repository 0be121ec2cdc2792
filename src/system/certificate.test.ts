import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { certificateIsFor, makeSelfSigned, subjectOneLine } from './certificate.ts';
import { der, derOid, readDer, readDerSequence, readOid } from './der.ts';
import { cipherBits, nodeCiphers, parseOpensslOptions } from './openssl-options.ts';
import { testDirectory } from './test-directory.ts';

test('DER: what is written is read; any octets are read or refused', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.uint8Array({ maxLength: 70_000, size: 'max' }), (tag, content) => {
      const element = readDer(der(tag, content));
      assert.deepEqual([element?.tag, element?.content], [tag, Buffer.from(content)]);
    }),
    { numRuns: 50 },
  );
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      readDerSequence(Buffer.from(bytes));
      subjectOneLine(Buffer.from(bytes));
      certificateIsFor(Buffer.from(bytes), 'a.example');
    }),
    { numRuns: 1000 },
  );
  for (const oid of ['2.5.4.3', '1.2.840.113549.1.9.1', '0.9.2342.19200300.100.1.25', '2.16.840.1']) {
    assert.equal(readOid(readDer(derOid(oid))?.content ?? Buffer.alloc(0)), oid);
  }
});

test('a self-made certificate: valid now, for its host, with its key', () => {
  const { certificate, key } = makeSelfSigned('mail.a.example', Date.now());
  const parsed = new X509Certificate(certificate);
  assert.equal(parsed.checkPrivateKey(process.getBuiltinModule('node:crypto').createPrivateKey(key)), true);
  assert.equal(parsed.verify(parsed.publicKey), true);
  assert.equal(parsed.checkHost('mail.a.example'), 'mail.a.example');
  assert.ok(Date.parse(parsed.validFrom) < Date.now() && Date.parse(parsed.validTo) > Date.now() + 3600 * 86_400_000);
  assert.equal(subjectOneLine(parsed.raw), '/CN=mail.a.example');
  assert.equal(
    new X509Certificate(makeSelfSigned('late.example', Date.parse('2060-01-01T00:00:00Z')).certificate).validFrom.includes('2059'),
    true,
  );
});

test('a subject on one line is what OpenSSL prints', (context) => {
  const dir = testDirectory(context);
  const subject = '/C=UK/O=The Exim Maintainers/OU=Test Suite/CN=J\xc3\xb6rg/emailAddress=a@b.example/UID=u v';
  const made = spawnSync('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    `${dir}/key`,
    '-out',
    `${dir}/cert`,
    '-utf8',
    '-subj',
    Buffer.from(subject, 'latin1').toString('utf8'),
  ]);
  if (made.error) return context.skip('openssl is not installed');
  const raw = new X509Certificate(process.getBuiltinModule('node:fs').readFileSync(`${dir}/cert`)).raw;
  const printed = spawnSync('openssl', ['x509', '-in', `${dir}/cert`, '-noout', '-subject', '-nameopt', 'compat'], { encoding: 'latin1' })
    .stdout.replace(/^subject= ?/, '')
    .trim();
  assert.equal(subjectOneLine(raw), printed);
});

test('names: alternative names before the common name, wildcards for one label, addresses', (context) => {
  const dir = testDirectory(context);
  const make = (name: string, alternatives: string): Buffer | undefined => {
    const extension = alternatives === '' ? [] : ['-addext', `subjectAltName=${alternatives}`];
    const made = spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      `${dir}/key`,
      '-subj',
      `/CN=${name}`,
      ...extension,
    ]);
    return made.error ? undefined : new X509Certificate(made.stdout).raw;
  };
  const plain = make('mx.a.example', '');
  const several = make('unused.example', 'DNS:mx.b.example,DNS:*.C.example,DNS:*.example,DNS:*.0.2.9,IP:192.0.2.1,IP:2001:db8::1');
  if (!plain || !several) return context.skip('openssl is not installed');
  const cases: readonly (readonly [Buffer, string, boolean])[] = [
    [plain, 'mx.a.example', true],
    [plain, 'MX.A.example', true],
    [plain, 'a.example', false],
    [several, 'mx.b.example', true],
    [several, 'unused.example', false],
    [several, 'one.c.example', true],
    [several, 'two.one.c.example', false],
    [several, 'c.example', false],
    [several, '.c.example', false],
    [several, 'd.example', false],
    [several, '192.0.2.1', true],
    [several, '192.0.2.2', false],
    [several, '192.0.2.9', false], // no label of a name
    [several, '2001:db8::1', true],
  ];
  for (const [certificate, host, expected] of cases) assert.equal(certificateIsFor(certificate, host), expected, host);
});

test('openssl_options: signs, names, numbers, and the oldest version', () => {
  assert.deepEqual(parseOpensslOptions(''), { bits: 0x4200_4000 >>> 0, minVersion: 'TLSv1.2' });
  assert.equal((parseOpensslOptions('+no_tlsv1_3')?.bits ?? 0) & 0x2000_0000, 0x2000_0000);
  assert.equal((parseOpensslOptions('-no_ticket')?.bits ?? 0) & 0x4000, 0);
  assert.equal(parseOpensslOptions('-no_tlsv1')?.minVersion, 'TLSv1');
  assert.equal((parseOpensslOptions('+0x100000')?.bits ?? 0) & 0x10_0000, 0x10_0000);
  for (const wrong of ['no_sslv3', '+nonsense', '+', '-all extra']) assert.equal(parseOpensslOptions(wrong), undefined, wrong);
});

test('ciphers keep TLS 1.3, and their key sizes are known', () => {
  assert.equal(nodeCiphers(''), undefined);
  assert.match(nodeCiphers('HIGH:!aNULL') ?? '', /^TLS_.*:HIGH:!aNULL$/);
  assert.equal(nodeCiphers('TLS_AES_128_GCM_SHA256'), 'TLS_AES_128_GCM_SHA256');
  const bits: readonly (readonly [string, number])[] = [
    ['TLS_AES_256_GCM_SHA384', 256],
    ['TLS_AES_128_GCM_SHA256', 128],
    ['TLS_CHACHA20_POLY1305_SHA256', 256],
    ['ECDHE-RSA-AES256-GCM-SHA384', 256],
    ['AES128-SHA', 128],
    ['DES-CBC3-SHA', 168],
  ];
  for (const [name, expected] of bits) assert.equal(cipherBits(name), expected, name);
});
