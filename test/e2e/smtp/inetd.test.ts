/** Started by inetd: with a connection (-bs) and with a listening socket (-bw) as standard input. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import * as net from 'node:net';
import { after, test } from 'node:test';
import { placeOptions } from '../support/mail-server.ts';
import { Place, ROOT } from '../support/place.ts';
import { SmtpClient } from '../support/smtp-client.ts';

const PROGRAM = process.env.EXIMIUS_TEST_PROGRAM ?? `${ROOT}/scripts/exim.ts`;
const place = new Place('inetd');
const config = place.file(
  'etc/exim.conf',
  `${placeOptions(place, { primary_hostname: 'mail.site.test', acl_smtp_rcpt: 'accept', acl_smtp_connect: 'connect', tls_advertise_hosts: '', queue_only: 'true' })}
begin acl
connect:
  accept message = from $sender_host_address to $received_ip_address
`,
);

after(() => place.remove());

/** The descriptor of a server or socket, which libuv's handle knows. */
function descriptor(of: net.Server | net.Socket): number {
  const handle: unknown = Reflect.get(of, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  assert.ok(typeof fd === 'number' && fd > 0);
  return fd;
}

function listen(): Promise<net.Server & { readonly port: number }> {
  const server = net.createServer({ pauseOnConnect: true });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      assert.ok(address !== null && typeof address === 'object');
      resolve(Object.assign(server, { port: address.port }));
    });
  });
}

function start(
  args: readonly string[],
  stdin: number,
  stdout: number | 'ignore',
): ChildProcess & { readonly ended: Promise<number | null> } {
  const child = spawn(process.execPath, [PROGRAM, '-C', config, ...args], { stdio: [stdin, stdout, 'inherit'] });
  return Object.assign(child, { ended: new Promise<number | null>((resolve) => child.once('exit', resolve)) });
}

test('-bs on a connection', async () => {
  const server = await listen();
  const accepted = new Promise<net.Socket>((resolve) => server.once('connection', resolve));
  const client = await SmtpClient.connect(server.port);
  const socket = await accepted;
  const fd = descriptor(socket);
  const program = start(['-bs'], fd, fd);
  try {
    assert.match(await client.reply(), /^220 from 127\.0\.0\.1 to 127\.0\.0\.1/);
    assert.match(await client.command('EHLO client.test'), /^250-mail\.site\.test Hello client\.test \[127\.0\.0\.1\]/);
    assert.match(await client.command('MAIL FROM:<a@b.test>'), /^250/);
    assert.match(await client.command('RCPT TO:<c@d.test>'), /^250/);
    assert.match(await client.command('DATA'), /^354/);
    assert.match(await client.command('Subject: x\r\n\r\nx\r\n.'), /^250 OK id=/);
    assert.match(await client.command('QUIT'), /^221/);
    assert.equal(await program.ended, 0);
  } finally {
    client.close();
    socket.destroy();
    server.close();
    program.kill();
  }
  assert.match(place.read('log/mainlog'), /<= a@b\.test H=\(client\.test\) \[127\.0\.0\.1\] P=esmtp S=/);
});

test('-bw on a listening socket, until nobody comes for the time', async () => {
  const server = await listen();
  const { port } = server;
  const program = start(['-bw1s'], descriptor(server), 'ignore');
  server.close(); // the program has the socket; nobody else accepts
  try {
    for (let count = 0; count < 2; count++) {
      const client = await SmtpClient.connect(port);
      assert.match(await client.reply(), /^220 from 127\.0\.0\.1/);
      assert.match(await client.command('QUIT'), /^221/);
      client.close();
    }
    assert.equal(await program.ended, 0);
  } finally {
    program.kill();
  }
  const log = place.read('log/mainlog');
  assert.match(log, /daemon started: pid=[0-9]+, launched with listening socket, terminating after 1 seconds/);
  assert.match(log, /daemon terminating, inetd wait timeout reached\./);
});
