/** Several messages over one connection: which, in what order, and when not. Spec ch. 49 "Outgoing SMTP and LMTP over TCP/IP", ch. 5 "-qq". */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { MailServer, placeOptions } from '../support/mail-server.ts';
import { freePorts, Place } from '../support/place.ts';
import { type HostStep, ScriptedHost } from '../support/scripted-host.ts';

const place = new Place('continued');
const [hostPort = 0] = await freePorts(1);
const server = new MailServer(
  place,
  `${placeOptions(place, { queue_run_in_order: 'true', primary_hostname: 'mail.site.test', qualify_domain: 'site.test' })}
begin routers
lost:
  driver = redirect
  domains = sender.test
  data = :blackhole:
out:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = \${if eq{$domain}{two.test}{two}{smtp}}
begin transports
smtp:
  driver = smtp
  port = ${hostPort}
two:
  driver = smtp
  port = ${hostPort}
  connection_max_messages = 2
begin retry
* * F,1d,1h
`,
);
after(() => place.remove());

const GREETING: readonly HostStep[] = [
  ['', '220 host'],
  ['EHLO', '250-host\n250 PIPELINING'],
];
const ONE: readonly HostStep[] = [
  ['MAIL RCPT DATA', '250 m\n250 r\n354 go'],
  ['.', '250 taken'],
];
const LAST: readonly HostStep[] = [
  ['MAIL RCPT DATA', '250 m\n250 r\n354 go'],
  ['. QUIT', '250 taken\n221 bye'],
];
const QUIT: HostStep = ['QUIT', '221 bye'];
const refusing = (text: string): HostStep => ['MAIL RCPT DATA', `250 m\n550 ${text}\n503 none`];

interface Case {
  readonly name: string;
  readonly domain: string;
  readonly count: number;
  readonly scripts: readonly (readonly HostStep[])[];
  /** RCPT and RSET, by connection. */
  readonly heard: readonly string[];
  /** Of fates: local part and what stands behind the address of the host. */
  readonly log: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: 'the oldest comes next, and QUIT goes out with the last one',
    domain: 'all.test',
    count: 3,
    scripts: [[...GREETING, ...ONE, ...ONE, ...LAST]],
    heard: ['1 2 3'],
    log: ['=> 1', '=> 2*', '=> 3*'],
  },
  {
    name: 'connection_max_messages',
    domain: 'two.test',
    count: 3,
    scripts: [
      [...GREETING, ...ONE, ...LAST],
      [...GREETING, ...LAST],
    ],
    heard: ['1 2', '3'],
    log: ['=> 1', '=> 2*', '=> 3'],
  },
  {
    name: 'a refused recipient: RSET, then the next message',
    domain: 'reset.test',
    count: 2,
    scripts: [[...GREETING, refusing('no'), ['RSET', '250 reset'], ...LAST]],
    heard: ['1 RSET 2'],
    log: ['** 1', '=> 2*'],
  },
  {
    name: 'RSET is refused: another connection',
    domain: 'unset.test',
    count: 2,
    scripts: [
      [...GREETING, refusing('no'), ['RSET', '500 what'], QUIT],
      [...GREETING, ...LAST],
    ],
    heard: ['1 RSET', '2'],
    log: ['** 1', '=> 2'],
  },
  {
    name: 'the second message is refused: another connection for the third',
    domain: 'refused.test',
    count: 3,
    scripts: [
      [...GREETING, ...ONE, ['MAIL RCPT DATA', '550 not you\n503 no\n503 no'], QUIT],
      [...GREETING, ...LAST],
    ],
    heard: ['1 2', '3'],
    log: ['=> 1', '** 2*', '=> 3'],
  },
  {
    name: 'a reply too many would be taken for that to the next command: another connection',
    domain: 'stray.test',
    count: 2,
    scripts: [
      [...GREETING, ['MAIL RCPT DATA', '250 m\n250 r\n354 go'], ['.', '250 taken\n250 of what'], QUIT],
      [...GREETING, ...LAST],
    ],
    heard: ['1', '2'],
    log: ['=> 1', '=> 2'],
  },
  {
    name: 'the host closes when the second message begins: the messages wait for it',
    domain: 'closed.test',
    count: 3,
    scripts: [[...GREETING, ...ONE, ['MAIL RCPT DATA', 'close']]],
    heard: ['1 2'],
    log: ['=> 1', '== 2*', '== 2', '== 3'],
  },
];

function commandsIn(octets: readonly string[]): string {
  return [...octets.join('').matchAll(/^RCPT TO:<(\d)@|^(RSET)/gm)].map(([, number, reset]) => number ?? reset).join(' ');
}

for (const { name, domain, count, scripts, heard, log } of CASES) {
  test(name, async () => {
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    const input = numbers
      .map((each) => `MAIL FROM:<s@sender.test>\nRCPT TO:<${each}@${domain}>\nDATA\nSubject: ${each}\n\nx\n.\n`)
      .join('');
    const { status, stderr } = await server.exim(['-odq', '-bS'], { input });
    assert.equal(status, 0, stderr);
    const host = new ScriptedHost(scripts);
    await host.listen(hostPort);
    try {
      await server.exim(['-qq']);
      await host.done();
    } finally {
      await host.stop();
    }
    const fates = [...server.log().matchAll(new RegExp(` (=>|\\*\\*|==) (\\d)@${domain} [^\\n]*?(\\]\\*)?(?= :|:| C=|$)[^\\n]*`, 'g'))];
    assert.deepEqual(
      fates.map(([line, fate, number]) => `${fate} ${number}${/\]\*/.test(line) ? '*' : ''}`),
      log,
      server.log(),
    );
    assert.deepEqual(host.heard.map(commandsIn), heard);
  });
}

test('what waits is what was not delivered because of its host', async () => {
  const { stdout } = await server.run('exim_dumpdb', [place.path('spool'), 'wait-smtp']);
  const left = (await server.exim(['-bpr'])).stdout.match(/\S{6}-\S{11}-\S{4}/g) ?? [];
  assert.equal(left.length, 2);
  assert.deepEqual(
    stdout
      .replace(/^127\.0\.0\.1 /, '')
      .trim()
      .split(' ')
      .sort(),
    [...left].sort(),
  );
  assert.equal((await server.run('exim_dumpdb', [place.path('spool'), 'wait-two'])).stdout, '');
});
