import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { Channel, type ChannelOptions, type IncomingCall } from './channel.ts';
import { encodeFrame, type Frame, FrameReader, type FrameType, frameType, ProtocolError, valueLimitBytes } from './frames.ts';
import { decodeValue, encodeValue } from './values.ts';

function pair(callee: ChannelOptions, caller: ChannelOptions = {}) {
  const [left, right] = duplexPair();
  return { caller: new Channel(left, caller), callee: new Channel(right, callee), left, right };
}

async function gather(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

const frames = fc.array(
  fc.record(
    {
      type: fc.constantFrom<FrameType>(frameType.open, frameType.data, frameType.event, frameType.reply),
      call: fc.integer({ min: 0, max: 0xffff_ffff }),
      payload: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 20 },
);

test('frames survive any cut of the stream', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (sent: readonly Frame[], cuts) => {
      const stream = Buffer.concat(sent.map((frame) => encodeFrame(frame.type, frame.call, frame.payload)));
      const reader = new FrameReader();
      const read: Frame[] = [];
      for (let from = 0, i = 0; from < stream.length; i++) {
        const to = from + (cuts[i % cuts.length] ?? 1);
        read.push(...reader.push(stream.subarray(from, to)));
        from = to;
      }
      assert.deepEqual(read, sent);
      assert.equal(reader.pendingBytes, 0);
    }),
    { numRuns: 300 },
  );
});

test('any octets are frames or a protocol error, and no length makes the reader keep more than a frame', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 20 }), (chunks) => {
      const reader = new FrameReader();
      try {
        for (const chunk of chunks) reader.push(Buffer.from(chunk));
      } catch (error) {
        assert.ok(error instanceof ProtocolError);
      }
      assert.ok(reader.pendingBytes <= valueLimitBytes);
    }),
    { numRuns: 500 },
  );
  const huge = Buffer.from([0xff, 0xff, 0xff, 0xff, frameType.data, 0, 0, 0, 1]);
  assert.throws(() => new FrameReader().push(huge), ProtocolError);
  assert.throws(() => new FrameReader().push(Buffer.from([0, 0, 0, 0, 99, 0, 0, 0, 1])), ProtocolError);
});

const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) }),
    fc.string({ unit: 'grapheme' }),
    fc.double({ noNaN: true }).filter((n) => !Object.is(n, -0)),
    fc.bigInt(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.array(tie('value')),
    fc.array(fc.tuple(fc.string(), tie('value'))).map((entries) => new Map(entries)),
    fc.array(fc.integer()).map((items) => new Set(items)),
    fc
      .array(fc.tuple(fc.oneof(fc.string(), fc.constantFrom('$map', '$plain', '__proto__', 'constructor')), tie('value')))
      .map((entries) => Object.fromEntries(entries)),
  ),
})).value;

test('values come back as they were sent', () => {
  fc.assert(
    fc.property(values, (value) => assert.deepEqual(decodeValue(encodeValue(value)), value)),
    { numRuns: 500 },
  );
});

test('any octets are a value or a protocol error; keys do not reach prototypes', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => new TextEncoder().encode(text)),
      ),
      (bytes) => {
        try {
          decodeValue(Buffer.from(bytes));
        } catch (error) {
          assert.ok(error instanceof ProtocolError);
        }
      },
    ),
    { numRuns: 500 },
  );
  const value = decodeValue(Buffer.from('{"__proto__":{"polluted":1},"a":1}'));
  assert.equal(Reflect.get({}, 'polluted'), undefined);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.throws(() => decodeValue(Buffer.from('['.repeat(1_000_000) + ']'.repeat(1_000_000))), ProtocolError);
  assert.throws(() => decodeValue(Buffer.from('{"$map":[1,2]}')), ProtocolError);
});

test('a call: request, data both ways with their ends, events both ways, reply', async () => {
  const seen: unknown[] = [];
  const { caller } = pair({
    onCall: async (call) => {
      seen.push(call.request);
      call.onEvent = (value) => call.sendEvent({ echo: value });
      const data = await gather(call.chunks());
      await call.write(data.reverse());
      call.reply({ length: data.length });
    },
  });
  const call = caller.call({ name: 'caf\xe9' });
  const events: unknown[] = [];
  call.onEvent = (value) => events.push(value);
  call.sendEvent('one');
  assert.equal(await call.write(Buffer.from('abc')), true);
  await call.write(Buffer.alloc(1 << 20, 'd'));
  call.end();
  const output = await gather(call.chunks());
  assert.deepEqual(await call.ended, { kind: 'reply', value: { length: (1 << 20) + 3 } });
  assert.equal(output.subarray(-3).toString(), 'cba');
  assert.deepEqual([seen, events], [[{ name: 'caf\xe9' }], [{ echo: 'one' }]]);
  assert.equal(caller.callCount, 0);
});

test('who does not read holds the writer back', async () => {
  const { promise: opened, resolve } = Promise.withResolvers<IncomingCall>();
  const { caller } = pair({ onCall: resolve });
  const call = caller.call({});
  const incoming = await opened;
  let sent = 0;
  const writing = (async () => {
    for (let i = 0; i < 100; i++) {
      await call.write(Buffer.alloc(65_536));
      sent++;
    }
    call.end();
  })();
  await new Promise((done) => setTimeout(done, 20));
  assert.ok(sent <= 4, `${sent} chunks were taken by nobody`);
  assert.equal((await gather(incoming.chunks())).length, 100 * 65_536);
  await writing;
});

test('many tiny writes stay within the window', async () => {
  const { caller } = pair({ onCall: async (call) => call.reply((await gather(call.chunks())).length) });
  const call = caller.call({});
  for (let i = 0; i < 20_000; i++) await call.write(Buffer.from('x'));
  call.end();
  assert.deepEqual(await call.ended, { kind: 'reply', value: 20_000 });
});

test('a cancelled call tells the callee; a lost process ends all calls on both sides', async () => {
  const incoming: IncomingCall[] = [];
  const { caller, callee } = pair({ onCall: (call) => incoming.push(call) });
  const first = caller.call(1);
  const second = caller.call(2);
  await new Promise(setImmediate);
  first.cancel();
  assert.deepEqual(await first.ended, { kind: 'lost', reason: 'cancelled' });
  await new Promise(setImmediate);
  assert.deepEqual(
    incoming.map((call) => call.signal.aborted),
    [true, false],
  );
  assert.equal(await first.write(Buffer.from('late')), false);
  callee.close();
  assert.equal((await second.ended).kind, 'lost');
  assert.equal(incoming[1]?.signal.aborted, true);
  assert.equal((await caller.call(3).ended).kind, 'lost');
});

test('a writer that waits is freed when the call ends', async () => {
  const { caller } = pair({ onCall: (call) => setImmediate(() => call.reply('no thanks')) });
  const call = caller.call({});
  while (await call.write(Buffer.alloc(65_536)));
  assert.deepEqual(await call.ended, { kind: 'reply', value: 'no thanks' });
});

const violations: readonly (readonly [string, readonly Buffer[]])[] = [
  [
    'data beyond the window',
    [
      encodeFrame(frameType.open, 1, Buffer.from('1')),
      ...Array.from({ length: 6 }, () => encodeFrame(frameType.data, 1, Buffer.alloc(65_536))),
    ],
  ],
  [
    'a window that was not asked for',
    [encodeFrame(frameType.open, 1, Buffer.from('1')), encodeFrame(frameType.window, 1, Buffer.from([0, 1, 0, 0]))],
  ],
  ['a number that is in use', [encodeFrame(frameType.open, 1, Buffer.from('1')), encodeFrame(frameType.open, 1, Buffer.from('1'))]],
  ['a request that is no value', [encodeFrame(frameType.open, 1, Buffer.from('{'))]],
  ['a reply from the caller', [encodeFrame(frameType.open, 1, Buffer.from('1')), encodeFrame(frameType.reply, 1, Buffer.from('1'))]],
  [
    'data after their end',
    [encodeFrame(frameType.open, 1, Buffer.from('1')), encodeFrame(frameType.end, 1), encodeFrame(frameType.data, 1)],
  ],
  ['too many calls', Array.from({ length: 5000 }, (_, i) => encodeFrame(frameType.open, i + 1, Buffer.from('1')))],
];

for (const [what, sent] of violations) {
  test(`a peer is cut off for ${what}`, async () => {
    const [left, right] = duplexPair();
    const { promise: closed, resolve } = Promise.withResolvers<string>();
    new Channel(right, { onCall: () => {}, onClose: resolve });
    for (const frame of sent) left.write(frame);
    assert.notEqual(await closed, 'the other process has ended');
  });
}

test('random frames end a channel at worst', async () => {
  const anyFrame = fc.tuple(
    fc.constantFrom(...Object.values(frameType)),
    fc.constantFrom(1, 2, 0x8000_0001),
    fc.constantFrom('', '1', '{}', '{', '\x00\x00\x00\x01'),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(anyFrame, { maxLength: 30 }), async (sequence) => {
      const [left, right] = duplexPair();
      left.on('error', () => {});
      const channel = new Channel(right, { onCall: (call) => call.signal.aborted || call.sendEvent('hello') });
      channel.call('outgoing');
      for (const [type, call, payload] of sequence) {
        const bytes = Buffer.from(payload, 'latin1');
        try {
          left.write(encodeFrame(type, call, bytes));
        } catch (error) {
          assert.ok(error instanceof ProtocolError);
        }
      }
      await new Promise(setImmediate);
      channel.close();
      assert.equal(channel.callCount, 0);
    }),
    { numRuns: 200 },
  );
});

/** A caller, a process between that passes every call on, and a callee. */
function chain(callee: ChannelOptions) {
  const far = pair(callee);
  const near = pair({ onCall: (call) => void call.passTo(far.caller.call(call.request), (reason) => ({ lost: reason })) });
  return { caller: near.caller, between: far.caller, callee: far.callee };
}

test('a call that is passed on: data both ways with the backpressure of its ends, events, reply', async () => {
  const { caller } = chain({
    onCall: async (call) => {
      call.onEvent = (value) => call.sendEvent([value, call.request]);
      const got = await gather(call.chunks());
      await call.write(got);
      call.reply({ bytes: got.length });
    },
  });
  const call = caller.call('request');
  const events: unknown[] = [];
  call.onEvent = (value) => events.push(value);
  call.sendEvent('event');
  const sent = Buffer.alloc(3_000_000, 'abc');
  const echo = gather(call.chunks());
  assert.equal(await call.write(sent), true);
  call.end();
  assert.deepEqual(await call.ended, { kind: 'reply', value: { bytes: sent.length } });
  assert.deepEqual(events, [['event', 'request']]);
  assert.ok((await echo).equals(sent));
});

test('a call that is passed on: cancellation goes through, a lost end is told', async () => {
  const incoming: IncomingCall[] = [];
  const { caller, between, callee } = chain({ onCall: (call) => void incoming.push(call) });
  const cancelled = caller.call(1);
  await waitFor(() => incoming.length === 1);
  cancelled.cancel();
  await waitFor(() => incoming[0]?.signal.aborted === true);
  assert.equal(between.callCount, 0);
  const lost = caller.call(2);
  await waitFor(() => incoming.length === 2);
  callee.close();
  assert.deepEqual(await lost.ended, { kind: 'reply', value: { lost: 'the other process has ended' } });
});

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
