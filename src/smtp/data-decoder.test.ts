import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DataFraming } from './data-decoder.ts';
import { DataDecoder } from './data-decoder.ts';

interface Decoded {
  readonly text: string;
  /** What is behind the end; undefined when the message did not end. */
  readonly rest: string | undefined;
}

function decode(input: string, chunkSizes: readonly number[] = [], framing: DataFraming = 'dot'): Decoded {
  const decoder = new DataDecoder(framing);
  const whole = Buffer.from(input, 'latin1');
  let text = '';
  let at = 0;
  for (let i = 0; at < whole.length; i++) {
    const end = Math.min(whole.length, at + (chunkSizes[i % (chunkSizes.length || 1)] ?? whole.length));
    const step = decoder.push(whole.subarray(at, end));
    text += step.output.toString('latin1');
    if (step.rest) return { text, rest: step.rest.toString('latin1') + whole.subarray(end).toString('latin1') };
    at = end;
  }
  return { text: text + decoder.finish().toString('latin1'), rest: undefined };
}

const cases: readonly (readonly [string, string, string | undefined])[] = [
  ['A: b\r\n\r\nbody\r\n.\r\nQUIT', 'A: b\n\nbody\n', 'QUIT'],
  ['.\r\n', '', ''],
  ['.\nQUIT', '', 'QUIT'],
  ['A: b\r\n\r\n..dot\r\n.x\r\n...\r\n.\r\n', 'A: b\n\n.dot\nx\n..\n', ''],
  // After CRLF a bare LF is a space and ends nothing (smuggling).
  ['A: b\r\n\r\nx\n.\ny\r\n.\r\n', 'A: b\n\nx . y\n', ''],
  ['A: b\r\n\r\nx\n.\r\ny\r\n.\r\n', 'A: b\n\nx .\ny\n', ''],
  ['A: b\r\n\r\nx\r\n.\ny\r\n.\r\n', 'A: b\n\nx\n y\n', ''],
  // A bare CR is a newline and ends nothing; in a header it does not begin another one.
  ['A: b\rB: c\r\n\r\nx\r.\ry\r.\r\nz\r\n.\r\n', 'A: b\n B: c\n\nx\n.\ny\n.\nz\n', ''],
  // After LF both are line ends.
  ['A: b\n\nx\r\n.\r\nQUIT', 'A: b\n\nx\n', 'QUIT'],
  ['A: b\n\nx\r\n.\nQUIT', 'A: b\n\nx\n', 'QUIT'],
  ['A: b\n\nx\r.\ry\n.\n', 'A: b\n\nx\n.\ny\n', ''],
  ['A: b\nC: d\n\n..x\n.\n', 'A: b\nC: d\n\n.x\n', ''],
  ['\0\xff\r\n.\r\n', '\0\xff\n', ''],
  ['no end\r\n.', 'no end\n.', undefined],
  ['no end\r\n.\r', 'no end\n.\n', undefined],
];

test('line ends, dots and the end of the message, however it is cut into chunks', () => {
  for (const [input, text, rest] of cases) {
    for (const sizes of [[], [1], [2], [3, 1], [5]]) assert.deepEqual(decode(input, sizes), { text, rest }, JSON.stringify([input, sizes]));
  }
});

test('without dots the input is the message', () => {
  assert.deepEqual(decode('A: b\n\n..x\r\ny\rz\n.\nend', [2], 'end-of-input'), { text: 'A: b\n\n..x\ny\nz\n.\nend', rest: undefined });
});

test('a line with nothing but a dot ends a message of the command line, and no dot is stuffed', () => {
  for (const sizes of [[], [1], [2]]) {
    assert.deepEqual(decode('A: b\n\n..x\r\n.y\n.\rz\n.\nrest', sizes, 'lone-dot'), { text: 'A: b\n\n..x\n.y\n.\nz\n', rest: 'rest' });
    assert.deepEqual(decode('A: b\r\n\r\nx\r\n.\r\n', sizes, 'lone-dot'), { text: 'A: b\n\nx\n', rest: '' });
    assert.deepEqual(decode('x\nend', sizes, 'lone-dot'), { text: 'x\nend', rest: undefined });
  }
});

test('with strict line ends only CRLF.CRLF ends a message, whatever its first line ended with', () => {
  for (const [input, rest] of [
    ['A: b\n\nx\n.\nQUIT\r\n.\r\n', ''],
    ['.\nQUIT\r\n.\r\nNOOP', 'NOOP'],
    ['A: b\r\n\r\nx\r\n.\r\nQUIT', 'QUIT'],
  ] as const) {
    const decoder = new DataDecoder('dot', true);
    const step = decoder.push(Buffer.from(input, 'latin1'));
    assert.equal(step.rest?.toString('latin1'), rest, JSON.stringify(input));
    assert.equal(decoder.hasBareLineEnd, /[^\r]\n/.test(input), JSON.stringify(input));
  }
});

test('lengths and bare line ends are noted', () => {
  const decoder = new DataDecoder();
  decoder.push(Buffer.from('A: b\r\n\r\n0123456789\r\nx\ry\r\n.\r\n'));
  assert.equal(decoder.maxLineLength, 10);
  assert.equal(decoder.hasBareLineEnd, true);
});

test('chunks do not matter', () => {
  const chars = fc.constantFrom('\r', '\n', '.', '\r\n', '\r\n.\r\n', 'a', ': ', ' ', '\0');
  fc.assert(
    fc.property(
      fc.array(chars, { maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 }),
      (parts, sizes) => {
        const input = parts.join('');
        assert.deepEqual(decode(input, sizes), decode(input));
      },
    ),
    { numRuns: 3000 },
  );
});

test('what a client stuffs and sends with CRLF comes out as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[ -~]{0,20}$/), { maxLength: 20 }), (lines) => {
      const wire = ['H: v', '', ...lines].map((line) => `${line.startsWith('.') ? '.' : ''}${line}\r\n`).join('');
      assert.deepEqual(decode(`${wire}.\r\nNOOP\r\n`, [7]), {
        text: ['H: v', '', ...lines].map((line) => `${line}\n`).join(''),
        rest: 'NOOP\r\n',
      });
    }),
  );
});
