/**
 * Which messages wait for a host: `wait-<transport>`, so that a connection that works takes them too. A record that is full is kept beside the host's
 * own as `host:0`, `host:1` and so on, and is taken up again when that is empty. Spec ch. 49 "Errors in outgoing SMTP".
 */
import type { Octets } from '../base/octets.ts';
import type { Hints } from '../core/index.ts';

const MAX_IN_RECORD = 50;
/** What waits beyond these is delivered by queue runs. */
const MAX_FULL_RECORDS = 200;
/** Other processes change the record, too; what is then not written is no more than slower. */
const MAX_TRIES = 10;

export class WaitingMessages {
  readonly #hints: Hints;
  readonly #database: string;

  constructor(hints: Hints, transportName: string) {
    this.#hints = hints;
    this.#database = `wait-${transportName}`;
  }

  /** Ids that wait for a host, in the order in which they are taken: oldest first, but of full records the last one. */
  of(host: Octets): string[] {
    const ids = this.#idsIn(host);
    return ids.length > 0 || !this.#takeUp(host) ? ids : this.#idsIn(host);
  }

  add(host: Octets, id: string): void {
    const ids = this.#idsIn(host);
    const full = this.#fullRecords(host, id);
    if (ids.includes(id) || full === undefined || full >= MAX_FULL_RECORDS) return;
    if (ids.length < MAX_IN_RECORD) {
      this.#change(host, (known) => (known.includes(id) ? undefined : [...known, id]));
      return;
    }
    this.#hints.put(this.#database, `${host}:${full}`, ids.join(' '));
    this.#hints.put(this.#database, host, id);
  }

  /** Nothing is written when it was not waiting. */
  remove(host: Octets, id: string): void {
    this.#change(host, (ids) => (ids.includes(id) ? ids.filter((other) => other !== id) : undefined));
  }

  /** How many there are; undefined when one of them has the id. */
  #fullRecords(host: Octets, id?: string): number | undefined {
    for (let count = 0; ; count++) {
      const ids = this.#idsIn(`${host}:${count}`);
      if (ids.length === 0) return count;
      if (id !== undefined && ids.includes(id)) return undefined;
    }
  }

  /** The last full record in place of an empty one. */
  #takeUp(host: Octets): boolean {
    const count = this.#fullRecords(host) ?? 0;
    if (count === 0) return false;
    const key = `${host}:${count - 1}`;
    const ids = this.#idsIn(key);
    this.#hints.delete(this.#database, key);
    this.#hints.put(this.#database, host, ids.join(' '));
    return ids.length > 0;
  }

  /** Undefined: it stays as it is. */
  #change(host: Octets, change: (ids: readonly string[]) => readonly string[] | undefined): void {
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const known = this.#hints.get(this.#database, host);
      const ids = change(split(known));
      if (ids === undefined) return;
      if (ids.length === 0) return this.#hints.delete(this.#database, host);
      if (this.#hints.replace(this.#database, host, known, ids.join(' '))) return;
    }
  }

  #idsIn(key: Octets): string[] {
    return split(this.#hints.get(this.#database, key));
  }
}

function split(value: Octets | undefined): string[] {
  return value === undefined || value === '' ? [] : value.split(' ');
}
