import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessageSink } from '../core/index.ts';
import { DataDecoder } from '../smtp/data-decoder.ts';
import { MessageReceiver } from './message-input.ts';

/** The message that comes of this input in pieces of a size. */
async function receive(input: string, pieceBytes: number) {
  const body: Buffer[] = [];
  const sink: MessageSink = {
    id: 'x',
    write: (bytes) => {
      body.push(Buffer.from(bytes));
      return { kind: 'ok', value: undefined };
    },
    body: () => {
      throw new Error('nobody asks for it');
    },
    commit: async () => ({ kind: 'error', errno: 'EIO', reason: 'not wanted' }),
    abort: () => {},
  };
  const receiver = new MessageReceiver(sink, { messageBytes: 0, headerBytes: 1 << 20, headerLineBytes: 0 });
  const decoder = new DataDecoder('end-of-input');
  const bytes = Buffer.from(input, 'latin1');
  for (let at = 0; at < bytes.length; at += pieceBytes) await receiver.take(decoder.push(bytes.subarray(at, at + pieceBytes)).output);
  await receiver.take(decoder.finish());
  const reading = await receiver.finish(decoder);
  return { reading, body: Buffer.concat(body).toString('latin1') };
}

test('how the input is cut does not matter', async () => {
  const input = 'From: a@b\r\nSubject: x\r\n y\r\n\tz\r\n\r\nbody\r\n\r\nmore\r\n';
  for (const pieceBytes of [1, 2, 3, 7, 1000]) {
    const { reading, body } = await receive(input, pieceBytes);
    assert.ok(reading.kind === 'ok');
    assert.deepEqual(
      reading.message.headers.map((header) => header.text),
      ['From: a@b\n', 'Subject: x\n y\n\tz\n'],
    );
    assert.equal(body, 'body\n\nmore\n');
  }
});

test('a header of a megabyte that comes octet by octet costs no more than one that comes at once', { timeout: 40_000 }, async () => {
  // With all before it copied for each octet this would take minutes.
  const { reading } = await receive(`Subject: ${'y'.repeat(1_000_000)}\r\n\r\n`, 1);
  assert.ok(reading.kind === 'ok');
  assert.equal(reading.message.headers[0]?.text.length, 1_000_010);
});
