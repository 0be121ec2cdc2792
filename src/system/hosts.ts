/**
 * Hosts by name and address: /etc/hosts (read again when changed), then DNS. Not getaddrinfo: it would hold a thread of the pool for the
 * whole time a name server does not answer, knows no TTL, and cannot be given up. Other sources of nsswitch.conf are not asked.
 */
import { formatIp, parseIp, ptrName } from '../base/ip.ts';
import type { Octets } from '../base/octets.ts';
import { lowerCase, octetsFromBytes } from '../base/octets.ts';
import type { Deadline } from '../core/deadline.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import type { Dns, Files, HostLookup, Hosts } from '../core/ports.ts';

export interface SystemHostsParts {
  readonly files: Pick<Files, 'stat' | 'readFile'>;
  /** Names of one label are tried in its search domains. */
  readonly dns: Dns;
  readonly path?: Octets;
}

interface HostsLine {
  readonly address: Octets;
  readonly names: readonly Octets[];
}

interface HostsTable {
  readonly byName: ReadonlyMap<Octets, readonly HostsLine[]>;
  readonly byAddress: ReadonlyMap<Octets, readonly HostsLine[]>;
}

const maxHostsBytes = 16 << 20;
const emptyTable: HostsTable = { byName: new Map(), byAddress: new Map() };
const notFound: HostLookup = { kind: 'not-found' };

export class SystemHosts implements Hosts {
  readonly #parts: SystemHostsParts;
  readonly #path: Octets;
  #table = emptyTable;
  #stamp: string | undefined;

  constructor(parts: SystemHostsParts) {
    this.#parts = parts;
    this.#path = parts.path ?? '/etc/hosts';
  }

  byName(name: Octets, family: 0 | 4 | 6, until: Deadline): MaybePromise<HostLookup> {
    const literal = parseIp(name);
    if (literal)
      return isOfFamily(name, family)
        ? { kind: 'found', name, aliases: [], addresses: [formatIp(literal)], isAuthenticated: false }
        : notFound;
    const plain = name.endsWith('.') ? name.slice(0, -1) : name;
    if (plain === '') return notFound;
    const lines = (this.#read().byName.get(lowerCase(plain)) ?? []).filter((line) => isOfFamily(line.address, family));
    return lines.length > 0 ? fromLines(lines) : this.#bySearch(plain, family, until);
  }

  byAddress(address: Octets, until: Deadline): MaybePromise<HostLookup> {
    const bytes = parseIp(address);
    if (!bytes) return notFound;
    const lines = this.#read().byAddress.get(formatIp(bytes));
    return lines ? fromLines(lines) : this.#byPointer(bytes, until);
  }

  async #byPointer(bytes: Uint8Array, until: Deadline): Promise<HostLookup> {
    const answer = await this.#parts.dns.resolve(ptrName(bytes), 'PTR', until);
    if (answer.kind === 'again') return { kind: 'again', message: answer.message };
    if (answer.kind !== 'found') return notFound;
    const names = answer.records.flatMap((record) => (record.type === 'PTR' && record.target !== '' ? [record.target] : []));
    const [name, ...aliases] = names;
    if (name === undefined) return notFound;
    return { kind: 'found', name, aliases, addresses: [formatIp(bytes)], isAuthenticated: answer.isAuthenticated };
  }

  /** A name of one label is tried in the search domains first, as the system's resolver does. */
  async #bySearch(name: Octets, family: 0 | 4 | 6, until: Deadline): Promise<HostLookup> {
    const domains = name.includes('.') ? [] : (this.#parts.dns.searchDomains?.() ?? []);
    for (const domain of domains) {
      const found = await this.#byDns(`${name}.${domain}`, family, until);
      if (found.kind !== 'not-found') return found;
    }
    return this.#byDns(name, family, until);
  }

  async #byDns(name: Octets, family: 0 | 4 | 6, until: Deadline): Promise<HostLookup> {
    const types = family === 4 ? (['A'] as const) : family === 6 ? (['AAAA'] as const) : (['A', 'AAAA'] as const);
    const answers = await Promise.all(types.map((type) => this.#parts.dns.resolve(name, type, until)));
    const addresses: Octets[] = [];
    let canonical = name;
    let isAuthenticated = true;
    for (const answer of answers) {
      if (answer.kind !== 'found') continue;
      canonical = answer.name;
      isAuthenticated &&= answer.isAuthenticated;
      for (const record of answer.records) if (record.type === 'A' || record.type === 'AAAA') addresses.push(record.address);
    }
    if (addresses.length > 0)
      return { kind: 'found', name: canonical, aliases: canonical === name ? [] : [name], addresses, isAuthenticated };
    const deferred = answers.find((answer) => answer.kind === 'again');
    return deferred?.kind === 'again' ? { kind: 'again', message: deferred.message } : notFound;
  }

  #read(): HostsTable {
    const { files } = this.#parts;
    const facts = files.stat(this.#path);
    const stamp =
      facts.kind === 'ok' ? `${facts.value.inode} ${facts.value.mtimeNs} ${facts.value.ctimeNs} ${facts.value.sizeBytes}` : 'none';
    if (stamp === this.#stamp) return this.#table;
    this.#stamp = stamp;
    const content = files.readFile(this.#path, maxHostsBytes);
    this.#table = content.kind === 'ok' ? parseHosts(octetsFromBytes(content.value)) : emptyTable;
    return this.#table;
  }
}

/** hosts(5): `address name alias…`, `#` begins a comment. */
export function parseHosts(text: Octets): HostsTable {
  const byName = new Map<Octets, HostsLine[]>();
  const byAddress = new Map<Octets, HostsLine[]>();
  for (const raw of text.split('\n')) {
    const comment = raw.indexOf('#');
    const [first = '', ...names] = (comment < 0 ? raw : raw.slice(0, comment)).split(/[ \t\r]+/).filter((word) => word !== '');
    const bytes = parseIp(first);
    if (!bytes || names.length === 0) continue;
    const line: HostsLine = { address: formatIp(bytes), names };
    append(byAddress, line.address, line);
    for (const name of new Set(names.map(lowerCase))) append(byName, name, line);
  }
  return { byName, byAddress };
}

function append(table: Map<Octets, HostsLine[]>, key: Octets, line: HostsLine): void {
  const lines = table.get(key);
  if (lines) lines.push(line);
  else table.set(key, [line]);
}

function fromLines(lines: readonly HostsLine[]): HostLookup {
  const [name = '', ...others] = new Set(lines.flatMap((line) => line.names));
  return { kind: 'found', name, aliases: others, addresses: [...new Set(lines.map((line) => line.address))], isAuthenticated: false };
}

function isOfFamily(address: Octets, family: 0 | 4 | 6): boolean {
  return family === 0 || address.includes(':') === (family === 6);
}
