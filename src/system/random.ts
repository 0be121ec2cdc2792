/** Chance: from the system, and the seeded generator that the conformance runner's contract names. */
import type { Random } from '../core/ports.ts';

const poolBytes = 4096;

/** The system's generator, fetched in pools; node:crypto is loaded on first use. */
export class SystemRandom implements Random {
  #pool = Buffer.alloc(0);

  below(limit: number): number {
    if (limit <= 1) return 0;
    // 48 bits: the bias of the remainder is below 2^-16 even for limits of 32 bits
    return this.#take(6).readUIntLE(0, 6) % Math.floor(limit);
  }

  bytes(count: number): Uint8Array {
    return count > poolBytes ? loadCrypto().randomBytes(count) : Uint8Array.from(this.#take(count));
  }

  #take(count: number): Buffer {
    if (this.#pool.length < count) this.#pool = loadCrypto().randomBytes(poolBytes);
    const taken = this.#pool.subarray(0, count);
    this.#pool = this.#pool.subarray(count);
    return taken;
  }
}

function loadCrypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto');
}

/** x → 1103515245·x + 12345, of which bits 16–31 count. For the conformance runner only: anyone can predict it. */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) >>> 0;
    return limit <= 1 ? 0 : (this.#state >>> 16) % Math.floor(limit);
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }
}
