import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArguments } from './arguments.ts';
import type { Invocation } from './invocation.ts';
import { originProblem } from './origin.ts';

function invocationOf(line: string, calledAs = 'exim'): Invocation {
  const parsed = parseArguments(
    calledAs,
    line.split(' ').filter((word) => word !== ''),
  );
  return parsed.kind === 'ok' ? parsed.invocation : assert.fail(parsed.message);
}

const CASES: readonly (readonly [line: string, expected: Partial<Invocation>])[] = [
  ['-bd -q30m', { mode: { kind: 'daemon', isForeground: false } }],
  ['-bdf', { mode: { kind: 'daemon', isForeground: true } }],
  ['-bw', { mode: { kind: 'inetd-wait', idleSeconds: undefined } }],
  ['-bw5m', { mode: { kind: 'inetd-wait', idleSeconds: 300 } }],
  ['-atrn mail.example a.example,b.example', { mode: { kind: 'atrn', host: 'mail.example', domains: 'a.example,b.example' } }],
  ['-bs', { mode: { kind: 'smtp' } }],
  ['-bS', { mode: { kind: 'batch-smtp' } }],
  ['-bt a@b', { mode: { kind: 'address-test' }, words: ['a@b'] }],
  ['-bv a@b', { mode: { kind: 'verify', isSender: false } }],
  ['-bvs a@b', { mode: { kind: 'verify', isSender: true } }],
  ['-bh 192.0.2.1', { mode: { kind: 'host-test', host: '192.0.2.1', withCallouts: false } }],
  ['-bhc 192.0.2.1', { mode: { kind: 'host-test', host: '192.0.2.1', withCallouts: true } }],
  ['-bp', { mode: { kind: 'list-queue', what: 'all', isUnsorted: false } }],
  ['-bpc', { mode: { kind: 'list-queue', what: 'count', isUnsorted: false } }],
  ['-bpru', { mode: { kind: 'list-queue', what: 'undelivered', isUnsorted: true } }],
  ['-bP -n spool_directory', { mode: { kind: 'print-options' }, words: ['-n', 'spool_directory'] }],
  ['-be', { mode: { kind: 'expand' } }],
  ['-d+expand -d-all+acl', { debug: new Set(['acl']) }],
  ['-dd-all+route', { debug: new Set(['route']) }],
  ['-d -d-all', { debug: undefined }],
  ['-bem /f', { mode: { kind: 'expand', messageFile: '/f' } }],
  ['-M 1a 2b', { mode: { kind: 'message-action', option: '-M', action: 'deliver', id: '1a' }, words: ['2b'] }],
  ['-qGa -MG b 1a 2b', { mode: { kind: 'message-action', option: '-MG', action: 'move', id: '1a', queue: 'b' }, words: ['2b'] }],
  ['-Mrm 1a', { mode: { kind: 'message-action', option: '-Mrm', action: 'remove', id: '1a' } }],
  [
    '-C /a -DX=1 -D Y',
    {
      configFiles: ['/a'],
      macros: [
        ['X', '1'],
        ['Y', ''],
      ],
    },
  ],
  ['-t -i', { takesRecipientsFromHeaders: true, isDotNotEnd: true }],
  ['-ti', { takesRecipientsFromHeaders: true, isDotNotEnd: true }],
  ['-f <> a', { sender: '', words: ['a'] }],
  ['-fa@b c', { sender: 'a@b', words: ['c'] }],
  ['-F Name -oem -odi', { fullName: 'Name', errors: 'mail', delivery: 'foreground' }],
  ['-oMa 1.2.3.4 -oMr smtp -oMs h', { origin: { hostAddress: '1.2.3.4', protocol: 'smtp', hostName: 'h' } }],
  ['-psmtp:h', { origin: { protocol: 'smtp', hostName: 'h' } }],
  ['-v -- -x', { isVerbose: true, words: ['-x'] }],
  ['-R text', { selectRecipient: { text: 'text', isRegex: false, force: 'no' } }],
  ['-Sff text', { selectSender: { text: 'text', isRegex: false, force: 'frozen' } }],
  ['-qSr ^10', { selectSender: { text: '^10', isRegex: true, force: 'no' } }],
  ['-qqRff userx', { selectRecipient: { text: 'userx', isRegex: false, force: 'frozen' } }],
];

for (const [line, expected] of CASES) {
  test(`exim ${line}`, () => {
    const invocation = invocationOf(line);
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(invocation[name as keyof Invocation], value, name);
  });
}

test('queue runs', () => {
  const base = { isTwoStage: false, isFirstOnly: false, force: 'no', isLocalOnly: false, queueName: '', intervalSeconds: undefined };
  assert.deepEqual(invocationOf('-q').queue, base);
  assert.deepEqual(invocationOf('-q30m').queue, { ...base, intervalSeconds: 1800 });
  assert.deepEqual(invocationOf('-qqff').queue, { ...base, isTwoStage: true, force: 'frozen' });
  assert.deepEqual(invocationOf('-qifl').queue, { ...base, isFirstOnly: true, force: 'retry', isLocalOnly: true });
  assert.deepEqual(invocationOf('-qGlist/1h').queue, { ...base, queueName: 'list', intervalSeconds: 3600 });
  assert.deepEqual(invocationOf('-bd -q15m -qGslow/1h -qqGa/1d').queueRuns, [
    { ...base, intervalSeconds: 900 },
    { ...base, queueName: 'slow', intervalSeconds: 3600 },
    { ...base, isTwoStage: true, queueName: 'a', intervalSeconds: 86_400 },
  ]);
  assert.deepEqual(invocationOf('-Rff x -qGslow').queueRuns, [{ ...base, queueName: 'slow' }]);
  assert.deepEqual(invocationOf('-q 1a 2b').queue, { ...base, fromId: '1a', toId: '2b' });
  assert.equal(invocationOf('-qqSr ^10').queue?.isTwoStage, true);
});

test('names that stand for modes', () => {
  assert.deepEqual(invocationOf('', 'mailq').mode, { kind: 'list-queue', what: 'all', isUnsorted: false });
  assert.deepEqual(invocationOf('', 'rsmtp').mode, { kind: 'batch-smtp' });
  assert.deepEqual(invocationOf('', 'newaliases').mode, { kind: 'newaliases' });
  assert.notEqual(invocationOf('', 'runq').queue, undefined);
  assert.equal(invocationOf('a@b', 'rmail').isDotNotEnd, true);
});

const REFUSED: readonly (readonly [line: string, message: string])[] = [
  ['-konsense', 'exim abandoned: unknown, malformed, or incomplete option -konsense'],
  ['-q -q', 'exim: -q specified more than once'],
  ['-q15m -qGslow', 'exim: -q specified more than once'],
  ['-qGslow/15m -qGslow/1h', 'exim: -q specified more than once'],
  ['-q30x', 'exim: bad time value -q30x: abandoned'],
  ['-qqffl30x', 'exim: bad time value -qqffl30x: abandoned'],
  ['-os 5x', 'exim: bad time value 5x: abandoned'],
  ['-or5x', 'exim: bad time value -or5x: abandoned'],
  ['-or', 'exim: bad time value -or: abandoned'],
  ['-bw5x', 'exim: bad time value -bw5x: abandoned'],
  ['-f', 'exim abandoned: unknown, malformed, or incomplete option -f'],
  ['-bh', 'exim abandoned: unknown, malformed, or incomplete option -bh'],
  ['-bh 1.2.3', 'exim abandoned: "1.2.3" is not an IP address'],
  ['-oMa', 'exim: data expected after -oMa'],
  ['-bf', 'exim: file name expected after -bf'],
  ['-X', 'exim: string expected after -X'],
  ['-D', 'exim: macro name set by -D must start with an upper case letter'],
  ['-bd someone', 'exim: incompatible command-line options or arguments'],
  ['-bd -q', 'exim: incompatible command-line options or arguments'],
  ['-bt -bd', 'exim: incompatible command-line options or arguments'],
  ['-bt -bv a', 'exim: incompatible command-line options or arguments'],
  ['-bs -t', 'exim: incompatible command-line options or arguments'],
  ['-t -q', 'exim: incompatible command-line options or arguments'],
  ['-M', 'exim: no message ids given after -M option'],
  ['-Dx=1', 'exim: macro name set by -D must start with an upper case letter'],
  ['-MG', 'exim: no message ids given after -MG option'],
  ['-MG a/b 1a', 'exim: bad queue name "a/b"'],
  ['-qG..', 'exim: bad queue name ".."'],
  ['-d+nonsense', 'exim: unknown debug_selector setting: +nonsense'],
  ['-dx', 'exim: malformed debug_selector setting: + or - expected but found "x"'],
  ['-DX=1 -DX=2', 'exim: duplicated -D in command line'],
];

for (const [line, message] of REFUSED) {
  test(`exim ${line} is refused`, () => {
    const parsed = parseArguments('exim', line.split(' '));
    assert.equal(parsed.kind === 'error' ? parsed.message : 'accepted', message);
  });
}

test('the id of -oMm must be one', () => {
  const parsed = parseArguments('exim', ['-oMm', '123456-67890-11', 'a@b']);
  assert.deepEqual(parsed, { kind: 'error', message: 'exim: -oMm must be a valid message ID', status: 1 });
  assert.equal(invocationOf('-oMm 10HmaX-0005vi-00 a@b').origin.messageReference, '10HmaX-0005vi-00');
});

test('what is too long is refused', () => {
  const long = (count: number) => 'n'.repeat(count);
  for (const [option, limit, label] of [
    ['-f', 1024, '-f'],
    ['-r', 1024, '-f'],
    ['-F', 256, '-F'],
    ['-oMa', 45, '-oMa'],
    ['-oMaa', 64, '-oMaa'],
    ['-oMai', 256, '-oMas'],
    ['-oMas', 256, '-oMas'],
    ['-oMi', 45, '-oMi'],
    ['-oMr', 64, '-oMr'],
    ['-oMs', 255, '-oMs'],
    ['-oMt', 512, '-oMt'],
    ['-oX', 1024, '-oX'],
    ['-bm', 16_384, 'address argument'],
    ['-bt', 1024, 'address verification'],
    ['-bv', 1024, 'address verification'],
  ] as const) {
    const refused = { kind: 'error', message: `exim: length limit exceeded (${limit + 1} > ${limit}) for: ${label}`, status: 1 };
    assert.deepEqual(parseArguments('exim', [option, long(limit + 1)]), refused, option);
    assert.notDeepEqual(parseArguments('exim', [option, long(limit)]), refused, option);
  }
});

test('addresses of -oMa and -oMi must be some', () => {
  const problems = ['-oMa 192.0.2.1.25 -oMi 2001:db8::1', '-oMa x', '-oMi 1.2.3.4.x'].map((line) =>
    originProblem(invocationOf(line).origin),
  );
  assert.deepEqual(problems, [undefined, 'exim abandoned: "x" is not an IP address', 'exim abandoned: "1.2.3.4.x" is not an IP address']);
});

const REPLACED: readonly (readonly [line: string, kind: string])[] = [
  ['-bs -bm', 'smtp'],
  ['-bm -bs', 'smtp'],
  ['-bS -bs', 'batch-smtp'],
  ['-be -bs', 'expand'],
  ['-bp -bm', 'list-queue'],
];

test('of several modes those that receive mail stand behind the others', () => {
  for (const [line, kind] of REPLACED) assert.equal(invocationOf(line).mode?.kind, kind, line);
});
