/** Domain, host, address, local part and plain lists. Spec ch. 10 "Domain, host, address, and local part lists". */
import { parseIp, plainIp } from '../base/ip.ts';
import { parseList } from '../base/list-text.ts';
import type { Octets } from '../base/octets.ts';
import { lowerCase } from '../base/octets.ts';
import type { ListSource } from '../core/config.ts';
import type { Frame } from '../core/frame.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import { chain } from '../core/maybe-promise.ts';
import type { Outcome } from '../core/outcome.ts';
import { ok } from '../core/outcome.ts';
import type { HostSubject, ListMatch, Lists } from '../core/ports.ts';
import type { Text } from '../core/text.ts';
import { sameSpans, tainted } from '../core/text.ts';
import type { AddressToMatch } from './address.ts';
import { addressMatcher, addressToMatch } from './address.ts';
import { domainMatcher } from './domain.ts';
import { ListEngine } from './engine.ts';
import type { HostNames, HostToMatch } from './host.ts';
import { hostMatcher } from './host.ts';
import { knownName, lookUpSenderName } from './host-name.ts';
import type { ItemVerdict, StringSubject } from './pattern.ts';
import { noMatch, stringMatcher, stringSubject } from './pattern.ts';

export function createLists(): Lists {
  return new ListSet();
}

class ListSet implements Lists {
  readonly #hosts: ListEngine<HostToMatch> = new ListEngine({
    kind: 'host',
    title: 'host list',
    named: 'hostlist',
    hasCommentsAnywhere: true,
    hasUnknownItems: true,
    matcher: hostMatcher,
    cacheKey: (host) => host.address,
    describe: () => 'host',
  });

  readonly #domains: ListEngine<StringSubject> = new ListEngine({
    kind: 'domain',
    title: 'domain list',
    named: 'domainlist',
    hasCommentsAnywhere: true,
    hasUnknownItems: false,
    matcher: (pattern, frame) =>
      domainMatcher(pattern, frame, {
        matchHostAddress: (list, address, where) => this.matchHost(list, { address, name: '', isSender: false }, where),
        isTreatedAsLocal: (host, where) => this.#isTreatedAsLocal(host, where),
      }),
    cacheKey: (subject) => `${subject.isCaseful}\0${subject.folded}`,
    describe: (subject) => subject.text.octets,
  });

  readonly #localParts = new ListEngine<LocalPartToMatch>({
    kind: 'localpart',
    title: 'local part list',
    named: 'localpartlist',
    hasCommentsAnywhere: false,
    hasUnknownItems: false,
    caseful: (subject) => localPartToMatch(subject.original, true),
    matcher: stringMatcher,
    cacheKey: (subject) => `${subject.isCaseful}\0${subject.original.octets}`,
    describe: (subject) => subject.text.octets,
  });

  readonly #addresses: ListEngine<AddressToMatch> = new ListEngine({
    kind: 'address',
    title: 'address list',
    named: 'addresslist',
    hasCommentsAnywhere: false,
    hasUnknownItems: false,
    caseful: (subject) => addressToMatch(subject.text, true),
    matcher: (pattern, frame) =>
      addressMatcher(pattern, frame, (domainPattern, domain, where, isCaseful) =>
        this.#matchDomainPattern(domainPattern, domain, where, isCaseful),
      ),
    cacheKey: (subject) => `${subject.isCaseful}\0${subject.text.octets}`,
    describe: (subject) => subject.text.octets,
  });

  readonly #strings: ListEngine<StringSubject> = new ListEngine({
    kind: 'string',
    title: 'list',
    named: undefined,
    hasCommentsAnywhere: false,
    hasUnknownItems: false,
    matcher: stringMatcher,
    cacheKey: () => undefined,
    describe: (subject) => subject.text.octets,
  });

  split(list: Octets): readonly Octets[] {
    return parseList(list).items;
  }

  matchDomain(list: ListSource | Text, domain: Text, frame: Frame): MaybePromise<Outcome<ListMatch>> {
    return this.#domains.match(list, domainSubject(domain), frame);
  }

  matchLocalPart(list: ListSource | Text, localPart: Text, frame: Frame, isCaseful: boolean): MaybePromise<Outcome<ListMatch>> {
    return this.#localParts.match(list, localPartToMatch(localPart, isCaseful), frame);
  }

  matchAddress(list: ListSource | Text, address: Text, frame: Frame, isCaseful = false): MaybePromise<Outcome<ListMatch>> {
    return this.#addresses.match(list, addressToMatch(address, isCaseful), frame);
  }

  matchHost(list: ListSource | Text, host: HostSubject, frame: Frame): MaybePromise<Outcome<ListMatch>> {
    return this.#hosts.match(list, hostToMatch(host, frame), frame);
  }

  async findSenderName(frame: Frame): Promise<void> {
    await lookUpSenderName(frame);
  }

  matchString(list: ListSource | Text, subject: Text, frame: Frame): MaybePromise<Outcome<ListMatch>> {
    return this.#strings.match(list, stringSubject(subject, false), frame);
  }

  #isTreatedAsLocal(host: Octets, frame: Frame): MaybePromise<Outcome<ListMatch>> {
    const list = frame.config.main.hosts_treat_as_local;
    return list ? this.matchDomain(list, tainted(host), frame) : ok({ matched: false });
  }

  /** One pattern of an address list's domain part: a separator in it is not one. */
  #matchDomainPattern(pattern: Text, domain: Text, frame: Frame, isCaseful: boolean): MaybePromise<ItemVerdict> {
    if (pattern.octets === '') return noMatch;
    return chain(this.#domains.matchItem(pattern, stringSubject(domain, isCaseful), frame), (outcome): ItemVerdict => {
      if (outcome.kind === 'ok') return outcome.value.matched ? { kind: 'match', data: outcome.value.data } : noMatch;
      return outcome.kind === 'forced-fail' ? noMatch : { kind: 'defer', message: outcome.message };
    });
  }
}

interface LocalPartToMatch extends StringSubject {
  /** With its case, for after `+caseful`. */
  readonly original: Text;
}

/** `$0` is in lower case, but for regular expressions, as in Exim. */
function domainSubject(domain: Text): StringSubject {
  const folded = lowerCase(domain.octets);
  return folded === domain.octets
    ? stringSubject(domain, false)
    : { text: sameSpans(folded, domain), folded, isCaseful: false, original: domain };
}

/** `$0` and what follows it are in lower case when the comparison is caseless, but for regular expressions, as in Exim. */
function localPartToMatch(localPart: Text, isCaseful: boolean): LocalPartToMatch {
  const text = isCaseful ? localPart : sameSpans(lowerCase(localPart.octets), localPart);
  return { ...stringSubject(text, isCaseful), original: localPart };
}

function hostToMatch(host: HostSubject, frame: Frame): HostToMatch {
  const address = host.address === undefined ? '' : plainIp(host.address);
  const isAddressOnly = host.name === '' && !host.isSender;
  return { address, bytes: parseIp(address), isAddressOnly, names: () => namesOf(host, frame) };
}

function namesOf(host: HostSubject, frame: Frame): MaybePromise<HostNames> {
  if (host.name !== undefined) return { kind: 'known', names: host.name === '' ? [] : [host.name, ...(host.aliases ?? [])] };
  const origin = frame.session?.state.origin;
  if (!host.isSender || !origin) return { kind: 'known', names: [] };
  return chain(knownName(origin) ?? lookUpSenderName(frame), (found): HostNames => {
    if (found.kind === 'found') return { kind: 'known', names: [found.name, ...found.aliases] };
    return { kind: found.kind === 'deferred' ? 'deferred' : 'unknown' };
  });
}
