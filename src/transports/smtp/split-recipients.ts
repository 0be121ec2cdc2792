/** Which recipients go out in one transaction. Spec ch. 30 `max_rcpt`, `multi_domain`; RFC 9422 `RCPTMAX`, `RCPTDOMAINMAX`. */
import type { Address } from '../../core/address.ts';

export interface TransactionLimits {
  readonly recipients: number;
  readonly domains: number;
}

/** In order; where the number of domains is limited, recipients of one domain come together. */
export function splitRecipients(addresses: readonly Address[], limits: TransactionLimits): Address[][] {
  const groups: Address[][] = [];
  let open: Address[] = [];
  let domains = new Set<string>();
  for (const address of limits.domains === Number.POSITIVE_INFINITY ? addresses : byDomain(addresses)) {
    const isFull = open.length >= limits.recipients || (!domains.has(address.domain) && domains.size >= limits.domains);
    if (open.length === 0 || isFull) {
      open = [];
      domains = new Set();
      groups.push(open);
    }
    open.push(address);
    domains.add(address.domain);
  }
  return groups;
}

function byDomain(addresses: readonly Address[]): Address[] {
  const found = new Map<string, Address[]>();
  for (const address of addresses) {
    const others = found.get(address.domain);
    if (others === undefined) found.set(address.domain, [address]);
    else others.push(address);
  }
  return [...found.values()].flat();
}
