/** The router for domains that are IP addresses in brackets. Spec ch. 18 "The ipliteral router", RFC 5321 s4.1.3. */
import { isIp } from '../../base/ip.ts';
import type { Octets } from '../../base/octets.ts';
import { lowerCase } from '../../base/octets.ts';
import { defineRouter } from '../../core/drivers.ts';
import { findHostByDns } from '../../lists/mail-hosts.ts';
import { routerOptions } from '../generic-options.ts';
import { applySelf, selfProblems } from '../self.ts';
import { settingsOf } from '../settings.ts';

export default defineRouter({
  name: 'ipliteral',
  summary: 'Accepts domains such as [192.0.2.1], for the host that has this address.',
  spec: 'ch. 18 "The ipliteral router"',
  generic: routerOptions,
  options: {},
  needsTransport: true,
  validate: (_set, generic) => selfProblems(settingsOf({ generic }).self),
  create: (_set, instance) => ({
    route: async (address, { frame, until }) => {
      const { self, ignore_target_hosts: ignore } = settingsOf(instance);
      const ip = addressOfLiteral(address.domain);
      if (ip === undefined || (frame.config.main.disable_ipv6 && ip.includes(':'))) return { kind: 'decline' };
      const finding = await findHostByDns({ name: ip }, { frame, until, ignore });
      if (finding.kind === 'again') return { kind: 'defer', message: finding.message };
      if (finding.kind !== 'found') return { kind: 'decline' };
      const [first] = finding.hosts;
      const selfResult = finding.isLocal && first !== undefined ? applySelf(self, first, address, frame) : undefined;
      return selfResult ?? { kind: 'accept', hosts: finding.hosts.map((host) => ({ ...host, name: address.domain })) };
    },
  }),
});

/** `[192.0.2.1]`, `[ipv4:192.0.2.1]`, `[ipv6:2001:db8::1]`. */
function addressOfLiteral(domain: Octets): Octets | undefined {
  if (!domain.startsWith('[') || !domain.endsWith(']')) return undefined;
  const inside = lowerCase(domain.slice(1, -1));
  const ip = inside.startsWith('ipv6:') || inside.startsWith('ipv4:') ? inside.slice(5) : inside;
  return isIp(ip) ? ip : undefined;
}
