/** Which messages wait for a host: `wait-<transport>`, so that a connection that works takes them too. Spec ch. 49 "Errors in outgoing SMTP". */
import type { Octets } from '../base/octets.ts';
import type { Hints } from '../core/index.ts';

/** Beyond this the oldest are forgotten; they are delivered by queue runs. */
const MAX_WAITING = 500;
/** Other processes change the record, too; what is then not written is no more than slower. */
const MAX_TRIES = 10;

export class WaitingMessages {
  readonly #hints: Hints;
  readonly #database: string;

  constructor(hints: Hints, transportName: string) {
    this.#hints = hints;
    this.#database = `wait-${transportName}`;
  }

  /** Ids that wait for a host, oldest first. */
  of(host: Octets): string[] {
    return idsIn(this.#hints.get(this.#database, host));
  }

  add(host: Octets, id: string): void {
    this.#change(host, (ids) => (ids.includes(id) ? undefined : [...ids, id].slice(-MAX_WAITING)));
  }

  /** Nothing is written when it was not waiting. */
  remove(host: Octets, id: string): void {
    this.#change(host, (ids) => (ids.includes(id) ? ids.filter((other) => other !== id) : undefined));
  }

  /** Undefined: it stays as it is. */
  #change(host: Octets, change: (ids: readonly string[]) => readonly string[] | undefined): void {
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const known = this.#hints.get(this.#database, host);
      const ids = change(idsIn(known));
      if (ids === undefined) return;
      if (ids.length === 0) return this.#hints.delete(this.#database, host);
      if (this.#hints.replace(this.#database, host, known, ids.join(' '))) return;
    }
  }
}

function idsIn(value: Octets | undefined): string[] {
  return value === undefined || value === '' ? [] : value.split(' ');
}
