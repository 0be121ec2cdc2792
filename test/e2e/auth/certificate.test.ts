/** Authenticators `tls` and `external`: client certificates in the place of passwords. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { findProgram, mask, missing } from '../clients/site.ts';
import { MailServer, placeOptions, runCommand } from '../support/mail-server.ts';
import { freePorts, Place } from '../support/place.ts';
import { SmtpClient } from '../support/smtp-client.ts';

const SWAKS = findProgram('swaks') ?? '';
const place = new Place('certificate-auth');
const otherPlace = new Place('certificate-auth-2');
const [port = 0, otherPort = 0] = await freePorts(2);
const joe = place.certificate('etc/joe.pem', 'joe.client.test');
const stranger = place.certificate('etc/stranger.pem', 'joe.client.test');
const serverPem = place.certificate('etc/mail.pem', 'mail.test');

const NAMES = '${certextract{subj_altname,dns,>:}{$tls_in_peercert}}';
const EXTERNAL = `ext:
  driver = external
  public_name = EXTERNAL
  server_advertise_condition = $tls_in_certificate_verified
  server_param2 = ${NAMES}
  server_condition = \${if forany{$auth2}{eq{$item}{$auth1}}}
  server_set_id = $auth1
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = yes
`;
const TLS = `of_tls:
  driver = tls
  server_param1 = ${NAMES}
  server_condition = \${if eq{$auth1}{joe.client.test}}
  server_set_id = $auth1
`;
const servers = { external: server(place, port, ''), tls: server(otherPlace, otherPort, TLS) } as const;

before(async () => {
  for (const each of Object.values(servers)) await each.start();
});

after(async () => {
  for (const each of Object.values(servers)) await each.stop();
  place.remove();
  otherPlace.remove();
});

function server(home: Place, at: number, authenticator: string): MailServer {
  const options = placeOptions(home, {
    daemon_smtp_ports: at,
    tls_certificate: serverPem,
    tls_verify_certificates: joe,
    tls_try_verify_hosts: '*',
    rfc1413_query_timeout: '0s',
    acl_smtp_rcpt: 'rcpt',
    log_selector: '+tls_certificate_verified',
    queue_only: '',
  });
  const acl = `begin acl
rcpt:
  accept authenticated = *
         logwrite = $sender_host_authenticated $authenticated_id $received_protocol [\${authresults{here}}]
  deny   message = who are you
`;
  const routing =
    'begin routers\nall:\n  driver = accept\n  transport = null\nbegin transports\nnull:\n  driver = appendfile\n  file = /dev/null\n';
  return new MailServer(home, `${options}${acl}${routing}begin authenticators\n${EXTERNAL}${authenticator}`);
}

const log = (name: keyof typeof servers) => servers[name].log();
const base64 = (text: string) => Buffer.from(text, 'latin1').toString('base64');
const authLine = (hello: string) =>
  hello
    .split('\n')
    .find((line) => line.slice(4).startsWith('AUTH'))
    ?.slice(4);

async function secured(at: number, pem?: string): Promise<{ readonly smtp: SmtpClient; readonly hello: string }> {
  const smtp = await SmtpClient.open(at);
  assert.equal(authLine(await smtp.command('EHLO client.test')), 'AUTH PLAIN');
  return {
    smtp,
    hello: await smtp.startTls('client.test', [], pem === undefined ? undefined : place.read(pem.slice(place.directory.length + 1))),
  };
}

test('EXTERNAL is offered to who has shown a certificate, and takes only its names', async () => {
  for (const pem of [undefined, stranger]) {
    const { smtp, hello } = await secured(port, pem);
    assert.equal(authLine(hello), 'AUTH PLAIN');
    assert.match(await smtp.command(`AUTH EXTERNAL ${base64('joe.client.test')}`), /^504 /);
    await smtp.quit();
  }
  const { smtp, hello } = await secured(port, joe);
  assert.equal(authLine(hello), 'AUTH EXTERNAL PLAIN');
  assert.equal(await smtp.command(`AUTH EXTERNAL ${base64('jim.client.test')}`), '535 Incorrect authentication data');
  assert.equal(await smtp.command('AUTH EXTERNAL'), '334 ');
  assert.match(await smtp.command(base64('joe.client.test')), /^235 /);
  assert.match(await smtp.send({ from: 'a@b.test', to: ['c@d.test'], text: 'hi' }), /^250 OK id=/);
  await smtp.quit();
  assert.match(
    log('external'),
    /ext authenticator failed for \(client.test\) \[127.0.0.1\]: 535 Incorrect authentication data \(set_id=jim.client.test\)\n/,
  );
  assert.match(
    log('external'),
    / ext joe.client.test esmtpsa \[Authentication-Results: here;\\n[^\n]*auth=pass \(EXTERNAL\) smtp.auth=joe.client.test\]\n/,
  );
  assert.match(
    mask(
      log('external')
        .split('\n')
        .find((line) => line.includes('<=')) ?? '',
    ),
    / P=esmtpsa X=TLS1.3 CV=yes A=ext:joe.client.test S=n$/,
  );
});

test('tls: who has shown the certificate has authenticated, others may do so by AUTH', async () => {
  const known = await secured(otherPort, joe);
  assert.equal(authLine(known.hello), undefined);
  assert.match(await known.smtp.command('AUTH PLAIN AAAA'), /^503 AUTH command used when not advertised/);
  assert.match(await known.smtp.send({ from: 'a@b.test', to: ['c@d.test'], text: 'hi' }), /^250 OK id=/);
  await known.smtp.quit();
  const unknown = await secured(otherPort, stranger);
  assert.equal(authLine(unknown.hello), 'AUTH PLAIN');
  assert.match(await unknown.smtp.send({ from: 'a@b.test', to: ['c@d.test'], text: 'hi' }), /^550 who are you/);
  await unknown.smtp.command('RSET');
  assert.match(await unknown.smtp.command('AUTH OF_TLS'), /^504 /);
  await unknown.smtp.quit();
  assert.match(
    log('tls'),
    / of_tls joe.client.test esmtpsa \[Authentication-Results: here;\\n[^\n]*auth=pass \(of_tls\) x509.auth=joe.client.test\]\n/,
  );
  assert.match(
    mask(
      log('tls')
        .split('\n')
        .find((line) => line.includes('<=')) ?? '',
    ),
    / P=esmtpsa X=TLS1.3 CV=yes A=of_tls:joe.client.test S=n$/,
  );
});

test('swaks with a certificate', { skip: missing('swaks') }, async () => {
  const args = ['--server', `127.0.0.1:${otherPort}`, '--from', 'swaks@b.test', '--to', 'c@d.test', '--tls'];
  const { status, stdout } = await runCommand(SWAKS, [...args, '--tls-cert', joe, '--tls-key', joe]);
  assert.equal(status, 0, stdout);
  assert.match(log('tls'), / <= swaks@b.test .* A=of_tls:joe.client.test /);
  const without = await runCommand(SWAKS, args);
  assert.match(without.stdout, /550 who are you/);
});
