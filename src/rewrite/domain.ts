/** Header lines follow a domain that routing completed or changed. Spec ch. 31 "When does rewriting happen?". */
import type { Octets } from '../base/octets.ts';
import { equalsIgnoreCase } from '../base/octets.ts';
import type { HeaderLine } from '../core/message.ts';
import { localPartOf, parseAddressList } from '../message/address.ts';
import { ADDRESS_HEADER_TYPES } from './rewrite.ts';

/** A line that changes is marked deleted and the new one follows it; the same array when none does. */
export function renameDomain(headers: readonly HeaderLine[], from: Octets, to: Octets): readonly HeaderLine[] {
  let hasChanged = false;
  const renamed = headers.flatMap((header) => {
    const text = ADDRESS_HEADER_TYPES.has(header.type) ? withRenamed(header.text, from, to) : header.text;
    if (text === header.text) return [header];
    hasChanged = true;
    return [
      { ...header, type: '*' as const },
      { ...header, text },
    ];
  });
  return hasChanged ? renamed : headers;
}

/** Phrases, comments and white space stay; a source route goes. */
function withRenamed(text: Octets, from: Octets, to: Octets): Octets {
  const start = text.indexOf(':') + 1;
  const value = text.slice(start);
  let result = text.slice(0, start);
  let copied = 0;
  for (const item of parseAddressList(value)) {
    if (item.kind === 'error' || !equalsIgnoreCase(item.domain, from)) continue;
    result += `${value.slice(copied, item.from)}${localPartOf(item.address)}@${to}`;
    copied = item.to;
  }
  return result + value.slice(copied);
}
