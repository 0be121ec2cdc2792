/** Parts that reports share. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../core/index.ts';
import { exceedsReturnLimit, wrap } from './report.ts';

test('texts are broken behind a colon, from column 45 on', () => {
  const a = (count: number) => 'a'.repeat(count);
  for (const [text, expected] of [
    ['Unrouteable address', '    Unrouteable address\n'],
    [`${a(44)}: b`, `    ${a(44)}: b\n`],
    [`${a(45)}: b: c`, `    ${a(45)}:\n    b: c\n`],
    [`${a(50)}:b ${a(50)}`, `    ${a(50)}:b ${a(50)}\n`],
    [`${a(50)}:  b`, `    ${a(50)}:\n     b\n`],
    [`${a(30)}: b\n${a(30)}: c`, `    ${a(30)}: b\n    ${a(30)}: c\n`],
    ['aaaa: '.repeat(17), `    aaaa:${' aaaa:'.repeat(7)}\n    aaaa:${' aaaa:'.repeat(7)}\n    aaaa: \n`],
  ] as const)
    assert.equal(wrap(text), expected, text);
});

test('a body goes back while its file fits in the chunks that the limit touches', () => {
  const message = (bodyBytes: number) => ({ id: '0123456789abcdef', body: { sizeBytes: bodyBytes } as Message['body'] }); // only the size is looked at
  for (const [limit, bodyBytes, expected] of [
    [0, 1_000_000, false],
    [200, 8173, false],
    [200, 8174, true],
    [8191, 8174, true],
    [8192, 8174, false],
    [8192, 16_365, false],
    [8192, 16_366, true],
  ] as const)
    assert.equal(exceedsReturnLimit(message(bodyBytes), limit), expected, `${limit} ${bodyBytes}`);
});
