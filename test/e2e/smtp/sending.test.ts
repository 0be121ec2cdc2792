/** What the smtp transport says to a host that offers CHUNKING and PRDR, and what the log says of its replies. RFC 3030, draft-hall-prdr; spec ch. 30. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MailServer, placeOptions } from '../support/mail-server.ts';
import { freePorts, Place } from '../support/place.ts';
import { type HostStep, ScriptedHost } from '../support/scripted-host.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { waitFor } from '../support/wait.ts';

const place = new Place('sending');
const [port = 0, hostPort = 0] = await freePorts(2);
const server = new MailServer(
  place,
  `${placeOptions(place, { daemon_smtp_ports: port, acl_smtp_rcpt: 'accept', log_selector: '+pipelining', received_header_text: '' })}
begin routers
lost:
  driver = redirect
  domains = sender.test
  data = :blackhole:
out:
  driver = manualroute
  route_data = 127.0.0.\${extract{1}{.}{$domain}}
  self = send
  transport = smtp
begin transports
smtp:
  driver = smtp
  port = ${hostPort}
  hosts_try_chunking = ! 127.0.0.2
begin retry
* * F,1d,1h
`,
);
before(() => server.start());
after(async () => {
  await server.stop();
  place.remove();
});

interface Case {
  /** Of the domain, and of the host's address. */
  readonly number: number;
  readonly recipients: readonly string[];
  readonly script: readonly HostStep[];
  readonly body?: string;
  /** What came in a step, cut behind the commands. */
  readonly commands: readonly string[];
  /** Log lines about the message behind its id, between `<=` and `Completed`. */
  readonly log: readonly string[];
}

const EHLO = (...offers: string[]): HostStep => [
  'EHLO',
  ['250-host', ...offers.map((offer, index) => `250${index === offers.length - 1 ? ' ' : '-'}${offer}`)].join('\n'),
];
const GREETING: HostStep = ['', '220 host'];
const ALL = EHLO('PIPELINING', 'CHUNKING', 'PRDR');
const CHUNKS = EHLO('PIPELINING', 'CHUNKING');
const LONG = `${'x'.repeat(70)}\r\n`.repeat(200);
const MAIL = 'MAIL FROM:<s@sender.test>';

const CASES: readonly Case[] = [
  {
    number: 11,
    recipients: ['a'],
    script: [GREETING, CHUNKS, ['MAIL RCPT BDAT QUIT', '250 m\n250 r\n250 taken']],
    body: '.dot\r\n\xe9\r\n',
    commands: [`${MAIL}, RCPT TO:<a@11.test>, BDAT n LAST, QUIT`],
    log: ['=> a@11.test R=out T=smtp H=127.0.0.11 [127.0.0.11] L K C="250 taken"'],
  },
  {
    number: 12,
    recipients: ['a'],
    script: [GREETING, CHUNKS, ['MAIL RCPT BDAT', '250 m\n250 r\n250 first'], ['BDAT QUIT', '250 taken']],
    body: LONG,
    commands: [`${MAIL}, RCPT TO:<a@12.test>, BDAT n`, 'BDAT n LAST, QUIT'],
    log: ['=> a@12.test R=out T=smtp H=127.0.0.12 [127.0.0.12] L K C="250 taken"'],
  },
  {
    number: 13,
    recipients: ['a', 'b'],
    script: [GREETING, CHUNKS, ['MAIL RCPT RCPT BDAT', '250 m\n550 no\n250 r\n250 first'], ['BDAT QUIT', '250 taken']],
    body: LONG,
    commands: [`${MAIL}, RCPT TO:<a@13.test>, RCPT TO:<b@13.test>, BDAT n`, 'BDAT n LAST, QUIT'],
    log: [
      '** a@13.test R=out T=smtp H=127.0.0.13 [127.0.0.13] : SMTP error from remote mail server after RCPT TO:<a@13.test>: 550 no',
      '=> b@13.test R=out T=smtp H=127.0.0.13 [127.0.0.13] L K C="250 taken"',
    ],
  },
  {
    number: 14,
    recipients: ['a'],
    script: [GREETING, CHUNKS, ['MAIL RCPT BDAT', '250 m\n250 r\n550 first'], ['QUIT', '221 bye']],
    body: LONG,
    commands: [`${MAIL}, RCPT TO:<a@14.test>, BDAT n`, 'QUIT'],
    log: [
      '** a@14.test R=out T=smtp H=127.0.0.14 [127.0.0.14] : SMTP error from remote mail server after pipelined sending data block: 550 first',
    ],
  },
  {
    number: 15,
    recipients: ['a'],
    script: [GREETING, CHUNKS, ['MAIL RCPT BDAT QUIT', '250 m\n250 r'], ['', 'close']],
    commands: [`${MAIL}, RCPT TO:<a@15.test>, BDAT n LAST, QUIT`],
    log: [
      'H=127.0.0.15 [127.0.0.15]: Remote host closed connection in response to pipelined end of data',
      '== a@15.test R=out T=smtp defer (-18) H=127.0.0.15 [127.0.0.15]: Remote host closed connection in response to pipelined end of data',
    ],
  },
  {
    number: 16,
    recipients: ['a'],
    script: [
      GREETING,
      EHLO('CHUNKING'),
      ['MAIL', '250 m'],
      ['RCPT', '250 r'],
      ['BDAT', '250 first'],
      ['BDAT', '450 full'],
      ['QUIT', '221 bye'],
    ],
    body: LONG,
    commands: [MAIL, 'RCPT TO:<a@16.test>', 'BDAT n', 'BDAT n LAST', 'QUIT'],
    log: [
      'H=127.0.0.16 [127.0.0.16]: SMTP error from remote mail server after end of data: 450 full',
      '== a@16.test R=out T=smtp defer (-46) H=127.0.0.16 [127.0.0.16]: SMTP error from remote mail server after end of data: 450 full',
    ],
  },
  {
    number: 17,
    recipients: ['a', 'b', 'c'],
    script: [
      GREETING,
      ALL,
      ['MAIL RCPT RCPT RCPT BDAT QUIT', '250 m\n250 r\n250 r\n250 r\n353 each\n250 for a\n550 not b\n450 c later\n250 done'],
    ],
    commands: [`${MAIL} PRDR, RCPT TO:<a@17.test>, RCPT TO:<b@17.test>, RCPT TO:<c@17.test>, BDAT n LAST, QUIT`],
    log: [
      '=> a@17.test R=out T=smtp H=127.0.0.17 [127.0.0.17] L PRDR K C="250 for a\\\\n250 done"',
      '** b@17.test R=out T=smtp H=127.0.0.17 [127.0.0.17] : PRDR error after BDAT n LAST: 550 not b',
      '== c@17.test R=out T=smtp defer (0) H=127.0.0.17 [127.0.0.17]: PRDR error after BDAT n LAST: 450 c later',
    ],
  },
  {
    number: 2,
    recipients: ['a', 'b'],
    script: [
      GREETING,
      ALL,
      ['MAIL RCPT RCPT DATA', '250 m\n250 r\n250 r\n354 go'],
      ['. QUIT', '353 each\n250 for a\n450 b later\n550 all of it'],
    ],
    commands: [`${MAIL} PRDR, RCPT TO:<a@2.test>, RCPT TO:<b@2.test>, DATA`, 'QUIT'],
    log: [
      '** a@2.test R=out T=smtp H=127.0.0.2 [127.0.0.2] : SMTP error from remote mail server after end of data: 550 all of it',
      '** b@2.test R=out T=smtp H=127.0.0.2 [127.0.0.2] : SMTP error from remote mail server after end of data: 550 all of it',
    ],
  },
  {
    // nothing is delivered before the reply to the whole message
    number: 18,
    recipients: ['a', 'b'],
    script: [GREETING, ALL, ['MAIL RCPT RCPT BDAT QUIT', '250 m\n250 r\n250 r\n353 each\n250 for a\n250 for b'], ['', 'close']],
    commands: [`${MAIL} PRDR, RCPT TO:<a@18.test>, RCPT TO:<b@18.test>, BDAT n LAST, QUIT`],
    log: [
      'H=127.0.0.18 [127.0.0.18]: Remote host closed connection in response to end of data',
      '== a@18.test R=out T=smtp defer (-18) H=127.0.0.18 [127.0.0.18]: Remote host closed connection in response to end of data',
      '== b@18.test R=out T=smtp defer (-18) H=127.0.0.18 [127.0.0.18]: Remote host closed connection in response to end of data',
    ],
  },
];

/** Commands alone: of BDAT no size, and no octets of the message. */
function commandsIn(octets: string): string {
  const lines = octets.split('\r\n').filter((line) => /^(?:MAIL|RCPT|DATA|BDAT|QUIT|RSET)\b/.test(line));
  return lines.map((line) => line.replace(/^BDAT \d+/, 'BDAT n')).join(', ');
}

for (const each of CASES) {
  test(`host ${each.number}: ${each.commands.join(' / ')}: ${each.log.length} lines`, async () => {
    const host = new ScriptedHost([each.script]);
    await host.listen(hostPort, `127.0.0.${each.number}`);
    try {
      const id = await submit(each);
      await host.done();
      const lines = () =>
        server
          .log()
          .split('\n')
          .filter((line) => line.includes(` ${id} `) && !/ (?:<=|Completed)/.test(line))
          .map((line) => line.slice(line.indexOf(id) + id.length + 1).replace(/BDAT \d+/, 'BDAT n'));
      await waitFor('the log tells every fate', () => lines().length >= each.log.length);
      assert.deepEqual(lines(), each.log);
      assert.deepEqual((host.heard[0] ?? []).slice(1).map(commandsIn), each.commands);
    } finally {
      await host.stop();
    }
  });
}

async function submit({ number, recipients, body = 'body\r\n' }: Case): Promise<string> {
  const client = await SmtpClient.open(port);
  await client.command('EHLO client.test');
  await client.command('MAIL FROM:<s@sender.test>');
  for (const recipient of recipients) assert.match(await client.command(`RCPT TO:<${recipient}@${number}.test>`), /^250/);
  await client.command('DATA');
  const accepted = await client.command(`Subject: x\r\n\r\n${body.replaceAll(/^\./gm, '..')}.`);
  await client.quit();
  return /^250 OK id=(\S+)$/.exec(accepted)?.[1] ?? assert.fail(accepted);
}
