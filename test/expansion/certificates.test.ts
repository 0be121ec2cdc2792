/** `${certextract`, certificate variables and digests of them, and `${authresults`. Where Exim 4.96 was asked, it answered the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Frame } from '../../src/core/frame.ts';
import type { Origin, Session, TlsFacts } from '../../src/core/session.ts';
import { openExpansionBench } from '../differential/expansion-bench.ts';

/** C=UK, O="Exim, Dev", two OU, CN, two DC; alternative names of five kinds, OCSP and two CRLs; serial 0xabcdef0123. */
const certificate = Buffer.from(
  'MIIEkDCCA3igAwIBAgIGAKvN7wEjMA0GCSqGSIb3DQEBCwUAMIGDMQswCQYDVQQGEwJVSzESMBAGA1UECgwJRXhpbSwgRGV2MRMwEQYDVQQLDApUZXN0IFN1' +
    'aXRlMQwwCgYDVQQLDANUd28xFzAVBgNVBAMMDm14LmV4YW1wbGUuY29tMREwDwYKCZImiZPyLGQBGRYBeDERMA8GCgmSJomT8ixkARkWAXkwHhcNMjYxMTIx' +
    'MTgzMTM3WhcNMjcxMjI2MTgzMTM3WjCBgzELMAkGA1UEBhMCVUsxEjAQBgNVBAoMCUV4aW0sIERldjETMBEGA1UECwwKVGVzdCBTdWl0ZTEMMAoGA1UECwwD' +
    'VHdvMRcwFQYDVQQDDA5teC5leGFtcGxlLmNvbTERMA8GCgmSJomT8ixkARkWAXgxETAPBgoJkiaJk/IsZAEZFgF5MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A' +
    'MIIBCgKCAQEAx7lsScY2OaC9Er0HHsu11fyU5U4956j27EtbGcIPB6zvH+AYrBySWYVO1PGpBmYCo61IuGeFC9PhXVzNBpuHNmSb04BH6Vb2D32tBlG7r0US' +
    'ZpbWymCCCRgo4T2BjCh49n1si1c3KEONZ/XBiKJz1r5sfmK3i+WKLlzpoCBe3KYKiyc0qQCvHJx2pV480/0Iazrn7+q56AITUV+Ie+6g+BEgqC8uEKovFGVz' +
    '1DWQZSXEP4cCg/78eFbQALzOFS5fMZ5AFym8B56P7IqxwA0WG2oX6Mduj39dXjH9cnqTEfYfENcAvPmGk52cXqXqi0uPpNoOZMJdmYn/hJoi8r6fQQIDAQAB' +
    'o4IBBjCCAQIwHQYDVR0OBBYEFMgfOuw/e4TQtto8V1Gw2a7tEHNRMB8GA1UdIwQYMBaAFMgfOuw/e4TQtto8V1Gw2a7tEHNRMA8GA1UdEwEB/wQFMAMBAf8w' +
    'NAYDVR0RBC0wK4IObXguZXhhbXBsZS5jb22CA2E6YocEwAACAYEDcEB4hglodHRwOi8veC8wQgYIKwYBBQUHAQEENjA0MBoGCCsGAQUFBzABhg5odHRwOi8v' +
    'b2NzcC54LzAWBggrBgEFBQcwAoYKaHR0cDovL2NhLzA1BgNVHR8ELjAsMBSgEqAQhg5odHRwOi8vY3JsLngvYTAUoBKgEIYOaHR0cDovL2NybC54L2IwDQYJ' +
    'KoZIhvcNAQELBQADggEBAMUfd51nqJzGc/acQExxkGpct3H2OjGpMJ2rzbju+bq4STnpma5ho3UFPDIHZ9LZclXcOOlcvbjd7D49N08c7GDlwyI+9f5uOrYE' +
    '5dHh3AiHEzDDwPX8/qUgDYNTm7rwDxAG0tzC/8lmSoLbSlXmOibtVkUHpqC131xgA5gv0Urkaycx/73GUvKP2okegdkug520VpCaqvR5YgOuuko9Sr855Csi' +
    'rPEk26dHl1tCaHiMzLFMXRx+zivhkoBmr8tGNcod4O9EUMMUPgGTHC1omeZJi3TjToLUDdgPtpmDN7/G4A4Kew476wJN2vekEO0nNYGKeN8VDUB4yEJjCpot' +
    'S0s=',
  'base64',
);

const bench = await openExpansionBench();

function sessionFrame(origin: Partial<Origin>): Partial<Frame> {
  const whole: Origin = { isLocal: false, callerUid: 0, callerGid: 0, callerLogin: '', aclC: new Map(), ...origin };
  return { session: { state: { origin: whole } } as Session }; // only the origin is read
}

async function print(source: string, frame: Partial<Frame>): Promise<string> {
  const outcome = await bench.expander.runtime(source, 'test').evaluate(bench.frame(frame));
  return outcome.kind === 'ok' ? outcome.value.octets : `${outcome.kind}: ${outcome.message}`;
}

const tls: TlsFacts = {
  cipher: 'c',
  cipherStandardName: 's',
  version: 'TLS1.3',
  bits: 256,
  peerDn: '',
  sni: '',
  certificateVerified: false,
  resumption: 0,
  ourCertificate: certificate,
};

const cases: readonly (readonly [selector: string, value: string])[] = [
  ['version', '3'],
  ['serial_number', 'abcdef0123'],
  ['subject', 'DC=y,DC=x,CN=mx.example.com,OU=Two,OU=Test Suite,O=Exim\\, Dev,C=UK'],
  ['issuer', 'DC=y,DC=x,CN=mx.example.com,OU=Two,OU=Test Suite,O=Exim\\, Dev,C=UK'],
  ['subject,CN', 'mx.example.com'],
  ['subject,OU', 'Two\nTest Suite'],
  ['subject,OU,>;', 'Two;Test Suite'],
  ['subject,O', 'Exim, Dev'],
  ['subject,L', 'none'],
  ['notbefore', 'Nov 21 18:31:37 2026 GMT'],
  ['notafter,int', '1829845897'],
  ['notafter,raw', 'Dec 26 18:31:37 2027 GMT'],
  ['sig_algorithm', 'sha256WithRSAEncryption'],
  ['subj_altname', 'DNS=mx.example.com\nDNS=a:b\nMAIL=p@x\nURI=http://x/'],
  ['subj_altname,dns', 'mx.example.com\na:b'],
  ['subj_altname,dns,>;', 'mx.example.com;a:b'],
  ['subj_altname,dns,>:', 'mx.example.com:a::b'],
  ['subj_altname,mail', 'p@x'],
  ['subj_altname,uri', 'http://x/'],
  ['ocsp_uri', 'http://ocsp.x/'],
  ['crl_uri', 'http://crl.x/a\nhttp://crl.x/b'],
  ['bogus', 'fail: bad field selector "bogus" for certextract'],
];

test('fields of a certificate', async () => {
  const frame = sessionFrame({ tls });
  for (const [selector, value] of cases)
    assert.equal(await print(`\${certextract{${selector}}{$tls_in_ourcert}{$value}{none}}`, frame), value, selector);
  assert.match(await print('${certextract{signature}{$tls_in_ourcert}}', frame), /^c5 1f 77 9d(?: [0-9a-f]{2}){252}$/);
  assert.equal(await print('${certextract{version}{${tls_in_ourcert}}}', frame), 'fail: no variable named "{tls_in_ourcert"');
  assert.equal(await print('${certextract{version}{$tls_in_peercert}{y}{n}}', frame), 'n');
});

test('variables and digests of certificates', async () => {
  const frame = sessionFrame({ tls });
  assert.equal(await print('$tls_in_ourcert|$tls_in_peercert|${if def:tls_in_peercert {y}{n}}', frame), '<cert>||n');
  assert.equal(await print('${md5:$tls_in_ourcert}', frame), '53F1CD590BBEFC68B43AB30D4DB5D9B2');
  assert.equal(await print('${sha1:$tls_in_ourcert}', frame), '2819FE52FAE56FF531F3A9ADC1985F00B3E18807');
  assert.equal(await print('${sha256:$tls_in_ourcert}', frame), '70C283754BAAC63EEB7468E3557FBF5FA4E50494E4F1AD630F2E564CA4E56E73');
  assert.equal(await print('${base64:$tls_in_ourcert}', frame), certificate.toString('base64'));
  assert.equal(await print('${md5:x$tls_in_ourcert}', frame), await print('${md5:x<cert>}', {}), 'in a longer text it is only that text');
});

test('a broken certificate has no fields', async () => {
  for (const length of [0, 1, 5, 40, 300, 900]) {
    const broken = sessionFrame({ tls: { ...tls, ourCertificate: certificate.subarray(0, length) } });
    for (const [selector] of cases.filter(([, value]) => !value.startsWith('fail')))
      assert.equal(await print(`\${certextract{${selector}}{$tls_in_ourcert}{$value}{none}}`, broken), 'none', `${selector} of ${length}`);
  }
});

test('authresults', async () => {
  const lines: readonly (readonly [Partial<Origin>, string])[] = [
    [{}, ''],
    [{ hostAddress: '192.0.2.1' }, ''],
    [{ hostAddress: '192.0.2.1', hostLookup: 'failed' }, ';\n\tiprev=fail smtp.remote-ip=192.0.2.1'],
    [{ hostAddress: '192.0.2.1', hostLookup: 'found', hostName: 'h.x' }, ';\n\tiprev=pass (h.x) smtp.remote-ip=192.0.2.1'],
    [{ authenticatorName: 'plain', authenticatedId: 'uu' }, ';\n\tauth=pass (plain) smtp.auth=uu'],
  ];
  for (const [origin, wanted] of lines)
    assert.equal(await print('${authresults{me}}', sessionFrame(origin)), `Authentication-Results: me${wanted}`);
});
