/** What makes TLS impossible for a server, known before the client is told to begin. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { TlsServerRequest } from '../core/ports.ts';
import { makeSelfSigned } from './certificate.ts';
import { createSystem } from './create-system.ts';
import { testDirectory } from './test-directory.ts';

const { net } = createSystem({ certificateName: () => 'mail.a.example' });

/** A group of 64 bits: far too small, but quickly read. */
const SMALL_GROUP = '-----BEGIN DH PARAMETERS-----\nMA4CCQD////////ZYwIBAg==\n-----END DH PARAMETERS-----\n';

function problemOf(request: Partial<TlsServerRequest>): string | undefined {
  const connection = net.ofStream(new PassThrough());
  const problem = connection.serverTlsProblem({ certificateFile: '', keyFile: '', clientCertificate: 'none', ...request });
  connection.close();
  return problem?.message;
}

function files(context: TestContext): (name: string, text: string) => string {
  const directory = testDirectory(context);
  return (name, text) => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
}

test('files that are missing, or not what they should be', (context) => {
  const file = files(context);
  const [one, other] = [makeSelfSigned('a.example', Date.now()), makeSelfSigned('b.example', Date.now())];
  const certificateFile = file('one.pem', one.key + one.certificate);
  const missing = 'error:80000002:system library::No such file or directory';
  const cases: readonly (readonly [Partial<TlsServerRequest>, string | RegExp | undefined])[] = [
    [{ certificateFile, keyFile: certificateFile }, undefined],
    [{ certificateFile: '/nowhere', keyFile: '/nowhere' }, `(SSL_CTX_use_certificate_chain_file file=/nowhere): ${missing}`],
    [{ certificateFile, keyFile: '/nowhere' }, `(SSL_CTX_use_PrivateKey_file file=/nowhere): ${missing}`],
    [{ certificateFile, keyFile: file('key.pem', other.key) }, /^\(SSL_CTX_use_PrivateKey_file file=\S+key\.pem\): error:\S+ .*mismatch$/],
    [{ certificateFile: file('no.pem', 'nothing') }, /^\(SSL_CTX_use_certificate_chain_file file=\S+no\.pem\): error:/],
    [{ verifyCertificates: '/nowhere' }, `(SSL_CTX_load_verify_locations file=/nowhere): ${missing}`],
    [{ verifyCertificates: 'system' }, undefined],
    [{ crlFile: '/nowhere' }, `(tls_crl file=/nowhere): ${missing}`],
    [{ dhParam: '/nowhere' }, `(tls_dhparam file=/nowhere): ${missing}`],
    [{ ocspFile: '/nowhere' }, `(tls_ocsp_file file=/nowhere): ${missing}`],
    [{ ocspFile: certificateFile }, undefined], // no proof, and none is stapled
  ];
  for (const [request, expected] of cases) {
    const problem = problemOf(request);
    if (expected instanceof RegExp) assert.match(problem ?? '', expected);
    else assert.equal(problem, expected);
  }
});

test('ciphers, curves, primes, options of OpenSSL', (context) => {
  const small = files(context)('small.pem', SMALL_GROUP);
  const cases: readonly (readonly [Partial<TlsServerRequest>, RegExp | undefined])[] = [
    [{ ciphers: 'HIGH:!MD5:!SHA1' }, undefined],
    [{ ciphers: 'NOSUCH' }, /^\(SSL_CTX_set_cipher_list\(NOSUCH\)\): /],
    [{ eccurve: 'auto' }, undefined],
    [{ eccurve: 'prime256v1:X25519' }, undefined],
    [{ eccurve: 'nosuch' }, /^\(Unknown curve name tls_eccurve 'nosuch'\): /],
    [{ dhParam: 'none' }, undefined],
    [{ dhParam: 'default' }, undefined],
    [{ dhParam: 'ike23' }, undefined],
    [{ dhParam: 'nosuch' }, /^\(No standard prime named\): nosuch$/],
    [{ dhParam: small, dhMaxBits: 63 }, undefined], // passed over
    [{ dhParam: small, dhMaxBits: 64 }, /./], // OpenSSL takes no prime of this size
    [{ options: '+no_tlsv1_3 -no_ticket' }, undefined],
    [{ options: '+nosuch' }, /^\(openssl_options parsing error\): \+nosuch$/],
  ];
  for (const [request, expected] of cases) {
    const problem = problemOf(request);
    if (expected === undefined) assert.equal(problem, undefined, JSON.stringify(request));
    else assert.match(problem ?? '', expected, JSON.stringify(request));
  }
});
