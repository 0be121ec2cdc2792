import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MainOptions } from '../core/index.ts';
import { FakeMachine } from '../system/fakes/host.ts';
import { FakeLog } from '../system/fakes/log.ts';
import { scriptedPeer } from '../system/fakes/net.ts';
import { constantTemplate, testList } from '../system/fakes/services.ts';
import type { SmtpParts } from './dialogue.ts';
import type { PlayedSession } from './fakes.ts';
import { playSession } from './fakes.ts';

const MESSAGE = ['MAIL FROM:<a@b>\r\n', 'RCPT TO:<c@d>\r\n', 'DATA\r\n', 'Subject: x\r\n\r\nx\r\n.\r\n'];

/** Each look at the load average finds the next of these. */
async function play(
  loads: readonly number[],
  main: Partial<MainOptions>,
  parts: Partial<SmtpParts> = {},
  selectors?: readonly string[],
): Promise<PlayedSession & { readonly wishes: readonly string[] }> {
  const rest = [...loads];
  const wishes: string[] = [];
  const log = new FakeLog(selectors === undefined ? {} : { selectors });
  const played = await playSession(scriptedPeer(['EHLO c\r\n', ...MESSAGE, ...MESSAGE, 'QUIT\r\n']), {
    config: {
      main: {
        smtp_banner: constantTemplate('mail.test.example ESMTP'),
        acl_smtp_rcpt: constantTemplate('rcpt'),
        received_header_text: constantTemplate('Received: from test'),
        ...main,
      },
    },
    acls: { rcpt: () => ({ kind: 'accept' }) },
    services: { log, machine: Object.assign(new FakeMachine(), { loadAverage: () => rest.shift() ?? 0 }) },
    parts: {
      ...parts,
      onAccepted: ({ claim }, wish) => {
        wishes.push(wish);
        claim.release();
      },
    },
  });
  return { ...played, log, wishes };
}

test('smtp_load_reserve: with a high load only some may connect', async () => {
  const refused = await play([4.5], { smtp_load_reserve: 4 });
  assert.equal(refused.written, '421 Too much load; please try again later.\n');
  assert.deepEqual(refused.log.mainLines, ['Connection from [192.0.2.25] refused: load average = 4.50']);
  assert.deepEqual(refused.log.rejectLines, []);
  for (const [loads, main] of [
    [[4], {}],
    [[4.5], { smtp_reserve_hosts: testList('host', '192.0.2.25') }],
  ] as const)
    assert.match((await play(loads, { smtp_load_reserve: 4, ...main })).written, /^220 /);
});

test('smtp_reserve_hosts: the others are told with the name of this host, and that they are not in the list', async () => {
  const others = { smtp_reserve_hosts: testList('host', '192.0.2.77') };
  const loaded = await play([4.5], { smtp_load_reserve: 4, ...others });
  assert.equal(loaded.written, '421 mail.test.example: Too much load; please try again later\n');
  assert.deepEqual(loaded.log.mainLines, ['temporarily refused connection from [192.0.2.25]: not in reserve list and load average = 4.50']);
  const reserve = { smtp_accept_max: 3, smtp_accept_reserve: 1 };
  const crowded = await play([], { ...reserve, ...others }, { isPlaceReserved: true, connectionCount: 3 });
  assert.equal(crowded.written, '421 mail.test.example: Too many concurrent SMTP connections; please try again later\n');
  assert.deepEqual(crowded.log.mainLines, [
    'temporarily refused connection from [192.0.2.25]: not in reserve list: connected=2 max=3 reserve=1',
  ]);
  const known = await play([], { ...reserve, smtp_reserve_hosts: testList('host', '192.0.2.25') }, { isPlaceReserved: true });
  assert.match(known.written, /^220 /);
});

test('delay_delivery: without it the log says not why a message waits', async () => {
  const told = await play([4.5], { queue_only_load: 4 });
  assert.ok(told.log.mainLines.includes('no immediate delivery: load average 4.50'));
  const untold = await play([4.5], { queue_only_load: 4 }, {}, []);
  assert.deepEqual([untold.wishes[0], untold.log.mainLines.filter((line) => line.startsWith('no immediate'))], ['queue', []]);
});

test('queue_only_load: what comes with a high load waits, and what follows it unless the load is looked at again', async () => {
  const latched = await play([4.5, 1], { queue_only_load: 4 });
  assert.deepEqual(latched.wishes, ['queue', 'queue']);
  assert.equal(latched.log.mainLines.filter((line) => line === 'no immediate delivery: load average 4.50').length, 2);
  const again = await play([4.5, 1], { queue_only_load: 4, queue_only_load_latch: false });
  assert.deepEqual(again.wishes, ['queue', 'background']);
  const low = await play([4, 5], { queue_only_load: 4 });
  assert.deepEqual(low.wishes, ['background', 'queue']);
});
