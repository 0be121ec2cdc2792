/**
 * smtp_accept_max, its reserve, smtp_accept_max_per_host and smtp_accept_max_per_connection are exact: two workers accept at the same time, and of a burst of
 * connections as many are greeted as there are places, not one more and not one less.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MailServer, placeOptions } from '../e2e/support/mail-server.ts';
import { freePorts, Place } from '../e2e/support/place.ts';
import { SmtpClient } from '../e2e/support/smtp-client.ts';

const MAX = 10;
const RESERVE = 2;
const PER_HOST = 3;
const PER_CONNECTION = 2;
/** Of connections from a host that smtp_reserve_hosts names. */
const RESERVED = '127.0.9.9';
/** Hosts that only the limit for all holds. */
const UNLIMITED = '127.0.2';
const LIMITED = '127.0.3';

const place = new Place('limits');
const [port = 0] = await freePorts(1);
const server = new MailServer(
  place,
  `${placeOptions(place, {
    daemon_smtp_ports: port,
    primary_hostname: 'mail.site.test',
    workers: 2,
    smtp_connect_backlog: 256,
    smtp_accept_max: MAX,
    smtp_accept_reserve: RESERVE,
    smtp_reserve_hosts: RESERVED,
    smtp_accept_max_per_host: `\${if match_ip{$sender_host_address}{${LIMITED}.0/24}{${PER_HOST}}{0}}`,
    smtp_accept_max_per_connection: PER_CONNECTION,
    acl_smtp_rcpt: 'accept',
    acl_smtp_data: 'accept',
  })}
begin routers
gone:
  driver = redirect
  data = :blackhole:
`,
);

const TOO_MANY = '421 Too many concurrent SMTP connections; please try again later.';
const TOO_MANY_UNRESERVED = '421 mail.site.test: Too many concurrent SMTP connections; please try again later';
const TOO_MANY_FROM_HOST = '421 Too many concurrent SMTP connections from this IP address; please try again later.';

before(() => server.start());
after(async () => {
  await server.stop();
  place.remove();
});

interface Greeted {
  readonly client: SmtpClient;
  readonly greeting: string;
}

async function open(localAddress: string): Promise<Greeted> {
  const client = await SmtpClient.connect(port, { localAddress });
  const greeting = await client.reply();
  if (!greeting.startsWith('220')) client.close();
  return { client, greeting };
}

function burst(addresses: readonly string[]): Promise<Greeted[]> {
  return Promise.all(addresses.map(open));
}

function addresses(network: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${network}.${index + 1}`);
}

function clientsOf(results: readonly Greeted[]): SmtpClient[] {
  return results.filter(({ greeting }) => greeting.startsWith('220')).map(({ client }) => client);
}

function refusalsOf(results: readonly Greeted[]): Set<string> {
  return new Set(results.filter(({ greeting }) => !greeting.startsWith('220')).map(({ greeting }) => greeting));
}

/** Bursts until there are that many, because places become free a moment after their connections have ended. */
async function fill(network: string, count: number): Promise<SmtpClient[]> {
  const clients: SmtpClient[] = [];
  for (let round = 0; clients.length < count; round++) {
    assert.ok(round < 200, `${clients.length} of ${count} places are free`);
    clients.push(...clientsOf(await burst(addresses(network, 40))));
  }
  return clients;
}

async function leave(clients: readonly SmtpClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.quit()));
}

/** Who has no right to a kept place stands in it until he has been told, and so long others find none at all: as in Exim. */
function assertUnreserved(results: readonly Greeted[]): void {
  const refusals = refusalsOf(results);
  assert.ok(refusals.delete(TOO_MANY_UNRESERVED));
  refusals.delete(TOO_MANY);
  assert.deepEqual(refusals, new Set());
}

test('smtp_accept_max and smtp_accept_reserve: as many as there are places', async () => {
  const first = await burst(addresses(UNLIMITED, 60));
  const clients = clientsOf(first);
  assert.equal(clients.length, MAX - RESERVE);
  assertUnreserved(first);
  await server.waitForLog(/temporarily refused connection from \[[0-9.]+\]: not in reserve list: connected=8 max=10 reserve=2/);
  const reserved = await burst(Array.from({ length: 20 }, () => RESERVED));
  assert.equal(clientsOf(reserved).length, RESERVE);
  assert.deepEqual(refusalsOf(reserved), new Set([TOO_MANY]));
  assert.deepEqual(refusalsOf(await burst(addresses(UNLIMITED, 20))), new Set([TOO_MANY]));
  await leave(clients.splice(0, 5));
  clients.push(...clientsOf(reserved));
  clients.push(...(await fill(UNLIMITED, 3))); // the reserve is taken
  assert.equal(clients.length, MAX - RESERVE);
  assertUnreserved(await burst(addresses(UNLIMITED, 20)));
  await leave(clients);
});

test('smtp_accept_max while connections come and go: never one more', async () => {
  let open = 0;
  let highest = 0;
  let greeted = 0;
  const come = async (index: number) => {
    for (let round = 0; round < 12; round++) {
      const client = await SmtpClient.connect(port, { localAddress: `${UNLIMITED}.${index + 1}` });
      if ((await client.reply()).startsWith('220')) {
        greeted++;
        open++;
        highest = Math.max(highest, open);
        await client.command('EHLO client.test');
        open--;
        await client.quit();
      } else client.close();
    }
  };
  await Promise.all(Array.from({ length: 40 }, (_, index) => come(index)));
  assert.ok(highest <= MAX - RESERVE, `${highest} at once`);
  assert.ok(greeted > MAX, `${greeted} were greeted`);
});

test('smtp_accept_max_per_host: as many from each host', async () => {
  const hosts = addresses(LIMITED, 2);
  await leave(await fill(UNLIMITED, MAX - RESERVE)); // those of before have ended
  const all = await Promise.all(hosts.map((host) => burst(Array.from({ length: 20 }, () => host))));
  for (const results of all) {
    assert.equal(clientsOf(results).length, PER_HOST);
    assert.deepEqual(refusalsOf(results), new Set([TOO_MANY_FROM_HOST]));
  }
  await server.waitForLog(/Connection from \[127\.0\.3\.1\] refused: too many connections from that IP address/);
  await leave(all.flatMap(clientsOf));
});

test('smtp_accept_max_per_connection: as many messages', async () => {
  const [client] = await fill(RESERVED.slice(0, RESERVED.lastIndexOf('.')), 1);
  assert.ok(client);
  await client.command('EHLO client.test');
  const message = { from: 'a@site.test', to: ['b@site.test'], text: 'Subject: x\n\nx\n' };
  for (let count = 0; count < PER_CONNECTION; count++) assert.match(await client.send(message), /^250 OK id=/);
  assert.equal(await client.send(message), '421 too many messages in this connection');
  await server.waitForLog(/rejected MAIL command H=\(client\.test\) \[[0-9.]+\]: too many messages in one connection/);
  client.close();
});
