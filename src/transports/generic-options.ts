/** The options that every transport has. Spec ch. 24 "Generic options for transports". */
import type { OptionValues } from '../core/option.ts';
import { option } from '../core/option.ts';
import { transportRulesProblem } from '../rewrite/transport-rules.ts';

export const transportOptions = {
  body_only: option.boolean({ default: false, doc: 'Deliver the body of the message without its header lines.' }),
  current_directory: option.expanded({
    onForcedFail: 'defer',
    doc: 'The current directory of the delivery, overriding the one of the router.',
  }),
  debug_print: option.expanded({
    onForcedFail: 'unset',
    doc: 'Text that is written to the debugging output when the transport is run with -d.',
  }),
  delivery_date_add: option.boolean({ default: false, doc: 'Add a Delivery-date: header line.' }),
  disable_logging: option.boolean({ default: false, doc: 'Write no log lines about deliveries by this transport.' }),
  driver: option.string({ doc: 'Which kind of transport this is.' }),
  envelope_to_add: option.boolean({
    default: false,
    doc: 'Add an Envelope-to: header line with the recipients in the envelope of this delivery.',
  }),
  event_action: option.expanded({
    doc: 'Expanded when something happens to a delivery by this transport; what it gives may defer the delivery.',
    notYet: 'instance',
  }),
  group: option.group({ doc: 'The group under which the transport runs, overriding the one of the router.' }),
  headers_add: option.repeatable({
    joiner: '\n',
    doc: 'Header lines that are added at delivery, separated by newlines. May be given several times.',
  }),
  headers_only: option.boolean({ default: false, doc: 'Deliver the header lines without the body.' }),
  headers_remove: option.repeatable({
    joiner: ':',
    doc: 'Names of header lines that are left out at delivery, a colon-separated list. May be given several times.',
  }),
  headers_rewrite: option.string({
    problemOf: transportRulesProblem,
    doc: 'Rewriting rules for addresses in header lines at delivery, separated by colons.',
  }),
  home_directory: option.expanded({ onForcedFail: 'defer', doc: 'The value of $home in the delivery, overriding the one of the router.' }),
  initgroups: option.boolean({ default: false, doc: 'Give the delivery all groups of its user.' }),
  max_parallel: option.expanded({ doc: 'How many deliveries by this transport may run at one time.', notYet: 'instance' }),
  message_size_limit: option.expanded({ onForcedFail: 'defer', doc: 'A larger message fails with "message is too big". 0 is no limit.' }),
  rcpt_include_affixes: option.boolean({
    default: false,
    doc: 'Keep a prefix or suffix of the local part in the address of RCPT and Envelope-to:.',
  }),
  retry_use_local_part: option.boolean({
    default: false,
    doc: 'Keep retry data by the whole address rather than its domain; on by default for local transports.',
  }),
  return_path: option.expanded({
    onForcedFail: 'unset',
    doc: 'Replaces the return path (envelope sender) at delivery. <> or empty is the null sender.',
  }),
  return_path_add: option.boolean({ default: false, doc: 'Add a Return-path: header line.' }),
  shadow_condition: option.expanded({ doc: 'When the shadow transport is used.' }),
  shadow_transport: option.string({ doc: 'A local transport that gets a copy after a successful delivery.' }),
  transport_filter: option.expanded({ doc: 'A command through which the message goes on its way.', notYet: 'instance' }),
  transport_filter_timeout: option.time({ default: 300, doc: 'How long to wait for the filter command.' }),
  user: option.user({ doc: 'The user under whom the transport runs, overriding the one of the router.' }),
} as const;

/** The values that every configured transport has. */
export type TransportOptions = OptionValues<typeof transportOptions>;

/** Combinations that no transport may have; `%s` stands for its name. */
/** Of transports that run as a user: a number brings no group. */
export function userProblems({ user, group }: Readonly<Record<string, unknown>>): readonly string[] {
  const isNumber = typeof user === 'object' && user !== null && 'source' in user && /^[0-9]+$/.test(String(user.source));
  return isNumber && group === undefined ? ['user set without group for the %s transport'] : [];
}

export function genericProblems(generic: Readonly<Record<string, unknown>>): readonly string[] {
  return generic['body_only'] === true && generic['headers_only'] === true
    ? ['%s transport: body_only and headers_only are mutually exclusive']
    : [];
}
