/** The value of `log_selector`: which optional lines and fields are logged. Spec ch. 53 "Reducing or increasing what is logged". */
import type { Octets } from '../base/octets.ts';
import { lowerCase, skipSpace } from '../base/octets.ts';

/** Every selector, and whether it is on when `log_selector` says nothing. */
const SELECTORS: ReadonlyMap<string, boolean> = new Map([
  ['8bitmime', false],
  ['acl_warn_skipped', true],
  ['address_rewrite', false],
  ['all_parents', false],
  ['arguments', false],
  ['connection_id', false],
  ['connection_reject', true],
  ['delay_delivery', true],
  ['deliver_time', false],
  ['delivery_size', false],
  ['dkim', true],
  ['dkim_verbose', false],
  ['dmarc', false],
  ['dmarc_verbose', false],
  ['dnslist_defer', true],
  ['dnssec', false],
  ['etrn', true],
  ['host_lookup_failed', true],
  ['ident_timeout', false],
  ['incoming_interface', false],
  ['incoming_port', false],
  ['lost_incoming_connection', true],
  ['millisec', false],
  ['msg_id', true],
  ['msg_id_created', false],
  ['outgoing_interface', true],
  ['outgoing_port', false],
  ['pid', false],
  ['pipelining', false],
  ['protocol_detail', false],
  ['proxy', false],
  ['queue_run', true],
  ['queue_time', false],
  ['queue_time_exclusive', false],
  ['queue_time_overall', false],
  ['receive_time', false],
  ['received_recipients', false],
  ['received_sender', false],
  ['rejected_header', true],
  ['retry_defer', true],
  ['return_path_on_delivery', false],
  ['sender_on_delivery', false],
  ['sender_verify_fail', true],
  ['size_reject', true],
  ['skip_delivery', true],
  ['smtp_confirmation', true],
  ['smtp_connection', false],
  ['smtp_incomplete_transaction', false],
  ['smtp_mailauth', false],
  ['smtp_no_mail', false],
  ['smtp_protocol_error', false],
  ['smtp_syntax_error', false],
  ['spf', false],
  ['spf_verbose', false],
  ['subject', false],
  ['tls_certificate_verified', true],
  ['tls_cipher', true],
  ['tls_on_connect', false],
  ['tls_peerdn', false],
  ['tls_resumption', false],
  ['tls_sni', false],
  ['unknown_in_list', false],
]);

export type SelectorParsing =
  | { readonly kind: 'ok'; readonly selectors: ReadonlySet<string> }
  | { readonly kind: 'error'; readonly message: string };

/** In the order of the manual. */
export const SELECTOR_NAMES: readonly string[] = [...SELECTORS.keys()];

export function defaultSelectors(): ReadonlySet<string> {
  return new Set([...SELECTORS].filter(([, isOn]) => isOn).map(([name]) => name));
}

/** `text` is the option's value, undefined when it is not set; errors are Exim's texts. Names match in any case; white space separates or not (`+a+b`). */
export function parseLogSelector(text: Octets | undefined): SelectorParsing {
  const chosen = new Set(defaultSelectors());
  const value = text ?? '';
  let at = skipSpace(value, 0);
  while (at < value.length) {
    const sign = value[at];
    if (sign !== '+' && sign !== '-') {
      return { kind: 'error', message: `malformed log_selector setting: + or - expected but found "${value.slice(at)}"` };
    }
    const name = /^[0-9A-Za-z_]*/.exec(value.slice(at + 1))?.[0] ?? '';
    const known = lowerCase(name);
    if (known === 'all') {
      for (const each of SELECTORS.keys())
        if (sign === '+') chosen.add(each);
        else chosen.delete(each);
    } else if (SELECTORS.has(known)) {
      if (sign === '+') chosen.add(known);
      else chosen.delete(known);
    } else {
      return { kind: 'error', message: `unknown log_selector setting: ${sign}${name}` };
    }
    at = skipSpace(value, at + 1 + name.length);
  }
  return { kind: 'ok', selectors: chosen };
}
