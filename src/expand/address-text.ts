/** Addresses in header-like text. RFC 5322 s3.4. */
import { quoteListItem } from '../base/list-text.ts';
import type { Octets } from '../base/octets.ts';
import { parseAddress, parseAddressList } from '../message/address.ts';

export interface AddressParts {
  readonly address: Octets;
  readonly localPart: Octets;
  readonly domain: Octets;
}

/** The one address of the text, cut out of names and comments; undefined when it cannot be parsed. */
export function addressIn(text: Octets, allowsUtf8Domains: boolean): AddressParts | undefined {
  const parsed = parseAddress(text, { allowsDomainLiterals: true, allowsUtf8Domains });
  if (parsed.kind !== 'ok') return undefined;
  return { address: parsed.address, localPart: parsed.localPart, domain: parsed.domain };
}

/** Every address that can be parsed, as a list; `>x` at the start sets its separator. */
export function addressList(text: Octets, allowsUtf8Domains: boolean): Octets {
  const match = /^[\t-\r ]*>(.)/s.exec(text);
  const separator = match?.[1] ?? ':';
  const items = parseAddressList(match ? text.slice(match[0].length) : text, { allowsDomainLiterals: true, allowsUtf8Domains });
  return items
    .flatMap((item) => (item.kind === 'ok' && item.address !== '' ? [quoteListItem(item.address, separator)] : []))
    .join(separator);
}
