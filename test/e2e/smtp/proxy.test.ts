/** Behind a proxy that speaks the PROXY protocol, on real sockets: also where TLS begins right behind its header. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { MailServer, placeOptions } from '../support/mail-server.ts';
import { freePorts, Place } from '../support/place.ts';
import { SmtpClient } from '../support/smtp-client.ts';

const place = new Place('proxy');
const [port = 0, securePort = 0] = await freePorts(2);
const server = new MailServer(
  place,
  placeOptions(place, {
    primary_hostname: 'mail.site.test',
    daemon_smtp_ports: `${port} : ${securePort}`,
    tls_on_connect_ports: securePort,
    tls_certificate: place.certificate('etc/mail.pem', 'mail.site.test'),
    hosts_proxy: '127.0.0.1',
  }),
);

before(() => server.start());
after(async () => {
  await server.stop();
  place.remove();
});

test('the client is who the proxy says', async () => {
  const raw = connect({ port, host: '127.0.0.1' });
  raw.write('PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\n');
  const client = new SmtpClient(raw);
  try {
    assert.match(await client.reply(), /^220 /);
    assert.match(await client.command('EHLO client.test'), /^250-mail\.site\.test Hello client\.test \[192\.0\.2\.7\]/);
    assert.match(await client.command('QUIT'), /^221/);
  } finally {
    client.close();
  }
});

test('TLS on connect begins behind the header', async () => {
  const raw = connect({ port: securePort, host: '127.0.0.1' });
  raw.write(Buffer.from('\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc6\x33\x64\x01\x12\x67\x01\xd1', 'latin1'));
  const client = new SmtpClient(connectTls({ socket: raw, rejectUnauthorized: false }));
  try {
    assert.match(await client.reply(), /^220 /);
    assert.match(await client.command('EHLO client.test'), /^250-mail\.site\.test Hello client\.test \[192\.0\.2\.7\]/);
    assert.match(await client.command('QUIT'), /^221/);
  } finally {
    client.close();
  }
});
