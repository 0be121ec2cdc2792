/** The Perl interpreters of one configuration; nothing of them is loaded before it is needed. */
import type { Octets } from '../base/octets.ts';
import { type Config, type Files, type Frame, type Outcome, ok, type Perl, type Spawner } from '../core/index.ts';
import type { PerlPool } from '../expand/perl/pool.ts';

export interface LazyPerlParts {
  readonly config: Config;
  readonly files: Pick<Files, 'access'>;
  readonly spawner: Spawner;
  readonly environment: ReadonlyMap<string, Octets>;
}

export class LazyPerl implements Perl {
  readonly #parts: LazyPerlParts;
  #pool: Promise<PerlPool> | undefined;
  #isClosed = false;

  constructor(parts: LazyPerlParts) {
    this.#parts = parts;
  }

  async call(subroutine: Octets, args: readonly Octets[], frame: Frame): Promise<Outcome<Octets>> {
    return (await this.#open()).call(subroutine, args, frame);
  }

  async start(frame: Frame): Promise<Outcome<unknown>> {
    return this.#parts.config.main.perl_startup === undefined ? ok(undefined) : (await this.#open()).start(frame);
  }

  close(): void {
    this.#isClosed = true;
    void this.#pool?.then((pool) => pool.close());
  }

  #open(): Promise<PerlPool> {
    this.#pool ??= this.#load();
    return this.#pool;
  }

  async #load(): Promise<PerlPool> {
    const { config, files, spawner, environment } = this.#parts;
    const { PerlPool } = await import('../expand/perl/pool.ts');
    const { spoolDirectory } = config.startup;
    const pool = new PerlPool({
      spawner,
      files,
      startup: config.main.perl_startup,
      hasTaintChecks: config.main.perl_taintmode,
      environment,
      directory: files.access(spoolDirectory, 'execute').kind === 'ok' ? spoolDirectory : '/',
    });
    if (this.#isClosed) pool.close();
    return pool;
  }
}
