/** ALPN of a running server and of its transports: names that are taken, refused and required. Spec ch. 14 "tls_alpn", "hosts_require_alpn". */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MailServer, placeOptions } from '../support/mail-server.ts';
import { freePorts, Place } from '../support/place.ts';
import { SmtpClient } from '../support/smtp-client.ts';

/** Clients from here must agree on a name; those from the other address may offer anything. */
const STRICT = '127.0.0.7';
const LAX = '127.0.0.8';
/** Transports, and local parts that go out by them. */
const OUT = ['good', 'bad', 'lax', 'strict'] as const;

const place = new Place('alpn');
const [port = 0] = await freePorts(1);
const server = new MailServer(place, configText());

/** What came without TLS goes out again, to this server, by the transport that the local part names; what came with TLS is taken. */
function configText(): string {
  const pem = place.certificate('etc/mail.pem', 'mail.site.test');
  const transport = (name: string, options: readonly string[]) =>
    `${name}:\n  driver = smtp\n  hosts_require_tls = *\n${options.map((each) => `  ${each}\n`).join('')}`;
  return `${placeOptions(place, {
    primary_hostname: 'mail.site.test',
    daemon_smtp_ports: port,
    tls_advertise_hosts: '*',
    tls_certificate: pem,
    tls_alpn: `\${if eq{$sender_host_address}{${LAX}}{}{smtp:other}}`,
    hosts_require_alpn: STRICT,
    acl_smtp_rcpt: 'accept',
    retry_data_expire: '1d',
  })}
begin routers
taken:
  driver = redirect
  condition = \${if def:tls_in_cipher}
  data = :blackhole:
${OUT.map(
  (name) => `out_${name}:
  driver = manualroute
  local_parts = ${name}
  route_list = * 127.0.0.1::${port}
  self = send
  transport = ${name}
`,
).join('')}begin transports
${transport('good', ['tls_alpn = smtp', 'hosts_require_alpn = *'])}
${transport('bad', ['tls_alpn = http'])}
${transport('lax', ['tls_alpn = http', 'hosts_require_alpn = *', `interface = ${LAX}`])}
${transport('strict', [`interface = ${STRICT}`])}
begin retry
* * F,1d,1h
`;
}

before(() => server.start());
after(async () => {
  await server.stop();
  place.remove();
});

/** The answer to EHLO under TLS, or '' where there is none. */
async function greet(localAddress: string, alpn: readonly string[]): Promise<string> {
  const client = await SmtpClient.open(port, { localAddress });
  await client.command('EHLO client.test');
  const answer = await client.startTls('client.test', alpn).catch(() => '');
  client.close();
  return answer;
}

test('names that clients ask for', async () => {
  for (const [from, alpn, isTaken] of [
    ['127.0.0.1', [], true],
    ['127.0.0.1', ['smtp'], true],
    ['127.0.0.1', ['other'], true],
    ['127.0.0.1', ['http'], false],
    ['127.0.0.1', ['smtp', 'other'], false],
    [STRICT, ['smtp'], true],
    [STRICT, [], false],
    [LAX, ['http'], true],
  ] as const) {
    assert.equal(/^250-mail\.site\.test/.test(await greet(from, alpn)), isTaken, `${from} ${alpn}`);
  }
  const errors = server
    .log()
    .split('\n')
    .flatMap((line) => / TLS error on connection from (.*)$/.exec(line)?.[1] ?? []);
  assert.deepEqual(errors, [
    '(client.test) [127.0.0.1] (handshake): Bad ALPN presented (http)',
    '(client.test) [127.0.0.1] (handshake): Bad ALPN presented (smtp:other)',
    `(client.test) [${STRICT}] (handshake): ALPN required but not negotiated`,
  ]);
});

test('names that transports ask for', async () => {
  const client = await SmtpClient.open(port);
  await client.command('EHLO client.test');
  for (const name of OUT) assert.match(await client.send({ from: 'a@sender.test', to: [`${name}@out.test`], text: 'x\r\n' }), /^250 /);
  await client.quit();
  await server.waitForLog(/=> good@out\.test R=out_good T=good H=127\.0\.0\.1 \[127\.0\.0\.1\]\S* X=TLS/);
  await server.waitForLog(
    /== bad@out\.test R=out_bad T=bad defer \(-37\) H=127\.0\.0\.1 \[127\.0\.0\.1\]: TLS session: \(SSL_connect\): .*no application protocol/,
  );
  await server.waitForLog(
    /== lax@out\.test R=out_lax T=lax defer \(-37\) H=127\.0\.0\.1 \[127\.0\.0\.1\]: TLS session: \(handshake\): ALPN required but not negotiated/,
  );
  await server.waitForLog(
    /== strict@out\.test R=out_strict T=strict defer \(-18\) H=127\.0\.0\.1 \[127\.0\.0\.1\]: Remote host closed connection in response to EHLO/,
  );
});
