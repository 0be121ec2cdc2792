/**
 * Who may deliver or change a message: in this process an entry in a map, against all others one descriptor of -D that stays open with a lock on
 * its first line, which Exim's lock respects. Without native calls one lock file for the whole spool. DESIGN 3.8.
 */
import { type Octets, octetsFromBytes } from '../base/octets.ts';
import type { Files, Machine, MessageClaim, OpenFile, SystemFailure } from '../core/ports.ts';
import type { MessagePaths } from './places.ts';

export type Claiming =
  | { readonly kind: 'ok'; readonly claim: Claim }
  /** Another process or task holds it. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'gone' }
  | SystemFailure;

/** The open files of a message that is held. */
export class Claim implements MessageClaim {
  readonly id: string;
  readonly paths: MessagePaths;
  readonly data: OpenFile;
  journal: OpenFile | undefined;
  /** Whether -J and the message log may exist already; not those of a message that was made under this claim. */
  mayHaveMore = true;
  /** Of the body that is kept in memory. */
  bodyBytes = 0;
  readonly #onRelease: (claim: Claim) => void;
  #isHeld = true;

  constructor(id: string, paths: MessagePaths, data: OpenFile, onRelease: (claim: Claim) => void) {
    this.id = id;
    this.paths = paths;
    this.data = data;
    this.#onRelease = onRelease;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.journal?.close();
    this.data.close();
    this.#onRelease(this);
  }
}

/** The length of the first line of -D, which holds its name. */
export function firstLineLength(id: string): number {
  return id.length + 3;
}

export class Claims {
  readonly #files: Files;
  readonly #machine: Machine;
  readonly #lockPath: Octets;
  readonly #onRelease: (claim: Claim) => void;
  readonly #held = new Map<string, Claim>();
  #spoolLock: OpenFile | undefined;

  constructor(files: Files, machine: Machine, spoolDirectory: Octets, onRelease: (claim: Claim) => void) {
    this.#files = files;
    this.#machine = machine;
    this.#lockPath = `${spoolDirectory}/eximius.lock`;
    this.#onRelease = onRelease;
  }

  isHeld(id: string): boolean {
    return this.#held.has(id);
  }

  /** Of a message whose -D exists. */
  take(id: string, paths: MessagePaths): Claiming {
    if (this.#held.has(id)) return { kind: 'busy' };
    const opened = this.#files.open(paths.data, 'read-write');
    if (opened.kind === 'error') return opened.errno === 'ENOENT' ? { kind: 'gone' } : opened;
    return this.hold(id, paths, opened.value);
  }

  /** Locks an open -D; it is closed when that does not succeed. */
  hold(id: string, paths: MessagePaths, data: OpenFile): Claiming {
    const locked = this.#lock(id, data);
    const facts = locked === 'ok' ? data.facts() : undefined;
    if (facts?.kind !== 'ok' || facts.value.links === 0) {
      data.close();
      if (locked === 'would-block') return { kind: 'busy' };
      if (typeof locked === 'object') return locked;
      return facts?.kind === 'error' ? facts : { kind: 'gone' }; // removed between open and lock
    }
    const claim = new Claim(id, paths, data, (released) => {
      this.#held.delete(released.id);
      this.#onRelease(released);
    });
    this.#held.set(id, claim);
    return { kind: 'ok', claim };
  }

  close(): void {
    for (const claim of [...this.#held.values()]) claim.release();
    if (this.#spoolLock === undefined) return;
    this.#spoolLock.close();
    this.#spoolLock = undefined;
    this.#files.unlink(this.#lockPath);
  }

  #lock(id: string, data: OpenFile): 'ok' | 'would-block' | SystemFailure {
    const locked = data.lock('exclusive', 0, firstLineLength(id));
    return locked === 'unsupported' ? this.#lockSpool() : locked;
  }

  /** Without locks of the system one process has the whole spool; a file left by a dead one is taken over. */
  #lockSpool(): 'ok' | 'would-block' | SystemFailure {
    if (this.#spoolLock !== undefined) return 'ok';
    for (let attempt = 0; attempt < 2; attempt++) {
      const made = this.#files.open(this.#lockPath, 'create-exclusive', 0o644);
      if (made.kind === 'ok') {
        made.value.write(Buffer.from(`${this.#machine.pid}\n`));
        this.#spoolLock = made.value;
        return 'ok';
      }
      if (made.errno !== 'EEXIST') return made;
      const text = this.#files.readFile(this.#lockPath, 64);
      const owner = text.kind === 'ok' ? /^([0-9]+)\n/.exec(octetsFromBytes(text.value))?.[1] : undefined;
      if (owner === undefined || (owner !== String(this.#machine.pid) && this.#files.stat(`/proc/${owner}`).kind === 'ok'))
        return 'would-block';
      this.#files.unlink(this.#lockPath);
    }
    return 'would-block';
  }
}
