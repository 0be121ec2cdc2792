/** crypt(3) as the C library does it, in the thread pool: schemes such as yescrypt take many milliseconds. */
import type { Octets } from '../base/octets.ts';
import { defer, fail, type Outcome, ok } from '../core/outcome.ts';
import type { Crypt } from '../core/ports.ts';
import type { Native } from './native.ts';

/** Longer passwords are refused: the time that hashing takes grows with them. */
const longestPassword = 1024;

export class SystemCrypt implements Crypt {
  readonly #native: Native;

  constructor(native: Native) {
    this.#native = native;
  }

  /** Fails for a scheme that the C library does not know, defers where it cannot be called. */
  async crypt(password: Octets, setting: Octets): Promise<Outcome<Octets>> {
    if (password.length > longestPassword) return fail('crypt: the password is too long');
    const result = await this.#native.crypt(password, setting);
    if (result === 'unsupported') return defer('crypt(3) needs the optional package koffi and libcrypt');
    return result === undefined ? fail('crypt: unknown scheme') : ok(result);
  }
}
