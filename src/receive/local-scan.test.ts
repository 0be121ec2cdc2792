import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MainOptions } from '../core/index.ts';
import { FakeClock } from '../system/fakes/clock.ts';
import { scriptedPeer } from '../system/fakes/net.ts';
import { constantTemplate } from '../system/fakes/services.ts';
import type { PlayedSession } from './fakes.ts';
import { messageText, playSession } from './fakes.ts';
import type { ScanAnswer, ScannedMessage } from './local-scan.ts';

type Scan = (message: ScannedMessage) => ScanAnswer | Promise<ScanAnswer>;

const DATA = ['EHLO c\r\n', 'MAIL FROM:<a@b>\r\n', 'RCPT TO:<one@d>\r\n', 'RCPT TO:<two@d>\r\n', 'DATA\r\n'];
const MESSAGE = 'Subject: x\r\nX-Old: 1\r\nX-Old: 2\r\n\r\nHello\r\n.\r\n';

function play(scan: unknown, more: Partial<MainOptions> = {}, clock = new FakeClock()): Promise<PlayedSession> {
  return playSession(scriptedPeer([...DATA, MESSAGE, 'QUIT\r\n']), {
    config: {
      main: {
        smtp_banner: constantTemplate('mail.test.example ESMTP'),
        acl_smtp_rcpt: constantTemplate('rcpt'),
        received_header_text: constantTemplate('Received: from test'),
        local_scan_path: '/etc/exim/scan.ts',
        ...more,
      },
    },
    acls: { rcpt: () => ({ kind: 'accept' }) },
    services: { clock, modules: { load: async () => ({ kind: 'ok', exports: new Map([['local_scan', scan]]) }) } },
  });
}

/** The reply to the message. */
function replyOf({ written }: PlayedSession): string {
  const lines = written.split('\n');
  return lines.slice(lines.findIndex((line) => line.startsWith('354')) + 1, -2).join('\n');
}

test('what the function sees and changes', async () => {
  const seen: unknown[] = [];
  const scan: Scan = async (message) => {
    const chunks: Buffer[] = [];
    for await (const chunk of message.body()) chunks.push(chunk);
    seen.push(Buffer.concat(chunks).toString(), message.sender, message.senderHostAddress, message.smtpInput, message.recipients);
    message.addHeader('X-Scanned: yes');
    message.addHeader('X-Before: 1\n', { before: 'X-Old' });
    message.addHeader('X-After: 1\n', { after: 'x-old' });
    message.removeHeader('X-Old', 2);
    message.recipients = [{ address: 'two@d', errorsTo: 'errors@d' }, { address: 'three' }];
    message.log('scanned');
    return { verdict: 'accept', text: 'what was\nfound' };
  };
  const { store, log } = await play(scan);
  assert.deepEqual(seen, [
    'Hello\n',
    'a@b',
    '192.0.2.25',
    true,
    [
      { address: 'one@d', errorsTo: undefined },
      { address: 'two@d', errorsTo: undefined },
    ],
  ]);
  const [message] = store.accepted;
  assert.ok(message);
  assert.match(messageText(message), /Subject: x\nX-Before: 1\nX-Old: 1\nX-After: 1\nX-Scanned: yes\n/);
  assert.deepEqual(message.recipients, [{ address: 'two@d', errorsTo: 'errors@d' }, { address: 'three@mail.test.example' }]);
  assert.equal(message.localScanData, 'what was found');
  assert.ok(log.mainLines.includes('scanned'));
});

test('verdicts', async () => {
  const cases: readonly [answer: unknown, reply: RegExp, logged: RegExp][] = [
    [undefined, /^250 OK id=/, /^<= a@b/],
    ['accept', /^250 OK id=/, /^<= a@b/],
    ['freeze', /^250 OK id=/, /^frozen by local_scan\(\)$/],
    ['queue', /^250 OK id=/, /^no immediate delivery: queued by local_scan\(\)$/],
    [
      'reject',
      /^550 Administrative prohibition$/,
      /^F=a@b H=\(c\) \[192\.0\.2\.25\] rejected by local_scan\(\): Administrative prohibition$/,
    ],
    [{ verdict: 'reject', text: 'one\ntwo' }, /^550-one\n550 two$/, /rejected by local_scan\(\): one\\ntwo$/],
    ['tempreject', /^451 Temporary local problem$/, /temporarily rejected by local_scan\(\): Temporary local problem$/],
    ['perhaps', /^451 Temporary local problem$/, /temporarily rejected by local_scan\(\): invalid return from local_scan\(\)/],
    [42, /^451 Temporary local problem$/, /temporarily rejected by local_scan\(\): invalid return from local_scan\(\)/],
  ];
  for (const [answer, reply, logged] of cases) {
    const played = await play(() => answer);
    assert.match(replyOf(played), reply, String(answer));
    assert.ok(
      played.log.mainLines.some((line) => logged.test(line)),
      `${String(answer)}: ${played.log.mainLines.join('\n')}`,
    );
    assert.equal(played.store.accepted.length, replyOf(played).startsWith('250') ? 1 : 0);
  }
});

test('whatever the function hands back, the peer has a reply', async () => {
  const broken: readonly [scan: (message: ScannedMessage) => unknown, why: string][] = [
    [
      () => ({
        get verdict() {
          throw new Error('in a getter');
        },
      }),
      'in a getter',
    ],
    [() => ({ verdict: 'reject', text: Object.create(null) }), 'Cannot convert object to primitive value'],
    [(message) => void Object.assign(message, { recipients: 'abc' }), 'recipients is no array'],
    [(message) => void Object.assign(message, { recipients: [{ address: 'a@b' }, null] }), 'not a recipient: null'],
    [(message) => void Object.assign(message, { recipients: [{ address: 5 }] }), 'not a recipient: [object Object]'],
    [(message) => void (message.recipients = [{ address: 'bad addr\n@x' }]), 'not an address: bad addr\\n@x'],
    [(message) => void (message.recipients = [{ address: 'a@b', errorsTo: 'c@@d' }]), 'not an address: c@@d'],
    [(message) => message.addHeader('No colon'), 'not a header line: No colon'],
    [(message) => message.addHeader('X-A: b\nX-Inj: c'), 'not a header line: X-A: b\\nX-Inj: c'],
    [(message) => message.addHeader('X-A: b\n\nbody'), 'not a header line: X-A: b\\n\\nbody'],
    [() => Promise.reject(null), 'null'],
  ];
  for (const [scan, why] of broken) {
    const played = await play(scan);
    assert.equal(replyOf(played), '451 Temporary local problem', why);
    assert.ok(
      played.log.rejectLines.some((line) => line.includes(`local_scan() function failed: ${why} - message temporarily rejected (size `)),
      `${why}: ${played.log.rejectLines.join('\n')}`,
    );
    assert.equal(played.store.accepted.length, 0);
  }
  const folded = await play((message: ScannedMessage) => message.addHeader('X-A: b\n\tc\n'));
  assert.equal(folded.store.accepted.length, 1);
});

test('without recipients the message is accepted and thrown away', async () => {
  const { store, log } = await play((message: ScannedMessage) => {
    message.recipients = [];
  });
  assert.equal(store.accepted.length, 0);
  assert.ok(log.mainLines.some((line) => line.startsWith('=> blackhole')));
});

test('a function that throws, is missing, or does not come back defers the message', async () => {
  const thrown = await play(() => {
    throw new Error('no way');
  });
  assert.equal(replyOf(thrown), '451 Temporary local problem');
  assert.ok(
    thrown.log.rejectLines.some((line) => line.includes('local_scan() function failed: no way - message temporarily rejected (size ')),
  );
  const missing = await play(undefined);
  assert.equal(replyOf(missing), '451 Temporary local problem');
  const clock = new FakeClock();
  const late = play(() => new Promise(() => {}), { local_scan_timeout: 300 }, clock);
  while (clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(300_000);
  const timedOut = await late;
  assert.equal(replyOf(timedOut), '451 Temporary local problem');
  assert.ok(
    timedOut.log.rejectLines.some((line) => line.includes('local_scan() function timed out - message temporarily rejected (size ')),
  );
});
