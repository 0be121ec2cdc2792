/** tls_resumption_hosts: sessions are resumed by who is in it, whichever worker has the connection. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { MailServer, placeOptions } from '../support/mail-server.ts';
import { freePorts, Place } from '../support/place.ts';
import { waitFor } from '../support/wait.ts';

const place = new Place('resumption');
const [port = 0] = await freePorts(1);
const options = placeOptions(place, {
  daemon_smtp_ports: port,
  tls_on_connect_ports: port,
  tls_certificate: place.certificate('etc/mail.pem', 'mail.test'),
  tls_resumption_hosts: '127.0.0.2',
  rfc1413_query_timeout: '0s',
  workers: 2,
  acl_smtp_helo: 'helo',
  acl_smtp_rcpt: 'rcpt',
  log_selector: '+tls_resumption',
});
const acl = 'begin acl\nhelo:\n  accept logwrite = [$sender_helo_name $tls_in_resumption $pid]\nrcpt:\n  deny\n';
const server = new MailServer(place, `${options}${acl}`);

before(() => server.start());
after(async () => {
  await server.stop();
  place.remove();
});

/** The session of a connection that says this name, and whether it was resumed from the one that is given. */
async function connection(hello: string, from: string, version: 'TLSv1.2' | 'TLSv1.3', session?: Buffer) {
  const local = { localAddress: from }; // Node's types do not know it here
  const socket: TLSSocket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ...local,
    maxVersion: version,
    ...(session === undefined ? {} : { session }),
  });
  let given: Buffer | undefined;
  socket.on('session', (one: Buffer) => (given = one));
  socket.setEncoding('latin1');
  let said = '';
  socket.on('data', (text: string) => (said += text));
  await once(socket, 'secureConnect');
  const isResumed = socket.isSessionReused();
  await waitFor('the greeting', () => /^220 /m.test(said));
  socket.write(`EHLO ${hello}\r\n`);
  await waitFor('the answer', () => /^250 /m.test(said));
  socket.write('MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nQUIT\r\n');
  await once(socket, 'close');
  const found = await server.waitForLog(new RegExp(` \\[${hello} (\\d+) (\\d+)\\]`));
  return { session: given, isResumed, bits: found[1], worker: found[2] };
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version}: resumed by every worker, for who is in the list`, async () => {
    const first = await connection(`first-${version}`, '127.0.0.2', version);
    assert.equal(first.bits, '11');
    const workers = new Set<string | undefined>([first.worker]);
    let { session } = first;
    await waitFor('another worker', async () => {
      const name = `again-${version}-${performance.now()}`;
      const again = await connection(name, '127.0.0.2', version, session);
      assert.ok(again.isResumed);
      assert.equal(again.bits, version === 'TLSv1.3' ? '31' : '29');
      await server.waitForLog(new RegExp(`H=\\(${name}\\) \\[127.0.0.2\\] X=TLS[^ ]*:[0-9]+\\* .*rejected RCPT`));
      workers.add(again.worker);
      session = again.session ?? session;
      return workers.size > 1;
    });
  });

  test(`${version}: nobody else`, async () => {
    const first = await connection(`other-${version}`, '127.0.0.1', version);
    assert.equal(first.bits, '1');
    const known = (await connection(`known-${version}`, '127.0.0.2', version)).session;
    for (const session of [first.session, known]) {
      if (session === undefined) continue;
      const again = await connection(`other-${version}-${performance.now()}`, '127.0.0.1', version, session);
      assert.ok(!again.isResumed);
      assert.equal(again.bits, '1');
    }
  });
}
