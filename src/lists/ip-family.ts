/** Whether IPv6 addresses count for a host. Spec ch. 14 "Main configuration", options disable_ipv6 and dns_ipv4_lookup. */
import type { Octets } from '../base/octets.ts';
import { lowerCase } from '../base/octets.ts';
import type { Frame } from '../core/frame.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import { chain } from '../core/maybe-promise.ts';
import { tainted } from '../core/text.ts';

/** Only IPv4 addresses of the host are looked up. */
export function isIpv4Only(name: Octets, frame: Frame): MaybePromise<boolean> {
  const { disable_ipv6: isDisabled, dns_ipv4_lookup: list } = frame.config.main;
  if (isDisabled) return true;
  if (list === undefined) return false;
  const match = frame.services.lists.matchDomain(list, tainted(lowerCase(name)), frame);
  return chain(match, (outcome) => outcome.kind === 'ok' && outcome.value.matched);
}
