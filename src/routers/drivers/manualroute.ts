/** The router for domains whose hosts the administrator names. Spec ch. 20 "The manualroute router". */
import type { Octets } from '../../base/octets.ts';
import type { Address } from '../../core/address.ts';
import type { ListSource } from '../../core/config.ts';
import type { RouteContext, RouteResult } from '../../core/drivers.ts';
import { defineRouter } from '../../core/drivers.ts';
import type { Frame } from '../../core/frame.ts';
import { withLocal } from '../../core/frame.ts';
import type { ParsedHost } from '../../core/host-item.ts';
import { parseHostItem } from '../../core/host-item.ts';
import type { OptionValues } from '../../core/option.ts';
import { option } from '../../core/option.ts';
import type { Outcome } from '../../core/outcome.ts';
import { ok } from '../../core/outcome.ts';
import type { HostItem } from '../../core/ports.ts';
import { tainted, untainted } from '../../core/text.ts';
import type { HostFinding, HostSearch } from '../../lists/mail-hosts.ts';
import { findHostByDns, findHostByName, findMailHosts, shuffle } from '../../lists/mail-hosts.ts';
import { findTransport } from '../delivery-data.ts';
import { routerOptions } from '../generic-options.ts';
import type { RouteOptions, RouteRule } from '../route-rules.ts';
import { parseRouteData, parseRouteList, parseRouteOptions } from '../route-rules.ts';
import { applySelf, selfProblems } from '../self.ts';
import { expandText, messageOf, settingsOf } from '../settings.ts';

const options = {
  host_all_ignored: option.string({
    default: 'defer',
    doc: 'What to do when all hosts were ignored: decline, defer, fail, freeze or pass.',
  }),
  host_find_failed: option.string({
    default: 'freeze',
    doc: 'What to do when a host does not exist: decline, defer, fail, freeze, ignore or pass.',
  }),
  hosts_randomize: option.expandedBoolean({
    default: false,
    doc: 'Put the hosts of a rule into random order, each group between + for itself.',
  }),
  route_data: option.expanded({
    onForcedFail: 'decline',
    doc: 'Expands to the hosts and options for the domain; the router declines when that is empty.',
  }),
  route_list: option.string({ doc: 'Rules "domain-pattern hosts options", separated by semicolons.' }),
  same_domain_copy_routing: option.boolean({
    default: false,
    doc: 'Addresses of one message with the same domain may be given the same hosts without another look-up.',
  }),
} as const;

type Settings = OptionValues<typeof options>;
type Instance = { readonly name: string; readonly generic: Readonly<Record<string, unknown>> };
const ACTIONS = ['decline', 'defer', 'fail', 'freeze', 'pass'];

export default defineRouter({
  name: 'manualroute',
  summary: 'Sends addresses to hosts that the configuration names for their domains.',
  spec: 'ch. 20 "The manualroute router"',
  generic: routerOptions,
  options,
  needsTransport: false,
  validate: (set, generic) => [...selfProblems(settingsOf({ generic }).self), ...problems(set)],
  create: (set, instance) => {
    const rules = set.route_list === undefined ? [] : parseRouteList(set.route_list);
    return { route: (address, context) => new ManualRouting(set, rules, instance, address, context).route() };
  },
});

function problems(set: Settings): Octets[] {
  const found: Octets[] = [];
  if ((set.route_list === undefined) === (set.route_data === undefined)) {
    found.push('route_list or route_data (but not both) must be specified');
  }
  if (!ACTIONS.includes(set.host_all_ignored ?? 'defer')) found.push('unrecognized setting for host_all_ignored option');
  if (![...ACTIONS, 'ignore'].includes(set.host_find_failed ?? 'freeze')) found.push('unrecognized setting for host_find_failed option');
  return found;
}

interface Rule {
  readonly rule: Omit<RouteRule, 'pattern'>;
  /** With the captures and `$value` of the pattern that matched. */
  readonly frame: Frame;
}

/** One address on its way through one manualroute router. */
class ManualRouting {
  readonly #set: Settings;
  readonly #rules: readonly RouteRule[];
  readonly #instance: Instance;
  readonly #address: Address;
  readonly #context: RouteContext;

  constructor(set: Settings, rules: readonly RouteRule[], instance: Instance, address: Address, context: RouteContext) {
    this.#set = set;
    this.#rules = rules;
    this.#instance = instance;
    this.#address = address;
    this.#context = context;
  }

  async route(): Promise<RouteResult> {
    const found = await this.#findRule();
    if ('kind' in found) return found;
    const { rule, frame } = found;
    const hosts = await expandText(rule.hosts, `host list of the ${this.#instance.name} router`, frame);
    if (hosts.kind === 'forced-fail') return { kind: 'decline' };
    if (hosts.kind !== 'ok')
      return { kind: 'defer', message: `${this.#instance.name} router: failed to expand "${rule.hosts}": ${hosts.message}` };
    const { transports } = this.#context.frame.config;
    const parsed = parseRouteOptions(rule.options, (name) => transports.has(name));
    if ('kind' in parsed) return { kind: 'error', message: `unknown routing option or transport name "${parsed.word}"` };
    return this.#send(hosts.value.octets, parsed);
  }

  async #findRule(): Promise<Rule | RouteResult> {
    const { frame } = this.#context;
    if (this.#set.route_data !== undefined) {
      const data = await this.#set.route_data.evaluate(frame);
      if (data.kind === 'forced-fail') return { kind: 'decline' };
      if (data.kind !== 'ok') return { kind: 'defer', message: `failed to expand "${this.#set.route_data.source}": ${data.message}` };
      return data.value.octets === '' ? { kind: 'decline' } : { rule: parseRouteData(data.value.octets), frame };
    }
    for (const rule of this.#rules) {
      const pattern = await expandText(rule.pattern, `route_list of the ${this.#instance.name} router`, frame);
      if (pattern.kind === 'forced-fail') continue;
      if (pattern.kind !== 'ok') return { kind: 'defer', message: `failed to expand "${rule.pattern}": ${pattern.message}` };
      // One item, whatever is in it: a doubled colon is no separator.
      const item = untainted(pattern.value.octets.replaceAll(':', '::'));
      const match = await frame.services.lists.matchDomain(item, tainted(this.#address.domain), frame);
      if (match.kind !== 'ok') return { kind: 'defer', message: `lookup deferred in ${this.#instance.name} router: ${messageOf(match)}` };
      if (!match.value.matched) continue;
      const captured =
        match.value.captures === undefined
          ? { ...frame, captures: [tainted(this.#address.domain)] }
          : { ...frame, captures: match.value.captures };
      return { rule, frame: match.value.data === undefined ? captured : withLocal(captured, 'value', match.value.data) };
    }
    return { kind: 'decline' };
  }

  async #send(hosts: Octets, parsed: RouteOptions): Promise<RouteResult> {
    const { frame, verify } = this.#context;
    const transport = await findTransport(parsed.transport, this.#instance, frame);
    if (transport.kind !== 'ok') return { kind: 'defer', message: messageOf(transport) };
    const name = transport.value?.name;
    if (name === undefined && verify !== 'sender' && verify !== 'recipient')
      return { kind: 'error', message: 'neither the router nor the rule names a transport' };
    const naming = name === undefined ? {} : { transport: name };
    if (transport.value?.isRemote === false)
      return hosts === '' ? { kind: 'accept', ...naming } : { kind: 'accept', ...naming, hosts: [{ name: hosts }] };
    const found = await this.#findHosts(hosts, parsed);
    if (found.kind === 'forced-fail' || found.kind === 'fail' || found.kind === 'defer')
      return { kind: 'defer', message: messageOf(found) };
    if ('result' in found.value) return found.value.result;
    return { kind: 'accept', ...naming, hosts: found.value.hosts, isRandomized: found.value.isRandomized };
  }

  async #findHosts(
    list: Octets,
    parsed: RouteOptions,
  ): Promise<Outcome<{ readonly result: RouteResult } | { readonly hosts: readonly HostItem[]; readonly isRandomized: boolean }>> {
    const { frame, until } = this.#context;
    const set = this.#set;
    const randomize = parsed.randomize ?? (typeof set.hosts_randomize === 'boolean' ? set.hosts_randomize : await this.#randomizes());
    const items = orderItems(frame.services.lists.split(list), randomize, frame);
    if (items.length === 0) {
      const message = `error in ${this.#instance.name} router: no host(s) specified for domain ${this.#address.domain}`;
      frame.services.log.main(message);
      return ok({ result: { kind: 'defer', message } });
    }
    const { dnssec_request_domains: requested, dnssec_require_domains: required, ignore_target_hosts: ignore } = settingsOf(this.#instance);
    const asksForDnssec = await this.#hasDomainIn(requested);
    if (asksForDnssec.kind !== 'ok') return asksForDnssec;
    const requiresDnssec = await this.#hasDomainIn(required);
    if (requiresDnssec.kind !== 'ok') return requiresDnssec;
    const search: HostSearch = {
      frame,
      until,
      ignore,
      dnssec: asksForDnssec.value,
      requiresDnssec: requiresDnssec.value,
      ipv4Only: parsed.ipv4Only,
      ipv4Prefer: parsed.ipv4Prefer,
    };
    const hosts: HostItem[] = [];
    let sendsToSelf = false; // the first host is this one, and `self` let it pass: others may be it too
    for (const item of items) {
      const isFirst = hosts.length === 0; // what host_find_failed = ignore left out does not count
      const finding = await findItem(item, parsed, search);
      if (!isFirst && sendsToSelf && finding.kind === 'found') {
        hosts.push(...finding.hosts);
        continue;
      }
      if (isFirst && finding.kind === 'found') sendsToSelf = finding.isLocal;
      const step = this.#take(finding, item, isFirst);
      if (step === 'stop') break;
      if (step === 'skip') continue;
      if ('kind' in step) return ok({ result: step });
      hosts.push(...step.hosts);
    }
    if (hosts.length > 0) return ok({ hosts, isRandomized: randomize });
    const failed = set.host_find_failed ?? 'freeze';
    const ignored = set.host_all_ignored ?? 'defer';
    return ok({
      result: act(
        ignored,
        `lookup failed for all hosts in ${this.#instance.name} router: host_find_failed=${failed} host_all_ignored=${ignored}`,
      ),
    });
  }

  async #hasDomainIn(list: ListSource | undefined): Promise<Outcome<boolean>> {
    if (list === undefined) return ok(false);
    const { frame } = this.#context;
    const match = await frame.services.lists.matchDomain(list, tainted(this.#address.domain), frame);
    return match.kind === 'ok' ? ok(match.value.matched) : match;
  }

  async #randomizes(): Promise<boolean> {
    const value = this.#set.hosts_randomize;
    if (typeof value === 'boolean') return value;
    const expanded = await value.evaluate(this.#context.frame);
    return expanded.kind === 'ok' && /^(?:yes|true|1)$/.test(expanded.value.octets);
  }

  /** What one item's look-up means for the list. */
  #take(finding: HostFinding, item: ParsedHost, isFirst: boolean): RouteResult | 'stop' | 'skip' | { readonly hosts: readonly HostItem[] } {
    switch (finding.kind) {
      case 'again':
        return { kind: 'defer', message: `host lookup for ${item.host.name} did not complete`, isTimeout: true };
      case 'insecure':
        return { kind: 'defer', message: `host ${item.host.name} lookup done insecurely` };
      case 'ignored':
      case 'not-found': {
        const action = this.#set.host_find_failed ?? 'freeze';
        return action === 'ignore' ? 'skip' : act(action, `lookup of host "${item.host.name}" failed in ${this.#instance.name} router`);
      }
      case 'found': {
        if (!finding.isLocal) return { hosts: finding.hosts };
        const [first] = finding.hosts;
        if (!isFirst || first === undefined) return 'stop';
        return applySelf(settingsOf(this.#instance).self, first, this.#address, this.#context.frame) ?? { hosts: finding.hosts };
      }
    }
  }
}

/** Empty items are left out; with `randomize`, each group between `+` is shuffled for itself. */
function orderItems(items: readonly Octets[], randomize: boolean, frame: Frame): readonly ParsedHost[] {
  const groups: ParsedHost[][] = [[]];
  for (const item of items) {
    if (item === '+') groups.push([]);
    else if (item !== '') groups.at(-1)?.push(parseHostItem(item));
  }
  return randomize ? groups.flatMap((group) => shuffle(group, frame)) : groups.flat();
}

async function findItem(item: ParsedHost, { lookup }: RouteOptions, search: HostSearch): Promise<HostFinding> {
  if (item.isMx)
    return findMailHosts(item.host.name, { ...search, usesAddressRecords: false, ignoresMxFailure: false, port: item.host.port });
  if (lookup === 'byname') return findHostByName(item.host, search);
  const byDns = await findHostByDns(item.host, search);
  return byDns.kind === 'not-found' && lookup === 'default' ? findHostByName(item.host, search) : byDns;
}

/** `host_find_failed`, `host_all_ignored`. */
function act(action: Octets, message: Octets): RouteResult {
  switch (action) {
    case 'decline':
      return { kind: 'decline' };
    case 'pass':
      return { kind: 'pass' };
    case 'fail':
      return { kind: 'fail', message };
    case 'defer':
      return { kind: 'defer', message };
    default:
      return { kind: 'freeze', message };
  }
}
