/** Stapled proofs. Needs openssl, which plays the authority. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import type { Deadline } from '../core/deadline.ts';
import { createSystem } from './create-system.ts';
import { proofEndsAtMs, proofFile, proofFromPem } from './ocsp.ts';
import { testDirectory } from './test-directory.ts';

const forever: Deadline = { endMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
const { net } = createSystem();
const DAY_MS = 86_400_000;

/** A certificate with its key, and an answer of its authority about it. */
function makeProof(context: TestContext, ...validity: readonly string[]): { readonly pem: string; readonly proof: string } {
  const dir = testDirectory(context);
  const openssl = (...args: readonly string[]) => {
    const { status, stderr } = spawnSync('openssl', args, { cwd: dir, encoding: 'latin1' });
    assert.equal(status, 0, stderr);
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-days', '30', '-subj', '/CN=root', '-keyout', 'ca.key', '-out', 'ca.pem');
  openssl(
    'req',
    '-x509',
    ...key,
    '-days',
    '30',
    '-subj',
    '/CN=mail',
    '-keyout',
    'm.key',
    '-out',
    'm.pem',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-set_serial',
    '4097',
  );
  writeFileSync(join(dir, 'index.txt'), 'V\t391231000000Z\t\t1001\tunknown\t/CN=mail\n');
  const signer = ['-index', 'index.txt', '-rsigner', 'ca.pem', '-rkey', 'ca.key', '-CA', 'ca.pem'];
  openssl('ocsp', ...signer, '-issuer', 'ca.pem', '-cert', 'm.pem', '-respout', 'proof.der', ...validity);
  const pem = join(dir, 'both.pem');
  writeFileSync(pem, readFileSync(join(dir, 'm.key'), 'latin1') + readFileSync(join(dir, 'm.pem'), 'latin1'));
  return { pem, proof: join(dir, 'proof.der') };
}

test('until when a proof holds', (context) => {
  const response = readFileSync(makeProof(context, '-ndays', '5').proof);
  const ends = proofEndsAtMs(response) ?? 0;
  assert.ok(Math.abs(ends - Date.now() - 5 * DAY_MS) < DAY_MS / 24, String(ends));
  assert.equal(proofEndsAtMs(readFileSync(makeProof(context).proof)), undefined); // it does not say
  for (let length = 0; length < response.length; length += 7) proofEndsAtMs(response.subarray(0, length)); // whatever is there: no throw
  for (const nothing of ['', '0', '\x30\x03\x0a\x01\x06']) assert.equal(proofEndsAtMs(Buffer.from(nothing, 'latin1')), undefined);
});

test('DER and PEM', () => {
  assert.deepEqual(proofFile('/a/b.der'), { path: '/a/b.der', isPem: false });
  assert.deepEqual(proofFile('DER /a/b'), { path: '/a/b', isPem: false });
  assert.deepEqual(proofFile('PEM /a b'), { path: '/a b', isPem: true });
  assert.deepEqual(proofFromPem('x\n-----BEGIN OCSP RESPONSE-----\nAAEC\n-----END OCSP RESPONSE-----\n'), Buffer.from([0, 1, 2]));
});

/** What the client gets stapled. */
async function stapled(pem: string, ocspFile: string, version: 'TLSv1.2' | 'TLSv1.3'): Promise<Buffer | undefined> {
  const connections: { close(): void }[] = [];
  const listener = await net.listen({ kind: 'address', address: '127.0.0.1', port: 0 }, (connection) => {
    connections.push(connection);
    void connection.startServerTls({ certificateFile: pem, keyFile: pem, ocspFile, clientCertificate: 'none' }, forever);
  });
  assert.ok(listener.kind === 'ok');
  const client = connect({
    host: '127.0.0.1',
    port: listener.value.port,
    rejectUnauthorized: false,
    requestOCSP: true,
    maxVersion: version,
  });
  let given: Buffer | undefined;
  client.on('OCSPResponse', (response: Buffer | null) => (given = response ?? undefined));
  await once(client, 'secureConnect');
  client.destroy();
  for (const connection of connections) connection.close();
  await listener.value.close();
  return given;
}

test('a proof is stapled while it holds', async (context) => {
  const good = makeProof(context, '-ndays', '5');
  const endless = makeProof(context);
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    assert.deepEqual(await stapled(good.pem, `DER ${good.proof} : /not/looked/at`, version), readFileSync(good.proof));
    assert.equal(await stapled(endless.pem, endless.proof, version), undefined);
    assert.equal(await stapled(good.pem, '', version), undefined);
  }
});
