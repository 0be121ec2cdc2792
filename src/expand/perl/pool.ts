/**
 * The Perl interpreters of one configuration. In Exim each process has one of its own, so that none waits for another; here one is kept, and more are
 * started, up to a limit, while it is busy. One that ends, or is ended because its time is over, is replaced by the next call. Spec ch. 12.
 */
import type { Octets } from '../../base/octets.ts';
import { earlier } from '../../core/deadline.ts';
import type { Frame } from '../../core/frame.ts';
import { defer, fail, type Outcome } from '../../core/outcome.ts';
import type { Files, Perl, Spawner } from '../../core/ports.ts';
import { PerlInterpreter } from './interpreter.ts';

const MAX_INTERPRETERS = 4;
const MAX_WAITING = 1000;
/** Exim has no limit; a subroutine that never returns would hold its interpreter for ever. */
const TIME_LIMIT_MS = 300_000;
const PROGRAMS: readonly Octets[] = ['/usr/bin/perl', '/usr/local/bin/perl', '/opt/local/bin/perl', '/bin/perl'];

export interface PerlPoolParts {
  readonly spawner: Spawner;
  readonly files: Pick<Files, 'access'>;
  /** Value of `perl_startup`. */
  readonly startup: Octets | undefined;
  readonly hasTaintChecks: boolean;
  readonly environment: ReadonlyMap<string, Octets>;
  /** The spool directory. */
  readonly directory: Octets;
  readonly timeLimitMs?: number;
}

export class PerlPool implements Perl {
  readonly #parts: PerlPoolParts;
  readonly #idle: PerlInterpreter[] = [];
  readonly #busy = new Set<PerlInterpreter>();
  readonly #waiting: (() => void)[] = [];
  #isClosed = false;

  constructor(parts: PerlPoolParts) {
    this.#parts = parts;
  }

  async start(frame: Frame): Promise<Outcome<Octets>> {
    return this.#with(frame, (interpreter) => interpreter.start());
  }

  async call(subroutine: Octets, args: readonly Octets[], frame: Frame): Promise<Outcome<Octets>> {
    return this.#with(frame, (interpreter) => interpreter.call(subroutine, args, frame));
  }

  /** All processes end. */
  close(): void {
    this.#isClosed = true;
    for (const interpreter of [...this.#idle, ...this.#busy]) interpreter.close();
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async #with(frame: Frame, use: (interpreter: PerlInterpreter) => Promise<Outcome<Octets>>): Promise<Outcome<Octets>> {
    const taken = await this.#take(frame);
    if (!(taken instanceof PerlInterpreter)) return taken;
    try {
      return await this.#inTime(taken, frame, use);
    } finally {
      this.#busy.delete(taken);
      if (taken.isAlive && !this.#isClosed) this.#idle.push(taken);
      this.#waiting.shift()?.();
    }
  }

  /** An interpreter whose time is over is ended: nothing else stops a subroutine. */
  async #inTime(
    interpreter: PerlInterpreter,
    frame: Frame,
    use: (interpreter: PerlInterpreter) => Promise<Outcome<Octets>>,
  ): Promise<Outcome<Octets>> {
    const { clock } = frame.services;
    const limitMs = this.#parts.timeLimitMs ?? TIME_LIMIT_MS;
    const finished = new AbortController();
    const expire = () => {
      if (!finished.signal.aborted) interpreter.close();
    };
    const { endMs } = earlier(frame.until, clock.monotonicMs() + limitMs);
    void clock.sleep(Math.max(0, endMs - clock.monotonicMs()), { endMs: Number.POSITIVE_INFINITY, signal: finished.signal }).then(expire);
    frame.until.signal.addEventListener('abort', expire);
    try {
      return await use(interpreter);
    } finally {
      finished.abort();
      frame.until.signal.removeEventListener('abort', expire);
    }
  }

  async #take(frame: Frame): Promise<PerlInterpreter | Exclude<Outcome<Octets>, { kind: 'ok' }>> {
    const { startup } = this.#parts;
    if (startup === undefined) return fail('A setting of perl_startup is needed when using the Perl interpreter');
    while (this.#idle.length === 0 && this.#busy.size >= MAX_INTERPRETERS && !this.#isClosed) {
      if (this.#waiting.length >= MAX_WAITING) return defer('too many calls wait for the Perl interpreter');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#isClosed || frame.until.signal.aborted) return defer('the Perl interpreter was stopped');
    const kept = this.#idle.pop();
    const interpreter = kept?.isAlive ? kept : this.#open(startup, frame);
    if (interpreter instanceof PerlInterpreter) this.#busy.add(interpreter);
    return interpreter;
  }

  #open(startup: Octets, frame: Frame): PerlInterpreter | Exclude<Outcome<Octets>, { kind: 'ok' }> {
    const { files, spawner, hasTaintChecks, environment, directory } = this.#parts;
    const program = PROGRAMS.find((path) => files.access(path, 'execute').kind === 'ok');
    if (program === undefined) return defer('there is no Perl on this machine');
    return new PerlInterpreter({ spawner, program, startup, hasTaintChecks, environment, directory }, frame);
  }
}
