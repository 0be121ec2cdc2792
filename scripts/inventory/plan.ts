/** Where what is missing belongs: to a part of the work that comes later, or to what is not built at all, and why. */
import type { Row } from './rows.ts';

/** The first that fits `kind: form` counts. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [/^variable: \$acl_smtp_notquit$/, 'an option, no variable'],
  [/^variable: \$(?:port|run_in_acl)$/, 'in the index of the manual only: Exim knows no such variable'],
  [/^lookup: nmh$/, 'no manual says what it looks up'],
  [/^lookup: (?:nis|nis0|nisplus|whoson|oracle)$/, 'the service is gone, or has no free client'],
  [/^option of main: (?:oracle_servers)$/, 'as the lookup oracle'],
  [/^malware scanner: (?:aveserver|kavdaemon|mksd)$/, 'the scanner is not sold any more, and nobody describes what it says'],
  [/^utility: (?:eximon|convert4r4)$/, 'a program for X, and one for configurations of Exim 3'],
  [/^command-line option: -MC/, "of Exim's own processes among each other"],
  [
    /^option of main: (?:debug_store|drop_cr|gnutls_.*|max_username_length|finduser_retries|dccifd_.*)$/,
    "of Exim's insides, or without effect in Exim, too",
  ],
];

const PARTS: readonly (readonly [RegExp, string])[] = [
  [/dkim|dmarc|\bspf|arc_|srs|dane|tlsa/i, 'DKIM, SPF, DMARC, ARC, DANE'],
  [/\bdcc|mime|malware|spam|\bav_|avast|clamd|cmdline|\bsock$|decode|rspamd|= regex|^acl condition: regex/, 'content scanning'],
  [/ldap|mysql|pgsql|redis|oracle|\bibase/, 'databases'],
  [/filter|sieve|vacation|^option of autoreply|\$thisaddress/, 'filters'],
  [/^(?:utility|exiqgrep option|exim_lock option)/, 'tools'],
  [/^event|event_action/, 'events'],
  [
    /^authenticator|^option of (?:authenticators|cram_md5|cyrus_sasl|dovecot|external|gsasl|heimdal_gssapi|plaintext|spa|tls)\b|tls|ocsp|certificate/,
    'TLS and authentication',
  ],
  [
    /^(?:acl|SMTP extension|callout|ratelimit|quota-verify)|^option of main: .*(?:smtp|acl|proxy|host|helo|rfc1413|recipients|received|header|callout|local_scan|check_|percent|xclient)/,
    '3. Receiving mail',
  ],
  [/^command-line option/, 'the command line'],
  [/^(?:router|transport|retry|mailbox|redirect)|^option of |\$mailstore_basename|-MG/, 'routing, delivery and queue'],
];

export function refusal({ kind, form }: Row): string | undefined {
  return REFUSED.find(([pattern]) => pattern.test(`${kind}: ${form}`))?.[1];
}

export function laterPart({ kind, form }: Row): string {
  return PARTS.find(([pattern]) => pattern.test(`${kind}: ${form}`))?.[1] ?? 'the language';
}
