/** Addresses on their way through the routers: how they begin, inherit and are told apart. Spec ch. 22 "Duplicate addresses". */

import type { Octets } from '../base/octets.ts';
import { equalsIgnoreCase, lowerCase } from '../base/octets.ts';
import type { Address, AddressKind, AddressState, InheritedProperties } from '../core/address.ts';
import type { Text } from '../core/text.ts';

export interface NewAddress {
  /** local_part@domain (qualified), a path, or `|command`. */
  readonly address: Octets;
  /** Index in `Message.recipients`. */
  readonly recipientIndex: number;
  readonly kind?: AddressKind;
  readonly parent?: Address;
  readonly inherited?: InheritedProperties;
  readonly startRouter?: string | undefined;
}

const nothingInherited: InheritedProperties = Object.freeze({
  headersAdd: [],
  headersRemove: [],
  routerVariables: new Map<string, Text>(),
});

/** Makes an address that has not been routed yet. Of a file, pipe or reply the local part and domain are its parent's. */
export function makeAddress(request: NewAddress): Address {
  const { kind = 'mailbox', parent, inherited = nothingInherited } = request;
  const { address } = request;
  const { localPart, domain } = kind === 'mailbox' || parent === undefined ? routedParts(address) : parent;
  return {
    kind,
    address,
    original: request.address,
    localPart,
    domain,
    unique: uniqueString(kind, address, parent),
    ...(parent === undefined ? {} : { parent }),
    recipientIndex: request.recipientIndex,
    inherited,
    ...(request.startRouter === undefined ? {} : { startRouter: request.startRouter }),
    state: newState(inherited, kind === 'mailbox' ? undefined : parent?.state),
  };
}

/** Files and pipes see the affixes and data of the address that was redirected to them. */
function newState(inherited: InheritedProperties, redirected: AddressState | undefined): AddressState {
  return {
    errorsTo: inherited.errorsTo,
    headersAdd: [...inherited.headersAdd],
    headersRemove: [...inherited.headersRemove],
    routerVariables: new Map(inherited.routerVariables),
    addressData: inherited.addressData,
    ...(redirected === undefined
      ? {}
      : {
          prefix: redirected.prefix,
          prefixVariable: redirected.prefixVariable,
          suffix: redirected.suffix,
          suffixVariable: redirected.suffixVariable,
          domainData: redirected.domainData,
          localPartData: redirected.localPartData,
        }),
  };
}

/**
 * Exim's unique string: the address, `path:parent` for files, pipes and replies, `\0\address` when an ancestor is the same in any case
 * (`\1\` for the second time, …), so that a child is no duplicate of its own parent.
 */
export function uniqueString(kind: AddressKind, address: Octets, parent: Address | undefined): Octets {
  if (kind !== 'mailbox') return parent === undefined ? address : `${address}:${parent.unique}`;
  const plain = withLowerCaseDomain(address);
  let same = 0;
  for (let ancestor = parent; ancestor; ancestor = ancestor.parent)
    if (ancestor.kind === 'mailbox' && equalsIgnoreCase(ancestor.address, plain)) same++;
  return same === 0 ? plain : `\\${same - 1}\\${plain}`;
}

export function splitAddress(address: Octets): { readonly localPart: Octets; readonly domain: Octets } {
  const at = address.lastIndexOf('@');
  return at < 0 ? { localPart: address, domain: '' } : { localPart: address.slice(0, at), domain: address.slice(at + 1) };
}

/** Routers see the domain in lower case, and the local part without its quotes and backslashes. */
function routedParts(address: Octets): { readonly localPart: Octets; readonly domain: Octets } {
  const { localPart, domain } = splitAddress(address);
  return { localPart: unquoteLocalPart(localPart), domain: lowerCase(domain) };
}

/** `"a b"` is `a b`, `a\\@b` is `a@b`. */
export function unquoteLocalPart(localPart: Octets): Octets {
  if (!/["\\]/.test(localPart)) return localPart;
  return localPart.replace(/\\([^])|"/g, (_, escaped: string | undefined) => escaped ?? '');
}

/** The local part as it was written, with its case, quotes and affixes. */
export function writtenLocalPart(address: Address): Octets {
  return address.kind === 'mailbox' ? splitAddress(address.address).localPart : address.localPart;
}

export function withLowerCaseDomain(address: Octets): Octets {
  const at = address.lastIndexOf('@');
  return at < 0 ? address : address.slice(0, at + 1) + lowerCase(address.slice(at + 1));
}
