/** A DNS of zones in a table, for tests: answers as a resolver gives them after following CNAMEs. */
import type { Octets } from '../../base/octets.ts';
import { bytesFromOctets, lowerCase } from '../../base/octets.ts';
import type { Deadline } from '../../core/deadline.ts';
import type { Dns, DnsAnswer, DnsOptions, DnsRecord, DnsType } from '../../core/ports.ts';

/**
 * One name's records, as short texts: `A 10.0.0.1`, `MX 10 mail.example`, `TXT "a" "b"`, `CNAME other`, `PTR host`, `SRV 1 2 25 host`,
 * `TLSA 3 1 1 hex`, `SOA primary responsible serial refresh retry expire minimum`; or what happens instead: `AGAIN`, `FAIL`.
 * `AGAIN A` and `FAIL MX` are for one type.
 */
export type FakeZone = Readonly<Record<string, Octets | readonly Octets[]>>;

export class FakeDns implements Dns {
  readonly #names = new Map<Octets, readonly Octets[]>();
  readonly #authenticated = new Set<Octets>();
  readonly #isAsync: boolean;
  readonly #search: readonly Octets[];
  /** `name/TYPE` of every question, in order. */
  readonly asked: string[] = [];

  /** `async` makes every answer a promise, to prove that callers wait. */
  constructor(
    zone: FakeZone = {},
    options: { readonly isAsync?: boolean; readonly authenticated?: readonly Octets[]; readonly search?: readonly Octets[] } = {},
  ) {
    this.add(zone);
    this.#isAsync = options.isAsync ?? false;
    this.#search = options.search ?? [];
    for (const name of options.authenticated ?? []) this.#authenticated.add(lowerCase(name));
  }

  add(zone: FakeZone): void {
    for (const [name, records] of Object.entries(zone)) this.#names.set(lowerCase(name), typeof records === 'string' ? [records] : records);
  }

  searchDomains(): readonly Octets[] {
    return this.#search;
  }

  resolve(name: Octets, type: DnsType, _until: Deadline, _options?: DnsOptions): DnsAnswer | Promise<DnsAnswer> {
    this.asked.push(`${name}/${type}`);
    const answer = this.#answer(lowerCase(name), type, 0);
    return this.#isAsync ? Promise.resolve(answer) : answer;
  }

  #answer(name: Octets, type: DnsType, depth: number): DnsAnswer {
    const isAuthenticated = this.#authenticated.has(name);
    const entries = this.#names.get(name);
    if (!entries) return this.#hasBelow(name) ? { kind: 'no-data', isAuthenticated } : { kind: 'no-name', isAuthenticated };
    for (const entry of entries) {
      if (entry === 'AGAIN' || entry === `AGAIN ${type}`) return { kind: 'again', message: 'try again' };
      if (entry === 'FAIL' || entry === `FAIL ${type}`) return { kind: 'fail', message: 'refused' };
    }
    const all = entries.filter((entry) => !/^(AGAIN|FAIL)\b/.test(entry)).map((entry) => parseRecord(name, entry));
    const records = all.filter((record) => record.type === type || type === 'ANY');
    if (records.length > 0) return { kind: 'found', name, records, isAuthenticated, isAuthoritative: true };
    const alias = all.find((record) => record.type === 'CNAME');
    if (alias?.type === 'CNAME')
      return depth > 10 ? { kind: 'fail', message: 'CNAME loop' } : this.#answer(lowerCase(alias.target), type, depth + 1);
    return { kind: 'no-data', isAuthenticated };
  }

  #hasBelow(name: Octets): boolean {
    for (const known of this.#names.keys()) if (known.endsWith(`.${name}`)) return true;
    return false;
  }
}

function parseRecord(name: Octets, entry: Octets): DnsRecord {
  const [type = '', ...words] = entry.split(' ');
  const rest = entry.slice(type.length + 1);
  const number = (index: number): number => Number.parseInt(words[index] ?? '', 10);
  const word = (index: number): Octets => words[index] ?? '';
  const ttl = 300;
  switch (type) {
    case 'A':
    case 'AAAA':
      return { type, name, ttl, address: rest };
    case 'MX':
      return { type, name, ttl, preference: number(0), exchange: word(1) };
    case 'TXT':
    case 'SPF':
      return { type, name, ttl, chunks: rest.startsWith('"') ? [...rest.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? '') : [rest] };
    case 'PTR':
    case 'CNAME':
    case 'NS':
      return { type, name, ttl, target: rest };
    case 'SRV':
      return { type, name, ttl, priority: number(0), weight: number(1), port: number(2), target: word(3) };
    case 'SOA':
      return {
        type,
        name,
        ttl,
        primary: word(0),
        responsible: word(1),
        serial: number(2),
        refresh: number(3),
        retry: number(4),
        expire: number(5),
        minimum: number(6),
      };
    case 'TLSA':
      return {
        type,
        name,
        ttl,
        usage: number(0),
        selector: number(1),
        matchingType: number(2),
        data: Buffer.from(bytesFromOctets(word(3)).toString('latin1'), 'hex'),
      };
    default:
      throw new TypeError(`FakeDns: unknown record "${entry}" of ${name}`);
  }
}
