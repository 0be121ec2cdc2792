/** The private options of the smtp transport. Spec ch. 30 "The smtp transport". */

import { lowerCase } from '../../base/octets.ts';
import type { OptionValues } from '../../core/option.ts';
import { option } from '../../core/option.ts';

export const smtpOptions = {
  address_retry_include_sender: option.boolean({
    default: true,
    doc: 'A recipient that was refused for now is delayed for this sender only.',
  }),
  allow_localhost: option.boolean({ default: false, doc: 'Deliver although a host of hosts or fallback_hosts is this one.' }),
  arc_sign: option.expanded({ isOfSomeBuilds: true, doc: 'Sign with ARC.', notYet: 'instance' }),
  authenticated_sender: option.expanded({ onForcedFail: 'unset', doc: 'The value of AUTH= in MAIL.' }),
  authenticated_sender_force: option.boolean({ default: false, doc: 'Send AUTH= although we have not authenticated.' }),
  command_timeout: option.time({ default: 300, doc: 'How long to wait for the reply to a command.' }),
  connect_timeout: option.time({ default: 300, doc: 'How long to wait for a connection.' }),
  connection_max_messages: option.integer({ default: 500, doc: 'How many messages go over one connection.' }),
  dane_require_tls_ciphers: option.expanded({ doc: 'Ciphers when DANE is in use.' }),
  data_timeout: option.time({ default: 300, doc: 'How long sending a block of the message may take.' }),
  delay_after_cutoff: option.boolean({
    default: true,
    doc: 'Hosts that have been down too long are not tried before their next retry time.',
  }),
  dkim_canon: option.expanded({ doc: 'Canonicalization of DKIM signatures.' }),
  dkim_domain: option.expanded({ doc: 'Domains to sign for with DKIM.' }),
  dkim_hash: option.expanded({ default: 'sha256', doc: 'Hash of DKIM signatures.' }),
  dkim_identity: option.expanded({ doc: 'Identity of DKIM signatures.' }),
  dkim_private_key: option.expanded({ doc: 'Private key of DKIM signatures.' }),
  dkim_selector: option.expanded({ doc: 'Selectors of DKIM signatures.' }),
  dkim_sign_headers: option.expanded({ doc: 'Header lines that DKIM signatures cover.' }),
  dkim_strict: option.expanded({ doc: 'Defer what cannot be signed.' }),
  dkim_timestamps: option.expanded({ doc: 'Add a time, and an expiry after so many seconds, to DKIM signatures.' }),
  dns_qualify_single: option.boolean({ default: true, doc: 'Let the resolver add its own domain to a name of one component.' }),
  dns_search_parents: option.boolean({ default: false, doc: 'Let the resolver search in parent domains.' }),
  dnssec_request_domains: option.domainList({ default: '*', doc: 'Domains for whose DNS look-ups DNSSEC validation is asked for.' }),
  dnssec_require_domains: option.domainList({ doc: 'Domains whose DNS answers count only when they were validated.', notYet: 'instance' }),
  dscp: option.expanded({ doc: 'The DSCP value of outgoing packets.', notYet: 'notice' }),
  fallback_hosts: option.expanded({ onForcedFail: 'unset', doc: 'Hosts to try when none of the others could be used.' }),
  final_timeout: option.time({ default: 600, doc: 'How long to wait for the reply to the end of the message.' }),
  gethostbyname: option.boolean({ default: false, doc: 'Look up hosts as the system does, not in the DNS alone.' }),
  gnutls_compat_mode: option.boolean({ isOfSomeBuilds: true, default: false, doc: 'Has no effect: for GnuTLS.' }),
  helo_data: option.expanded({ default: '$primary_hostname', onForcedFail: 'defer', doc: 'The argument of EHLO, HELO and LHLO.' }),
  host_name_extract: option.expanded({
    default: '${if and {{match{$host}{.outlook.com\\$}} {match{$item}{\\N^250-([\\w.]+)\\s\\N}}} {$1}}',
    doc: "Takes a server's name out of its EHLO reply, for TLS resumption.",
  }),
  hosts: option.expanded({ onForcedFail: 'defer', doc: 'Hosts for addresses that have none from their router.' }),
  hosts_avoid_esmtp: option.hostList({ doc: 'Hosts that get HELO.' }),
  hosts_avoid_pipelining: option.hostList({ doc: 'Hosts to which commands are sent one by one.' }),
  hosts_avoid_tls: option.hostList({ doc: 'Hosts with which no TLS is used.' }),
  hosts_max_try: option.integer({ default: 5, doc: 'How many addresses of hosts are tried in one delivery.' }),
  hosts_max_try_hardlimit: option.integer({ default: 50, doc: 'The same, whatever their MX values and retry times.' }),
  hosts_nopass_tls: option.hostList({ doc: 'Hosts to which a TLS connection serves one message only.' }),
  hosts_noproxy_tls: option.hostList({ doc: 'Hosts to which a TLS connection is not kept for other messages.' }),
  hosts_override: option.boolean({ default: false, doc: 'Use hosts although the router gave some.' }),
  hosts_pipe_connect: option.hostList({ doc: 'Hosts to which commands are sent before their banner came.', notYet: 'notice' }),
  hosts_randomize: option.expandedBoolean({ default: false, doc: 'Try hosts that do not come from MX records in random order.' }),
  hosts_request_ocsp: option.hostList({ default: '*', doc: 'Hosts that are asked for a certificate status.' }),
  hosts_require_alpn: option.hostList({ doc: 'Hosts with which ALPN must be agreed.' }),
  hosts_require_auth: option.hostList({ doc: 'Hosts where we must authenticate.' }),
  hosts_require_dane: option.hostList({ doc: 'Hosts that need DANE.', notYet: 'instance' }),
  hosts_require_ocsp: option.hostList({ doc: 'Hosts that must give a good certificate status.', notYet: 'instance' }),
  hosts_require_tls: option.hostList({ doc: 'Hosts with which TLS must be used.' }),
  hosts_try_auth: option.hostList({ doc: 'Hosts where we authenticate if they offer it.' }),
  hosts_try_chunking: option.hostList({ default: '*', doc: 'Hosts to which BDAT is used if they offer it.' }),
  hosts_try_dane: option.hostList({ default: '*', doc: 'Hosts whose TLSA records are looked up.' }),
  hosts_try_fastopen: option.hostList({ default: '*', doc: 'Has no effect: there is no TCP Fast Open.' }),
  hosts_try_prdr: option.hostList({ default: '*', doc: 'Hosts with which PRDR is used if they offer it.' }),
  hosts_verify_avoid_tls: option.hostList({ doc: 'Hosts with which callouts use no TLS.' }),
  interface: option.expanded({ onForcedFail: 'unset', doc: 'Local addresses from which to connect.' }),
  keepalive: option.boolean({ default: true, doc: 'Keep idle connections alive.' }),
  lmtp_ignore_quota: option.boolean({ default: false, doc: 'Send IGNOREQUOTA over LMTP.' }),
  max_rcpt: option.expanded({ default: '100', doc: 'How many recipients one transaction may have. 0 is no limit.' }),
  message_linelength_limit: option.integer({ default: 998, doc: 'A message with a longer line fails.' }),
  multi_domain: option.expandedBoolean({ default: true, doc: 'Recipients of several domains with the same hosts may go together.' }),
  port: option.expanded({
    derive: (values) => protocolNamed(values['protocol']),
    onForcedFail: 'defer',
    doc: 'Port or service name.',
  }),
  protocol: option.string({
    // Exim 4.99 shows no default beside a port
    derive: (_values, isSet) => (isSet('port') ? undefined : 'smtp'),
    doc: 'smtp, lmtp or smtps; SMTP when unset.',
  }),
  retry_include_ip_address: option.expandedBoolean({ default: true, doc: 'Retry data is by name and address of a host.' }),
  serialize_hosts: option.hostList({ doc: 'Hosts to which there is one connection at a time.', notYet: 'instance' }),
  size_addition: option.integer({ default: 1024, doc: 'Added to the size that is told to the server; negative: no SIZE is sent.' }),
  socks_proxy: option.expanded({ doc: 'SOCKS proxies.', notYet: 'instance' }),
  tls_alpn: option.expanded({ onForcedFail: 'unset', doc: 'The ALPN names to offer.' }),
  tls_certificate: option.expanded({ onForcedFail: 'unset', doc: 'File with our certificate.' }),
  tls_crl: option.expanded({ onForcedFail: 'unset', doc: 'File with revoked certificates.' }),
  tls_dh_min_bits: option.integer({ default: 1024, doc: 'The smallest Diffie-Hellman prime.' }),
  tls_privatekey: option.expanded({ onForcedFail: 'unset', doc: 'File with our private key.' }),
  tls_require_ciphers: option.expanded({ onForcedFail: 'unset', doc: 'The ciphers to use.' }),
  tls_resumption_hosts: option.hostList({ doc: 'Hosts with which TLS sessions are resumed.', notYet: 'notice' }),
  tls_sni: option.expanded({ onForcedFail: 'unset', doc: 'The server name to ask for.' }),
  tls_tempfail_tryclear: option.boolean({ default: true, doc: 'Deliver without TLS when it cannot be started.' }),
  tls_try_verify_hosts: option.hostList({ default: '*', doc: 'Hosts whose certificates are verified but taken all the same.' }),
  tls_verify_cert_hostnames: option.hostList({ default: '*', doc: 'Hosts whose certificates must be for their names.' }),
  tls_verify_certificates: option.expanded({ default: 'system', onForcedFail: 'unset', doc: 'The certificates that are trusted.' }),
  tls_verify_hosts: option.hostList({ doc: 'Hosts whose certificates must verify.' }),
  utf8_downconvert: option.expanded({ default: '-1', doc: 'How addresses in UTF-8 are converted.' }),
} as const;

export type SmtpOptions = OptionValues<typeof smtpOptions>;

/** What the option `protocol` says, in whatever case. */
export function protocolNamed(value: unknown): 'smtp' | 'lmtp' | 'smtps' {
  const name = typeof value === 'string' ? lowerCase(value) : '';
  if (name === 'lmtp') return 'lmtp';
  return name === 'smtps' ? 'smtps' : 'smtp';
}
