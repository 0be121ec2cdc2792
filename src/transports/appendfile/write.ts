/** Writing a message to an open file, and what a full disk or quota means. */

import type { Octets } from '../../base/octets.ts';
import type { Deadline } from '../../core/deadline.ts';
import type { OpenFile, SystemFailure } from '../../core/ports.ts';
import { eximErrno } from '../errno.ts';
import type { MessageFormat } from '../message-text.ts';
import { messageText } from '../message-text.ts';
import type { Step } from './delivery.ts';
import { done, failing, refused } from './delivery.ts';

/** From this size on a write goes to the thread pool (DESIGN 5). */
const ASYNC_BYTES = 65_536;

/** Writes all parts; small ones are gathered into one write. The number of octets written. */
export async function writeMessage(file: OpenFile, format: MessageFormat, until: Deadline): Promise<Step<number>> {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let total = 0;
  const flush = async (): Promise<Step<void>> => {
    const bytes = waiting.length === 1 ? (waiting[0] ?? Buffer.alloc(0)) : Buffer.concat(waiting);
    waiting = [];
    waitingBytes = 0;
    total += bytes.length;
    const written = bytes.length > ASYNC_BYTES ? await file.writeAsync(bytes) : file.write(bytes);
    return written.kind === 'ok' ? done(undefined) : writeFailure(written, file.path);
  };
  for await (const part of messageText(format, until)) {
    waiting.push(part);
    waitingBytes += part.length;
    if (waitingBytes < ASYNC_BYTES) continue;
    const flushed = await flush();
    if (flushed.kind !== 'ok') return flushed;
  }
  if (waitingBytes > 0) {
    const flushed = await flush();
    if (flushed.kind !== 'ok') return flushed;
  }
  const synced = await file.fsync();
  return synced.kind === 'ok' ? done(total) : writeFailure(synced, file.path);
}

export function writeFailure(failure: SystemFailure, path: Octets): Step<never> {
  if (failure.errno === 'EDQUOT')
    return failing({
      number: eximErrno.quota,
      error: { name: 'quota', detail: '', more: 0 },
      message: `mailbox is full (quota exceeded while writing to ${path})`,
    });
  return refused(failure, `error while writing to ${path}`);
}
