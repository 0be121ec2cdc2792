/** Patterns of domain lists. Spec ch. 10 "Domain lists". */
import { formatIp, parseIp } from '../base/ip.ts';
import type { Octets } from '../base/octets.ts';
import { equalsIgnoreCase } from '../base/octets.ts';
import type { Frame } from '../core/frame.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import { chain, chainEach } from '../core/maybe-promise.ts';
import type { Outcome } from '../core/outcome.ts';
import type { DnsAnswer, ListMatch } from '../core/ports.ts';
import type { Text } from '../core/text.ts';
import { sliceText, untainted } from '../core/text.ts';
import { localAddresses } from './local-host.ts';
import type { ItemVerdict, Matcher, StringSubject } from './pattern.ts';
import { noMatch, stringMatcher, subjectCaptures } from './pattern.ts';

/** The lists that a domain pattern may need besides its own: the addresses to ignore, the hosts that count as local. */
export interface DomainNeeds {
  matchHostAddress(list: Text, address: Octets, frame: Frame): MaybePromise<Outcome<ListMatch>>;
  isTreatedAsLocal(host: Octets, frame: Frame): MaybePromise<Outcome<ListMatch>>;
}

export function domainMatcher(pattern: Text, frame: Frame, needs: DomainNeeds): Matcher<StringSubject> {
  const { octets } = pattern;
  if (octets === '@') return matchPrimaryHost;
  if (octets === '@[]') return matchLocalLiteral;
  const mx = /^@mx_(any|primary|secondary)(?=$|[ \t/])/.exec(octets);
  if (mx) return mxMatcher(pattern, mx[1] ?? '', needs);
  return stringMatcher(pattern, frame);
}

function matchPrimaryHost(subject: StringSubject, frame: Frame): ItemVerdict {
  const name = frame.config.main.primary_hostname ?? frame.services.machine.hostName;
  return equalsIgnoreCase(subject.text.octets, name)
    ? { kind: 'match', data: untainted(name), captures: subjectCaptures(subject) }
    : noMatch;
}

function matchLocalLiteral(subject: StringSubject, frame: Frame): ItemVerdict {
  const literal = /^\[([^\]]*)\]$/.exec(subject.text.octets);
  const bytes = literal && parseIp(literal[1] ?? '');
  if (!bytes || !localAddresses(frame).has(formatIp(bytes))) return noMatch;
  return { kind: 'match', data: untainted('@[]'), captures: subjectCaptures(subject) };
}

/** `@mx_any`, `@mx_primary`, `@mx_secondary`, with `/ignore=<host list>`. */
function mxMatcher(pattern: Text, which: Octets, needs: DomainNeeds): Matcher<StringSubject> {
  const ignoreAt = pattern.octets.indexOf('/ignore=');
  const ignored = ignoreAt < 0 ? undefined : sliceText(pattern, ignoreAt + '/ignore='.length);
  return (subject, frame) =>
    chain(frame.services.dns.resolve(subject.folded, 'MX', frame.until), (answer) => {
      const hosts = mailHosts(answer);
      if (typeof hosts === 'string') return { kind: 'defer', message: hosts };
      if (hosts.length === 0) return noMatch;
      const lowest = Math.min(...hosts.map((host) => host.preference));
      const primaries = hosts.filter((host) => host.preference === lowest);
      const others = hosts.filter((host) => host.preference !== lowest);
      const yes: ItemVerdict = { kind: 'match', data: pattern, captures: subjectCaptures(subject) };
      const locals = new MxLocals(ignored, needs, frame);
      if (which === 'primary') return locals.decide(primaries, (isLocal) => (isLocal ? yes : noMatch));
      if (which === 'any') return locals.decide(hosts, (isLocal) => (isLocal ? yes : noMatch));
      return locals.decide(primaries, (isPrimary) => (isPrimary ? noMatch : locals.decide(others, (isLocal) => (isLocal ? yes : noMatch))));
    });
}

interface MailHost {
  readonly name: Octets;
  readonly preference: number;
}

/** Text: why it could not be found out now. */
function mailHosts(answer: DnsAnswer): readonly MailHost[] | string {
  if (answer.kind === 'again') return answer.message;
  if (answer.kind !== 'found') return [];
  return answer.records.flatMap((record) => (record.type === 'MX' ? [{ name: record.exchange, preference: record.preference }] : []));
}

/** Whether one of several mail hosts is the local host or treated as such. */
class MxLocals {
  readonly #ignored: Text | undefined;
  readonly #needs: DomainNeeds;
  readonly #frame: Frame;
  readonly #local: ReadonlySet<Octets>;

  constructor(ignored: Text | undefined, needs: DomainNeeds, frame: Frame) {
    this.#ignored = ignored;
    this.#needs = needs;
    this.#frame = frame;
    this.#local = localAddresses(frame);
  }

  /** A host whose addresses cannot be found now defers only when no other is local. */
  decide(hosts: readonly MailHost[], next: (isLocal: boolean) => MaybePromise<ItemVerdict>): MaybePromise<ItemVerdict> {
    let deferred: string | undefined;
    const found = chainEach(hosts, (host) =>
      chain(this.#isLocal(host.name), (answer) => {
        if (typeof answer === 'string') deferred = answer;
        return answer === true ? true : undefined;
      }),
    );
    return chain(found, (isLocal) =>
      isLocal !== true && deferred !== undefined ? { kind: 'defer', message: deferred } : next(isLocal === true),
    );
  }

  #isLocal(host: Octets): MaybePromise<boolean | string> {
    return chain(this.#needs.isTreatedAsLocal(host, this.#frame), (outcome) => {
      if (outcome.kind === 'ok' && outcome.value.matched) return true;
      if (outcome.kind === 'defer' || outcome.kind === 'fail') return outcome.message;
      return this.#hasLocalAddress(host);
    });
  }

  #hasLocalAddress(host: Octets): MaybePromise<boolean | string> {
    const { dns } = this.#frame.services;
    let deferred: string | undefined;
    const types = this.#frame.config.main.disable_ipv6 ? (['A'] as const) : (['A', 'AAAA'] as const);
    const found = chainEach(types, (type) =>
      chain(dns.resolve(host, type, this.#frame.until), (answer) => {
        if (answer.kind === 'again') deferred = answer.message;
        if (answer.kind !== 'found') return undefined;
        const local = answer.records.flatMap((record) => (record.type === type && this.#local.has(record.address) ? [record.address] : []));
        return chainEach(local, (address) => chain(this.#isIgnored(address), (isIgnored) => (isIgnored ? undefined : true)));
      }),
    );
    return chain(found, (isLocal) => isLocal ?? deferred ?? false);
  }

  #isIgnored(address: Octets): MaybePromise<boolean> {
    if (!this.#ignored) return false;
    return chain(
      this.#needs.matchHostAddress(this.#ignored, address, this.#frame),
      (outcome) => outcome.kind === 'ok' && outcome.value.matched,
    );
  }
}
