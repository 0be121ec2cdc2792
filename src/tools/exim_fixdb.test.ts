/** The dialogues are Exim's own on the same records. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCalloutRecord } from '../hints/callout-record.ts';
import { emptyEvents, formatRateRecord } from '../hints/rate-record.ts';
import { formatRetryRecord, parseRetryRecord } from '../hints/retry-record.ts';
import { formatSeenRecord } from '../hints/seen-record.ts';
import { FakeClock } from '../system/fakes/clock.ts';
import { MemoryHints } from '../system/fakes/hints.ts';
import { runEximFixdb } from './exim_fixdb.ts';
import { parseTime } from './hints-editors.ts';

const AT = 1795295801; // 21-Nov-2026 21:16:41
const TIME = '21-Nov-2026 21:16:41';
const NOW = '21-Nov-2026 21:17:06';
const REFUSED = 'T:127.0.0.1:127.0.0.1:20471';

function newClock(): FakeClock {
  return new FakeClock((AT + 25) * 1000);
}

/** The test looks at what is left. */
class KeptHints extends MemoryHints {
  override close(): void {}
}

function records(): MemoryHints {
  const hints = new KeptHints();
  const times = { firstFailed: AT, lastTry: AT, nextTry: AT + 3600, isExpired: false };
  const refused = { name: 'refused', detail: 'A', more: 0 };
  hints.put('retry', REFUSED, formatRetryRecord({ ...times, errorNumber: 111, error: refused, text: 'Connection refused' }));
  hints.put('callout', 'x@y', formatCalloutRecord({ kind: 'address', atSeconds: AT, finding: 'reject' }));
  const unasked = { postmaster: 'unknown', postmasterAtSeconds: 0 } as const;
  hints.put(
    'callout',
    'y',
    formatCalloutRecord({ kind: 'domain', atSeconds: AT, finding: 'accept', ...unasked, random: 'accept', randomAtSeconds: AT }),
  );
  hints.put('ratelimit', 'plain', formatRateRecord({ atSeconds: AT + 0.946326, rate: 5 }));
  hints.put('ratelimit', 'unique', formatRateRecord({ atSeconds: AT + 0.25, rate: 4, events: emptyEvents(50, AT) }));
  hints.put('wait-t1', '127.0.0.1', 'id1 id2');
  hints.put('seen', 'k', formatSeenRecord(AT));
  return hints;
}

async function fix(args: readonly string[], typed: readonly string[], hints = records()) {
  let out = '';
  let error = '';
  const status = await runEximFixdb(args, {
    open: () => hints,
    clock: newClock(),
    lines: (async function* () {
      yield* typed;
    })(),
    write: (text) => void (out += text),
    writeError: (text) => void (error += text),
  });
  return { status, out, error, hints };
}

/** What is said to the lines that are typed, each answer without the prompt. */
async function answers(database: string, typed: readonly string[], hints?: MemoryHints): Promise<readonly string[]> {
  const { status, out } = await fix(['/spool', database], typed, hints);
  assert.equal(status, 0);
  const head = `Modifying Exim hints database /spool/db/${database}\n> `;
  assert.ok(out.startsWith(head), out);
  return out.slice(head.length).split('> ').slice(0, -1);
}

/** The lines of the retry record, with some that differ. */
function retryLines(...changes: readonly string[]): string {
  const lines = [
    '0 error number: 111 Connection refused',
    '1 extra data:   65',
    `2 first failed: ${TIME}`,
    `3 last try:     ${TIME}`,
    '4 next try:     21-Nov-2026 22:16:41',
    '5 expired:      no',
  ].map((line) => changes.find((change) => change.startsWith(line.slice(0, 2))) ?? line);
  return `${[TIME, ...lines].join('\n')}\n`;
}

test('a record of each database', async () => {
  const cases: readonly (readonly [database: string, key: string, shown: string])[] = [
    ['retry', REFUSED, retryLines()],
    ['callout', 'x@y', `${TIME}\n0 callout:    reject (2)\n`],
    ['callout', 'y', `${TIME}\n0 callout:    accept (1)\n1 postmaster: unknown (0)\n2 random:     accept (1)\n`],
    ['ratelimit', 'plain', `${TIME}\n0 time stamp:  ${TIME}\n1 fract. time: .946326\n2 sender rate:  5.000\n`],
    [
      'ratelimit',
      'unique',
      `${TIME}\n0 time stamp:  ${TIME}\n1 fract. time: .250000\n2 sender rate:  4.000\n3 filter epoch: ${TIME}\n4 test filter membership\n5 add element to filter\n`,
    ],
    ['wait-t1', '127.0.0.1', 'Sequence: 0\nid1 id2 \n'],
    ['seen', 'k', `${TIME}\n`],
  ];
  for (const [database, key, shown] of cases) assert.deepEqual(await answers(database, [` ${key} `, 'q']), [shown], `${database} ${key}`);
});

test('what is typed', async () => {
  const cases: readonly (readonly [typed: readonly string[], last: string])[] = [
    [['d'], 'No previous record name is set\n'],
    [['4 1'], 'No previous record name is set\n'],
    [['nokey'], 'record nokey not found\n'],
    [['nokey', '4 1'], 'No previous record name is set\n'],
    [[''], 'record  not found\n'],
    [['', 'd'], 'No previous record name is set\n'],
    [[REFUSED, '4'], 'value missing\n'],
    [[REFUSED, '4 '], 'value missing\n'],
    [[REFUSED, ' 4 1'], 'value missing\n'], // the record "4", its field 1
    [[REFUSED, '10'], 'record 10 not found\n'],
    [[REFUSED, 'x y z'], 'field number or d expected\n'],
    [[REFUSED, 'd x'], 'field number or d expected\n'],
    [[REFUSED, '6 x'], 'unknown field number\n'],
    [[REFUSED, 'd'], 'deleted\n'],
    [[`${REFUSED} d`], 'deleted\n'],
    [[REFUSED, 'd', 'd'], 'not found\n'],
    [[REFUSED, 'd', '4 1'], `not found\nrecord ${REFUSED} not found\n`],
    [[`${REFUSED} 1 77`], retryLines('1 extra data:   77')],
    [[REFUSED, '1 77'], retryLines('1 extra data:   77')],
    [[REFUSED, '4 2611221030'], retryLines('4 next try:     22-Nov-2026 10:30:00')],
    [[REFUSED, '4 26112210301'], `bad time value\n${retryLines()}`],
    [[REFUSED, '5 yes'], retryLines('5 expired:      yes')],
    [[REFUSED, '5 y'], `"yes" or "no" expected\n${retryLines()}`],
  ];
  for (const [typed, last] of cases) {
    const said = await answers('retry', [...typed, 'q']);
    assert.equal(said.at(-1), last, typed.join(' | '));
  }
  assert.equal((await fix(['/spool', 'retry'], [])).out, 'Modifying Exim hints database /spool/db/retry\n> \n');
});

test('what is changed is kept', async () => {
  const hints = records();
  await fix(['/spool', 'retry'], [REFUSED, '0 -44', '1 12865', '2 2001020304'], hints);
  assert.deepEqual(parseRetryRecord(hints.get('retry', REFUSED) ?? ''), {
    errorNumber: -44,
    error: { name: 'rcpt_4xx', detail: 'A', more: 50 },
    firstFailed: Date.UTC(2020, 0, 2, 3, 4) / 1000,
    lastTry: AT,
    nextTry: AT + 3600,
    isExpired: false,
    text: 'Connection refused',
  });
  await fix(['/spool', 'retry'], [`${REFUSED} d`], hints);
  assert.deepEqual(hints.keys('retry'), []);
});

test('fields of callouts, rates and the rest', async () => {
  const cases: readonly (readonly [database: string, key: string, edit: string, answer: string])[] = [
    ['callout', 'x@y', '0 1', `${NOW}\n0 callout:    accept (1)\n`],
    ['callout', 'x@y', '1 1', 'unknown field number\n'],
    ['callout', 'y', '1 2', `${NOW}\n0 callout:    accept (1)\n1 postmaster: reject (2)\n2 random:     accept (1)\n`],
    ['callout', 'y', '2 x', `${NOW}\n0 callout:    accept (1)\n1 postmaster: unknown (0)\n2 random:     unknown (0)\n`],
    ['callout', 'y', '3 1', 'unknown field number\n'],
    ['ratelimit', 'plain', '2 77.25', `${TIME}\n0 time stamp:  ${TIME}\n1 fract. time: .946326\n2 sender rate:  77.250\n`],
    ['ratelimit', 'plain', '1 5', `${TIME}\n0 time stamp:  ${TIME}\n1 fract. time: .000005\n2 sender rate:  5.000\n`],
    ['ratelimit', 'plain', '4 x', 'unknown field number\n'],
    ['wait-t1', '127.0.0.1', '0 5', "Can't change contents of wait database record\nSequence: 0\nid1 id2 \n"],
    ['seen', 'k', '0 5', `${NOW}\n`],
  ];
  for (const [database, key, edit, answer] of cases)
    assert.equal((await answers(database, [key, edit, 'q'])).at(-1), answer, `${key} ${edit}`);
  const filter = await answers('ratelimit', ['unique', '4 x', '5 x', '5 x', '4 x', 'q']);
  assert.deepEqual(
    filter.slice(1).map((text) => text.split('\n')[0]),
    ['unseen x', 'added x', 'seen x', 'seen x'],
  );
});

test('times', () => {
  const cases: readonly (readonly [text: string, utc: string | undefined])[] = [
    ['5', '2026-11-21T21:05'],
    ['59', '2026-11-21T21:59'],
    ['99', '2026-11-21T22:39'],
    ['123', '2026-11-21T01:23'],
    ['0130', '2026-11-21T01:30'],
    ['12345', '2026-11-01T23:45'],
    ['010203', '2026-11-01T02:03'],
    ['01020304', '2026-01-02T03:04'],
    ['99999999', '2034-06-11T04:39'],
    ['2001020304', '2020-01-02T03:04'],
    ['20:01:02:03:04', '2020-01-02T03:04'],
    ['200102:0304', '2020-01-02T03:04'],
    ['261122 1000', '2026-11-26T11:22'],
    ['::', '2026-11-21T21:17'],
    ['2:3', undefined],
    ['1a', undefined],
    ['x', undefined],
    ['20010203040', undefined],
  ];
  const context = { clock: newClock(), formatTime: String };
  for (const [text, utc] of cases)
    assert.equal(parseTime(text, context), utc === undefined ? undefined : Date.parse(`${utc}:00Z`) / 1000, text);
});

test('arguments', async () => {
  for (const args of [[], ['/spool'], ['/spool', 'bogus'], ['/spool', 'retry', 'more'], ['-x', '/spool', 'retry']]) {
    const { status, error } = await fix(args, []);
    assert.deepEqual([status, error.slice(0, 25)], [1, 'Usage: exim_fixdb [-z]  <'], args.join(' '));
  }
  assert.equal((await fix(['-z', '/spool', 'retry'], ['q'])).status, 0);
});
