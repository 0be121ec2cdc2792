/** The `dnslists` condition: is the sending host, or a given key, in one of the DNS lists? Spec ch. 44 "Using DNS lists"; RFC 5782. */
import { parseIp, reverseIp } from '../../base/ip.ts';
import { parseList } from '../../base/list-text.ts';
import type { Octets } from '../../base/octets.ts';
import type { Frame } from '../../core/frame.ts';
import { mailOf, originOf } from '../../core/frame.ts';
import type { MaybePromise } from '../../core/maybe-promise.ts';
import { chain, chainEach } from '../../core/maybe-promise.ts';
import type { Outcome } from '../../core/outcome.ts';
import { defer, ok } from '../../core/outcome.ts';
import type { DnsRecord } from '../../core/ports.ts';
import type { Text } from '../../core/text.ts';
import { tainted, untainted } from '../../core/text.ts';
import type { DnslistItem } from './item.ts';
import { allowsAddresses, parseDnslistItem } from './item.ts';

export interface DnslistsResult {
  readonly matched: boolean;
}

/** What a lookup that cannot be finished counts as: `+include_unknown`, `+exclude_unknown`, `+defer_unknown`. */
type OnUnknown = 'include' | 'exclude' | 'defer';

const unknownItems: ReadonlyMap<string, OnUnknown> = new Map([
  ['+include_unknown', 'include'],
  ['+exclude_unknown', 'exclude'],
  ['+defer_unknown', 'defer'],
]);

const unknownTexts: Readonly<Record<OnUnknown, string>> = {
  include: 'assumed in list',
  exclude: 'assumed not in list',
  defer: 'returned DEFER',
};

const maxQueryOctets = 255;

/** `no`: this key is not listed; `defer`: it could not be found out and `+defer_unknown` holds. */
type KeyResult = 'listed' | 'no' | 'defer';

/**
 * Goes through the (expanded) list until a key is listed; then `$dnslist_domain`, `$dnslist_matched`, `$dnslist_value` and `$dnslist_text`
 * are set in the frame's results. A defer has no text of its own: its cause was logged.
 */
export function checkDnslists(argument: Text, frame: Frame): MaybePromise<Outcome<DnslistsResult>> {
  let onUnknown: OnUnknown = 'exclude';
  const decided = chainEach(parseList(argument.octets).items, (text): MaybePromise<Outcome<DnslistsResult> | undefined> => {
    debug(frame, `dnslists check: ${text}`);
    if (text.startsWith('+')) {
      const special = unknownItems.get(text);
      if (special) onUnknown = special;
      else frame.services.log.main(`unknown item in dnslist (ignored): ${text}`, mailOf(frame)?.id);
      return undefined;
    }
    return checkItem(parseDnslistItem(text), onUnknown, frame);
  });
  return chain(decided, (outcome) => outcome ?? ok({ matched: false }));
}

/** Whether any item has no keys of its own: the sending host's address is the key. */
export function asksForHost(argument: Text): boolean {
  return parseList(argument.octets).items.some((text) => !text.startsWith('+') && parseDnslistItem(text).keys === undefined);
}

/** Undefined: go on with the next item. */
function checkItem(item: DnslistItem, onUnknown: OnUnknown, frame: Frame): MaybePromise<Outcome<DnslistsResult> | undefined> {
  for (const domain of new Set([item.domain, item.textDomain])) {
    if (!/^[A-Za-z0-9._-]*$/.test(domain))
      frame.services.log.main(`dnslists domain "${domain}" contains strange characters - is this right?`, mailOf(frame)?.id);
  }
  const keys = item.keys ?? [originOf(frame)?.hostAddress ?? ''];
  if (item.keys === undefined && keys[0] === '') return ok({ matched: false }); // without a remote host nothing can match
  let isDeferred = false;
  const listed = chainEach(keys, (key) =>
    chain(checkKey(item, key, onUnknown, frame), (result) => {
      if (result === 'defer') isDeferred = true;
      return result === 'listed' ? true : undefined;
    }),
  );
  return chain(listed, (isListed) => {
    if (isListed) return ok({ matched: true });
    return isDeferred ? defer('') : undefined;
  });
}

function checkKey(item: DnslistItem, key: Octets, onUnknown: OnUnknown, frame: Frame): MaybePromise<KeyResult> {
  const bytes = parseIp(key);
  const prefix = bytes ? reverseIp(bytes) : key;
  return chain(lookUpAddresses(item, key, prefix, onUnknown, frame), (found) => {
    if (found === 'no' || found === 'defer') return found;
    return chain(confirmInTextDomain(item, key, prefix, onUnknown, frame), (confirmed) => {
      if (confirmed === 'no' || confirmed === 'defer') return confirmed;
      const { results } = frame;
      results.dnslistDomain = untainted(item.textDomain);
      results.dnslistMatched = tainted(key);
      if (found === 'assumed') return 'listed';
      const shown = confirmed === 'assumed' ? found : confirmed;
      return chain(lookUpText(`${prefix}.${item.textDomain}`, frame), (text): KeyResult => {
        results.dnslistValue = tainted(shown.join(', '));
        results.dnslistText = tainted(text);
        return 'listed';
      });
    });
  });
}

/** Of two domains the first must list the key too, with whatever address. */
function confirmInTextDomain(item: DnslistItem, key: Octets, prefix: Octets, onUnknown: OnUnknown, frame: Frame): MaybePromise<Found> {
  if (item.textDomain === item.domain) return 'assumed';
  return lookUpAddresses({ ...item, domain: item.textDomain, restriction: undefined }, key, prefix, onUnknown, frame);
}

/** The returned addresses of a key that is listed; `assumed`: the lookup failed, and that counts as listed. */
type Found = readonly Octets[] | 'assumed' | 'no' | 'defer';

function lookUpAddresses(item: DnslistItem, key: Octets, prefix: Octets, onUnknown: OnUnknown, frame: Frame): MaybePromise<Found> {
  const { log, dns } = frame.services;
  const query = `${prefix}.${item.domain}`;
  if (query.length > maxQueryOctets) {
    log.main(`dnslist query is too long (ignored): ${query}...`, mailOf(frame)?.id);
    return 'no';
  }
  debug(frame, `new DNS lookup for ${query}`);
  return chain(dns.resolve(query, 'A', frame.until), (answer): Found => {
    if (answer.kind === 'again') {
      if (log.selected('dnslist_defer'))
        log.main(`DNS list lookup defer (probably timeout) for ${query}: ${unknownTexts[onUnknown]}`, mailOf(frame)?.id);
      if (onUnknown === 'include') debug(frame, `=> that means ${key} is listed at ${item.domain}`);
      return onUnknown === 'include' ? 'assumed' : onUnknown === 'defer' ? 'defer' : 'no';
    }
    const addresses = answer.kind === 'found' ? answer.records.flatMap(addressOf) : [];
    if (addresses.length === 0) {
      debug(frame, `DNS lookup for ${query} failed\n=> that means ${key} is not listed at ${item.domain}`);
      return 'no';
    }
    debug(frame, `DNS lookup for ${query} succeeded (yielding ${addresses.join(', ')})`);
    return isCounted(item, key, addresses, frame) ? addresses : 'no';
  });
}

/** Why the returned addresses do not count: by negation, then by whether all must match. */
const MISMATCHES = [
  ['no match', 'an IP address that did not match'],
  ['an exclude match', 'no IP address that did not match'],
] as const;

function addressOf(record: DnsRecord): readonly Octets[] {
  return record.type === 'A' ? [record.address] : [];
}

/** Without a restriction only addresses in 127/8 say something: others come from a list that is no more. */
function isCounted({ domain, textDomain, restriction }: DnslistItem, key: Octets, addresses: readonly Octets[], frame: Frame): boolean {
  if (restriction && !allowsAddresses(restriction, addresses)) {
    const why = MISMATCHES[restriction.isNegated ? 1 : 0][restriction.wantsAll ? 1 : 0];
    debug(frame, `=> but we are not accepting this block class because\n=> there was ${why} for ${restriction.text.replace(/^!/, '')}`);
    return false;
  }
  if (!restriction) {
    const outside = addresses.filter((address) => !address.startsWith('127.'));
    for (const address of outside)
      frame.services.log.main(
        `DNS list lookup for ${key} at ${domain} returned ${address}; not in 127.0/8 and discarded`,
        mailOf(frame)?.id,
      );
    if (outside.length === addresses.length) return false;
  }
  if (domain === textDomain) debug(frame, `=> that means ${key} is listed at ${domain}`);
  return true;
}

/** The first string of the first TXT record, as Exim takes it. */
function lookUpText(query: Octets, frame: Frame): MaybePromise<Octets> {
  return chain(frame.services.dns.resolve(query, 'TXT', frame.until), (answer) => {
    if (answer.kind !== 'found') return '';
    for (const record of answer.records) if (record.type === 'TXT') return record.chunks[0] ?? '';
    return '';
  });
}

function debug(frame: Frame, lines: string): void {
  frame.services.log.debug('dnsbl', () => lines);
}
