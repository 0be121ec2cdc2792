/** BDAT. RFC 3030 s2. */

import type { Octets } from '../../base/octets.ts';
import { octetsFromBytes, printable, trimSpace, upperCase } from '../../base/octets.ts';
import type { HeaderLine } from '../../core/index.ts';
import { fullHost } from '../../logging/lines/host.ts';
import { rejectedMessage } from '../../logging/lines/rejection.ts';
import type { Command } from '../../smtp/command.ts';
import { DataDecoder } from '../../smtp/data-decoder.ts';
import type { ChunkedMessage, Dialogue } from '../dialogue.ts';
import { SignatureCheck } from '../dkim-acl.ts';
import { MessageReceiver } from '../message-input.ts';
import { checkedReception, finishReading, inputLimits, mayBeginData } from './data.ts';

/** Whether a message was read to its end, taken or not. */
export async function bdat(dialogue: Dialogue, command: Command): Promise<boolean> {
  const chunk = readChunk(dialogue, command);
  if (chunk.kind === 'problem') {
    dialogue.protocolError('protocol', chunk.code, chunk.text);
    return false;
  }
  if (dialogue.isChunkingBroken) {
    dialogue.protocolError('protocol', '503', 'only RSET accepted now');
    await swallow(dialogue, chunk.bytes);
    return false;
  }
  const message = dialogue.chunked ?? ((await mayBeginData(dialogue, 'BDAT')) ? await begin(dialogue) : undefined);
  if (message === undefined) {
    await swallow(dialogue, chunk.bytes);
    return false;
  }
  dialogue.chunked = message;
  await takeChunk(dialogue, message, chunk.bytes, chunk.isLast);
  return dialogue.chunked === undefined;
}

type Chunk =
  | { readonly kind: 'chunk'; readonly bytes: number; readonly isLast: boolean }
  | { readonly kind: 'problem'; readonly code: string; readonly text: Octets };

/** Octets follow whatever else stands behind the number, so it is not asked; only LAST, alone, ends the message. */
function readChunk(dialogue: Dialogue, command: Command): Chunk {
  if (!dialogue.advertised.chunking) return { kind: 'problem', code: '503', text: 'BDAT command used when CHUNKING not advertised' };
  const match = /^([0-9]{1,10})([^0-9].*)?$/s.exec(command.argument);
  if (!match) return { kind: 'problem', code: '501', text: 'missing size for BDAT command' };
  const bytes = Number.parseInt(match[1] ?? '0', 10);
  const isLast = upperCase(trimSpace(match[2] ?? '')) === 'LAST';
  return bytes === 0 && !isLast ? { kind: 'problem', code: '504', text: 'zero size for BDAT command' } : { kind: 'chunk', bytes, isLast };
}

/** The ACL before the data is not run. Spec ch. 44 "The DATA ACLs". */
async function begin(dialogue: Dialogue): Promise<ChunkedMessage | undefined> {
  const { transaction, parts } = dialogue;
  const limits = await inputLimits(dialogue);
  const begun = parts.store.begin(dialogue.session.state.queueName);
  if (begun.kind === 'error' || limits === undefined || transaction === undefined) {
    if (begun.kind === 'error') dialogue.log.panic(`spool file creation failed: ${begun.reason}`);
    else begun.sink.abort();
    dialogue.reply('451', 'Temporary local problem - please try later');
    return undefined;
  }
  transaction.state.id = begun.sink.id;
  // which is not done for messages in chunks
  if (transaction.state.controls.has('cutthrough_delivery')) dialogue.endCutthrough();
  const decoder = new DataDecoder('end-of-input', dialogue.isCrlfStrict);
  const signatures = new SignatureCheck(checkedReception(dialogue));
  return {
    sink: begun.sink,
    signatures,
    receiver: new MessageReceiver(begun.sink, limits, (headers, isUnended) => signatures.observe(headers, isUnended, decoder)),
    decoder,
    wireBytes: 0,
    startedMs: parts.services.clock.monotonicMs(),
    lastOctets: '',
  };
}

async function takeChunk(dialogue: Dialogue, message: ChunkedMessage, bytes: number, isLast: boolean): Promise<void> {
  dialogue.previousVerb = 'BDAT'; // a chunk behind it is not pipelining
  for (let left = bytes; left > 0; ) {
    await dialogue.flushUnlessPipelined();
    const result = await dialogue.reader.readChunk(dialogue.wholeDeadline(message.startedMs));
    if (result.kind !== 'data') {
      dialogue.chunked = undefined;
      const reading = message.receiver.brokenOff(result.kind === 'timeout' ? result : { kind: 'end' });
      return finishReading(dialogue, message.sink, reading, message.signatures);
    }
    const used = result.bytes.subarray(0, left);
    if (result.bytes.length > left) dialogue.reader.unread(result.bytes.subarray(left));
    left -= used.length;
    message.wireBytes += used.length;
    message.lastOctets = (message.lastOctets + octetsFromBytes(used.subarray(-2))).slice(-2);
    await message.receiver.take(message.decoder.push(used).output);
    const { excessBytes } = message.receiver;
    if (excessBytes !== undefined) return refuseTooBig(dialogue, message, { excess: wireLength(used, excessBytes), left });
  }
  if (!isLast) {
    dialogue.reply('250', `${bytes} byte chunk received`);
    return;
  }
  dialogue.chunked = undefined;
  await message.receiver.take(message.decoder.finish());
  if (message.decoder.bareHeaderLine > 0) return refuseBareHeader(dialogue, message);
  const missing = missingLineEnd(message) + (message.receiver.isHeaderUnended ? 1 : 0);
  dialogue.chunkSummary = ` ${bytes} byte chunk, total ${message.wireBytes + missing}\n`;
  await finishReading(dialogue, message.sink, await message.receiver.finish(message.decoder), message.signatures);
  dialogue.chunkSummary = undefined;
}

/**
 * Nothing of the message is awaited any more, whatever chunk it was. What is told to have been read is, as in Exim, what was too big with line ends of one
 * octet, and the rest of the chunk as it came.
 */
async function refuseTooBig(
  dialogue: Dialogue,
  { sink, receiver, signatures }: ChunkedMessage,
  { excess, left }: { readonly excess: number; readonly left: number },
): Promise<void> {
  dialogue.chunked = undefined;
  const reading = receiver.tooBig(receiver.sizeBytes - (receiver.excessBytes ?? 0) + excess + left);
  await swallow(dialogue, left);
  if (dialogue.isOver) return sink.abort();
  await finishReading(dialogue, sink, reading, signatures);
}

/** How many octets at the end of a chunk became so many of the message. */
function wireLength(chunk: Buffer, decoded: number): number {
  let at = chunk.length;
  for (let left = decoded; left > 0 && at > 0; left--) {
    at--;
    if (chunk[at] === LF && chunk[at - 1] === CR) at--;
  }
  return chunk.length - at;
}

const CR = 0x0d;
const LF = 0x0a;

/** How many octets of CRLF the message lacks at its end: they are counted as if they had come. */
function missingLineEnd({ lastOctets }: ChunkedMessage): number {
  return lastOctets === '\r\n' ? 0 : lastOctets.endsWith('\r') ? 1 : 2;
}

/** A header with bare LF is not what RFC 3030 s2 sends. */
function refuseBareHeader(dialogue: Dialogue, message: ChunkedMessage): void {
  const { log, origin, transaction } = dialogue;
  message.sink.abort();
  dialogue.reply('552', 'Message header not CRLF terminated');
  const sender = transaction?.state.sender ?? '';
  const recipients = transaction?.state.recipients.map((recipient) => recipient.address) ?? [];
  log.mainAndReject(
    `rejected from <${printable(sender)}> H=${fullHost(origin, log.selected('incoming_port'))}: Non-CRLF-terminated header, under CHUNKING: message abandoned`,
    rejectedMessage(sender, recipients, headersUpTo(message.decoder.bareHeaderLine, message.receiver.headers)),
  );
  dialogue.resetTransaction();
}

/** What of the header had been read, whose types are not known yet, up to a line. */
function headersUpTo(line: number, headers: readonly HeaderLine[]): readonly HeaderLine[] {
  const shown: HeaderLine[] = [];
  let left = line;
  for (const { text } of headers) {
    const lines = text.split('\n').slice(0, -1);
    if (left > 0) shown.push({ type: ' ', text: `${lines.slice(0, left).join('\n')}\n` });
    left -= lines.length;
  }
  return shown;
}

/** Octets of a refused chunk are not commands. */
async function swallow(dialogue: Dialogue, bytes: number): Promise<void> {
  const startedMs = dialogue.parts.services.clock.monotonicMs();
  for (let left = bytes; left > 0; ) {
    await dialogue.flushUnlessPipelined();
    const result = await dialogue.reader.readChunk(dialogue.wholeDeadline(startedMs));
    if (result.kind !== 'data') return dialogue.lost(result);
    if (result.bytes.length > left) dialogue.reader.unread(result.bytes.subarray(left));
    left -= Math.min(left, result.bytes.length);
  }
}
