/** STARTTLS: what of EHLO holds after it, a second one, and what is told of the client's certificate. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Octets } from '../base/octets.ts';
import type { Template, TlsFacts } from '../core/index.ts';
import { fail, forcedFail } from '../core/index.ts';
import { scriptedPeer } from '../system/fakes/net.ts';
import { constantTemplate } from '../system/fakes/services.ts';
import { playSession, type SessionSetup } from './fakes.ts';

const facts: TlsFacts = {
  cipher: 'TLS1.3:TLS_AES_256_GCM_SHA384:256',
  cipherStandardName: 'TLS_AES_256_GCM_SHA384',
  version: 'TLS1.3',
  bits: 256,
  peerDn: '',
  sni: '',
  certificateVerified: false,
  resumption: 0,
};
const banner = constantTemplate('mail.test.example ESMTP');
const everyone = { kind: 'host' as const, template: constantTemplate('*') };

/** Replies to `lines`, which are said under TLS after EHLO and STARTTLS; and the log. */
async function underTls(lines: readonly string[], main: Record<string, unknown> = {}, setup: SessionSetup = {}) {
  const { written, log } = await playSession(scriptedPeer(['EHLO x\r\n', 'STARTTLS\r\n', ...lines.map((line) => `${line}\r\n`)]), {
    tls: facts,
    ...setup,
    config: { main: { smtp_banner: banner, tls_advertise_hosts: everyone, chunking_advertise_hosts: everyone, ...main } },
  });
  return { replies: written.slice(written.indexOf('220 TLS go ahead')).split('\n').slice(1, -1), log };
}

test('tls_remember_esmtp: EHLO need not be given again; its name is forgotten all the same', async () => {
  const lines = ['AUTH PLAIN x', 'MAIL FROM:<a@b> SIZE=10', 'RSET', 'QUIT'];
  const forgotten = await underTls(lines);
  assert.deepEqual(forgotten.replies.slice(0, 2), ['503 AUTH command used when not advertised', '503 HELO or EHLO required']);
  const remembered = await underTls(lines, { tls_remember_esmtp: true });
  assert.deepEqual(remembered.replies.slice(1), ['250 OK', '250 Reset OK', '221 mail.test.example closing connection']);
  const names: (Octets | undefined)[] = [];
  await underTls(
    ['MAIL FROM:<a@b>', 'QUIT'],
    { tls_remember_esmtp: true, acl_smtp_mail: constantTemplate('look') },
    {
      acls: {
        look: (frame) => {
          names.push(frame.session?.state.origin.heloName);
          return { kind: 'accept' };
        },
      },
    },
  );
  assert.deepEqual(names, [undefined]);
});

test('a second STARTTLS without EHLO between them: nothing but QUIT is taken from then on', async () => {
  const { replies, log } = await underTls(['STARTTLS', 'NOOP', 'EHLO y', 'MAIL FROM:<a@b>', 'QUIT']);
  assert.deepEqual(replies, ['554 Already in TLS', ...Array(3).fill('554 Security failure'), '221 mail.test.example closing connection']);
  assert.ok(log.mainLines.includes('TLS error on connection from [192.0.2.25] (STARTTLS received after TLS started)'));
  const offered = await underTls(['EHLO y', 'STARTTLS', 'QUIT']);
  assert.equal(offered.replies.at(-2), '503 STARTTLS command used when not advertised');
});

test('why a certificate does not verify is logged; whether it did only where there was one', async () => {
  const lines = ['EHLO y', 'MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'QUIT'];
  const main = { tls_try_verify_hosts: everyone, acl_smtp_rcpt: undefined };
  const verifyErrors = ['SSL verify error: depth=0 error=certificate has expired cert=/CN=x'];
  const certificate = { ...facts, peerDn: '/CN=x', peerCertificate: new Uint8Array([1]) };
  const expired = await underTls(lines, main, { tls: certificate, verifyErrors });
  assert.equal(expired.log.mainLines[0], '[192.0.2.25] SSL verify error: depth=0 error=certificate has expired cert=/CN=x');
  assert.match(expired.log.mainLines.join('\n'), / X=\S+ CV=no F=<a@b> rejected RCPT <c@d>/);
  const none = await underTls(lines, main);
  assert.match(none.log.mainLines.join('\n'), / X=\S+ F=<a@b> rejected RCPT <c@d>/);
});

test('options that cannot be expanded: no TLS for now, and the log says why', async () => {
  const broken: Template = { ...constantTemplate('x', 'tls_privatekey'), constant: undefined, evaluate: () => fail('no such file') };
  const main = { smtp_banner: banner, tls_advertise_hosts: everyone, tls_privatekey: broken };
  const { written, log } = await playSession(scriptedPeer(['EHLO x\r\n', 'STARTTLS\r\n', 'NOOP\r\n', 'QUIT\r\n']), {
    tls: facts,
    config: { main },
  });
  assert.match(written, /\n454 TLS currently unavailable\n250 OK\n221 /);
  assert.deepEqual(log.mainLines.slice(-1), ['TLS error on connection from (x) [192.0.2.25] Internal error']);
  assert.deepEqual(log.panicLines, ['expansion of tls_privatekey failed: no such file']);
});

test('a forced failure leaves an option out', async () => {
  const forced: Template = { ...constantTemplate('x', 'tls_certificate'), constant: undefined, evaluate: () => forcedFail };
  const { replies, log } = await underTls(['EHLO y', 'QUIT'], { tls_certificate: forced });
  assert.deepEqual(replies.slice(-1), ['221 mail.test.example closing connection']);
  assert.deepEqual(log.panicLines, []);
});
