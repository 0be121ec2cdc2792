/** What happens to an address whose best host is this one. Spec ch. 15 `self`. */
import type { Octets } from '../base/octets.ts';
import type { Address } from '../core/address.ts';
import type { RouteResult } from '../core/drivers.ts';
import type { Frame } from '../core/frame.ts';
import type { HostItem } from '../core/ports.ts';

/** Undefined: `self = send`, the hosts are used all the same. */
export function applySelf(self: Octets | undefined, first: HostItem, address: Address, frame: Frame): RouteResult | undefined {
  const message = first.mx === undefined ? 'remote host address is the local host' : 'lowest numbered MX record points to local host';
  const reroute = /^reroute[ \t]*:[ \t]*(rewrite[ \t]*:[ \t]*)?(.*)$/s.exec(self ?? '');
  if (reroute) return { kind: 'reroute', domain: reroute[2] ?? '', rewriteHeaders: reroute[1] !== undefined };
  switch (self) {
    case 'send':
      return undefined;
    case 'pass':
      return { kind: 'pass', selfHostname: first.name };
    case 'fail':
      return { kind: 'fail', message };
    case 'defer':
      return { kind: 'defer', message };
    default:
      frame.services.log.main(`${message}: ${address.domain} (while routing <${address.address}>)`);
      return { kind: 'freeze', message };
  }
}

/** At load: Exim's text for a value it does not know. */
export function selfProblems(self: Octets | undefined): readonly Octets[] {
  return /^(?:(?:freeze|defer|fail|send|pass)$|reroute[ \t]*:)/.test(self ?? 'freeze') ? [] : [`${self} is not valid for the self option`];
}
