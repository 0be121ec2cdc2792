/** `openssl_options` and cipher strings as Node takes them. Spec ch. 14 "openssl_options", ch. 43 "Requiring specific ciphers in OpenSSL". */
import type { Octets } from '../base/octets.ts';

/** Exim's names and OpenSSL's bits; those that OpenSSL 3 ignores are 0. */
const optionBits: ReadonlyMap<string, number> = new Map([
  ['all', 0x80000850],
  ['allow_no_dhe_kex', 0x400],
  ['allow_unsafe_legacy_renegotiation', 0x40000],
  ['cipher_server_preference', 0x400000],
  ['cisco_anyconnect', 0x8000],
  ['cookie_exchange', 0x2000],
  ['cryptopro_tlsext_bug', 0x80000000],
  ['dont_insert_empty_fragments', 0x800],
  ['enable_middlebox_compat', 0x100000],
  ['ephemeral_rsa', 0],
  ['legacy_server_connect', 0x4],
  ['microsoft_big_sslv3_buffer', 0],
  ['microsoft_sess_id_bug', 0],
  ['msie_sslv2_rsa_padding', 0],
  ['netscape_challenge_bug', 0],
  ['netscape_reuse_cipher_change_bug', 0],
  ['no_anti_replay', 0x1000000],
  ['no_compression', 0x20000],
  ['no_encrypt_then_mac', 0x80000],
  ['no_renegotiation', 0x40000000],
  ['no_session_resumption_on_renegotiation', 0x10000],
  ['no_sslv2', 0],
  ['no_sslv3', 0x2000000],
  ['no_ticket', 0x4000],
  ['no_tlsv1', 0x4000000],
  ['no_tlsv1_1', 0x10000000],
  ['no_tlsv1_2', 0x8000000],
  ['no_tlsv1_3', 0x20000000],
  ['priorize_chacha', 0x200000],
  ['prioritize_chacha', 0x200000],
  ['safari_ecdhe_ecdsa_bug', 0x40],
  ['single_dh_use', 0],
  ['single_ecdh_use', 0],
  ['ssleay_080_client_dh_bug', 0],
  ['sslref2_reuse_cert_type_bug', 0],
  ['tls_block_padding_bug', 0],
  ['tls_d5_bug', 0],
  ['tls_rollback_bug', 0x800000],
  ['tlsext_padding', 0x10],
]);

/** For the built-in macros. */
export function opensslOptionNames(): readonly string[] {
  return [...optionBits.keys()];
}

/** Exim's value when the option is not set. */
export const defaultOpensslOptions: Octets = '+no_sslv2 +no_sslv3 +single_dh_use +no_ticket +no_renegotiation';

/** SSL_OP_NO_TICKET. */
export const NO_TICKET = 0x4000;

export interface OpensslOptions {
  readonly bits: number;
  /** TLS 1.0 and 1.1 are off unless `-no_tlsv1` or `-no_tlsv1_1` asks for them. */
  readonly minVersion: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2';
}

/** `+name` sets, `-name` clears; undefined where a name is not known or lacks its sign. */
export function parseOpensslOptions(text: Octets): OpensslOptions | undefined {
  let bits = 0;
  let minVersion: OpensslOptions['minVersion'] = 'TLSv1.2';
  for (const word of `${defaultOpensslOptions} ${text}`.split(/[ \t\n]+/)) {
    if (word === '') continue;
    const name = word.slice(1);
    const bit =
      /^0x[0-9a-f]+$/.test(name) || /^[0-9]+$/.test(name) ? Number.parseInt(name, name.startsWith('0x') ? 16 : 10) : optionBits.get(name);
    if (bit === undefined || (word[0] !== '+' && word[0] !== '-')) return undefined;
    bits = word[0] === '+' ? bits | bit : bits & ~bit;
    if (word === '-no_tlsv1') minVersion = 'TLSv1';
    else if (word === '-no_tlsv1_1' && minVersion === 'TLSv1.2') minVersion = 'TLSv1.1';
  }
  return { bits: bits >>> 0, minVersion };
}

const tls13Suites = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';

/**
 * Node turns TLS 1.3 off when the string names none of its suites; Exim's cipher strings speak of TLS 1.2 and older only. Underscores of old GnuTLS names
 * are hyphens in OpenSSL's.
 */
export function nodeCiphers(ciphers: Octets | undefined): string | undefined {
  if (ciphers === undefined || ciphers === '') return undefined;
  const named = ciphers.replace(/[^:, ]+/g, (name) => (/^[-+!]?TLS_/.test(name) ? name : name.replaceAll('_', '-')));
  return /(?:^|:)TLS_/.test(named) ? named : `${tls13Suites}:${named}`;
}

/** Key bits of a cipher, from OpenSSL's or the standard name. */
export function cipherBits(name: string): number {
  if (/AES_?256|CHACHA20|CAMELLIA_?256|ARIA_?256/.test(name)) return 256;
  if (/3DES|DES-CBC3/.test(name)) return 168;
  if (/NULL/.test(name)) return 0;
  return 128;
}
