/**
 * What the program as a whole has: the macros `_HAVE_…` and the words of "Support for:" that `-bV` prints. Each asks the definitions, so
 * that only what works is claimed. Spec ch. 6 "Builtin macros".
 */
import { mainOptions } from '../core/main-options.ts';
import type { OptionTable } from '../core/option.ts';
import type { Definitions } from './builtin-macros.ts';
import { type DriverDefinition, genericTable } from './driver-section.ts';

interface Feature {
  /** Behind `_HAVE_`. */
  readonly macro: string;
  /** In the line of `-bV`. */
  readonly word?: string;
  /** Absent: always. */
  readonly isBuilt?: (definitions: Definitions) => boolean;
}

/** In the order of the macros. No DLFUNC: whoever asks for it has a shared object for Exim, which cannot be loaded here. */
const FEATURES: readonly Feature[] = [
  { macro: 'CRYPTEQ', word: 'crypteq', isBuilt: hasCondition('crypteq') },
  { macro: 'ICONV', word: 'iconv()', isBuilt: hasOperator('rfc2047d') },
  { macro: 'IPV6', word: 'IPv6' },
  { macro: 'PAM', word: 'PAM', isBuilt: hasCondition('pam') },
  { macro: 'PERL', word: 'Perl', isBuilt: hasItem('perl') },
  { macro: 'TLS' },
  { macro: 'OPENSSL', word: 'OpenSSL' },
  { macro: 'MOVE_FROZEN_MESSAGES', word: 'move_frozen_messages', isBuilt: hasMain('move_frozen_messages') },
  { macro: 'CONTENT_SCANNING', word: 'Content_Scanning', isBuilt: hasAclCondition('malware') },
  { macro: 'DKIM', word: 'DKIM', isBuilt: hasAclCondition('dkim_status') },
  { macro: 'DMARC', word: 'DMARC', isBuilt: hasAclCondition('dmarc_status') },
  { macro: 'DNSSEC', word: 'DNSSEC' },
  { macro: 'EVENT', word: 'Event', isBuilt: hasMain('event_action') },
  { macro: 'ESMTP_LIMITS', word: 'ESMTP_Limits', isBuilt: hasMain('limits_advertise_hosts') },
  { macro: 'ESMTP_WELLKNOWN', word: 'ESMTP_Wellknown', isBuilt: hasMain('wellknown_advertise_hosts') },
  { macro: 'I18N', word: 'I18N', isBuilt: hasAclControl('utf8_downconvert') },
  { macro: 'OCSP', word: 'OCSP', isBuilt: hasTransportOption('smtp', 'hosts_require_ocsp') },
  // -bV is to say PIPECONNECT when hosts_pipe_connect is built too
  { macro: 'PIPE_CONNECT', isBuilt: hasMain('pipelining_connect_advertise_hosts') },
  { macro: 'PRDR', word: 'PRDR', isBuilt: hasMain('prdr_enable') },
  { macro: 'PROXY', word: 'PROXY', isBuilt: hasMain('hosts_proxy') },
  { macro: 'SOCKS', word: 'SOCKS', isBuilt: hasTransportOption('smtp', 'socks_proxy') },
  { macro: 'NATIVE_SRS', isBuilt: hasItem('srs_encode') },
  { macro: 'SPF', word: 'SPF', isBuilt: hasAclCondition('spf') },
  { macro: 'SRS', word: 'SRS', isBuilt: hasItem('srs_encode') },
  { macro: 'DANE', word: 'DANE', isBuilt: hasTransportOption('smtp', 'hosts_require_dane') },
  // -bV is to say TLS_resume when tls_resumption_hosts of transports is built too
  { macro: 'TLS_RESUME', isBuilt: hasMain('tls_resumption_hosts') },
  { macro: 'XCLIENT', word: 'Experimental_XCLIENT', isBuilt: hasMain('hosts_xclient') },
];

/** Virus scanners, in the order of -bV. */
const SCANNERS: readonly (readonly [macro: string, word: string])[] = [
  ['MALWARE_FPROTD', 'f-protd'],
  ['MALWARE_FPROT6D', 'f-prot6d'],
  ['MALWARE_DRWEB', 'drweb'],
  ['MALWARE_FSECURE', 'fsecure'],
  ['MALWARE_SOPHIE', 'sophie'],
  ['MALWARE_CLAMD', 'clamd'],
  ['MALWARE_AVAST', 'avast'],
  ['MALWARE_SOCK', 'sock'],
  ['MALWARE_CMDLINE', 'cmdline'],
];

/** Formats of appendfile, by the option that chooses them. */
const MAILBOXES: readonly (readonly [macro: string, option: string, word: string])[] = [
  ['TRANSPORT_APPEND_MAILDIR', 'maildir_format', 'maildir'],
  ['TRANSPORT_APPEND_MAILSTORE', 'mailstore_format', 'mailstore'],
  ['TRANSPORT_APPEND_MBX', 'mbx_format', 'mbx'],
];

/** Names behind `_HAVE_`. */
export function featureMacros(definitions: Definitions): readonly string[] {
  const features = FEATURES.filter(({ isBuilt }) => isBuilt?.(definitions) ?? true).map(({ macro }) => macro);
  return hasAclCondition('malware')(definitions) ? [...features, ...SCANNERS.map(([macro]) => macro)] : features;
}

export function mailboxMacros(definitions: Definitions): readonly string[] {
  return MAILBOXES.filter(([, option]) => hasTransportOption('appendfile', option)(definitions)).map(([macro]) => macro);
}

/** The words of `-bV`, of what there are macros for. */
export function featureWords(macros: ReadonlySet<string>): readonly string[] {
  return FEATURES.filter(({ macro }) => macros.has(`_HAVE_${macro}`)).flatMap(({ word }) => word ?? []);
}

/** What `av_scanner` may begin with. */
export function scannerWords(macros: ReadonlySet<string>): readonly string[] {
  return SCANNERS.filter(([macro]) => macros.has(`_HAVE_${macro}`)).map(([, word]) => word);
}

/** `appendfile/maildir/…`. */
export function mailboxWords(macros: ReadonlySet<string>): readonly string[] {
  return MAILBOXES.filter(([macro]) => macros.has(`_HAVE_${macro}`)).map(([, , word]) => word);
}

interface Named {
  readonly name: string;
  readonly isNotYet?: boolean | undefined;
}

function hasBuilt(definitions: readonly Named[], name: string): boolean {
  return definitions.some((definition) => definition.name === name && !definition.isNotYet);
}

function hasItem(name: string): (definitions: Definitions) => boolean {
  return ({ expansion }) => hasBuilt(expansion.items, name);
}

function hasOperator(name: string): (definitions: Definitions) => boolean {
  return ({ expansion }) => hasBuilt(expansion.operators, name);
}

function hasCondition(name: string): (definitions: Definitions) => boolean {
  return ({ expansion }) => hasBuilt(expansion.conditions, name);
}

function hasAclCondition(name: string): (definitions: Definitions) => boolean {
  return ({ acl }) => hasBuilt(acl.conditions, name);
}

function hasAclControl(name: string): (definitions: Definitions) => boolean {
  return ({ acl }) => hasBuilt(acl.controls, name);
}

function hasMain(name: keyof typeof mainOptions): () => boolean {
  return () => isBuiltOption(mainOptions, name);
}

function hasTransportOption(driver: string, name: string): (definitions: Definitions) => boolean {
  return ({ transports }) => {
    const definition: DriverDefinition | undefined = transports.find((one) => one.name === driver);
    return definition !== undefined && isBuiltOption({ ...genericTable(transports), ...definition.options }, name);
  };
}

function isBuiltOption(table: OptionTable, name: string): boolean {
  const spec = table[name];
  return spec !== undefined && spec.notYet === undefined;
}
