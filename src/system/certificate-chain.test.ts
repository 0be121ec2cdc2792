/** Peers' certificates that are signed by an authority below another: what is told of those that do not verify, and revocation lists. Needs openssl. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { Deadline } from '../core/deadline.ts';
import type { TlsClientRequest, TlsFailure, TlsServerRequest, TlsStarted } from '../core/ports.ts';
import { createSystem } from './create-system.ts';
import { testDirectory } from './test-directory.ts';

const forever: Deadline = { endMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
const { net } = createSystem({ certificateName: () => 'mail.a.example' });
const serverRequest: TlsServerRequest = { certificateFile: '', keyFile: '', clientCertificate: 'try' };
const clientRequest: TlsClientRequest = { host: 'mail.a.example', verifyNames: [], mustVerify: false, tryVerify: false };

interface Authority {
  /** A client's certificate with its key; with the signer's; with the root's too. */
  readonly leaf: string;
  readonly chain: string;
  readonly fullChain: string;
  readonly root: string;
  /** Of both authorities, in one file. */
  readonly lists: string;
  /** Both, where the client's certificate is revoked. */
  readonly revoking: string;
}

/** Root, signer and a client's certificate. */
function makeAuthority(context: TestContext): Authority {
  const dir = testDirectory(context);
  const openssl = (...args: readonly string[]) => {
    const { status, stderr } = spawnSync('openssl', args, { cwd: dir, encoding: 'latin1' });
    assert.equal(status, 0, stderr);
  };
  const extensions = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=keyCertSign,cRLSign'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'];
  openssl('req', '-x509', ...key, ...extensions, '-subj', '/CN=root', '-keyout', 'root.key', '-out', 'root.pem');
  openssl(
    'req',
    '-x509',
    ...key,
    ...extensions,
    '-subj',
    '/CN=signer',
    '-keyout',
    'signer.key',
    '-out',
    'signer.pem',
    '-CA',
    'root.pem',
    '-CAkey',
    'root.key',
  );
  openssl(
    'req',
    '-x509',
    ...key,
    '-subj',
    '/CN=leaf',
    '-keyout',
    'leaf.key',
    '-out',
    'leaf.pem',
    '-CA',
    'signer.pem',
    '-CAkey',
    'signer.key',
  );
  for (const name of ['root', 'signer']) {
    writeFileSync(`${dir}/${name}.txt`, '');
    writeFileSync(
      `${dir}/${name}.conf`,
      `[ca]\ndefault_ca=own\n[own]\ndatabase=${name}.txt\ncertificate=${name}.pem\nprivate_key=${name}.key\ndefault_md=sha256\ndefault_crl_days=30\n`,
    );
    openssl('ca', '-config', `${name}.conf`, '-gencrl', '-out', `${name}.crl`);
  }
  const join = (name: string, ...parts: readonly string[]) => {
    for (const part of parts) appendFileSync(`${dir}/${name}`, readFileSync(`${dir}/${part}`));
    return `${dir}/${name}`;
  };
  const made = {
    leaf: join('leaf', 'leaf.key', 'leaf.pem'),
    chain: join('chain', 'leaf.key', 'leaf.pem', 'signer.pem'),
    fullChain: join('full', 'leaf.key', 'leaf.pem', 'signer.pem', 'root.pem'),
    root: `${dir}/root.pem`,
    lists: join('lists', 'signer.crl', 'root.crl'),
  };
  openssl('ca', '-config', 'signer.conf', '-revoke', 'leaf.pem');
  openssl('ca', '-config', 'signer.conf', '-gencrl', '-out', 'revoking.crl');
  return { ...made, revoking: join('revoking', 'revoking.crl', 'root.crl') };
}

interface Sides {
  readonly accepted: TlsStarted | TlsFailure;
  /** How the client's first read ended. */
  readonly read: string;
}

async function handshake(server: Partial<TlsServerRequest>, client: Partial<TlsClientRequest>): Promise<Sides> {
  const accepted = Promise.withResolvers<TlsStarted | TlsFailure>();
  const listening = await net.listen({ kind: 'address', address: '127.0.0.1', port: 0 }, async (connection) => {
    const started = await connection.startServerTls({ ...serverRequest, ...server }, forever);
    if (started.kind === 'ok') await connection.write('hello', forever);
    accepted.resolve(started);
    connection.end();
  });
  if (listening.kind === 'error') throw new Error(listening.reason);
  const connecting = await net.connect({ address: '127.0.0.1', port: listening.value.port, timeoutMs: 5000 }, forever);
  if (connecting.kind === 'error') throw new Error(connecting.reason);
  const { connection } = connecting;
  const started = await connection.startClientTls({ ...clientRequest, ...client }, forever);
  const first = started.kind === 'ok' ? await connection.read(forever) : undefined;
  connection.close();
  await listening.value.close();
  return { accepted: await accepted.promise, read: first?.kind === 'data' ? first.bytes.toString('latin1') : (first?.kind ?? '') };
}

const problem = (depth: number, text: string, subject: string) => `SSL verify error: depth=${depth} error=${text} cert=/CN=${subject}`;

test('why a chain does not verify, and of which certificate', async (context) => {
  if (spawnSync('openssl', ['version']).error) return context.skip('openssl is not installed');
  const authority = makeAuthority(context);
  const noIssuer = 'unable to get local issuer certificate';
  const cases: readonly (readonly [name: string, server: Partial<TlsServerRequest>, certificate: string, errors: readonly string[]])[] = [
    ['whole, the root trusted', { verifyCertificates: authority.root }, authority.chain, []],
    [
      'the leaf alone',
      { verifyCertificates: authority.root },
      authority.leaf,
      [problem(0, noIssuer, 'leaf'), problem(0, 'unable to verify the first certificate', 'leaf')],
    ],
    ['nobody trusted', {}, authority.chain, [problem(1, noIssuer, 'signer')]],
    ['a root that is not trusted', {}, authority.fullChain, [problem(2, 'self-signed certificate in certificate chain', 'root')]],
    ['nothing revoked', { verifyCertificates: authority.root, crlFile: authority.lists }, authority.chain, []],
    [
      'revoked',
      { verifyCertificates: authority.root, crlFile: authority.revoking },
      authority.chain,
      [problem(0, 'certificate revoked', 'leaf')],
    ],
  ];
  for (const [name, server, certificateFile, errors] of cases) {
    const { accepted } = await handshake(server, { certificateFile, keyFile: certificateFile });
    assert.deepEqual(
      accepted.kind === 'ok' && [accepted.facts.certificateVerified, accepted.verifyErrors],
      [errors.length === 0, errors],
      name,
    );
    const strict = await handshake({ ...server, clientCertificate: 'require' }, { certificateFile, keyFile: certificateFile });
    assert.equal(strict.accepted.kind, errors.length === 0 ? 'ok' : 'error', name);
    if (strict.accepted.kind === 'error') assert.deepEqual(strict.accepted.verifyErrors, errors.slice(0, 1), name);
  }
});

test('who must have a certificate and has none is told so by TLS itself', async () => {
  const { accepted, read } = await handshake({ clientCertificate: 'require' }, {});
  assert.deepEqual(accepted, { kind: 'error', message: '(SSL_accept): error:0A0000C7:SSL routines::peer did not return a certificate' });
  assert.equal(read, 'error'); // an alert; without one it would be the end
});
