/** Which messages wait for a host: `wait-<transport>`, so that a connection that works takes them too. Spec ch. 49 "Errors in outgoing SMTP". */
import type { Octets } from '../base/octets.ts';
import type { Hints } from '../core/index.ts';

/** Beyond this the oldest are forgotten; they are delivered by queue runs. */
const MAX_WAITING = 500;

export class WaitingMessages {
  readonly #hints: Hints;
  readonly #database: string;

  constructor(hints: Hints, transportName: string) {
    this.#hints = hints;
    this.#database = `wait-${transportName}`;
  }

  /** Ids that wait for a host, oldest first. */
  of(host: Octets): string[] {
    const value = this.#hints.get(this.#database, host);
    return value === undefined || value === '' ? [] : value.split(' ');
  }

  add(host: Octets, id: string): void {
    const ids = this.of(host);
    if (ids.includes(id)) return;
    this.#hints.put(this.#database, host, [...ids, id].slice(-MAX_WAITING).join(' '));
  }

  /** Nothing is written when it was not waiting. */
  remove(host: Octets, id: string): void {
    const ids = this.of(host);
    if (!ids.includes(id)) return;
    const left = ids.filter((other) => other !== id);
    if (left.length === 0) this.#hints.delete(this.#database, host);
    else this.#hints.put(this.#database, host, left.join(' '));
  }
}
