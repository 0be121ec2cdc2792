/** A command run by another process, as a call: the request, its input as data; its output as data, then the reply. */
import type { Deadline } from '../../core/deadline.ts';
import type { Identity, Spawner, SpawnRequest, SpawnResult, SystemFailure, SystemResult } from '../../core/ports.ts';
import { failure, HELPER_LOST } from '../../system/failure.ts';
import type { IncomingCall, OutgoingCall } from './channel.ts';
import { ProtocolError } from './frames.ts';
import { Fields } from './values.ts';

export type RunResult = { readonly kind: 'ok'; readonly result: SpawnResult } | SystemFailure;

/** A request without its identity, which is sent apart. */
export function encodeSpawnRequest(request: SpawnRequest, until: Deadline): object {
  const { identity: _, onOutput, ...rest } = request;
  return { ...rest, passesOutput: onOutput !== undefined, timeoutMs: remainingMs(request.timeoutMs, until) };
}

export function decodeSpawnRequest(fields: Fields, identity: Identity | undefined): SpawnRequest {
  const argv = fields.strings('argv');
  if (argv.length === 0) throw new ProtocolError('a command without its program');
  return {
    argv,
    environment: fields.map('environment'),
    directory: fields.string('directory'),
    identity,
    umask: fields.number('umask') & 0o777,
    ...(fields.has('niceLevel') ? { niceLevel: fields.number('niceLevel') } : {}),
    timeoutMs: fields.number('timeoutMs'),
    maxOutputBytes: fields.number('maxOutputBytes'),
    killOnExcess: fields.boolean('killOnExcess'),
    separateStderr: fields.boolean('separateStderr'),
  };
}

/** Runs what a call asks for and replies. */
export async function serveRun(call: IncomingCall, request: SpawnRequest, spawner: Spawner): Promise<void> {
  let passed: Promise<unknown> = Promise.resolve(); // one write after another
  const onOutput = (bytes: Buffer) => {
    passed = passed.then(() => call.write(bytes));
  };
  const asked = new Fields(call.request).boolean('passesOutput') ? { ...request, onOutput } : request;
  const ran = await spawner.run(asked, call.chunks(), { endMs: Number.POSITIVE_INFINITY, signal: call.signal });
  await passed;
  if (ran.kind === 'error') return call.reply(ran);
  const { stdout, stderr, ...facts } = ran.result;
  if (stdout.length > 0) await call.write(stdout);
  if (stderr.length > 0) await call.write(stderr);
  call.reply({ kind: 'ok', ...facts, stdoutBytes: stdout.length, stderrBytes: stderr.length });
}

/** The caller's side: feeds the input and gathers the output. */
export async function finishRun(
  call: OutgoingCall,
  request: SpawnRequest,
  input: AsyncIterable<Uint8Array> | Uint8Array,
  until: Deadline,
): Promise<RunResult> {
  const expire = () => call.cancel();
  until.signal.addEventListener('abort', expire);
  if (until.signal.aborted) expire();
  try {
    let broken: SystemFailure | undefined;
    void feed(call, input).then((failed) => {
      broken = failed;
      if (failed) call.cancel();
    });
    const output = request.onOutput ? await pass(call, request.onOutput) : await gather(call, request.maxOutputBytes);
    const ended = await call.ended; // input that the command did not want is not waited for
    if (until.signal.aborted) return failure('ETIMEDOUT');
    if (broken) return broken;
    return ended.kind === 'lost' ? failure(HELPER_LOST, ended.reason) : decodeResult(ended.value, output);
  } catch (error) {
    if (error instanceof ProtocolError) return failure('EPROTO', error.message);
    throw error;
  } finally {
    until.signal.removeEventListener('abort', expire);
  }
}

/** A failure of the input itself (a spool file that cannot be read); a command that ends early is none. */
async function feed(call: OutgoingCall, input: AsyncIterable<Uint8Array> | Uint8Array): Promise<SystemFailure | undefined> {
  try {
    for await (const chunk of input instanceof Uint8Array ? [input] : input) {
      if (chunk.length > 0 && !(await call.write(chunk))) return undefined;
    }
    call.end();
    return undefined;
  } catch (error) {
    return failure('EIO', error instanceof Error ? error.message : String(error));
  }
}

async function gather(call: OutgoingCall, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of call.chunks()) {
    length += chunk.length;
    if (length > limitBytes) throw new ProtocolError('more output than was asked for');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function pass(call: OutgoingCall, onOutput: (bytes: Buffer) => void): Promise<Buffer> {
  for await (const chunk of call.chunks()) onOutput(chunk);
  return Buffer.alloc(0);
}

function decodeResult(value: unknown, output: Buffer): RunResult {
  const fields = new Fields(value);
  if (fields.string('kind') !== 'ok') return decodeFailure(fields);
  const stdoutBytes = fields.number('stdoutBytes');
  return {
    kind: 'ok',
    result: {
      status: fields.has('status') ? fields.number('status') : undefined,
      signal: fields.has('signal') ? fields.number('signal') : undefined,
      isTimeout: fields.boolean('isTimeout'),
      stdout: output.subarray(0, stdoutBytes),
      stderr: output.subarray(stdoutBytes),
      isTruncated: fields.boolean('isTruncated'),
      inputFailure: fields.has('inputFailure') ? decodeFailure(fields.fields('inputFailure')) : undefined,
    },
  };
}

export function decodeFailure(fields: Fields): SystemFailure {
  return failure(fields.string('errno'), fields.string('reason'));
}

export function decodeSystemResult<T>(value: unknown, read: (fields: Fields) => T): SystemResult<T> {
  const fields = new Fields(value);
  return fields.string('kind') === 'ok' ? { kind: 'ok', value: read(fields) } : decodeFailure(fields);
}

/** What has no end is sent as this: 12 days, which a timer takes with what is added to it. */
const LONGEST_MS = 2 ** 30;

/** The clocks of two processes are not the same: what is left of a time is sent. */
export function remainingMs(timeoutMs: number, until: Deadline): number {
  const left = Math.min(until.endMs - performance.now(), LONGEST_MS);
  return Math.max(1, timeoutMs > 0 ? Math.min(timeoutMs, left) : left);
}
