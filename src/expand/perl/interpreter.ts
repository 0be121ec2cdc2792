/** One Perl process. It answers one call at a time; calls that come from inside a call (`Exim::expand_string`) are answered before that. */
import type { Octets } from '../../base/octets.ts';
import type { Frame } from '../../core/frame.ts';
import { defer, fail, type Outcome, ok } from '../../core/outcome.ts';
import type { Perl, Spawner, SpawnRequest } from '../../core/ports.ts';
import { expandText } from '../expander.ts';
import { encodePerlFrame, type PerlFrame, PerlFrameReader, packStrings } from './frames.ts';
import { PERL_PROGRAM } from './program.ts';

export interface InterpreterParts {
  readonly spawner: Spawner;
  /** The path of perl. */
  readonly program: Octets;
  readonly startup: Octets;
  readonly hasTaintChecks: boolean;
  readonly environment: ReadonlyMap<string, Octets>;
  readonly directory: Octets;
}

interface PendingCall {
  /** '' for the start. */
  readonly subroutine: Octets;
  readonly frame: Frame;
  readonly settle: (outcome: Outcome<Octets>) => void;
}

export class PerlInterpreter implements Perl {
  readonly #input = new Outgoing();
  readonly #reader = new PerlFrameReader();
  readonly #lifetime = new AbortController();
  /** Innermost last. */
  readonly #calls: PendingCall[] = [];
  readonly #started: Promise<Outcome<Octets>>;
  #isOver = false;

  /** The process is started with the first frame that needs it; `frame` is what the startup code may expand in. */
  constructor(parts: InterpreterParts, frame: Frame) {
    this.#started = this.#expect('', frame, encodePerlFrame('S', parts.startup));
    void this.#run(parts);
  }

  /** False when the process has ended: another one is needed. */
  get isAlive(): boolean {
    return !this.#isOver;
  }

  async start(): Promise<Outcome<Octets>> {
    const started = await this.#started;
    return started.kind === 'fail' ? fail(`error in perl_startup code: ${started.message}`) : started;
  }

  async call(subroutine: Octets, args: readonly Octets[], frame: Frame): Promise<Outcome<Octets>> {
    const started = await this.start();
    if (started.kind === 'fail' || started.kind === 'defer') return started;
    return this.#expect(subroutine, frame, encodePerlFrame('C', packStrings([subroutine, ...args])));
  }

  close(): void {
    this.#lifetime.abort();
    this.#end('it was stopped');
  }

  #expect(subroutine: Octets, frame: Frame, request: Buffer): Promise<Outcome<Octets>> {
    return new Promise((settle) => {
      if (this.#isOver) return settle(defer('the Perl interpreter has ended'));
      this.#calls.push({ subroutine, frame, settle });
      this.#input.push(request);
    });
  }

  async #run(parts: InterpreterParts): Promise<void> {
    const request: SpawnRequest = {
      argv: [parts.program, ...(parts.hasTaintChecks ? ['-T'] : []), '-e', PERL_PROGRAM],
      environment: parts.environment,
      directory: parts.directory,
      umask: 0o77,
      timeoutMs: 0,
      maxOutputBytes: 0,
      onOutput: (bytes) => this.#receive(bytes),
    };
    const until = { endMs: Number.POSITIVE_INFINITY, signal: this.#lifetime.signal };
    const ran = await parts.spawner.run(request, this.#input, until);
    if (ran.kind === 'error') return this.#end(ran.reason);
    const { status, signal } = ran.result;
    this.#end(status === undefined ? `it was ended by signal ${signal}` : `it ended with status ${status}`);
  }

  #receive(bytes: Buffer): void {
    const frames = this.#reader.push(bytes);
    if (frames === 'too-long') return this.close();
    for (const frame of frames) this.#handle(frame);
  }

  #handle({ type, text }: PerlFrame): void {
    const call = this.#calls.at(-1);
    if (!call) return this.close(); // it says something although nobody asked
    const { log } = call.frame.services;
    switch (type) {
      case 'R':
        return this.#settle(ok(text));
      case 'U':
        return this.#settle({ kind: 'forced-fail', message: `Perl subroutine "${call.subroutine}" returned undef to force failure` });
      case 'D':
        return this.#settle(fail(text));
      case 'L':
        return log.main(text);
      case 'W':
        return log.debug('any', () => text);
      case 'E':
        return void this.#expand(text, call.frame);
      default:
        return this.close();
    }
  }

  #settle(outcome: Outcome<Octets>): void {
    this.#calls.pop()?.settle(outcome);
  }

  async #expand(text: Octets, frame: Frame): Promise<void> {
    const outcome = await expandText(text, { ...frame, perl: this }, 'Exim::expand_string argument');
    if (outcome.kind === 'ok') this.#input.push(encodePerlFrame('V', outcome.value.octets));
    else if (outcome.kind === 'forced-fail') this.#input.push(encodePerlFrame('F', ''));
    else this.#input.push(encodePerlFrame('X', outcome.message));
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#input.close();
    for (const { subroutine, settle } of this.#calls.splice(0)) {
      const where = subroutine === '' ? 'perl_startup' : `Perl subroutine "${subroutine}"`;
      settle(defer(`the Perl interpreter failed in ${where}: ${reason}`));
    }
  }
}

/** What is written to the process, in order, as long as it lives. */
class Outgoing implements AsyncIterable<Uint8Array> {
  #waiting: Uint8Array[] = [];
  #isClosed = false;
  #wake: () => void = () => {};

  push(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#wake();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      yield* this.#waiting.splice(0);
      if (this.#isClosed) return;
      if (this.#waiting.length === 0)
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
