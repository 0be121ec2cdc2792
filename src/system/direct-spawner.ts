/** Runs commands from this very process: only for processes without sessions (a fork stops the event loop, DESIGN 3.10). */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants as fsConstants } from 'node:fs';
import { constants, setPriority } from 'node:os';
import type { Writable } from 'node:stream';
import { unicodeFromOctets } from '../base/octets.ts';
import type { Deadline } from '../core/deadline.ts';
import type { Spawner, SpawnRequest, SpawnResult, SystemFailure } from '../core/ports.ts';
import { attempt, failure, failureOf } from './failure.ts';
import { nodePath } from './files.ts';

type RunResult = { readonly kind: 'ok'; readonly result: SpawnResult } | SystemFailure;
type Input = AsyncIterable<Uint8Array> | Uint8Array;

const longestTimerMs = 2 ** 31 - 1;

export class DirectSpawner implements Spawner {
  async run(request: SpawnRequest, input: Input, until: Deadline): Promise<RunResult> {
    const { identity } = request;
    if (identity && (identity.uid !== process.geteuid?.() || identity.gid !== process.getegid?.())) {
      return failure('EPERM', `this process runs as uid ${process.geteuid?.()} and cannot become uid ${identity.uid}`);
    }
    if (until.signal.aborted) return failure('ETIMEDOUT');
    const prepared = prepare(request);
    if (prepared.kind === 'error') return prepared;
    const started = start(request, prepared);
    return started.kind === 'error' ? started : new RunningCommand(request, started.child).finish(input, until);
  }
}

interface Prepared {
  readonly kind: 'ok';
  readonly argv: readonly string[];
  readonly environment: Record<string, string>;
  readonly directory: string;
}

/** Node takes decoded text for what execve gets: octets that are not UTF-8 could not be passed on as they are. */
function prepare(request: SpawnRequest): Prepared | SystemFailure {
  const argv: string[] = [];
  for (const argument of request.argv) {
    const text = unicodeFromOctets(argument);
    if (text === undefined) return failure('EILSEQ', 'an argument of the command is not valid UTF-8');
    argv.push(text);
  }
  const environment: Record<string, string> = Object.create(null);
  for (const [name, octets] of request.environment) {
    const text = unicodeFromOctets(octets);
    if (text === undefined) return failure('EILSEQ', `the environment variable ${name} of the command is not valid UTF-8`);
    environment[name] = text;
  }
  const directory = unicodeFromOctets(request.directory);
  if (directory === undefined) return failure('EILSEQ', 'the directory of the command is not valid UTF-8');
  const entered = attempt(() => accessSync(nodePath(request.directory === '' ? '/' : request.directory), fsConstants.X_OK));
  if (entered.kind === 'error') return failure(entered.errno, `failed to chdir to ${request.directory}: ${entered.reason}`);
  return { kind: 'ok', argv, environment, directory: directory === '' ? '/' : directory };
}

function start(
  request: SpawnRequest,
  { argv, environment, directory }: Prepared,
): { readonly kind: 'ok'; readonly child: ChildProcess } | SystemFailure {
  const [program = '', ...args] = argv;
  const ownUmask = process.umask(request.umask); // spawn has no option for it; nothing else runs in between
  try {
    const child = spawn(program, args, { cwd: directory, env: environment, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    return { kind: 'ok', child };
  } catch (error) {
    return failureOf(error);
  } finally {
    process.umask(ownUmask);
  }
}

/** One command from its start to the end of its output. It leads a process group of its own, which is killed as a whole. */
class RunningCommand {
  readonly #request: SpawnRequest;
  readonly #child: ChildProcess;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  #outputBytes = 0;
  #isTruncated = false;
  #isTimeout = false;
  #isOver = false;

  constructor(request: SpawnRequest, child: ChildProcess) {
    this.#request = request;
    this.#child = child;
    child.stdout?.on('data', request.onOutput ?? ((chunk: Buffer) => this.#take(chunk, this.#stdout)));
    if (request.onOutput) child.stderr?.resume();
    else child.stderr?.on('data', (chunk: Buffer) => this.#take(chunk, request.separateStderr ? this.#stderr : this.#stdout));
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.on('error', ignore); // seen as the end, or by feed()
    if (request.niceLevel && child.pid !== undefined) attempt(() => setPriority(child.pid ?? 0, request.niceLevel ?? 0));
  }

  async finish(input: Input, until: Deadline): Promise<RunResult> {
    const expire = () => {
      this.#isTimeout = true;
      this.#kill();
    };
    const waitMs = Math.min(
      this.#request.timeoutMs > 0 ? this.#request.timeoutMs : Number.POSITIVE_INFINITY,
      until.endMs - performance.now(),
    );
    const timer = waitMs <= longestTimerMs ? setTimeout(expire, Math.max(waitMs, 0)) : undefined;
    until.signal.addEventListener('abort', expire);
    try {
      const ending = this.#ending();
      const feeding = this.#child.stdin ? feed(this.#child.stdin, input) : Promise.resolve(undefined);
      const ended = await ending;
      this.#isOver = true;
      this.#child.stdin?.destroy(); // ends feeding where the command did not read
      if (ended.kind === 'error') return ended;
      // input that has not come yet is not waited for
      const inputFailure = await Promise.race([feeding, nextTurn().then(() => failure('EPIPE'))]);
      return { kind: 'ok', result: this.#result(ended.status, ended.signal, inputFailure) };
    } finally {
      clearTimeout(timer);
      until.signal.removeEventListener('abort', expire);
    }
  }

  #ending(): Promise<{ readonly kind: 'ended'; readonly status: number | null; readonly signal: NodeJS.Signals | null } | SystemFailure> {
    return new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(failureOf(error)));
      this.#child.once('close', (status, signal) => resolve({ kind: 'ended', status, signal }));
    });
  }

  #take(chunk: Buffer, kept: Buffer[]): void {
    const room = this.#request.maxOutputBytes - this.#outputBytes;
    this.#outputBytes += chunk.length;
    if (chunk.length <= room) {
      kept.push(chunk);
      return;
    }
    this.#isTruncated = true;
    if (room > 0) kept.push(chunk.subarray(0, room));
    if (this.#request.killOnExcess) this.#kill();
  }

  #kill(): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#isOver) return;
    attempt(() => process.kill(-pid, 'SIGKILL')); // ESRCH: it has just ended
    // what has left the group may hold the output open: it is not waited for
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  #result(status: number | null, signal: NodeJS.Signals | null, inputFailure: SystemFailure | undefined): SpawnResult {
    return {
      status: status ?? undefined,
      signal: signal === null ? undefined : constants.signals[signal],
      isTimeout: this.#isTimeout,
      stdout: Buffer.concat(this.#stdout),
      stderr: Buffer.concat(this.#stderr),
      isTruncated: this.#isTruncated,
      inputFailure,
    };
  }
}

/** Writes all input and ends it. A failure is that of writing; a command that ended without reading everything gives EPIPE. */
async function feed(stdin: Writable, input: Input): Promise<SystemFailure | undefined> {
  let failed: SystemFailure | undefined;
  stdin.on('error', (error) => {
    failed ??= failureOf(error);
  });
  const chunks = input instanceof Uint8Array ? [input] : input;
  try {
    for await (const chunk of chunks) {
      if (failed || stdin.destroyed) return failed ?? failure('EPIPE');
      if (chunk.length > 0 && !stdin.write(chunk)) await drained(stdin);
    }
  } catch (error) {
    stdin.destroy();
    return error instanceof Error && !('code' in error) ? failure('EIO', error.message) : failureOf(error);
  }
  if (!stdin.destroyed) stdin.end();
  await closed(stdin);
  return failed;
}

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) return resolve();
    const settle = () => {
      stream.off('drain', settle);
      stream.off('close', settle);
      resolve();
    };
    stream.on('drain', settle);
    stream.on('close', settle);
  });
}

function closed(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed || stream.writableFinished) return resolve();
    stream.once('finish', resolve);
    stream.once('close', resolve);
  });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

function ignore(): void {}
