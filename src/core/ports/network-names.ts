/** DNS, host names, users and groups. */
import type { Octets } from '../../base/octets.ts';
import type { Deadline } from '../deadline.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { Outcome } from '../outcome.ts';

export type DnsType = 'A' | 'AAAA' | 'MX' | 'TXT' | 'PTR' | 'CNAME' | 'NS' | 'SOA' | 'SRV' | 'TLSA' | 'SPF' | 'CSA' | 'ANY';

export type DnsRecord =
  | { readonly type: 'A' | 'AAAA'; readonly name: Octets; readonly ttl: number; readonly address: Octets }
  | { readonly type: 'MX'; readonly name: Octets; readonly ttl: number; readonly preference: number; readonly exchange: Octets }
  | { readonly type: 'TXT' | 'SPF'; readonly name: Octets; readonly ttl: number; readonly chunks: readonly Octets[] }
  | { readonly type: 'PTR' | 'CNAME' | 'NS'; readonly name: Octets; readonly ttl: number; readonly target: Octets }
  | {
      readonly type: 'SRV';
      readonly name: Octets;
      readonly ttl: number;
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: Octets;
    }
  | {
      readonly type: 'SOA';
      readonly name: Octets;
      readonly ttl: number;
      readonly primary: Octets;
      readonly responsible: Octets;
      readonly serial: number;
      readonly refresh: number;
      readonly retry: number;
      readonly expire: number;
      readonly minimum: number;
    }
  | {
      readonly type: 'TLSA';
      readonly name: Octets;
      readonly ttl: number;
      readonly usage: number;
      readonly selector: number;
      readonly matchingType: number;
      readonly data: Uint8Array;
    };

export type DnsAnswer =
  /** Records of the wanted type after following CNAMEs; `name` is the name they stand under. */
  | {
      readonly kind: 'found';
      readonly name: Octets;
      readonly records: readonly DnsRecord[];
      readonly isAuthenticated: boolean;
      readonly isAuthoritative: boolean;
    }
  /** The name does not exist (NXDOMAIN). */
  | { readonly kind: 'no-name'; readonly isAuthenticated: boolean }
  /** The name exists but has no record of this type. */
  | { readonly kind: 'no-data'; readonly isAuthenticated: boolean }
  /** Try again: SERVFAIL, timeout. */
  | { readonly kind: 'again'; readonly message: string }
  /** REFUSED, FORMERR, a malformed name. */
  | { readonly kind: 'fail'; readonly message: string };

/** Per-call settings; what is absent comes from the configuration (`dns_retrans`, …). */
export interface DnsOptions {
  readonly retransMs?: number;
  readonly retries?: number;
  /** Ask for AD. */
  readonly dnssec?: boolean;
}

export interface Dns {
  /** Names in octets without a final dot; caches by TTL, negative answers too. */
  resolve(name: Octets, type: DnsType, until: Deadline, options?: DnsOptions): MaybePromise<DnsAnswer>;
  /** `search` of resolv.conf(5): `resolve` does not look at them. */
  searchDomains?(): readonly Octets[];
}

/** A host to contact, or one found. */
export interface HostItem {
  readonly name: Octets;
  /** What its certificate has to be for, when that is not `name`: the name that CNAMEs led from (RFC 6125 s1.8 "reference identifier"). */
  readonly certificateName?: Octets | undefined;
  /** Undefined until its address was found. */
  readonly address?: Octets | undefined;
  /** MX preference; undefined when not from an MX record. */
  readonly mx?: number | undefined;
  readonly port?: number | undefined;
  /** Random tie breaker among equals. */
  readonly sortKey?: number | undefined;
  readonly isDnsSecure?: boolean | undefined;
  /** `MX=none`-like separators of manualroute's `+` groups. */
  readonly isGroupEnd?: boolean | undefined;
}

export type HostLookup =
  | {
      readonly kind: 'found';
      readonly name: Octets;
      readonly aliases: readonly Octets[];
      readonly addresses: readonly Octets[];
      readonly isAuthenticated: boolean;
    }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'again'; readonly message: string };

export interface Hosts {
  /** /etc/hosts (re-read when changed), then the system's resolver: getaddrinfo's view. */
  byName(name: Octets, family: 0 | 4 | 6, until: Deadline): MaybePromise<HostLookup>;
  /** /etc/hosts, then the DNS, for `host_lookup_order = byaddr`. */
  byAddress(address: Octets, until: Deadline): MaybePromise<HostLookup>;
}

export interface UserFacts {
  readonly name: Octets;
  readonly uid: number;
  readonly gid: number;
  readonly gecos: Octets;
  readonly home: Octets;
  readonly shell: Octets;
}

export interface GroupFacts {
  readonly name: Octets;
  readonly gid: number;
  readonly members: readonly Octets[];
}

/** A failing service is a defer, never "unknown user": `undefined` means that the user does not exist. */
export interface Accounts {
  userByName(name: Octets): Outcome<UserFacts | undefined>;
  userById(uid: number): Outcome<UserFacts | undefined>;
  groupByName(name: Octets): Outcome<GroupFacts | undefined>;
  groupById(gid: number): Outcome<GroupFacts | undefined>;
  /** Supplementary groups as initgroups would set them, `gid` included. */
  groupsOf(name: Octets, gid: number): Outcome<readonly number[]>;
}

/** crypt(3): undefined when the scheme is not supported here. In the thread pool where it is slow. */
export interface Crypt {
  crypt(password: Octets, setting: Octets): MaybePromise<Outcome<Octets>>;
}
