/** Answers of the DNS that are used again until their time is over, bounded in number and in octets: names and records are what strangers make them. */
import { BoundedCache } from '../base/bounded-cache.ts';
import type { DnsAnswer, DnsRecord } from '../core/ports.ts';

interface Kept {
  readonly answer: DnsAnswer;
  readonly untilMs: number;
  readonly octets: number;
}

export class AnswerCache {
  readonly #entries: BoundedCache<string, Kept>;
  readonly #maxOctets: number;
  #octets = 0;

  constructor(maxAnswers: number, maxOctets: number) {
    this.#entries = new BoundedCache(maxAnswers, ({ octets }) => {
      this.#octets -= octets;
    });
    this.#maxOctets = maxOctets;
  }

  get(id: string, nowMs: number): DnsAnswer | undefined {
    const kept = this.#entries.get(id);
    return kept !== undefined && kept.untilMs > nowMs ? kept.answer : undefined;
  }

  set(id: string, answer: DnsAnswer, untilMs: number): void {
    const octets = id.length + octetsOf(answer);
    this.#entries.set(id, { answer, untilMs, octets });
    this.#octets += octets;
    while (this.#octets > this.#maxOctets && this.#entries.size > 1) this.#entries.shrink(this.#entries.size - 1);
  }

  clear(): void {
    this.#entries.clear();
  }
}

/** What an entry or a record takes besides its texts, and a little more. */
const OVERHEAD = 200;

/** About so many. */
function octetsOf(answer: DnsAnswer): number {
  switch (answer.kind) {
    case 'found':
      return answer.records.reduce((sum, record) => sum + octetsOfRecord(record), OVERHEAD);
    case 'again':
    case 'fail':
      return OVERHEAD + answer.message.length;
    default:
      return OVERHEAD;
  }
}

function octetsOfRecord(record: DnsRecord): number {
  return record.type === 'TXT' ? record.chunks.reduce((sum, chunk) => sum + chunk.length, OVERHEAD) : OVERHEAD;
}
