/** Where parts begin and end does not depend on how much of the message is held; what is too much ends the walk. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesFromOctets, octetsFromBytes } from '../../base/octets.ts';
import type { ByteSource } from './source.ts';
import { WINDOW_BYTES } from './source.ts';
import { walkParts } from './walk.ts';

function sourceOf(text: string): ByteSource {
  const bytes = bytesFromOctets(text);
  return { read: async (from, length) => bytes.subarray(from, from + length) };
}

/** Types and bodies in their order, and how the walk ended. */
async function partsOf(text: string, maxParts = 100): Promise<string[]> {
  const found: string[] = [];
  const end = await walkParts(sourceOf(text), { checksLength: true, maxParts }, async (part) => {
    const body: string[] = [];
    for await (const piece of part.body()) body.push(octetsFromBytes(piece));
    found.push(`${part.contentType ?? ''}:${part.isMultipart ? 'parts' : body.join('')}`);
    return part.fileName !== 'stop';
  });
  return [...found, end];
}

const TOP = 'Content-Type: multipart/mixed; boundary=b\n\n';

test('parts whose boundaries lie around the end of what is held', async () => {
  for (let shift = -40; shift <= 10; shift++) {
    const body = `${'x'.repeat(WINDOW_BYTES - TOP.length - '--b\nContent-Type: a\n\n'.length + shift)}\n`;
    const message = `${TOP}--b\nContent-Type: a\n\n${body}--b\nContent-Type: c\n\nd\n--b--\nrest\n`;
    assert.deepEqual(await partsOf(message), ['multipart/mixed:parts', `a:${body}`, 'c:d\n', 'done'], `shift ${shift}`);
  }
});

test('many lines with dashes are no boundaries', async () => {
  const body = '-\n--\n--c\n---b\n - --b\n'.repeat(20_000);
  assert.deepEqual(await partsOf(`${TOP}--b\n\n${body}--b--\n`), ['multipart/mixed:parts', `:${body}`, 'done']);
});

test('a part header is as long as it likes', async () => {
  for (const long of [`X: ${'y'.repeat(3 * WINDOW_BYTES)}\n`, 'X: y\n'.repeat(WINDOW_BYTES), `X: y\n${' z\n'.repeat(WINDOW_BYTES)}`])
    assert.deepEqual(await partsOf(`${TOP}--b\n${long}Content-Type: c\n\nd\n--b--\n`), ['multipart/mixed:parts', 'c:d\n', 'done']);
});

test('a part header says as much as it likes, and what is said again costs no more', async () => {
  for (const field of ['Content-Type: c; name=n\n', 'Content-Disposition: c; filename=n\n'])
    assert.deepEqual(await partsOf(`${TOP}--b\n${field.repeat(100_000)}Content-Type: c\n\nd\n--b--\n`), [
      'multipart/mixed:parts',
      'c:d\n',
      'done',
    ]);
  const names = Array.from({ length: 100_000 }, (_, at) => `Content-Type: c; name=n.${at}\n`).join('');
  assert.equal((await partsOf(`${TOP}--b\n${names}\nd\n--b--\n`)).at(-1), 'too-many');
});

test('a walk ends when it is told to, with too many parts and with too many multiparts in each other', async () => {
  assert.deepEqual(await partsOf(`${TOP}--b\nContent-Type: c; name=stop\n\n--b\n\n`), ['multipart/mixed:parts', 'c:', 'stopped']);
  assert.equal((await partsOf(`${TOP}${'--b\n\n'.repeat(9)}`, 10)).at(-1), 'done');
  assert.equal((await partsOf(`${TOP}${'--b\n\n'.repeat(10)}`, 10)).at(-1), 'too-many');
  const deep = (depth: number) =>
    Array.from({ length: depth }, (_, at) => `Content-Type: multipart/x; boundary=b${at}e\n\n--b${at}e\n`).join('');
  assert.equal((await partsOf(deep(1000), 2000)).at(-1), 'done');
  assert.equal((await partsOf(deep(1001), 2000)).at(-1), 'too-many');
  const several = Array.from({ length: 6 }, (_, at) => `; boundary=b${at}`);
  assert.equal((await partsOf(`Content-Type: multipart/x${several.join('')}\n\n`)).at(-1), 'too-many');
});

test('the parts are the same wherever what is held ends', async () => {
  const lines = fc.constantFrom(
    '--b\n',
    '--b--\n',
    '--c\n',
    '--c--\n',
    '\n',
    'text\n',
    'Content-Type: multipart/mixed; boundary=c\n',
    '-\n',
    'x: y\n',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(lines, { maxLength: 30 }), fc.nat(200), async (rest, shift) => {
      const message = TOP + rest.join('');
      const padding = `X: ${'y'.repeat(WINDOW_BYTES - shift)}\n`;
      assert.deepEqual(await partsOf(padding + message), await partsOf(message));
    }),
    { numRuns: 200 },
  );
});
