/** The ACL for MIME parts and its conditions: what ends it, where decoded parts lie, what is searched, and what happens when the disk is full. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import decode from '../../src/acl/conditions/decode.ts';
import mimeRegex from '../../src/acl/conditions/mime_regex.ts';
import regex from '../../src/acl/conditions/regex.ts';
import { removeAbandonedCopies, removeScanCopy } from '../../src/checks/scan/scan-copy.ts';
import type { AclConditionDefinition, AclContext, AclVerdict, Frame, Text } from '../../src/core/index.ts';
import { concatText, tainted, untainted } from '../../src/core/text.ts';
import { FakeClock } from '../../src/system/fakes/clock.ts';
import { MemoryFiles } from '../../src/system/fakes/files.ts';
import { constantTemplate, testConfig } from '../../src/system/fakes/services.ts';
import { MESSAGE_ID, openPartsBench, type PartsBench } from '../differential/mime-bench.ts';

const TWO =
  'Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/a\n\none\n--b\nContent-Type: text/b; name="x y.exe"\nContent-Transfer-Encoding: base64\n\naGVsbG8gd29ybGQK\n--b--\n';
const REFUSED: AclVerdict = { kind: 'fail', message: 'no', logMessage: 'no', isDrop: false };

function open(message: string, ask?: (frame: Frame) => AclVerdict | Promise<AclVerdict>): PartsBench {
  return openPartsBench({ message, decode: 'none' }, ask);
}

/** `true`, `false`, or what else the condition said. */
async function holds(condition: AclConditionDefinition, argument: Text | string, frame: Frame): Promise<unknown> {
  const text = typeof argument === 'string' ? untainted(argument) : argument;
  const source = { source: text.octets, at: { file: '', line: 1, column: 1 }, template: constantTemplate('') };
  const outcome = await condition.prepare(source).test(text, { phase: 'mime', frame } as AclContext); // of which nothing else is asked
  return outcome.kind === 'ok' ? outcome.value.value : outcome;
}

/** Tests a condition for the part of a type. */
async function inPart<T>(
  message: string,
  type: string,
  ask: (frame: Frame) => Promise<T>,
): Promise<{ readonly said: T | undefined; readonly bench: PartsBench }> {
  let said: T | undefined;
  const bench = open(message, async (frame) => {
    if (frame.transaction?.state.scan?.part?.contentType === type) said = await ask(frame);
    return { kind: 'accept' };
  });
  await bench.judge();
  return { said, bench };
}

const names = (bench: PartsBench) => bench.files.paths(`${bench.scanDirectory}/`).map((path) => path.slice(bench.scanDirectory.length));

test('the first part that is not accepted is the last one', async () => {
  for (const verdict of [
    REFUSED,
    { kind: 'defer', message: 'later', logMessage: 'later' },
    { kind: 'discard', logMessage: undefined },
  ] as const) {
    const bench = open(TWO, (frame) => (frame.transaction?.state.scan?.part?.number === 1 ? verdict : { kind: 'accept' }));
    assert.equal(await bench.judge(), verdict);
    assert.equal(bench.rows.length, 2);
    assert.equal(bench.frame.transaction?.state.scan?.part, undefined);
    assert.equal(bench.frame.transaction?.state.scan?.partCount, 1);
  }
});

test('attached messages come in their order, when the message that they are in is through, and leave nothing', async () => {
  const attached = (type: string) => `--b\nContent-Type: message/rfc822\n\nContent-Type: ${type}\n\nx\n`;
  const nested = `--b\nContent-Type: message/rfc822\n\nContent-Type: message/rfc822\n\nContent-Type: in/ner\n\nx\n`;
  const message = `Content-Type: multipart/x; boundary=b\n\n${attached('first/a')}${nested}${attached('third/c')}--b\nContent-Type: own/x\n\n--b--\n`;
  const seen: (string | undefined)[] = [];
  const files: string[] = [];
  const bench = open(message, ({ transaction }) => {
    seen.push(transaction?.state.scan?.part?.contentType);
    files.push(names(bench).join(' '));
    return { kind: 'accept' };
  });
  assert.deepEqual(await bench.judge(), { kind: 'accept' });
  const rfc822 = 'message/rfc822';
  assert.deepEqual(seen, ['multipart/x', rfc822, rfc822, rfc822, 'own/x', 'first/a', rfc822, 'third/c', 'in/ner']);
  assert.match(files.at(-4) ?? '', /__rfc822_00000 \/__rfc822_00001 \/__rfc822_00002$/);
  assert.deepEqual(names(bench), [`/${MESSAGE_ID}.eml`]);
});

test('a part whose names end in several ways is judged under each of them', async () => {
  const cases: readonly (readonly [header: string, ...names: (string | undefined)[]])[] = [
    ['Content-Disposition: attachment; filename=a.txt; filename=b.TXT', 'b.TXT'],
    ['Content-Disposition: attachment; filename=b.exe; filename=a.txt', 'a.txt', 'b.exe'],
    ['Content-Type: x/y; name=a.exe\nContent-Disposition: attachment; filename=a.txt', 'a.txt', 'a.exe'],
    ['Content-Disposition: attachment; filename=a.txt\nContent-Type: x/y; name=a.exe', 'a.txt', 'a.exe'],
    ["Content-Disposition: attachment; filename=a.exe; filename*=utf-8''%C3%A4.txt", '\xc3\xa4.txt', 'a.exe'],
    ["Content-Disposition: attachment; filename=fallback.txt; filename*=utf-8''%C3%A4.txt", '\xc3\xa4.txt'],
    ['Content-Disposition: attachment; filename=a; filename=b', 'b'],
    ['Content-Disposition: attachment; filename=a.exe; filename=b', 'b', 'a.exe'],
    ['X: y', undefined],
  ];
  for (const [header, ...expected] of cases) {
    const seen: (string | undefined)[] = [];
    const bench = open(`Content-Type: multipart/x; boundary=b\n\n--b\n${header}\n\n`, ({ transaction }) => {
      const part = transaction?.state.scan?.part;
      if (part?.number === 1) seen.push(part.fileName);
      return { kind: 'accept' };
    });
    await bench.judge();
    assert.deepEqual(seen, expected, header);
  }
  const many = Array.from({ length: 7 }, (_, at) => `; filename=a.${at}`).join('');
  assert.equal((await open(`Content-Type: text/plain${many}\n\n`).judge()).kind, 'fail');
});

test('too many parts, and messages too deep in each other, are refused', async () => {
  const many = (count: number) => `Content-Type: multipart/x; boundary=b\n\n${'--b\n\n'.repeat(count)}`;
  assert.equal((await open(many(9999)).judge()).kind, 'accept');
  const refused = await open(many(10_000)).judge();
  assert.deepEqual(refused, { kind: 'fail', message: 'message has too many MIME parts', logMessage: 'too many MIME parts', isDrop: false });
  const deep = (count: number) => `${'Content-Type: message/rfc822\n\n'.repeat(count)}Content-Type: text/plain\n\n`;
  assert.equal((await open(deep(50)).judge()).kind, 'accept');
  const bench = open(deep(51));
  assert.equal((await bench.judge()).kind, 'fail');
  assert.deepEqual(
    names(bench).filter((name) => name.includes('rfc822')),
    [],
  );
});

test('without the copy for scanners nothing is accepted', async () => {
  for (const [operation, path, why] of [
    [
      'mkdir',
      '/var/spool/exim/scan',
      `failed to open scan directory /var/spool/exim/scan/${MESSAGE_ID}: No space left on device (euid=93 egid=93)`,
    ],
    [
      'write',
      `/var/spool/exim/scan/${MESSAGE_ID}/${MESSAGE_ID}.eml`,
      `Error/short write while writing message body to /var/spool/exim/scan/${MESSAGE_ID}/${MESSAGE_ID}.eml: No space left on device`,
    ],
  ] as const) {
    const bench = open(TWO);
    bench.files.failOn(operation, path, 'ENOSPC');
    const reason = 'acl_smtp_mime: error while creating mbox spool file, message temporarily rejected.';
    assert.deepEqual(await bench.judge(), { kind: 'unscanned', reason });
    assert.deepEqual(bench.log.panicLines, [why]);
    assert.deepEqual(bench.files.paths(bench.scanDirectory), []);
  }
});

test('an attached message that cannot be kept is not passed over', async () => {
  const bench = open('Content-Type: message/rfc822\n\nContent-Type: text/a\n\n');
  const file = `${bench.scanDirectory}/__rfc822_00000`;
  bench.files.failOn('write', file, 'ENOSPC');
  assert.deepEqual(await bench.judge(), { kind: 'unscanned', reason: `${file}: No space left on device` });
});

test('the directory goes with all that is in it, unless control = no_mbox_unspool keeps it', async () => {
  for (const isKept of [false, true]) {
    const bench = open(TWO);
    await bench.judge();
    bench.files.makeDirectory(`${bench.scanDirectory}/unpacked/deeper`);
    bench.files.put(`${bench.scanDirectory}/unpacked/deeper/file`, 'x');
    if (isKept) bench.frame.transaction?.state.controls.set('no_mbox_unspool', '');
    removeScanCopy(bench.frame);
    assert.equal(bench.files.stat(bench.scanDirectory).kind, isKept ? 'ok' : 'error');
    assert.equal(bench.files.stat(`${bench.scanDirectory}.unfinished`).kind, 'error');
  }
});

test('what a process that was killed has left goes after an hour, what was to be kept stays', async () => {
  const left = open(TWO);
  await left.judge();
  const { files } = left.frame.services;
  const root = left.scanDirectory.slice(0, -MESSAGE_ID.length - 1);
  const spoolDirectory = root.slice(0, -'/scan'.length);
  left.files.put(`${root}/kept/kept.eml`, 'x');
  const mark = files.stat(`${left.scanDirectory}.unfinished`);
  assert.ok(mark.kind === 'ok');
  const later = (ms: number) => new FakeClock(mark.value.mtimeMs + ms);
  removeAbandonedCopies(spoolDirectory, files, later(3_500_000));
  assert.equal(files.stat(left.scanDirectory).kind, 'ok', 'it may still be in use');
  removeAbandonedCopies(spoolDirectory, files, later(3_700_000));
  assert.deepEqual(left.files.paths(root), [`${root}/kept/kept.eml`]);
});

test('the copy for scanners is an mbox with the envelope', async () => {
  const bench = open(TWO);
  const state = bench.frame.transaction?.state;
  if (state) state.recipients = [{ address: 'c@d' }, { address: 'e@f' }];
  await bench.judge();
  const copy = bench.files.text(`${bench.scanDirectory}/${MESSAGE_ID}.eml`) ?? '';
  assert.match(
    copy,
    /^From MAILER-DAEMON \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\nX-Envelope-From: <a@b\.c>\nX-Envelope-To: c@d, e@f\nSubject: s\n/,
  );
  assert.ok(copy.endsWith(TWO));
});

const SCAN = `/var/spool/exim/scan/${MESSAGE_ID}`;
const places: readonly (readonly [location: string, fileName: string])[] = [
  ['default', `${SCAN}/${MESSAGE_ID}-00000`],
  ['', `${SCAN}/${MESSAGE_ID}-00000`],
  ['  default  ', `${SCAN}/${MESSAGE_ID}-00000`],
  ['DEFAULT', `${SCAN}/DEFAULT`],
  ['a name', `${SCAN}/a name`],
  ['first:second', `${SCAN}/first`],
  ['../x', `${SCAN}/../x`],
  ['/out', `/out/${MESSAGE_ID}-00000`],
  ['/out/', `/out//${MESSAGE_ID}-00000`],
  ['/out/file', '/out/file'],
];
for (const [location, fileName] of places) {
  test(`decode = ${location}`, async () => {
    const bench = open(TWO, async (frame) => {
      const { part } = frame.transaction?.state.scan ?? {};
      if (part?.contentType !== 'text/b') return { kind: 'accept' };
      bench.files.makeDirectory('/out');
      assert.equal(await holds(decode, location, frame), true);
      assert.deepEqual(frame.transaction?.state.scan?.decoded, { fileName, sizeBytes: 12, anomaly: undefined });
      assert.equal(bench.files.text(fileName.replace(`${MESSAGE_ID}/..`, '').replace('//', '/')), 'hello world\n');
      return { kind: 'accept' };
    });
    await bench.judge();
    assert.equal(bench.rows.length, 3);
  });
}

test('decode: numbers go on, and no file is decoded for 0 and false', async () => {
  const { said } = await inPart(TWO, 'text/b', async (frame) => {
    const fileName = () => frame.transaction?.state.scan?.decoded?.fileName.slice(-5);
    const found: unknown[] = [];
    for (const location of ['default', 'default', '0', 'false', '0 : x']) found.push([await holds(decode, location, frame), fileName()]);
    return found;
  });
  assert.deepEqual(said, [
    [true, '00000'],
    [true, '00001'],
    [false, '00001'],
    [false, '00001'],
    [false, '00001'],
  ]);
});

test('decode: what the sender named is a name in the directory, in mode contain; in mode strict it is none', async () => {
  const strict = { config: testConfig({ main: { taint_mode: 'strict' } }) };
  const cases: readonly (readonly [location: Text, strict: boolean, fileName: string | undefined])[] = [
    [tainted('x y.exe'), false, `${SCAN}/x y.exe`],
    [concatText([untainted('part-'), tainted('x')]), false, `${SCAN}/part-x`],
    [tainted('x y.exe'), true, undefined],
    [tainted('../x'), false, undefined],
    [tainted('..'), false, undefined],
    [tainted('/etc/x'), false, undefined],
    [tainted(`${MESSAGE_ID}.eml`), false, undefined],
    [tainted('__rfc822_00000'), false, undefined],
    [untainted('x'), true, `${SCAN}/x`],
  ];
  for (const [location, isStrict, fileName] of cases) {
    const { said, bench } = await inPart(TWO, 'text/b', (frame) => holds(decode, location, isStrict ? { ...frame, ...strict } : frame));
    if (fileName === undefined) {
      assert.deepEqual(said, { kind: 'defer', message: '' }, location.octets);
      assert.match(bench.log.panicLines[0] ?? '', /^Tainted filename '.*'$/);
    } else {
      assert.equal(said, true, location.octets);
      assert.equal(bench.files.text(fileName), 'hello world\n');
    }
  }
});

test('decode: a full disk defers', async () => {
  const { said, bench } = await inPart(TWO, 'text/b', async (frame) => {
    const { files } = frame.services;
    assert.ok(files instanceof MemoryFiles);
    files.failOn('write', `${SCAN}/${MESSAGE_ID}-00000`, 'ENOSPC');
    return [await holds(decode, 'default', frame), frame.transaction?.state.scan?.decoded];
  });
  const fileName = `${SCAN}/${MESSAGE_ID}-00000`;
  assert.deepEqual(said, [
    { kind: 'defer', message: '' },
    { fileName, sizeBytes: undefined, anomaly: undefined },
  ]);
  assert.deepEqual(bench.log.panicLines, [`decode: ${fileName}: No space left on device`]);
});

test('decode: parts in parts are not written without measure', async () => {
  const { said, bench } = await inPart(TWO, 'text/b', async (frame) => {
    const scan = frame.transaction?.state.scan;
    if (scan) scan.octetsLeft = 11; // "hello world" and its end are 12
    return [await holds(decode, 'default', frame), frame.services.files.stat(`${SCAN}/${MESSAGE_ID}-00000`).kind];
  });
  assert.deepEqual(said, [{ kind: 'defer', message: '' }, 'error']);
  assert.match(bench.log.panicLines[0] ?? '', /^decode: .*-00000: the parts of the message are too big when they are decoded$/);
});

interface Found {
  readonly found: unknown;
  readonly expression: string | undefined;
  readonly captures: readonly string[];
}

async function find(condition: AclConditionDefinition, list: string, frame: Frame): Promise<Found> {
  const found = await holds(condition, list, frame);
  const { regexMatchString, regexCaptures = [] } = frame.results;
  return { found, expression: regexMatchString?.octets, captures: regexCaptures.map(({ octets }) => octets) };
}

const NOTHING: Found = { found: false, expression: undefined, captures: [] };

test('regex searches the lines of the part as it stands', async () => {
  const message = `Content-Type: multipart/x; boundary=b\n\n--b\nContent-Type: text/a\n\nfirst line\nsecond (line)\naGk=\n--b\n\nother\n`;
  const { said, bench } = await inPart(message, 'text/a', async (frame) => {
    const found: Found[] = [];
    for (const list of ['^second', 'line\\s', 'nope : (s.c)(o)n(x)?', 'first.*second', 'other', 'text/a', '(', 'x( : hi : aGk', ''])
      found.push(await find(regex, list, frame));
    return found;
  });
  assert.deepEqual(said, [
    { found: true, expression: '^second', captures: [] },
    { found: true, expression: 'line\\s', captures: [] },
    { found: true, expression: '(s.c)(o)n(x)?', captures: ['sec', 'o', ''] },
    NOTHING,
    NOTHING,
    NOTHING,
    NOTHING,
    { found: true, expression: 'aGk', captures: [] },
    NOTHING,
  ]);
  assert.deepEqual(bench.log.mainLines, [
    "regex acl condition warning - error in regex '(': missing closing parenthesis at offset 1, skipped.",
    "regex acl condition warning - error in regex 'x(': missing closing parenthesis at offset 2, skipped.",
  ]);
});

test('regex searches the whole message outside of ACLs for parts, also when none has run', async () => {
  const bench = open(TWO);
  assert.deepEqual(await find(regex, '^Subject. (.)', bench.frame), { found: true, expression: '^Subject. (.)', captures: ['s'] });
  assert.deepEqual(await find(regex, 'aGVsbG8', bench.frame), { found: true, expression: 'aGVsbG8', captures: [] });
  assert.deepEqual(await find(regex, 'hello', bench.frame), NOTHING);
  assert.equal(bench.frame.transaction?.state.scan?.partCount, -1);
  bench.files.failOn('read', `${SCAN}/${MESSAGE_ID}.eml`, 'EIO');
  assert.deepEqual(await holds(regex, 'x', bench.frame), { kind: 'defer', message: '' });
  assert.deepEqual(bench.log.panicLines, [`regex acl condition: ${SCAN}/${MESSAGE_ID}.eml: Input/output error`]);
});

test('regex: long lines are searched in pieces', async () => {
  const message = `Content-Type: text/a\n\n${'x'.repeat(32_767)}yz\nw\n`;
  const { said } = await inPart(message, 'text/a', async (frame) => {
    return [await holds(regex, 'xy', frame), await holds(regex, '^yz', frame), await holds(regex, '^w', frame)];
  });
  assert.deepEqual(said, [false, true, true]);
});

test('mime_regex searches the first 32 KiB of the decoded part at once, and decodes it before', async () => {
  const { said } = await inPart(TWO, 'text/b', async (frame) => {
    const first = await find(mimeRegex, '(?s)^hello (\\w+).$', frame);
    return [first, frame.transaction?.state.scan?.decoded?.fileName, await find(mimeRegex, 'aGVsbG8', frame)];
  });
  assert.deepEqual(said, [{ found: true, expression: '(?s)^hello (\\w+).$', captures: ['world'] }, `${SCAN}/${MESSAGE_ID}-00000`, NOTHING]);
  const long = `Content-Type: text/a\n\n${'x'.repeat(32_767)}yz\n`;
  const searched = await inPart(long, 'text/a', async (frame) => [
    await holds(mimeRegex, 'xy', frame),
    await holds(mimeRegex, 'yz', frame),
  ]);
  assert.deepEqual(searched.said, [true, false]);
});
