/** The host's own facts for tests: /etc/hosts, accounts, machine, chance, crypt. */

import { parseIp } from '../../base/ip.ts';
import type { Octets } from '../../base/octets.ts';
import { lowerCase } from '../../base/octets.ts';
import type { Deadline } from '../../core/deadline.ts';
import type { Outcome } from '../../core/outcome.ts';
import { defer, ok } from '../../core/outcome.ts';
import type { Accounts, Crypt, GroupFacts, HostLookup, Hosts, Machine, Random, UserFacts } from '../../core/ports.ts';

/** Lines of /etc/hosts: `10.0.0.1 name alias`; `AGAIN name` for a name whose lookup must be tried again. */
export class FakeHosts implements Hosts {
  readonly #lines: readonly (readonly Octets[])[];

  constructor(lines: readonly Octets[] = ['127.0.0.1 localhost', '::1 localhost']) {
    this.#lines = lines.map((line) => line.split(' '));
  }

  byName(name: Octets, family: 0 | 4 | 6, _until: Deadline): HostLookup {
    const wanted = lowerCase(name);
    const lines = this.#lines.filter(([, ...names]) => names.some((known) => lowerCase(known) === wanted));
    if (lines.some(([address]) => address === 'AGAIN')) return { kind: 'again', message: 'try again' };
    const usable = lines.filter(([address = '']) => family === 0 || address.includes(':') === (family === 6));
    return found(usable);
  }

  byAddress(address: Octets, _until: Deadline): HostLookup {
    return found(this.#lines.filter(([known]) => known === address));
  }
}

function found(lines: readonly (readonly Octets[])[]): HostLookup {
  const [first] = lines;
  if (!first) return { kind: 'not-found' };
  const [, name = '', ...aliases] = first;
  return {
    kind: 'found',
    name,
    aliases,
    addresses: lines.map(([address = '']) => address).filter((address) => parseIp(address) !== undefined),
    isAuthenticated: false,
  };
}

/** Lines of /etc/passwd and /etc/group. */
export class FakeAccounts implements Accounts {
  readonly #users: readonly UserFacts[];
  readonly #groups: readonly GroupFacts[];
  readonly #isBroken: boolean;

  constructor(
    passwd: readonly Octets[] = ['root:x:0:0:root:/root:/bin/sh', 'exim:x:93:93:Exim:/var/spool/exim:/bin/false'],
    group: readonly Octets[] = ['root:x:0:', 'exim:x:93:'],
    options: { readonly isBroken?: boolean } = {},
  ) {
    this.#users = passwd.map((line) => {
      const [name = '', , uid = '', gid = '', gecos = '', home = '', shell = ''] = line.split(':');
      return { name, uid: Number.parseInt(uid, 10), gid: Number.parseInt(gid, 10), gecos, home, shell };
    });
    this.#groups = group.map((line) => {
      const [name = '', , gid = '', members = ''] = line.split(':');
      return { name, gid: Number.parseInt(gid, 10), members: members === '' ? [] : members.split(',') };
    });
    this.#isBroken = options.isBroken ?? false;
  }

  userByName(name: Octets): Outcome<UserFacts | undefined> {
    return this.#answer(this.#users.find((user) => user.name === name));
  }

  userById(uid: number): Outcome<UserFacts | undefined> {
    return this.#answer(this.#users.find((user) => user.uid === uid));
  }

  groupByName(name: Octets): Outcome<GroupFacts | undefined> {
    return this.#answer(this.#groups.find((group) => group.name === name));
  }

  groupById(gid: number): Outcome<GroupFacts | undefined> {
    return this.#answer(this.#groups.find((group) => group.gid === gid));
  }

  groupsOf(name: Octets, gid: number): Outcome<readonly number[]> {
    const others = this.#groups.filter((group) => group.members.includes(name) && group.gid !== gid);
    return this.#answer([gid, ...others.map((group) => group.gid)]);
  }

  #answer<T>(value: T): Outcome<T> {
    return this.#isBroken ? defer('user database is not available') : ok(value);
  }
}

/** The same numbers in the same order at every run. */
export class FakeRandom implements Random {
  #state: number;

  constructor(seed = 1) {
    this.#state = seed >>> 0;
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }
}

export class FakeMachine implements Machine {
  readonly pid = 1234;
  readonly hostName: Octets;
  readonly #environment: ReadonlyMap<string, Octets>;
  readonly #addresses: readonly Octets[];
  load = 0;
  space = { kib: 1_000_000, inodes: 1_000_000 };

  constructor(
    options: {
      readonly hostName?: Octets;
      readonly addresses?: readonly Octets[];
      readonly environment?: Readonly<Record<string, Octets>>;
    } = {},
  ) {
    this.hostName = options.hostName ?? 'mail.test.example';
    this.#addresses = options.addresses ?? ['127.0.0.1', '::1', '192.0.2.1'];
    this.#environment = new Map(Object.entries(options.environment ?? {}));
  }

  processors(): number {
    return 2;
  }

  loadAverage(): number {
    return this.load;
  }

  interfaceAddresses(): readonly Octets[] {
    return this.#addresses;
  }

  environment(): ReadonlyMap<string, Octets> {
    return this.#environment;
  }

  realUid(): number {
    return 93;
  }

  effectiveUid(): number {
    return 93;
  }

  effectiveGid(): number {
    return 93;
  }

  freeSpace(): { readonly kib: number; readonly inodes: number } {
    return this.space;
  }
}

/** `{plain}secret` settings only: crypt gives `{plain}` and the password. */
export const fakeCrypt: Crypt = {
  crypt: (password) => ok(`{plain}${password}`),
};
