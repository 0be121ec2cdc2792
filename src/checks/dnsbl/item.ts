/** One item of a `dnslists` list: `zone`, `text-zone,zone`, `zone=127.0.0.2,127.0.0.3`, `zone!&0.0.0.4`, each with `/keys`. Spec ch. 44 "Using DNS lists". */
import { parseIp } from '../../base/ip.ts';
import { parseList } from '../../base/list-text.ts';
import type { Octets } from '../../base/octets.ts';

export interface DnslistItem {
  /** Where the address is looked up. */
  readonly domain: Octets;
  /** What the entry is reported as, and where its text is: the first of two domains. */
  readonly textDomain: Octets;
  readonly restriction: AddressRestriction | undefined;
  /** Undefined: the sending host's address. */
  readonly keys: readonly Octets[] | undefined;
}

/** Which of the returned addresses make the entry count. */
export interface AddressRestriction {
  /** As written, with operator, for traces. */
  readonly text: Octets;
  readonly addresses: readonly Octets[];
  /** `&`: each listed address is a mask of bits that must be set. */
  readonly isMask: boolean;
  /** `==`, `=&`: every returned address must be listed, not just one. */
  readonly wantsAll: boolean;
  readonly isNegated: boolean;
}

export function parseDnslistItem(item: Octets): DnslistItem {
  const slash = item.indexOf('/');
  const front = slash < 0 ? item : item.slice(0, slash);
  const operator = /!?(?:==|=&|=|&)/.exec(front);
  const domains = operator ? front.slice(0, operator.index) : front;
  const comma = domains.indexOf(',');
  const domain = comma < 0 ? domains : domains.slice(comma + 1);
  return {
    domain,
    textDomain: comma < 0 ? domain : domains.slice(0, comma),
    restriction: operator ? restrictionOf(operator[0], front.slice(operator.index + operator[0].length)) : undefined,
    keys: slash < 0 ? undefined : parseList(item.slice(slash + 1)).items,
  };
}

function restrictionOf(operator: Octets, addresses: Octets): AddressRestriction {
  const plain = operator.startsWith('!') ? operator.slice(1) : operator;
  return {
    text: operator + addresses,
    addresses: parseList(`<,${addresses}`).items,
    isMask: plain.endsWith('&'),
    wantsAll: plain.length === 2,
    isNegated: operator.startsWith('!'),
  };
}

export function allowsAddresses(restriction: AddressRestriction, returned: readonly Octets[]): boolean {
  const isListed = (address: Octets): boolean =>
    restriction.addresses.some((listed) => (restriction.isMask ? hasBits(address, listed) : address === listed));
  const matched = restriction.wantsAll ? returned.every(isListed) : returned.some(isListed);
  return matched !== restriction.isNegated;
}

function hasBits(address: Octets, mask: Octets): boolean {
  const bytes = parseIp(address);
  const bits = parseIp(mask);
  if (!bytes || bits?.length !== bytes.length) return false;
  return bits.every((byte, i) => ((bytes[i] ?? 0) & byte) === byte);
}
