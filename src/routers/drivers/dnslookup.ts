/** The router that finds hosts in the DNS. Spec ch. 17 "The dnslookup router", RFC 5321 s5.1. */
import type { Octets } from '../../base/octets.ts';
import type { Address } from '../../core/address.ts';
import type { ListSource, Template } from '../../core/config.ts';
import type { RouteContext, RouteResult } from '../../core/drivers.ts';
import { defineRouter } from '../../core/drivers.ts';
import type { OptionValues } from '../../core/option.ts';
import { option } from '../../core/option.ts';
import type { Outcome } from '../../core/outcome.ts';
import { defer, ok } from '../../core/outcome.ts';
import { tainted } from '../../core/text.ts';
import type { HostFinding } from '../../lists/mail-hosts.ts';
import { findMailHosts } from '../../lists/mail-hosts.ts';
import { widenedNames } from '../../lists/widening.ts';
import type { RouterOptions } from '../generic-options.ts';
import { routerOptions } from '../generic-options.ts';
import { applySelf, selfProblems } from '../self.ts';
import { expandOption, isTrue, messageOf, settingsOf } from '../settings.ts';

const options = {
  check_secondary_mx: option.boolean({ default: false, doc: 'Decline unless this host is among the MX hosts, and not the best of them.' }),
  check_srv: option.expanded({ onForcedFail: 'unset', doc: 'Name of a service whose SRV records are looked for before MX records.' }),
  fail_defer_domains: option.domainList({ doc: 'Domains for which "nothing found" defers the address instead of declining it.' }),
  ipv4_only: option.expanded({ onForcedFail: 'unset', doc: 'When it expands to something true, only A records are used.' }),
  ipv4_prefer: option.expanded({
    onForcedFail: 'unset',
    doc: 'When it expands to something true, IPv4 addresses come before IPv6 addresses.',
  }),
  mx_domains: option.domainList({ doc: 'Domains that must have MX (or SRV) records: address records are not used for them.' }),
  mx_fail_domains: option.domainList({ doc: 'Domains whose failing MX look-up counts as "no MX records".' }),
  qualify_single: option.boolean({ default: true, doc: 'Let the resolver add its own domain to a name of one component.' }),
  rewrite_headers: option.boolean({ default: true, doc: 'Rewrite header lines when the domain was completed.' }),
  same_domain_copy_routing: option.boolean({
    default: false,
    doc: 'Addresses of one message with the same domain may be given the same hosts without another look-up.',
  }),
  search_parents: option.boolean({ default: false, doc: 'Let the resolver search in parent domains.' }),
  srv_fail_domains: option.domainList({ doc: 'Domains whose failing SRV look-up counts as "no SRV records".' }),
  widen_domains: option.stringList({ default: [], doc: 'Tried in turn, appended to a domain that is not found.' }),
} as const;

type Settings = OptionValues<typeof options>;

export default defineRouter({
  name: 'dnslookup',
  summary: 'Finds the hosts for a domain from its MX, A and AAAA records.',
  spec: 'ch. 17 "The dnslookup router"',
  generic: routerOptions,
  options,
  needsTransport: true,
  validate: (_set, generic) => selfProblems(settingsOf({ generic }).self),
  create: (set, instance) => ({
    route: (address, context) => new DnsRouting(set, settingsOf(instance), address, context).route(),
  }),
});

/** One address on its way through one dnslookup router. */
class DnsRouting {
  readonly #set: Settings;
  readonly #generic: RouterOptions;
  readonly #address: Address;
  readonly #context: RouteContext;

  constructor(set: Settings, generic: RouterOptions, address: Address, context: RouteContext) {
    this.#set = set;
    this.#generic = generic;
    this.#address = address;
    this.#context = context;
  }

  async route(): Promise<RouteResult> {
    let last: HostFinding = { kind: 'not-found' };
    for (const domain of this.#candidates()) {
      const finding = await this.#find(domain);
      if (finding.kind !== 'ok') return { kind: 'defer', message: messageOf(finding) };
      last = finding.value;
      if (last.kind === 'again') return { kind: 'defer', message: 'host lookup did not complete', isTimeout: true };
      if (last.kind === 'insecure') return { kind: 'defer', message: 'host lookup done insecurely' };
      if (last.kind === 'found') return this.#found(last, domain);
    }
    return this.#nothing(last);
  }

  /** The domain and what the resolver makes of it, then its widened forms; not widened for senders whose headers would be rewritten. */
  #candidates(): readonly Octets[] {
    const { domain } = this.#address;
    const { qualify_single: qualifiesSingle, search_parents: searchesParents } = this.#set;
    const own = widenedNames(domain, { qualifiesSingle, searchesParents }, this.#context.services.dns);
    if (this.#context.verify === 'sender' && this.#set.rewrite_headers) return own;
    return [...own, ...this.#set.widen_domains.map((parent) => `${domain}.${parent}`)];
  }

  async #find(domain: Octets): Promise<Outcome<HostFinding>> {
    const { frame, until } = this.#context;
    const set = this.#set;
    const flags = {
      ignoresMx: set.mx_fail_domains,
      ignoresSrv: set.srv_fail_domains,
      dnssec: this.#generic.dnssec_request_domains,
      requiresDnssec: this.#generic.dnssec_require_domains,
    };
    const matches = { ignoresMx: false, ignoresSrv: false, dnssec: false, requiresDnssec: false };
    for (const key of ['ignoresMx', 'ignoresSrv', 'dnssec', 'requiresDnssec'] as const) {
      const match = await this.#isIn(flags[key], domain);
      if (match.kind !== 'ok') return match;
      matches[key] = match.value;
    }
    const ipv4Only = await this.#isSet(set.ipv4_only);
    if (ipv4Only.kind !== 'ok') return ipv4Only;
    const ipv4Prefer = await this.#isSet(set.ipv4_prefer);
    if (ipv4Prefer.kind !== 'ok') return ipv4Prefer;
    const service = await expandOption(set.check_srv, frame);
    if (service.kind !== 'ok') return service;
    // Asked only when there is no MX record
    let mustHaveMx: Outcome<boolean> = ok(false);
    const usesAddressRecords = async (): Promise<boolean> => {
      mustHaveMx = await this.#isIn(set.mx_domains, domain);
      return mustHaveMx.kind === 'ok' && !mustHaveMx.value;
    };
    const finding = await findMailHosts(domain, {
      frame,
      until,
      ignore: this.#generic.ignore_target_hosts,
      ipv4Only: ipv4Only.value,
      ipv4Prefer: ipv4Prefer.value,
      dnssec: matches.dnssec,
      requiresDnssec: matches.requiresDnssec,
      usesAddressRecords,
      ignoresMxFailure: matches.ignoresMx,
      service: service.value?.octets,
      ignoresSrvFailure: matches.ignoresSrv,
    });
    return mustHaveMx.kind === 'ok' ? ok(finding) : defer('lookup defer for mx_domains');
  }

  async #isIn(list: ListSource | undefined, domain: Octets): Promise<Outcome<boolean>> {
    if (list === undefined) return ok(false);
    const { frame } = this.#context;
    const match = await frame.services.lists.matchDomain(list, tainted(domain), frame);
    return match.kind === 'ok' ? ok(match.value.matched) : match;
  }

  async #isSet(template: Template | undefined): Promise<Outcome<boolean>> {
    const expanded = await expandOption(template, this.#context.frame);
    return expanded.kind === 'ok' ? ok(expanded.value !== undefined && isTrue(expanded.value.octets)) : expanded;
  }

  #found(finding: HostFinding & { kind: 'found' }, domain: Octets): RouteResult {
    const [first] = finding.hosts;
    if (this.#set.check_secondary_mx && !finding.localWasRemoved) return { kind: 'decline' };
    if (domain !== this.#address.domain) return { kind: 'reroute', domain, rewriteHeaders: this.#set.rewrite_headers };
    if (finding.isLocal && first !== undefined) {
      const result = applySelf(this.#generic.self, first, this.#address, this.#context.frame);
      if (result !== undefined) return result;
    }
    return { kind: 'accept', hosts: finding.hosts };
  }

  async #nothing(finding: HostFinding): Promise<RouteResult> {
    const message = whyNothing(finding);
    const defers = await this.#isIn(this.#set.fail_defer_domains, this.#address.domain);
    if (defers.kind !== 'ok') return { kind: 'defer', message: messageOf(defers) };
    if (defers.value) return { kind: 'defer', message: message ?? 'host not found' };
    if (message === undefined) return { kind: 'decline' };
    return { kind: 'decline', message, userMessage: isMxToIp(finding) ? mxToIpText(this.#address.domain) : undefined };
  }
}

const NO_MX_HOSTS = 'all relevant MX records point to non-existent hosts';

function isMxToIp(finding: HostFinding): boolean {
  return finding.kind === 'not-found' && finding.reason === 'mx-to-ip';
}

function mxToIpText(domain: Octets): Octets {
  return `It appears that the DNS operator for ${domain}\nhas installed an invalid MX record with an IP address\ninstead of a domain name on the right hand side.`;
}

function whyNothing(finding: HostFinding): Octets | undefined {
  if (finding.kind === 'ignored' && finding.isOfMx === true) return NO_MX_HOSTS;
  if (finding.kind !== 'not-found') return undefined;
  switch (finding.reason) {
    case 'mx-without-hosts':
      return NO_MX_HOSTS;
    case 'mx-to-ip':
      return 'all relevant MX records point to non-existent hosts or (invalidly) to IP addresses';
    default:
      return undefined;
  }
}
