/** `callout=hold`: the connection on which recipients were verified carries the message. Spec ch. 44 "Additional parameters for callouts". */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { after, before, test } from 'node:test';
import { MailServer, placeOptions } from '../support/mail-server.ts';
import { freePorts, Place } from '../support/place.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { waitFor } from '../support/wait.ts';

const place = new Place('hold');
const [port = 0, sinkPort = 0, otherPort = 0] = await freePorts(3);
const server = new MailServer(place, configText());
/** What the hosts heard: the number of the connection and the command. */
const heard: string[] = [];
let connections = 0;
/** The host answers DATA with this, once; '' closes. */
let dataReply: string | undefined;
/** And the end of the message. */
let endReply = '250 taken';
const sinks: Server[] = [];

function configText(): string {
  const out = (name: string, domains: string, at: number, more = '') =>
    `${name}:\n  driver = manualroute\n  domains = ${domains}\n  route_list = * 127.0.0.1::${at}\n  self = send\n  transport = smtp\n${more}`;
  return `${placeOptions(place, { primary_hostname: 'mail.site.test', daemon_smtp_ports: port, acl_smtp_rcpt: 'rcpt', dsn_advertise_hosts: '*' })}
begin acl
rcpt:
  accept domains = local.test
  deny domains = refused.test
  warn domains = cut.test
       control = cutthrough_delivery
  accept domains = null.test
         verify = recipient/callout=no_cache
  accept domains = random.test
         verify = recipient/callout=no_cache,use_sender,hold,random
  warn domains = queued.test
       control = queue
  require verify = recipient/callout=no_cache,use_sender,hold
  deny domains = late.test
  accept
begin routers
local:
  driver = accept
  domains = local.test
  transport = maildir
alias:
  driver = redirect
  local_parts = alias
  data = target@a.test
${out('other', 'b.test', otherPort)}
${out('out', '*', sinkPort, '  headers_add = X-Added: yes\n')}
begin transports
smtp:
  driver = smtp
maildir:
  driver = appendfile
  directory = ${place.path('mail/local')}
  maildir_format
  user = ${place.account.name}
begin retry
* * F,1d,1h
`;
}

/** A host that takes every local part but `bad` and `later`. */
function sink(at: number): Promise<void> {
  const listening = createServer((socket) => {
    const number = ++connections;
    const isFirstSink = at === sinkPort;
    let isData = false;
    let text = '';
    const say = (line: string) => socket.write(`${line}\r\n`);
    const obey = (line: string): void => {
      if (isData) {
        if (line !== '.') return;
        isData = false;
        return void say(endReply);
      }
      if (!line.startsWith('EHLO')) heard.push(`${number}${isFirstSink ? '' : '*'} ${line}`);
      if (line === 'QUIT') socket.end('221 bye\r\n');
      else if (line === 'DATA' && dataReply !== undefined) {
        if (dataReply === '') socket.destroy();
        else say(dataReply);
        dataReply = undefined;
      } else if (line === 'DATA') {
        isData = true;
        say('354 go');
      } else if (line.startsWith('EHLO')) say('250-sink\r\n250-DSN\r\n250 SIZE 100000');
      else say(/^RCPT TO:<bad/.test(line) ? '550 unknown' : /^RCPT TO:<later/.test(line) ? '450 later' : '250 ok');
    };
    socket.setEncoding('latin1').on('error', () => {});
    socket.on('data', (chunk) => {
      text += String(chunk);
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        obey(line);
      }
    });
    say('220 sink');
  });
  sinks.push(listening);
  return new Promise((resolve) => listening.listen(at, '127.0.0.1', resolve));
}

before(async () => {
  await Promise.all([sink(sinkPort), sink(otherPort), server.start()]);
});
after(async () => {
  await server.stop();
  for (const each of sinks) each.close();
  place.remove();
});

interface Sent {
  readonly replies: readonly string[];
  readonly heard: readonly string[];
}

/** A message to these recipients (of MAIL and RCPT the parameters too), until it is completed or queued. */
async function send(recipients: readonly string[], mailParameters = ''): Promise<Sent> {
  heard.length = 0;
  connections = 0;
  const client = await SmtpClient.open(port);
  await client.command('EHLO client.test');
  await client.command(`MAIL FROM:<s@sender.test>${mailParameters}`);
  const replies: string[] = [];
  for (const recipient of recipients) {
    const [address = '', ...parameters] = recipient.split(' ');
    replies.push((await client.command(['RCPT', `TO:<${address}>`, ...parameters].join(' '))).slice(0, 3));
  }
  assert.equal(await client.command('DATA'), '354 Enter message, ending with "." on a line by itself');
  const accepted = await client.command('Subject: x\r\n\r\nbody\r\n.');
  const id = /^250 OK id=(\S+)$/.exec(accepted)?.[1];
  assert.ok(id !== undefined, accepted);
  await server.waitForLog(new RegExp(`${id} (?:Completed|no immediate delivery)`));
  await client.quit();
  const begun = new Set(heard.map((line) => line.split(' ')[0]));
  await waitFor('the hosts have heard the end', () =>
    [...begun].every((number) => heard.includes(`${number} QUIT`) || number === closedByHost),
  );
  return { replies, heard: [...heard] };
}

/** The connection that ends without QUIT. */
let closedByHost: string | undefined;

const MAIL = '1 MAIL FROM:<s@sender.test>';

test('which connection the message goes out on', async () => {
  const again = (number: number, ...rcpts: string[]) => [
    `${number} MAIL FROM:<s@sender.test> SIZE=`,
    ...rcpts.map((rcpt) => `${number} RCPT TO:<${rcpt}>`),
    `${number} DATA`,
    `${number} QUIT`,
  ];
  const cases: readonly (readonly [recipients: readonly string[], replies: string, heard: readonly string[]])[] = [
    [['u@a.test'], '250', [MAIL, '1 RCPT TO:<u@a.test>', '1 DATA', '1 QUIT']],
    [['u@a.test', 'v@c.test'], '250 250', [MAIL, '1 RCPT TO:<u@a.test>', '1 RCPT TO:<v@c.test>', '1 DATA', '1 QUIT']],
    [['u@a.test', 'u@a.test'], '250 250', [MAIL, '1 RCPT TO:<u@a.test>', '1 DATA', '1 QUIT']],
    [['alias@x.test'], '250', [MAIL, '1 RCPT TO:<target@a.test>', '1 DATA', '1 QUIT']],
    [['u@a.test', 'x@local.test'], '250 250', [MAIL, '1 RCPT TO:<u@a.test>', '1 DATA', '1 QUIT']],
    [['u@a.test', 'x@refused.test'], '250 550', [MAIL, '1 RCPT TO:<u@a.test>', '1 DATA', '1 QUIT']],
    // only the very first recipient begins it
    [['x@local.test', 'u@a.test'], '250 250', [MAIL, '1 RCPT TO:<u@a.test>', '1 QUIT', ...again(2, 'u@a.test')]],
    [
      ['bad@a.test', 'u@a.test'],
      '550 250',
      [MAIL, '1 RCPT TO:<bad@a.test>', '1 QUIT', '2 MAIL FROM:<s@sender.test>', '2 RCPT TO:<u@a.test>', '2 QUIT', ...again(3, 'u@a.test')],
    ],
    // what its host refuses, and other hosts, end it
    [['u@a.test', 'bad@a.test'], '250 550', [MAIL, '1 RCPT TO:<u@a.test>', '1 RCPT TO:<bad@a.test>', '1 QUIT', ...again(2, 'u@a.test')]],
    [
      ['u@a.test', 'later@a.test'],
      '250 451',
      [
        MAIL,
        '1 RCPT TO:<u@a.test>',
        '1 RCPT TO:<later@a.test>',
        '1 QUIT',
        '2 MAIL FROM:<s@sender.test>',
        '2 RCPT TO:<later@a.test>',
        '2 QUIT',
        ...again(3, 'u@a.test'),
      ],
    ],
    // its host has taken a recipient that is refused here
    [['u@a.test', 'x@late.test'], '250 550', [MAIL, '1 RCPT TO:<u@a.test>', '1 RCPT TO:<x@late.test>', '1 QUIT', ...again(2, 'u@a.test')]],
    // it has not all recipients: MAIL and RCPT again, on the same connection
    [
      ['u@a.test', 'n@null.test'],
      '250 250',
      [
        MAIL,
        '1 RCPT TO:<u@a.test>',
        '2 MAIL FROM:<>',
        '2 RCPT TO:<n@null.test>',
        '2 QUIT',
        '1 RSET',
        ...again(1, 'u@a.test', 'n@null.test'),
      ],
    ],
    [['u@queued.test'], '250', [MAIL, '1 RCPT TO:<u@queued.test>', '1 QUIT']],
  ];
  for (const [recipients, replies, expected] of cases) {
    const sent = await send(recipients);
    const lines = sent.heard.map((line) => line.replace(/ SIZE=[0-9]+$/, ' SIZE='));
    assert.deepEqual([sent.replies.join(' '), lines], [replies, expected], recipients.join(' '));
  }
});

test('another host ends it, so does a callout that asks for more', async () => {
  const other = await send(['u@a.test', 'w@b.test']);
  assert.deepEqual(
    other.heard.filter((line) => /^1 /.test(line)),
    [MAIL, '1 RCPT TO:<u@a.test>', '1 QUIT'],
  );
  const random = await send(['u@a.test', 'r@random.test']);
  assert.deepEqual(
    random.heard.filter((line) => /^1 /.test(line)),
    [MAIL, '1 RCPT TO:<u@a.test>', '1 QUIT'],
  );
});

test('what RCPT would say more now is said', async () => {
  const sent = await send(['u@a.test NOTIFY=FAILURE'], ' RET=HDRS');
  assert.deepEqual(
    sent.heard.map((line) => line.replace(/ SIZE=[0-9]+/, ' SIZE=')),
    [
      MAIL,
      '1 RCPT TO:<u@a.test>',
      '1 RSET',
      '1 MAIL FROM:<s@sender.test> SIZE= RET=HDRS',
      '1 RCPT TO:<u@a.test> NOTIFY=FAILURE',
      '1 DATA',
      '1 QUIT',
    ],
  );
});

test('a host that does not wait any more is asked again', async () => {
  dataReply = '421 too long';
  closedByHost = '1';
  const told = await send(['u@a.test']);
  assert.deepEqual(told.heard.slice(0, 3), [MAIL, '1 RCPT TO:<u@a.test>', '1 DATA']);
  assert.deepEqual(told.heard.slice(-2), ['2 DATA', '2 QUIT']);
  dataReply = '';
  const cut = await send(['u@a.test']);
  closedByHost = undefined;
  assert.deepEqual(cut.heard.slice(-2), ['2 DATA', '2 QUIT']);
});

test('the lines of the log are those of any delivery', async () => {
  await send(['u@log.test']);
  await server.waitForLog(/=> u@log\.test R=out T=smtp H=127\.0\.0\.1 \[127\.0\.0\.1\] C="250 taken"$/m);
  await send(['bad@log.test', 'u@log.test']);
  assert.match(
    server.log(),
    /rejected RCPT <bad@log\.test>: 127\.0\.0\.1 \[127\.0\.0\.1\] : SMTP error from remote mail server after RCPT TO:<bad@log\.test>: 550 unknown$/m,
  );
  await send(['u@log.test', 'bad@log.test']);
  assert.match(server.log(), /rejected RCPT <bad@log\.test>: response to "RCPT TO:<bad@log\.test>" was: 550 unknown$/m);
});

test('RSET gives it up', async () => {
  heard.length = 0;
  connections = 0;
  const client = await SmtpClient.open(port);
  for (const line of ['EHLO client.test', 'MAIL FROM:<s@sender.test>', 'RCPT TO:<u@a.test>', 'RSET']) await client.command(line);
  await waitFor('the connection ends', () => heard.includes('1 QUIT'));
  await client.quit();
});

test('a cutthrough delivery goes on when another recipient is refused', async () => {
  heard.length = 0;
  connections = 0;
  const client = await SmtpClient.open(port);
  for (const line of ['EHLO client.test', 'MAIL FROM:<s@sender.test>', 'RCPT TO:<u@cut.test>']) await client.command(line);
  assert.match(await client.command('RCPT TO:<x@refused.test>'), /^550 /);
  await client.command('DATA');
  assert.match(await client.command('Subject: x\r\n\r\nbody\r\n.'), /^250 OK id=/);
  await client.quit();
  assert.deepEqual(heard, [MAIL, '1 RCPT TO:<u@cut.test>', '1 DATA', '1 QUIT']);
  assert.match(server.log(), />> u@cut\.test R=out/);
});

test('what the host of a cutthrough delivery says to the end of the message', async () => {
  const sendCut = async (reply: string) => {
    endReply = reply;
    const client = await SmtpClient.open(port);
    for (const line of ['EHLO client.test', 'MAIL FROM:<s@sender.test>', 'RCPT TO:<u@cut.test>', 'DATA']) await client.command(line);
    const answer = await client.command('Subject: refused\r\n\r\nbody\r\n.');
    await client.quit();
    endReply = '250 taken';
    return answer;
  };
  const told = 'H=\\(client\\.test\\) \\[127\\.0\\.0\\.1\\] u@cut\\.test F=<s@sender\\.test>';
  assert.equal(await sendCut('550-5.7.1 never\r\n550 5.7.1 indeed'), '550-5.7.1 never\n550 5.7.1 indeed');
  const refused = new RegExp(`${told} rejected after DATA: R=out T=smtp H=127\\.0\\.0\\.1 \\[127\\.0\\.0\\.1\\] .*C="550-5\\.7\\.1 never`);
  assert.match(server.log(), refused);
  assert.match(server.log('reject'), new RegExp(`${refused.source}.*\nEnvelope-from: <s@sender\\.test>\n`));
  assert.match(await sendCut('450 later'), /^250 OK id=/); // it goes out in the usual way
  assert.match(server.log(), new RegExp(`${told} tmp-reject from cutthrough after DATA: R=out T=smtp .*C="450 later"$`, 'm'));
});
