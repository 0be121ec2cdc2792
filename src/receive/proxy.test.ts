import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AclVerdict, Frame, MainOptions } from '../core/index.ts';
import { FakeClock } from '../system/fakes/clock.ts';
import { MemoryFiles } from '../system/fakes/files.ts';
import { FakeMachine } from '../system/fakes/host.ts';
import { FakeLog } from '../system/fakes/log.ts';
import { FakeConnection, FakeNet, scriptedPeer } from '../system/fakes/net.ts';
import { constantTemplate, testList } from '../system/fakes/services.ts';
import type { PlayedSession, SessionSetup } from './fakes.ts';
import { playSession } from './fakes.ts';

const hello = constantTemplate('mail.test.example ESMTP');
const PROXY = '192.0.2.25';

/** What an ACL that runs at RCPT sees of where the client is. */
function place(frame: Frame): string {
  const origin = frame.session?.state.origin;
  const { localAddress = 'none', localPort, externalAddress, externalPort } = origin?.proxy ?? {};
  return `${origin?.hostAddress}:${origin?.hostPort} by ${localAddress}:${localPort} at ${externalAddress}:${externalPort}`;
}

/** The client's octets come in these pieces. */
async function play(
  pieces: readonly string[],
  main: Partial<MainOptions>,
  services: SessionSetup['services'] = {},
): Promise<PlayedSession & { readonly places: string[] }> {
  const places: string[] = [];
  const acls = {
    rcpt: (frame: Frame): AclVerdict => {
      places.push(place(frame));
      return { kind: 'accept' };
    },
  };
  const played = await playSession(scriptedPeer(pieces), {
    config: {
      main: {
        smtp_banner: hello,
        acl_smtp_rcpt: constantTemplate('rcpt'),
        smtp_enforce_sync: false,
        received_header_text: constantTemplate('Received: from test'),
        ...main,
      },
    },
    acls,
    services,
  });
  return { ...played, places };
}

const mail = ['HELO c\r\n', 'MAIL FROM:<a@b>\r\n', 'RCPT TO:<c@d>\r\n'];

test('a proxy says whom it speaks for', async () => {
  const main = { hosts_proxy: testList('host', PROXY) };
  const v2 = '\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x00\x64\x00\xc8';
  const cases: readonly [name: string, pieces: readonly string[], expected: string][] = [
    ['v1', ['PROXY TCP4 1.2.3.4 5.6.7.8 100 200\r\n'], `1.2.3.4:100 by ${PROXY}:25 at 5.6.7.8:200`],
    ['v1 in pieces', ['PRO', 'XY TCP4 1.2.3.4 5.6.7.8', ' 100 200\r', '\n'], `1.2.3.4:100 by ${PROXY}:25 at 5.6.7.8:200`],
    ['v1 unknown', ['PROXY UNKNOWN\r\n'], `${PROXY}:25 by :0 at :0`],
    ['v2', [v2], `1.2.3.4:100 by ${PROXY}:25 at 5.6.7.8:200`],
    ['v2 with the next command', [`${v2}NOOP\r\n`], `1.2.3.4:100 by ${PROXY}:25 at 5.6.7.8:200`],
  ];
  for (const [name, pieces, expected] of cases) {
    const { places } = await play([...pieces, ...mail, 'QUIT\r\n'], main);
    assert.deepEqual(places, [expected], name);
  }
  const { places } = await play([...mail, 'QUIT\r\n'], { hosts_proxy: testList('host', '192.0.2.99') });
  assert.deepEqual(places, [`${PROXY}:25 by none:undefined at undefined:undefined`]);
});

test('the name of who the proxy speaks for is looked up, and that of a proxy that speaks for nobody', async () => {
  const looked: unknown[] = [];
  const acls = {
    rcpt: ({ session }: Frame): AclVerdict => {
      looked.push([session?.state.origin.hostAddress, session?.state.origin.hostLookup !== undefined]);
      return { kind: 'accept' };
    },
  };
  for (const header of ['PROXY TCP4 1.2.3.4 5.6.7.8 100 200\r\n', 'PROXY UNKNOWN\r\n'])
    await playSession(scriptedPeer([header, ...mail, 'QUIT\r\n']), {
      config: { main: { smtp_banner: hello, acl_smtp_rcpt: constantTemplate('rcpt'), hosts_proxy: testList('host', PROXY) } },
      acls,
    });
  assert.deepEqual(looked, [
    ['1.2.3.4', true],
    [PROXY, true],
  ]);
});

test('without a header of the protocol every command but QUIT is refused; what stands in its place is no command', async () => {
  const main = { hosts_proxy: testList('host', PROXY) };
  for (const first of ['HELO c\r\n', 'PROXY TCP4 1.2.3.4 x 1 2\r\n', '\r\n\r\n\0\r\nQUIT\n\x22\x11\x00\x02\r\n']) {
    const { written, places } = await play([first, ...mail, 'QUIT\r\n'], main);
    const refusal = '503 Command refused, required Proxy negotiation failed';
    assert.deepEqual(
      written.split('\n'),
      ['220 mail.test.example ESMTP', ...mail.map(() => refusal), '221 mail.test.example closing connection', ''],
      first,
    );
    assert.deepEqual(places, []);
  }
});

test('the proxy is in the log with its selector', async () => {
  const log = new FakeLog({ selectors: ['proxy', 'incoming_port'] });
  const pieces = ['PROXY TCP4 1.2.3.4 5.6.7.8 100 200\r\n', ...mail, 'DATA\r\n', 'Subject: x\r\n\r\nx\r\n.\r\n', 'QUIT\r\n'];
  await play(pieces, { hosts_proxy: testList('host', PROXY) }, { log });
  const arrival = log.mainLines.find((line) => line.startsWith('<='));
  assert.match(arrival ?? '', /^<= a@b H=\(c\) \[1\.2\.3\.4\]:100 P=smtp PRX=192\.0\.2\.25 S=/);
});

test('XCLIENT', async () => {
  const main = { hosts_xclient: testList('host', PROXY), smtp_max_synprot_errors: 10 };
  const { written, places, log } = await play(
    [
      'EHLO proxy\r\n',
      'XCLIENT NAME=mail.example.com ADDR=198.51.100.7 PORT=4242 DESTADDR=203.0.113.1 DESTPORT=587 LOGIN=user\r\n',
      'MAIL FROM:<a@b>\r\n',
      'EHLO client\r\n',
      'MAIL FROM:<a@b>\r\n',
      'RCPT TO:<c@d>\r\n',
      'XCLIENT ADDR=198.51.100.8\r\n',
      'RSET\r\n',
      'XCLIENT NAME=[TEMPUNAVAIL] ADDR=198.51.100.8 PORT=4243 LOGIN=[UNAVAILABLE]\r\n',
      'EHLO other\r\n',
      'XCLIENT\r\n',
      'XCLIENT NONO=\r\n',
      'MAIL FROM:<a@b>\r\n',
      'RCPT TO:<c@d>\r\n',
      'QUIT\r\n',
    ],
    { ...main, hosts_require_helo: testList('host', '*') },
  );
  const lines = written.split('\n').filter((line) => /^[0-9]{3} |XCLIENT|Hello/.test(line));
  assert.deepEqual(lines, [
    '220 mail.test.example ESMTP',
    '250-mail.test.example Hello proxy [192.0.2.25]',
    '250-XCLIENT ADDR NAME PORT LOGIN DESTADDR DESTPORT',
    '250 HELP',
    '220 XCLIENT success',
    '503 HELO or EHLO required',
    '250-mail.test.example Hello mail.example.com [198.51.100.7]',
    '250-XCLIENT ADDR NAME PORT LOGIN DESTADDR DESTPORT',
    '250 HELP',
    '250 OK',
    '250 Accepted',
    '503 mail transaction in progress',
    '250 Reset OK',
    '220 XCLIENT success',
    '250-mail.test.example Hello other [198.51.100.8]',
    '250-XCLIENT ADDR NAME PORT LOGIN DESTADDR DESTPORT',
    '250 HELP',
    '501 XCLIENT must have at least one operand',
    "501 XCLIENT: unrecognised parameter 'NONO'",
    '250 OK',
    '250 Accepted',
    '221 mail.test.example closing connection',
  ]);
  assert.deepEqual(places, [
    '198.51.100.7:4242 by 192.0.2.25:25 at 203.0.113.1:587',
    '198.51.100.8:4243 by 198.51.100.7:4242 at 203.0.113.1:587',
  ]);
  assert.ok(log.rejectLines.includes('rejected XCLIENT from mail.example.com (client) [198.51.100.7]: mail transaction in progress'));
});

test('XCLIENT is refused to others', async () => {
  const { written } = await play(['EHLO c\r\n', 'XCLIENT ADDR=198.51.100.8\r\n', 'QUIT\r\n'], {
    hosts_xclient: testList('host', '192.0.2.99'),
  });
  assert.doesNotMatch(written, /250.XCLIENT/);
  assert.match(written, /^501 XCLIENT command used when not advertised$/m);
});

test("the client's host is asked for the user's name", async () => {
  const asked: string[] = [];
  const net = new FakeNet({
    '192.0.2.25:113': () =>
      new FakeConnection((query) => {
        asked.push(query);
        return '25 , 40000 : USERID : UNIX : someone\r\n';
      }),
  });
  const main = { rfc1413_hosts: testList('host', '*'), rfc1413_query_timeout: 5 };
  const { written } = await play(['HELO c\r\n', 'QUIT\r\n'], main, { net });
  assert.deepEqual(asked, ['25 , 40000\r\n']);
  assert.match(written, /^250 mail\.test\.example Hello someone at c \[192\.0\.2\.25\]$/m);
  const without = await play(['HELO c\r\n', 'QUIT\r\n'], { ...main, rfc1413_query_timeout: 0 }, { net });
  assert.match(without.written, /^250 mail\.test\.example Hello c \[192\.0\.2\.25\]$/m);
  assert.equal(asked.length, 1);
});

test('a client that sends many commands is slowed down', async () => {
  const clock = new FakeClock();
  const main = {
    smtp_ratelimit_hosts: testList('host', '*'),
    smtp_ratelimit_mail: '1,0.5s,2,1s',
    smtp_ratelimit_rcpt: '2,3s,1,1m',
  };
  const commands = ['HELO c\r\n', 'MAIL FROM:<a@b>\r\n', 'RSET\r\n', 'MAIL FROM:<a@b>\r\n', 'RSET\r\n', 'MAIL FROM:<a@b>\r\n'];
  const session = play([...commands, ...Array(3).fill('RCPT TO:<c@d>\r\n'), 'QUIT\r\n'], main, { clock });
  const waits: number[] = [];
  for (const ms of [500, 1000, 3000]) {
    while (clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(ms - 1);
    assert.equal(clock.sleeping, 1, `it lasts ${ms} ms`);
    await clock.advance(1);
    waits.push(ms);
  }
  const { written } = await session;
  assert.deepEqual(waits, [500, 1000, 3000]);
  assert.match(written, /221/);
});

test('MAIL needs room on the disks', async () => {
  const free = { kib: 1000, inodes: 50 };
  const services = { machine: Object.assign(new FakeMachine(), { freeSpace: () => free }) };
  const cases: readonly [name: string, main: Partial<MainOptions>, command: string, reply: string][] = [
    ['enough', { check_spool_space: 1000, check_spool_inodes: 50 }, 'MAIL FROM:<a@b>', '250 OK'],
    ['too little', { check_spool_space: 1001 }, 'MAIL FROM:<a@b>', '452 Space shortage, please try later'],
    ['too few inodes', { check_spool_inodes: 51 }, 'MAIL FROM:<a@b>', '452 Space shortage, please try later'],
    ['with the size', { check_spool_space: 0 }, 'MAIL FROM:<a@b> SIZE=1024001', '452 Space shortage, please try later'],
    ['without the size', { smtp_check_spool_space: false }, 'MAIL FROM:<a@b> SIZE=1024001', '250 OK'],
    ['the log', { check_log_space: 1001 }, 'MAIL FROM:<a@b>', '452 Space shortage, please try later'],
  ];
  for (const [name, main, command, reply] of cases) {
    const none = { check_spool_space: 0, check_spool_inodes: 0, check_log_space: 0, check_log_inodes: 0 };
    const { written } = await play(['EHLO c\r\n', `${command}\r\n`, 'QUIT\r\n'], { ...none, ...main }, services);
    assert.equal(written.split('\n').at(-3), reply, name);
  }
});

test('WELLKNOWN sends a file that the ACL names', async () => {
  const files = new MemoryFiles({ files: { '/w/a': 'line 1\nlast+\n' } });
  const setup = (path: string | undefined) =>
    playSession(scriptedPeer(['EHLO c\r\n', 'WELLKNOWN a\r\n', 'QUIT\r\n']), {
      config: {
        main: { smtp_banner: hello, acl_smtp_wellknown: constantTemplate('known'), wellknown_advertise_hosts: testList('host', '*') },
      },
      acls: {
        known: (frame) => {
          if (path !== undefined) frame.session?.state.controls.set('wellknown', path);
          return { kind: 'accept' };
        },
      },
      services: { files },
    });
  const { written } = await setup('/w/a');
  assert.match(written, /^250-WELLKNOWN$/m);
  assert.deepEqual(written.split('\n').slice(-5, -2), ['250-SIZE=13', '250-line+201+0A', '250 last+2B+0A']);
  for (const path of [undefined, '', '/w/none']) {
    const refused = await setup(path);
    assert.match(refused.written, /^550 Administrative prohibition$/m);
    assert.ok(refused.log.rejectLines.some((line) => line.startsWith('H=(c) [192.0.2.25] rejected WELLKNOWN a')));
  }
});
