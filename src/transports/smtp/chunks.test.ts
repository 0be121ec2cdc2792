import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesFromOctets } from '../../base/octets.ts';
import type { Body } from '../../core/message.ts';
import { ok } from '../../core/outcome.ts';
import { messageChunks } from './chunks.ts';

const until = { endMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal };

/** `pieces`: as it is read from -D; undefined: it is in memory. */
function body(text: string, pieces?: number): Body {
  const bytes = bytesFromOctets(text);
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += pieces ?? bytes.length) yield bytes.subarray(at, at + (pieces ?? bytes.length));
  }
  return {
    sizeBytes: bytes.length,
    bytes: pieces === undefined ? bytes : undefined,
    head: () => ok(bytes),
    tail: () => ok(bytes),
    chunks,
  };
}

/** Sizes as BDAT says them, and what was sent. */
async function send(headers: readonly string[] | undefined, text: Body | undefined): Promise<{ sizes: string; sent: string }> {
  const sizes: string[] = [];
  let sent = '';
  for await (const { size, isLast, content } of messageChunks(headers, text, until)) {
    let part = '';
    for await (const piece of Buffer.isBuffer(content) ? [content] : content) part += piece.latin1Slice();
    assert.equal(part.length, size, 'a chunk is as long as it says');
    sizes.push(`${size}${isLast ? ' LAST' : ''}`);
    sent += part;
  }
  return { sizes: sizes.join(', '), sent };
}

const SHORT = ['Subject: x\n'];
const line = (length: number) => `${'x'.repeat(length - 1)}\n`;

test('where a message is divided', async () => {
  const cases: readonly (readonly [headers: readonly string[] | undefined, body: string | undefined, sizes: string])[] = [
    [SHORT, '', '14 LAST'],
    [SHORT, 'body\n', '20 LAST'],
    [SHORT, undefined, '14 LAST'],
    [undefined, 'body\n', '6 LAST'],
    [undefined, '', '0 LAST'],
    [SHORT, 'no line end', '27 LAST'],
    [SHORT, line(8177), '8192 LAST'],
    [SHORT, line(8178), '14, 8179 LAST'],
    [undefined, line(9000), '9001 LAST'],
    [[line(8187)], undefined, '8190 LAST'],
    [[line(8188)], 'y\n', '8191, 3 LAST'],
    [[line(8189)], 'y\n', '8191, 4 LAST'],
    [[line(10_000), line(10_000)], 'y\n', '8191, 8191, 3625 LAST'],
    [[line(10_000), line(10_000)], line(10_000), '8191, 8191, 3622, 10001 LAST'],
  ];
  for (const [headers, text, sizes] of cases) {
    const inMemory = await send(headers, text === undefined ? undefined : body(text));
    assert.equal(inMemory.sizes, sizes);
    if (text !== undefined) assert.deepEqual(await send(headers, body(text, 7)), inMemory, 'read in pieces');
  }
});

test('dots stay single, octets stay, lines end with CRLF', async () => {
  const { sent } = await send(SHORT, body('.\n..\n.x\n\xff\0\n.', 1));
  assert.equal(sent, 'Subject: x\r\n\r\n.\r\n..\r\n.x\r\n\xff\0\r\n.\r\n');
});
