/** Modules of functions that administrators write in JavaScript or TypeScript: what Exim loads as shared objects (DESIGN 3.13). */
import { createRequire } from 'node:module';
import type { Octets } from '../base/octets.ts';
import { unicodeFromOctets } from '../base/octets.ts';
import type { Modules, SystemFailure } from '../core/ports.ts';
import { failure, failureOf } from './failure.ts';
import type { SystemFiles } from './files.ts';

type Loaded = { readonly kind: 'ok'; readonly exports: ReadonlyMap<string, unknown> } | SystemFailure;

/** Endings that Node runs as they are. */
const RUNNABLE = /\.(?:[cm]?js|[cm]?ts)$/;

export class SystemModules implements Modules {
  readonly #files: Pick<SystemFiles, 'access'>;

  constructor(files: Pick<SystemFiles, 'access'>) {
    this.#files = files;
  }

  /** Node keeps what was loaded for the life of the process, as Exim does. */
  async load(path: Octets): Promise<Loaded> {
    if (!path.startsWith('/')) return failure('EINVAL', 'the path of a module must be absolute');
    const readable = this.#files.access(path, 'read');
    if (readable.kind === 'error') return failure(readable.errno, `cannot open shared object file: ${readable.reason}`);
    const name = unicodeFromOctets(path);
    if (name === undefined) return failure('EILSEQ', 'the path of a module must be UTF-8');
    if (!RUNNABLE.test(path))
      return failure('ENOEXEC', 'only modules in JavaScript or TypeScript (.js, .mjs, .cjs, .ts, .mts, .cts) are loaded');
    try {
      const exports: unknown = createRequire(name)(name);
      return { kind: 'ok', exports: new Map(typeof exports === 'object' && exports !== null ? Object.entries(exports) : []) };
    } catch (error) {
      // whatever the module's own code throws is its failure, not ours
      return error instanceof Error ? failure('ENOEXEC', error.message) : failureOf(error);
    }
  }
}
