/** What the log says of the certificate of a host that mail is sent to, and where nothing is said. Spec ch. 43 "Use of TLS", ch. 53 "Summary of Fields in Log Lines". */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MailServer, placeOptions } from '../support/mail-server.ts';
import { freePorts, Place } from '../support/place.ts';
import { SmtpClient } from '../support/smtp-client.ts';

const place = new Place('outgoing-certificate');
const [port = 0, otherPort = 0] = await freePorts(2);
const certificate = place.certificate('etc/mail.pem', 'mail.site.test');
const server = new MailServer(place, configText());

/** The server sends to a port of its own, where nothing is verified and all is thrown away. */
function configText(): string {
  const transport = (name: string, more: string) => `${name}:\n  driver = smtp\n  tls_verify_cert_hostnames = :\n${more}`;
  return `${placeOptions(place, {
    primary_hostname: 'mail.site.test',
    daemon_smtp_ports: `${port} : ${otherPort}`,
    tls_advertise_hosts: '*',
    tls_certificate: certificate,
    acl_smtp_rcpt: 'rcpt',
    log_selector: '+tls_peerdn +tls_certificate_verified',
  })}
begin acl
rcpt:
  accept condition = \${if eq{$received_port}{${otherPort}}}
  warn domains = cut.test
       control = cutthrough_delivery
  accept domains = hold.test : cut.test
         verify = recipient/callout=no_cache,use_sender,hold
  accept
begin routers
here:
  driver = redirect
  condition = \${if eq{$received_port}{${otherPort}}}
  data = :blackhole:
out:
  driver = manualroute
  route_list = * 127.0.0.1::${otherPort}
  self = send
  transport = \${if eq{$domain}{stranger.test}{stranger}{\${if eq{$domain}{named.test}{named}{\${if eq{$domain}{strict.test}{strict}{trusting}}}}}}
begin transports
${transport('trusting', `  tls_verify_certificates = ${certificate}\n`)}
${transport('stranger', '')}
named:
  driver = smtp
  tls_verify_certificates = ${certificate}
strict:
  driver = smtp
  hosts_require_tls = *
  tls_verify_hosts = *
begin retry
* * F,1d,1h
`;
}

before(() => server.start());
after(async () => {
  await server.stop();
  place.remove();
});

async function send(recipient: string): Promise<void> {
  const client = await SmtpClient.open(port);
  for (const line of ['EHLO client.test', 'MAIL FROM:<s@sender.test>', `RCPT TO:<${recipient}>`, 'DATA']) await client.command(line);
  assert.match(await client.command('Subject: x\r\n\r\nbody\r\n.'), /^250 OK id=/);
  await client.quit();
}

test('verified, and by a callout before: then nothing is said of that', async () => {
  await send('u@plain.test');
  await server.waitForLog(/=> u@plain\.test R=out T=trusting H=\S+ \[127\.0\.0\.1\] X=\S+ CV=yes DN="\/CN=mail\.site\.test" /);
  await send('u@hold.test');
  await server.waitForLog(/=> u@hold\.test R=out T=trusting H=\S+ \[127\.0\.0\.1\] X=\S+ CV=no (?:K )?C=/);
  await send('u@cut.test');
  await server.waitForLog(/>> u@cut\.test R=out T=trusting H=\S+ \[127\.0\.0\.1\] X=\S+ CV=no DN="\/CN=mail\.site\.test" /);
  assert.doesNotMatch(server.log(), /verify error/);
});

test('one that does not verify is taken, and the log has the reason before', async () => {
  await send('u@stranger.test');
  const { index } = await server.waitForLog(/=> u@stranger\.test R=out T=stranger .* CV=no DN="\/CN=mail\.site\.test" /);
  const error = /^\S+ \S+ (\S+) \[127\.0\.0\.1\] SSL verify error: depth=0 error=self-signed certificate cert=\/CN=mail\.site\.test$/m;
  assert.ok((error.exec(server.log())?.index ?? Number.POSITIVE_INFINITY) < index, server.log());
  await send('u@named.test');
  await server.waitForLog(/SSL verify error: certificate name mismatch: DN="\/CN=mail\.site\.test" H="127\.0\.0\.1"/);
});

test('one that must verify: the handshake is told of once, with the address', async () => {
  await send('u@strict.test');
  await server.waitForLog(
    /== u@strict\.test R=out T=strict defer \(-37\) H=127\.0\.0\.1 \[127\.0\.0\.1\]: TLS session: \(SSL_connect\): error:0A000086:/,
  );
  assert.equal(server.log().match(/TLS session/g)?.length, 1);
  assert.equal(server.log().match(/u@strict/g)?.length, 1);
});
