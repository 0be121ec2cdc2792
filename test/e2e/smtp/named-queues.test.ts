/** ACL modifier `queue`: messages in named queues, from the session to their delivery by whoever runs the queue. Spec ch. 44 "ACL modifiers", ch. 5 "-qG<name>". */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type CommandOptions, MailServer, placeOptions } from '../support/mail-server.ts';
import { freePorts, Place } from '../support/place.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { waitFor } from '../support/wait.ts';

const place = new Place('queues');
const [port = 0] = await freePorts(1);
/** A name whose octets are more than its letters. */
const LOCAL = 'né';

/** Local parts choose the queue; mail for `later` waits until the file `open` exists. */
const server = new MailServer(
  place,
  `${placeOptions(place, {
    primary_hostname: 'mx.test',
    daemon_smtp_ports: port,
    split_spool_directory: 'true',
    tls_advertise_hosts: '',
    acl_smtp_mail: 'choose_by_sender',
    acl_smtp_rcpt: 'choose',
    acl_smtp_data: 'told',
    acl_not_smtp_start: 'choose_local',
    log_selector: '+queue_run',
  })}
received_header_text = Received: by mx.test queue <$queue_name>
begin acl
choose_by_sender:
  accept senders = default@sender.test
         queue =
  accept
choose:
  accept local_parts = tainted
         queue = $local_part
  accept local_parts = slash
         queue = a/b
  accept local_parts = dots
         queue = ..
  accept local_parts = slow : later : nobody
         queue = slow
  accept local_parts = fast
         queue = \${if eq{$queue_name}{slow}{fast}{other}}
  accept
told:
  accept logwrite = data <$queue_name>
choose_local:
  accept senders = :
  accept queue = ${Buffer.from(LOCAL).toString('latin1')}
begin routers
later:
  driver = redirect
  local_parts = later
  condition = \${if exists{${place.path('open')}}{no}{yes}}
  allow_defer
  data = :defer: not yet
gone:
  driver = redirect
  local_parts = nobody
  allow_fail
  data = :fail: no such
taken:
  driver = redirect
  data = :blackhole:
begin retry
* * F,1d,1s
`,
);

before(() => server.start('-qGslow/1d', '-q1d'));
after(async () => {
  await server.stop();
  place.remove();
});

async function send(client: SmtpClient, to: string, from = 'a@sender.test'): Promise<string> {
  const answer = await client.send({ from, to: [`${to}@mx.test`], text: 'Subject: x\r\n\r\nx\r\n' });
  const id = /^250 OK id=(\S+)/.exec(answer)?.[1];
  assert.ok(id !== undefined, answer);
  return id;
}

/** Base names of what lies in a queue's `input`. */
function spooled(queue: string): string[] {
  const input = place.path(`spool/${queue}/input`);
  if (!existsSync(input)) return [];
  return readdirSync(input)
    .flatMap((below) => readdirSync(`${input}/${below}`))
    .sort();
}

test('the daemon says which queues it runs, and runs them', async () => {
  await server.waitForLog(/daemon started: pid=\d+, -qGslow\/1d -q1d, listening/);
  await server.waitForLog(/End 'slow' queue run: pid=\d+/);
  await server.waitForLog(/End queue run: pid=\d+/);
});

test('a session puts its messages into the queue that was named last', async () => {
  const client = await SmtpClient.open(port);
  await client.command('EHLO client.test');
  const ids = [await send(client, 'plain'), await send(client, 'slow'), await send(client, 'plain')];
  ids.push(await send(client, 'fast'), await send(client, 'plain', 'default@sender.test'));
  await client.quit();
  const queues = ['', 'slow', 'slow', 'fast', ''];
  for (const [index, id] of ids.entries()) {
    const [queue = '', field] = [queues[index], queues[index] === '' ? '' : ` Q=${queues[index]}`];
    await server.waitForLog(new RegExp(`${id} <= \\S+ H=\\(client\\.test\\) \\[127\\.0\\.0\\.1\\] P=esmtp S=\\d+${field}$`));
    await server.waitForLog(new RegExp(`${id} data <${queue}>$`));
    await server.waitForLog(new RegExp(`${id} => :blackhole: <\\S+> R=taken$`));
    await server.waitForLog(new RegExp(`${id} Completed`));
  }
});

test('names that are refused', async () => {
  const client = await SmtpClient.open(port);
  await client.command('EHLO client.test');
  for (const [to, cause] of [
    ['tainted', "Tainted name 'tainted' for queue not permitted"],
    ['slash', "Directory separator not permitted in queue name: 'a/b'"],
    ['dots', "bad queue name: '..'"],
  ] as const) {
    await client.command('MAIL FROM:<a@sender.test>');
    assert.equal(await client.command(`RCPT TO:<${to}@mx.test>`), '451 Temporary local problem - please try later');
    await client.command('RSET');
    assert.ok(server.log().includes(`temporarily rejected RCPT <${to}@mx.test>: ${cause}\n`), cause);
  }
  await client.quit();
  assert.ok(!existsSync(place.path('spool/tainted')));
});

test('what waits in a named queue is listed, delivered and changed there only', async () => {
  const client = await SmtpClient.open(port);
  await client.command('EHLO client.test');
  const id = await send(client, 'later');
  await client.quit();
  await server.waitForLog(new RegExp(`${id} == later@mx\\.test Q=slow R=later defer`));
  await waitFor('the attempt is over', () => spooled('slow').join() === `${id}-D,${id}-H`);
  assert.ok(existsSync(place.path(`spool/slow/msglog/${id[5]}/${id}`)));
  assert.deepEqual(await server.queue(), []);
  const exim = async (args: readonly string[], options?: CommandOptions) => (await server.exim(args, options)).stdout;
  assert.match(await exim(['-bp', '-qGslow']), new RegExp(`${id} <a@sender\\.test>\n +later@mx\\.test\n`));
  await exim(['-qff']);
  await exim(['-M', id]);
  assert.match(server.log(), new RegExp(`${id} Spool file ${id}-D not found`));
  place.file('open', '');
  await exim(['-qffGslow']);
  await server.waitForLog(new RegExp(`${id} => :blackhole: <later@mx\\.test> R=taken$`));
  await waitFor('it has gone', () => spooled('slow').length === 0);
});

test('a bounce is in the queue of its message', async () => {
  const client = await SmtpClient.open(port);
  await client.command('EHLO client.test');
  const id = await send(client, 'nobody');
  await client.quit();
  await server.waitForLog(new RegExp(`${id} \\*\\* nobody@mx\\.test Q=slow R=gone : no such$`));
  const [, bounce = ''] = await server.waitForLog(new RegExp(` (\\S+) <= <> R=${id} .* Q=slow$`));
  assert.deepEqual(await server.queue(), []);
  await server.waitForLog(new RegExp(`${bounce} => :blackhole: <a@sender\\.test> R=taken$`));
});

test('local messages, with every way of delivering', async () => {
  for (const [how, pattern] of [
    ['-odi', /=> :blackhole: <i@mx\.test> R=taken$/],
    ['-odb', /=> :blackhole: <b@mx\.test> R=taken$/],
  ] as const) {
    const { status, stderr } = await server.exim([how, `${how.slice(3)}@mx.test`], { input: 'Subject: x\n\nx\n' });
    assert.deepEqual([status, stderr], [0, '']);
    await server.waitForLog(pattern);
  }
  await waitFor('they have gone', () => spooled(LOCAL).length === 0);
  await server.exim(['-odq', 'q@mx.test'], { input: 'Subject: x\n\nx\n' });
  const [header] = await waitFor('it is queued', () => spooled(LOCAL).filter((name) => name.endsWith('-H')).length === 1 && spooled(LOCAL));
  const id = header?.slice(0, -2) ?? '';
  assert.match((await server.exim([`-qG${LOCAL}`, '-Mvh', id])).stdout, /queue <n\xc3\xa9>/);
  await server.exim([`-qG${LOCAL}`, '-M', id]);
  await server.waitForLog(new RegExp(`${id} => :blackhole: <q@mx\\.test> R=taken$`));
});

test('what a killed daemon left in a named queue is taken up by the next one', async () => {
  await server.exim(['-odq', 'again@mx.test'], { input: 'Subject: x\n\nx\n' });
  const [data = ''] = spooled(LOCAL);
  const id = data.slice(0, -2);
  await server.stop();
  assert.deepEqual(spooled(LOCAL), [`${id}-D`, `${id}-H`]);
  place.file('spool/eximius-running', ''); // as one leaves it that does not come to its end
  await server.start();
  await server.waitForLog(new RegExp(`${id} => :blackhole: <again@mx\\.test> R=taken$`));
});

test('without a daemon -odb delivers from the named queue, too', async () => {
  await server.stop();
  await server.exim(['-odb', 'alone@mx.test'], { input: 'Subject: x\n\nx\n' });
  await server.waitForLog(/=> :blackhole: <alone@mx\.test> R=taken$/);
  await waitFor('it has gone', () => spooled(LOCAL).length === 0);
});
