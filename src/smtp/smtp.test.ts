import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ReadResult } from '../core/ports.ts';
import { isValidHelo, parseCommand, parseMailArgument, parseRcptArgument } from './command.ts';
import { parseExtensions } from './extensions.ts';
import { LineReader } from './line-reader.ts';
import { formatReply, ReplyReader, splitCode, wrapReplyText } from './reply.ts';
import { decodeXtext, encodeXtext } from './xtext.ts';

test('commands', () => {
  const cases: readonly (readonly [string, string | undefined, string])[] = [
    ['helo x', 'HELO', 'x'],
    ['EHLO  [1.2.3.4] ', 'EHLO', '[1.2.3.4]'],
    ['mail from:<a@b> SIZE=1', 'MAIL', '<a@b> SIZE=1'],
    ['MAIL FROM: a@b', 'MAIL', 'a@b'],
    ['MAILFROM:<a@b>', undefined, ''],
    ['MAIL FROM :<a@b>', undefined, ''],
    ['MAIL', undefined, ''],
    ['RCPT TO', undefined, ''],
    ['RCPT TO:', 'RCPT', ''],
    ['QUIT\t', 'QUIT', ''],
    ['QUITX', undefined, ''],
    ['NOOP a b', 'NOOP', 'a b'],
    ['', undefined, ''],
    ['\xe9', undefined, ''],
    ['STARTTLS', 'STARTTLS', ''],
    ['DATA:', undefined, ''],
    ['NOOP\tx', undefined, ''],
    ['EHLO\tx', undefined, ''],
    ['MAIL  FROM:<a@b>', undefined, ''],
    ['RCPT\tTO:<a@b>', undefined, ''],
    ['x'.repeat(10_000), undefined, ''],
  ];
  for (const [line, verb, argument] of cases) {
    const command = parseCommand(line);
    assert.equal(command.verb, verb, line);
    if (verb !== undefined) assert.equal(command.argument, argument, line);
  }
});

const all = { size: true, body: true, dsn: true, prdr: true, smtputf8: true };

test('parameters of MAIL', () => {
  const mail = (text: string, advertised = all) => {
    const { kind, ...rest } = parseMailArgument(text, advertised);
    return rest;
  };
  assert.deepEqual(mail('<a@b> SIZE=100 body=8bitmime'), { address: '<a@b>', size: 100, body: '8BITMIME' });
  assert.deepEqual(mail('a@b AUTH=x+40y RET=full ENVID=q+20'), {
    address: 'a@b',
    auth: 'x@y',
    authAsGiven: 'x+40y',
    ret: 'FULL',
    envid: 'q+20',
  });
  assert.deepEqual(mail('a@b AUTH=<>'), { address: 'a@b', auth: '', authAsGiven: '<>' });
  assert.deepEqual(mail('<a@b> PRDR SMTPUTF8'), { address: '<a@b>', isPrdr: true, isUtf8: true });
  assert.deepEqual(mail('<a@b> SIZE=99999999999999'), { address: '<a@b>', size: 2 ** 31 - 1 });
  assert.deepEqual(mail('<a@b> FOO=1 SIZE=2'), { address: '<a@b> FOO=1', size: 2 });
  assert.deepEqual(mail('<a@b>SIZE=2'), { address: '<a@b>SIZE=2' });
  assert.deepEqual(mail('<a@b> SIZE=2', { ...all, size: false }), { address: '<a@b> SIZE=2' });
  assert.deepEqual(mail('"a SIZE=3"@d'), { address: '"a SIZE=3"@d' });
  assert.deepEqual(mail('<"a SIZE=3"@d> SIZE="5"'), { address: '<"a SIZE=3"@d>', size: 0 });
  for (const [text, message] of [
    ['a@b BODY=FOO', 'invalid data for BODY'],
    ['a@b AUTH=+zz', 'invalid data for AUTH'],
    ['a@b RET=foo', 'Value for RET is invalid'],
    ['a@b RET=FULL RET=HDRS', 'RET can be specified once only'],
    ['a@b ENVID=a ENVID=b', 'ENVID can be specified once only'],
  ] as const)
    assert.deepEqual(parseMailArgument(text, all), { kind: 'error', message });
  const withoutUtf8 = { ...all, smtputf8: false };
  for (const text of ['<a@b> SMTPUTF8', '<a@b> SMTPUTF8 SIZE=2', '<a@b> SIZE=2 SMTPUTF8'])
    assert.deepEqual(parseMailArgument(text, withoutUtf8), { kind: 'error', message: 'SMTPUTF8 used when not advertised' });
  assert.deepEqual(mail('<a@b> SMTPUTF8=', withoutUtf8), { address: '<a@b> SMTPUTF8=' });
  assert.deepEqual(mail('<a@b> SMTPUTF8', { ...withoutUtf8, size: false }), { address: '<a@b> SMTPUTF8' });
});

test('parameters of RCPT', () => {
  assert.deepEqual(parseRcptArgument('<a@b> NOTIFY=success,DELAY ORCPT=rfc822;x@y', all), {
    kind: 'ok',
    address: '<a@b>',
    orcpt: 'rfc822;x@y',
    notify: ['SUCCESS', 'DELAY'],
  });
  assert.deepEqual(parseRcptArgument('<a@b> NOTIFY=NEVER', { dsn: false }), { kind: 'ok', address: '<a@b> NOTIFY=NEVER' });
  for (const value of ['NEVER,DELAY', 'NEVER,NEVER', 'SUCCESS,,DELAY', ',SUCCESS', 'FOO']) {
    assert.deepEqual(parseRcptArgument(`a@b NOTIFY=${value}`, all), { kind: 'error', message: 'Invalid value for NOTIFY parameter' });
  }
});

test('names for HELO', () => {
  const isLiteral = (text: string) => text === '1.2.3.4';
  for (const [name, valid] of [
    ['a.b-c', true],
    ['-x', true],
    ['a_b', false],
    ['a b', false],
    ['', false],
    ['[1.2.3.4]', true],
    ['[1.2.3]', false],
    ['[1.2.3.4', false],
  ] as const) {
    assert.equal(isValidHelo(name, '', isLiteral), valid, name);
  }
  assert.equal(isValidHelo('a_b', '_', isLiteral), true);
});

test('replies of a server', () => {
  assert.equal(formatReply('250', 'OK'), '250 OK\r\n');
  assert.equal(formatReply('550', 'a\n\nb\n'), '550-a\r\n550-\r\n550 b\r\n');
  assert.deepEqual(splitCode('553 5.7.1 no', '550'), { code: '553', enhanced: '5.7.1 ', text: 'no' });
  assert.deepEqual(splitCode('no 550', '550'), { code: '550', enhanced: '', text: 'no 550' });
  assert.deepEqual(splitCode('5505 x', '550'), { code: '550', enhanced: '', text: '5505 x' });
  assert.deepEqual(wrapReplyText('aaa bbb ccc\nd', 7), ['aaa bbb', 'ccc', 'd']);
});

test('replies of more than 4093 octets are malformed, and cut', () => {
  const push = (text: string) => new ReplyReader().push(Buffer.from(text));
  const line = `550 ${'x'.repeat(4089)}`;
  assert.equal(push(`${line}\r\n`).kind, 'reply');
  assert.deepEqual(push(`${line}y\r\n`), { kind: 'malformed', raw: line });
  assert.equal(push(`${line}y`).kind, 'more', 'a line end may be missing');
  assert.deepEqual(push(`${line}yz`), { kind: 'malformed', raw: line });
  assert.deepEqual(push(`550-a\r\n${line}\r\n`), { kind: 'malformed', raw: `550-a\n${line}`.slice(0, 4093) });
});

test('replies as a client reads them', () => {
  const read = (text: string, size = text.length) => {
    const reader = new ReplyReader();
    for (let at = 0; at < text.length; at += size) {
      const step = reader.push(Buffer.from(text.slice(at, at + size), 'latin1'));
      if (step.kind !== 'more') return step;
    }
    return { kind: 'more' as const };
  };
  for (const size of [1, 3, 100]) {
    const step = read('250-one\r\n250-\r\n250 three\r\nrest', size);
    assert.ok(step.kind === 'reply');
    assert.deepEqual([step.reply.code, step.reply.lines, step.reply.raw], [250, ['one', '', 'three'], '250-one\n250-\n250 three']);
  }
  assert.equal(read('250\r\n').kind, 'reply');
  assert.equal(read('250-a\r\n').kind, 'more');
  assert.equal(read('250-a\r\n251 b\r\n').kind, 'malformed');
  assert.equal(read('hello\r\n').kind, 'malformed');
  assert.equal(read('250-x\r\n'.repeat(20_000)).kind, 'malformed');
  assert.equal(read('x'.repeat(100_000)).kind, 'malformed');
});

test('LIMITS of a server', () => {
  const limits = (text: string) => Object.values(parseExtensions(['host', text]).limits);
  const none = Number.POSITIVE_INFINITY;
  assert.deepEqual(limits('LIMITS MAILMAX=10 RCPTMAX=2 rcptdomainmax=1'), [10, 2, 1]);
  assert.deepEqual(limits('LIMITS RCPTMAX=0 MAILMAX=x OTHERRCPTMAX=5'), [none, none, none]);
  assert.deepEqual(limits('SIZE'), [none, none, none]);
});

test('extensions of a server', () => {
  const found = parseExtensions([
    'host Hello',
    'SIZE 1000',
    'AUTH PLAIN login',
    'AUTH=LOGIN',
    '8BITMIME',
    'pipelining',
    'STARTTLS',
    '\xff',
  ]);
  assert.equal(found.sizeLimit, 1000);
  assert.deepEqual(found.authMechanisms, ['PLAIN', 'LOGIN']);
  assert.ok(found.keywords.has('PIPELINING') && found.keywords.has('8BITMIME') && !found.keywords.has('HOST'));
});

test('xtext', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const octets = Buffer.from(bytes).toString('latin1');
      assert.equal(decodeXtext(encodeXtext(octets)), octets);
    }),
  );
  assert.equal(decodeXtext('a+4'), undefined);
  assert.equal(decodeXtext('a b'), undefined);
});

test('command lines are cut at LF and at the limit; what has no end is none', async () => {
  const pieces = ['EHLO x\r', '\nNOOP\nMA', 'IL a\0b\r\n', 'y'.repeat(25), `z\r\n${'v'.repeat(19)}\r\n${'w'.repeat(20)}\r\nQUIT`];
  const reader = new LineReader({
    bufferedBytes: 0,
    discardBuffered: () => {},
    read: async (): Promise<ReadResult> => {
      const next = pieces.shift();
      return next === undefined ? { kind: 'end' } : { kind: 'data', bytes: Buffer.from(next, 'latin1') };
    },
  });
  const until = { endMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
  const lines: unknown[] = [];
  for (;;) {
    const result = await reader.readLine(until, 20);
    if (result.kind !== 'line') {
      assert.deepEqual(result, { kind: 'end' });
      break;
    }
    lines.push([result.line, result.hasNul, result.isPiece]);
  }
  assert.deepEqual(lines, [
    ['EHLO x', false, false],
    ['NOOP', false, false],
    ['MAIL a\0b', true, false],
    ['y'.repeat(20), false, true],
    ['yyyyyz', false, false],
    ['v'.repeat(19), false, false],
    ['w'.repeat(20), false, true],
    ['', false, false],
  ]);
});
