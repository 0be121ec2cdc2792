import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Deadline, ReadResult } from '../core/index.ts';
import { LineReader } from '../smtp/line-reader.ts';
import { FakeClock } from '../system/fakes/clock.ts';
import { FakeConnection, scriptedPeer } from '../system/fakes/net.ts';
import { constantTemplate } from '../system/fakes/services.ts';
import { playSession } from './fakes.ts';

const signal = new AbortController().signal;

test('a line that has begun has a deadline of its own', async () => {
  const asked: number[] = [];
  const pieces = ['NO', 'O', 'P\r\n'];
  const reader = new LineReader({
    bufferedBytes: 0,
    discardBuffered: () => {},
    read: async (until: Deadline): Promise<ReadResult> => {
      asked.push(until.endMs);
      return { kind: 'data', bytes: Buffer.from(pieces.shift() ?? '') };
    },
  });
  const result = await reader.readLine({ endMs: 300, signal }, undefined, () => ({ endMs: 20, signal }));
  assert.equal(result.kind === 'line' && result.line, 'NOOP');
  assert.deepEqual(asked, [300, 20, 20]);
});

/** Time goes on by a second with every read. */
class SlowConnection extends FakeConnection {
  readonly asked: number[] = [];
  readonly #clock: FakeClock;

  constructor(pieces: readonly string[], clock: FakeClock) {
    super(scriptedPeer(pieces));
    this.#clock = clock;
  }

  override async read(until: Deadline): Promise<ReadResult> {
    this.asked.push(until.endMs);
    await this.#clock.advance(1000);
    return this.#clock.monotonicMs() > until.endMs ? { kind: 'timeout' } : super.read(until);
  }
}

test('a client that drips is cut off, in commands and in data', async () => {
  const run = async (pieces: readonly string[], seconds: number) => {
    const clock = new FakeClock();
    const connection = new SlowConnection(pieces, clock);
    const { log } = await playSession(scriptedPeer([]), {
      config: {
        main: {
          smtp_banner: constantTemplate('mail.test.example ESMTP'),
          acl_smtp_rcpt: constantTemplate('rcpt'),
          received_header_text: constantTemplate('Received: from test'),
          smtp_enforce_sync: false,
          smtp_command_deadline: seconds,
        },
      },
      acls: { rcpt: () => ({ kind: 'accept' }) },
      services: { clock },
      parts: { connection },
    });
    return { written: connection.written, lines: log.mainLines };
  };
  const drip = [...'HELO client\r\n'];
  const slow = await run(drip, 5);
  assert.match(slow.written, /421 mail\.test\.example: SMTP command timeout - closing connection/);
  assert.match((await run(drip, 0)).written, /250 mail\.test\.example Hello client/);
  const begin = ['HELO c\r\n', 'MAIL FROM:<a@b>\r\n', 'RCPT TO:<c@d>\r\n', 'DATA\r\n'];
  const data = [...'Subject: x\r\n\r\nx\r\n.\r\n'];
  const cut = await run([...begin, ...data], 10);
  assert.match(cut.written, /421 mail\.test\.example SMTP incoming data timeout - closing connection\./);
  assert.match((await run([...begin, ...data, 'QUIT\r\n'], 60)).written, /250 OK id=/);
});
