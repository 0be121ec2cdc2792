/**
 * MIME of those who want to hide something or to keep a server busy: names in pieces and in several forms (CVE-2024-39929), boundaries that contradict
 * each other (CVE-2024-28054), messages in messages (CVE-2026-26312), and 100 KB of what makes a careless parser quadratic, which a test would not
 * come to the end of.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStructuredField } from '../../src/message/mime/parameters.ts';
import type { ByteSource } from '../../src/message/mime/source.ts';
import { walkParts } from '../../src/message/mime/walk.ts';
import { openPartsBench } from '../differential/mime-bench.ts';

/** Names under which the ACL is asked, in their order. */
async function namesSeen(message: string): Promise<string[]> {
  const names: string[] = [];
  const bench = openPartsBench({ message, decode: 'none' }, ({ transaction }) => {
    const name = transaction?.state.scan?.part?.fileName;
    if (name !== undefined) names.push(name);
    return { kind: 'accept' };
  });
  await bench.judge();
  return names;
}

const disguises: readonly string[] = [
  'filename=virus.exe',
  'filename="virus.exe',
  'filename="virus.exe" ; x=y',
  'filename="vir\n us.exe"',
  'filename=vir\n\tus.exe',
  "filename*=utf-8''virus%2Eexe",
  "filename*=''virus.%65xe",
  'filename*0=virus; filename*1=.e; filename*2=xe',
  'filename*2=xe; filename*0=virus; filename*1=.e',
  "filename*0*=us-ascii'en'virus; filename*1*=%2E; filename*2=exe",
  'filename*0="virus"; filename*1=".exe',
  'filename="=?utf-8?Q?virus=2Eexe?="',
  'filename="=?utf-8?B?dmlydXMuZXhl?="',
  'filename="=?utf-8?Q?virus?= =?utf-8?Q?.exe?="',
  'filename=a.txt; filename=virus.exe',
  'filename=virus.exe; filename=a.txt',
  "filename=a.txt; filename*=''virus.exe",
  "filename=virus.exe; filename*=''a.txt",
  'filename*0=virus.exe; filename=a.txt',
  'FileName=virus.exe',
  '(x=") filename=virus.exe',
  'x="(" ; filename=virus.exe',
  '(; filename=virus.exe',
  'filename=virus\0.exe',
  'x=y\n ;filename=virus.exe',
];

for (const disguise of disguises) {
  test(`an attachment is seen: ${JSON.stringify(disguise)}`, async () => {
    const part = `--b\nContent-Disposition: attachment; ${disguise}\nContent-Type: text/plain; name=readme.txt\n\nx\n`;
    const names = await namesSeen(`Content-Type: multipart/mixed; boundary=b\n\n${part}--b--\n`);
    assert.ok(names.includes('virus.exe'), names.join(' '));
  });
}

const VIRUS = 'Content-Type: application/x; name=virus.exe\n\nMZ\n';
const structures: Readonly<Record<string, string>> = {
  'behind a multipart that is not closed': `Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--b\n${VIRUS}`,
  'behind a header without an empty line': `Content-Type: multipart/mixed; boundary=b\n\n--b\nX: y\n--b\n${VIRUS}`,
  'the first of two boundaries': `Content-Type: multipart/mixed; boundary=b; boundary=c\n\n--b\n${VIRUS}`,
  'the last of two boundaries': `Content-Type: multipart/mixed; boundary=b; boundary=c\n\n--c\n${VIRUS}`,
  'behind the end of the other boundary': `Content-Type: multipart/mixed; boundary=b; boundary=c\n\n--c--\n--b\n${VIRUS}`,
  'one of two types': `Content-Type: multipart/mixed; boundary=b\nContent-Type: text/plain\n\n--b\n${VIRUS}`,
  'a boundary in pieces': `Content-Type: multipart/mixed; boundary*0=b; boundary*1=c\n\n--bc\n${VIRUS}`,
  'a boundary that is a beginning': `Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=bc\n\n--bc\n\nx\n--bc--\n--b\n${VIRUS}`,
  'in a message in a message': `Content-Type: message/rfc822\n\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n${Buffer.from(VIRUS).toString('base64')}\n`,
  'behind a line of 100 KB': `Content-Type: multipart/mixed; boundary=b\n\n${'x'.repeat(100_000)}\n--b\n${VIRUS}`,
  'behind header lines of 100 KB': `Content-Type: multipart/mixed; boundary=b\n\n--b\nX: ${'x'.repeat(100_000)}\n${VIRUS}`,
};

for (const [where, message] of Object.entries(structures)) {
  test(`an attachment is seen: ${where}`, async () => {
    assert.deepEqual(await namesSeen(message), ['virus.exe']);
  });
}

const LENGTH = 100_000;
const PIECES = [
  '(',
  '()',
  '(;',
  ';',
  ';=',
  '"',
  'a"',
  '\\"',
  '=',
  'a=',
  'a*0=b;',
  'a*1*=%41;',
  "a='",
  '=?',
  '=?u?Q? ',
  '=?u?Q?a?=',
  ' ',
  '\n ',
  'é',
];

test('fields are read in linear time', () => {
  for (const piece of PIECES)
    for (const head of ['', 'x; a=', 'x; a="', 'x; a*=']) parseStructuredField(head + piece.repeat(LENGTH / piece.length), true);
});

/** Octets that are made when they are asked for. */
function endless(head: string, piece: string, sizeBytes: number): ByteSource {
  const start = Buffer.from(head, 'latin1');
  const pattern = Buffer.from(piece.repeat(Math.ceil(1_000_000 / piece.length)), 'latin1');
  const read = async (from: number, length: number): Promise<Buffer> => {
    if (from < start.length) return Buffer.concat([start.subarray(from), pattern.subarray(0, length - (start.length - from))]);
    const at = (from - start.length) % piece.length;
    return pattern.subarray(at, at + Math.max(0, Math.min(length, sizeBytes - from)));
  };
  return { read };
}

test('bodies and headers without an end are passed over piece by piece', async () => {
  const top = 'Content-Type: multipart/mixed; boundary=b\n\n';
  const deep = Array.from({ length: 500 }, (_, at) => `Content-Type: multipart/x; boundary=b${at}e\n\n--b${at}e\n`).join('');
  const limits = { checksLength: true, maxParts: 1000 };
  for (const [head, piece, mib, end] of [
    [top, 'x', 64, 'done'],
    [top, '--x', 64, 'done'],
    [top, `--${' '.repeat(3000)}x\n`, 32, 'done'],
    [top, '-\n', 4, 'done'],
    [`${deep}\n`, '--b\n', 4, 'done'],
    [top, '--b\n', 4, 'too-many'],
    ['X: ', 'y', 64, 'done'],
    ['X: y\n', ' y\n', 4, 'done'],
    ['', 'X: y\n', 4, 'done'],
  ] as const)
    assert.equal(await walkParts(endless(head, piece, mib << 20), limits, async () => true), end, JSON.stringify(piece.slice(0, 9)));
});
