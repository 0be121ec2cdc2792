/** What the data ACLs verify in the header: syntax, names, blind recipients, a valid sender. Spec ch. 44 "ACL conditions". */
import type { Octets } from '../../base/octets.ts';
import { isAscii, lowerCase, printable } from '../../base/octets.ts';
import type { HeaderLine, HeaderType, Mail } from '../../core/index.ts';
import { parseAddressList } from '../../message/address.ts';
import { headerName, rawValue } from '../../message/header.ts';

const ADDRESS_HEADERS: ReadonlySet<HeaderType> = new Set(['B', 'C', 'F', 'R', 'S', 'T']);

/** The first malformed address in a header that holds addresses, in Exim's words; undefined when all are well. */
export function findHeaderSyntaxError(
  headers: readonly HeaderLine[],
  allows: { readonly unqualifiedSender: boolean; readonly unqualifiedRecipient: boolean; readonly domainLiterals: boolean },
): Octets | undefined {
  for (const header of headers) {
    if (!ADDRESS_HEADERS.has(header.type)) continue;
    const isSender = header.type === 'F' || header.type === 'R' || header.type === 'S';
    const value = rawValue(header);
    for (const item of parseAddressList(value, { allowsDomainLiterals: allows.domainLiterals })) {
      const failing = item.text;
      const name = headerName(header.text) ?? '';
      if (item.kind === 'error') return `${printable(item.message)}: ${shownAddress(failing, name)}`;
      const isQualified = item.domain !== '';
      if (!isQualified && !(isSender ? allows.unqualifiedSender : allows.unqualifiedRecipient))
        return `unqualified address not permitted: ${shownAddress(failing, name)}`;
    }
  }
  return undefined;
}

/** Of an address that is longer only the beginning is told. */
const SHOWN_OCTETS = 1024;

function shownAddress(failing: Octets, name: Octets): Octets {
  const verb = failing.length > SHOWN_OCTETS ? 'begins' : 'is';
  return `failing address in "${name}:" header ${verb}: ${printable(failing.slice(0, SHOWN_OCTETS))}`;
}

export function findNonAsciiName(headers: readonly HeaderLine[]): Octets | undefined {
  for (const header of headers) {
    const name = header.text.slice(0, Math.max(0, header.text.indexOf(':')));
    if (header.type !== '*' && !isAscii(name)) return `Invalid character in header "${name}" found`;
  }
  return undefined;
}

/** Whether every envelope recipient stands in a To: or Cc: header. */
export function hasNoBlindRecipient(mail: Mail, isCaseSensitive: boolean): boolean {
  const fold = (address: Octets) => {
    const at = address.lastIndexOf('@');
    return isCaseSensitive ? address.slice(0, at) + lowerCase(address.slice(at)) : lowerCase(address);
  };
  const named = new Set<Octets>();
  for (const header of mail.headers) {
    if (header.type !== 'T' && header.type !== 'C') continue;
    for (const item of parseAddressList(rawValue(header))) if (item.kind === 'ok') named.add(fold(item.address));
  }
  return mail.recipients.every((recipient) => named.has(fold(recipient.address)));
}

/** Addresses of Sender:, then Reply-To:, then From:, in their order; a malformed one is told with its header's name. */
export function* senderAddresses(
  headers: readonly HeaderLine[],
): Generator<{ readonly address: Octets; readonly header: Octets; readonly problem: Octets | undefined }> {
  for (const type of ['S', 'R', 'F'] as const) {
    for (const header of headers) {
      if (header.type !== type) continue;
      const name = headerName(header.text) ?? '';
      for (const item of parseAddressList(rawValue(header))) {
        if (item.kind === 'ok') yield { address: item.address, header: name, problem: undefined };
        else
          yield {
            address: '',
            header: name,
            problem: `syntax error in '${name}:' header when scanning for sender: ${item.message} in "${item.text}"`,
          };
      }
    }
  }
}
