/**
 * Asks for the keys of one message's signatures: few at a time and not for ever, for whoever made the signatures chose the name servers too, and the
 * resolver is everybody's.
 */
import type { Octets } from '../../base/octets.ts';
import { type Clock, type Deadline, type Dns, type DnsAnswer, earlier } from '../../core/index.ts';

const AT_A_TIME = 4;
const MAX_TIME_MS = 20_000;

export class KeyLookups {
  readonly #dns: Dns;
  readonly #until: Deadline;
  /** The last question of each; the next waits for its answer. */
  readonly #lanes: Promise<unknown>[] = Array.from({ length: AT_A_TIME }, () => Promise.resolve());
  #count = 0;

  constructor(dns: Dns, clock: Clock, until: Deadline) {
    this.#dns = dns;
    this.#until = earlier(until, clock.monotonicMs() + MAX_TIME_MS);
  }

  ask(name: Octets): Promise<DnsAnswer> {
    const lane = this.#count++ % AT_A_TIME;
    const before = this.#lanes[lane] ?? Promise.resolve();
    const answer = before.then(() => this.#dns.resolve(name, 'TXT', this.#until));
    this.#lanes[lane] = answer;
    return answer;
  }
}
