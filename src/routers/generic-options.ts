/** The options that every router has. Spec ch. 15 "Generic options for routers". */
import type { OptionValues } from '../core/option.ts';
import { option } from '../core/option.ts';

/** Whether something that looks at the local part decides about the router. */
function isRoutingByLocalPart(values: Readonly<Record<string, unknown>>, isSet: (name: string) => boolean): boolean {
  const preconditions = ['local_parts', 'condition', 'local_part_prefix', 'local_part_suffix', 'senders', 'require_files'];
  return values['check_local_user'] === true || preconditions.some(isSet);
}

export const routerOptions = {
  address_data: option.expanded({
    onForcedFail: 'decline',
    doc: 'A value that is kept with the address, as $address_data for later routers, transports and ACLs. A forced failure makes the router decline.',
  }),
  address_test: option.boolean({ default: true, doc: 'Whether the router takes part in address testing by -bt.' }),
  cannot_route_message: option.expanded({
    onForcedFail: 'unset',
    doc: 'The text that is used when an address cannot be routed and this router was the last that looked at it.',
  }),
  caseful_local_part: option.boolean({
    default: false,
    doc: 'Whether the router sees the case of letters of the local part; otherwise it gets them in lower case.',
  }),
  check_local_user: option.boolean({
    default: false,
    doc: 'Skip the router unless the local part is the login name of a user; sets home directory and, for deliveries, the ids.',
  }),
  condition: option.repeatable({
    joiner: 'and',
    doc: 'Skip the router unless this expands to neither empty, 0, no nor false. All of several must hold. A forced failure skips.',
  }),
  debug_print: option.expanded({
    onForcedFail: 'unset',
    doc: 'Text that is written to the debugging output when the router is run with -d.',
  }),
  disable_logging: option.boolean({
    default: false,
    doc: 'Write no log lines about routing errors and deliveries of addresses that this router handles.',
  }),
  dnssec_request_domains: option.domainList({ default: '*', doc: 'Domains for whose DNS look-ups DNSSEC validation is asked for.' }),
  dnssec_require_domains: option.domainList({ doc: 'Domains whose DNS answers count only when they were validated.' }),
  domains: option.domainList({ doc: 'Skip the router unless the domain is in this list; what matched is $domain_data.' }),
  driver: option.string({ doc: 'Which kind of router this is.' }),
  dsn_lasthop: option.boolean({
    default: false,
    doc: 'Treat this as the last system that knows delivery status notifications: answer for success here.',
  }),
  errors_to: option.expanded({
    onForcedFail: 'unset',
    doc: 'The address that bounces for these deliveries go to; also the return path that is sent.',
  }),
  expn: option.boolean({ default: true, doc: 'Whether the router takes part in the expansion of addresses by EXPN.' }),
  fail_verify: option.boolean({
    default: false,
    sets: ['fail_verify_sender', 'fail_verify_recipient'],
    doc: 'Sets fail_verify_sender and fail_verify_recipient at once.',
  }),
  fail_verify_recipient: option.boolean({ default: false, doc: 'An address that this router accepts fails verification as a recipient.' }),
  fail_verify_sender: option.boolean({ default: false, doc: 'An address that this router accepts fails verification as a sender.' }),
  fallback_hosts: option.expanded({ onForcedFail: 'unset', doc: 'Hosts to try when none of the hosts of the router could be used.' }),
  group: option.group({ doc: 'The group under which local deliveries of these addresses run.' }),
  headers_add: option.repeatable({
    joiner: '\n',
    doc: 'Header lines that are added at delivery, separated by newlines. May be given several times.',
  }),
  headers_remove: option.repeatable({
    joiner: ':',
    doc: 'Names of header lines that are left out at delivery, a colon-separated list. May be given several times.',
  }),
  ignore_target_hosts: option.hostList({ doc: 'Hosts that are dropped from what a router found, as if they did not exist.' }),
  initgroups: option.boolean({ default: false, doc: 'Give the delivery all groups of its user.' }),
  local_part_prefix: option.stringList({
    default: [],
    doc: 'Prefixes of which one must be at the start of the local part, and is taken off. *x stands for anything that ends in x.',
  }),
  local_part_prefix_optional: option.boolean({ default: false, doc: 'A local part without a prefix is accepted too.' }),
  local_part_suffix: option.stringList({
    default: [],
    doc: 'Suffixes of which one must be at the end of the local part, and is taken off. x* stands for anything that starts with x.',
  }),
  local_part_suffix_optional: option.boolean({ default: false, doc: 'A local part without a suffix is accepted too.' }),
  local_parts: option.localPartList({ doc: 'Skip the router unless the local part is in this list; what matched is $local_part_data.' }),
  log_as_local: option.boolean({
    default: false,
    doc: 'Log deliveries as local ones (without the domain where it is the qualify domain); on by default for accept.',
  }),
  more: option.expandedBoolean({
    default: true,
    onForcedFail: 'defer',
    doc: 'Whether later routers see an address that this one declined.',
  }),
  pass_on_timeout: option.boolean({
    default: false,
    doc: 'A time-out of a host or database look-up hands the address to the next router instead of deferring it.',
  }),
  pass_router: option.string({ doc: 'The router that an address goes to when this one passes it on.' }),
  redirect_router: option.string({ doc: 'The router at which addresses that this one generates start.' }),
  require_files: option.expanded({
    onForcedFail: 'decline',
    doc: 'Files that must exist (!: must not), tested with the rights of the user given by an item user or user,group.',
  }),
  retry_use_local_part: option.boolean({
    default: false,
    derive: isRoutingByLocalPart,
    doc: 'Keep retry data of routing by the whole address rather than its domain.',
  }),
  router_home_directory: option.expanded({ onForcedFail: 'unset', doc: 'The value of $home while the router runs.' }),
  self: option.string({
    default: 'freeze',
    doc: 'What to do when the first host found is this one: defer, freeze, pass, fail, send, or reroute: domain.',
  }),
  senders: option.addressList({ doc: 'Skip the router unless the sender of the message is in this list.' }),
  set: option.repeatable({
    joiner: ';',
    doc: 'Sets a variable $r_... that stays with the address: name = value. May be given several times.',
  }),
  translate_ip_address: option.expanded({
    isOfSomeBuilds: true,
    doc: 'Replaces an IP address that was found by what this expands to.',
    notYet: 'instance',
  }),
  transport: option.expanded({ onForcedFail: 'defer', doc: 'The transport for addresses that the router accepts.' }),
  transport_current_directory: option.expanded({ onForcedFail: 'unset', doc: 'The current directory of a local delivery.' }),
  transport_home_directory: option.expanded({
    onForcedFail: 'unset',
    doc: 'The value of $home in a local delivery; without it the one of the router or of check_local_user.',
  }),
  unseen: option.expandedBoolean({ default: false, onForcedFail: 'defer', doc: 'Also hand a copy of the address to the next router.' }),
  user: option.user({ doc: 'The user under whom local deliveries of these addresses run.' }),
  verify: option.boolean({
    default: true,
    sets: ['verify_sender', 'verify_recipient'],
    doc: 'Sets verify_sender and verify_recipient at once.',
  }),
  verify_only: option.boolean({ default: false, doc: 'The router is used for verification only; it needs no transport.' }),
  verify_recipient: option.boolean({ default: true, doc: 'Whether the router takes part in the verification of recipients.' }),
  verify_sender: option.boolean({ default: true, doc: 'Whether the router takes part in the verification of senders.' }),
} as const;

/** The values that every configured router has. */
export type RouterOptions = OptionValues<typeof routerOptions>;
