/**
 * The addresses of one attempt: envelope recipients, what they were redirected to, and which are settled. What goes into the -H file's non-recipients
 * when the attempt is over. Spec ch. 57 "Format of the -H file": a parent is settled when all its children are.
 */
import type { Octets } from '../base/octets.ts';
import type { Address } from '../core/index.ts';

/** It has the address of an ancestor: `unseen`, or a redirection to itself. */
function isCopy(address: Address): boolean {
  if (address.kind !== 'mailbox') return false;
  for (let ancestor = address.parent; ancestor !== undefined; ancestor = ancestor.parent)
    if (ancestor.address === address.address) return true;
  return false;
}

/**
 * What the journal and -H say of a delivered address. That of a copy names the transport: the address alone would settle the ancestor and all its other
 * children, and the copy's place in the tree may be another next time.
 */
export function settledName(address: Address): Octets {
  return isCopy(address) ? copyName(address) : address.unique;
}

function copyName(address: Address): Octets {
  return `${address.address}/${address.state.transport?.name ?? ''}`;
}

export class AddressTree {
  readonly #settled: Set<Octets>;
  /** By unique string: duplicates share the fate of the first. */
  readonly #seen = new Map<Octets, Address>();
  readonly #duplicates: Address[] = [];
  readonly #deferred = new Set<Address>();
  readonly #nodes = new Set<Address>();

  /** `settled`: what -H and -J say. */
  constructor(settled: ReadonlySet<Octets>) {
    this.#settled = new Set(settled);
  }

  /** False when it was settled at an earlier attempt. */
  add(address: Address): boolean {
    if (this.#settled.has(address.unique)) return false;
    this.#nodes.add(address);
    return true;
  }

  /** Of what is to be delivered, in that order: the first of each unique string; the others share its fate. Spec ch. 22 "Duplicate addresses". */
  withoutDuplicates(deliveries: readonly Address[]): Address[] {
    return deliveries.filter((address) => {
      const first = this.#seen.get(address.unique);
      if (first === undefined) this.#seen.set(address.unique, address);
      else {
        this.#duplicates.push(address);
        first.state.duplicates = [address, ...(first.state.duplicates ?? [])];
      }
      return first === undefined;
    });
  }

  defer(address: Address): void {
    this.#deferred.add(address);
  }

  get deferred(): readonly Address[] {
    return [...this.#deferred];
  }

  /** Delivered now: its fate is in the journal, or about to be. */
  settle(address: Address): void {
    this.#settled.add(settledName(address));
  }

  /** A copy of an address (`unseen`, a redirection to itself) was delivered by this transport at an earlier attempt, however it is routed now. */
  isDeliveredCopy(address: Address): boolean {
    return this.#settled.has(copyName(address));
  }

  /** What is not to be delivered again: everything that was taken up, but what was deferred and the ancestors of that. */
  nonRecipients(): Set<Octets> {
    const open = new Set<Address>();
    const isOpen = (address: Address): void => {
      for (let node: Address | undefined = address; node !== undefined; node = node.parent) open.add(node);
    };
    for (const address of this.#deferred) isOpen(address);
    for (const duplicate of this.#duplicates) {
      const first = this.#seen.get(duplicate.unique);
      if (first !== undefined && open.has(first)) isOpen(duplicate);
    }
    const openUniques = new Set([...open].map((address) => address.unique));
    const settled = new Set(this.#settled);
    for (const node of [...this.#nodes, ...this.#duplicates])
      if (!open.has(node) && !openUniques.has(node.unique) && !isCopy(node)) settled.add(node.unique);
    return settled;
  }
}
