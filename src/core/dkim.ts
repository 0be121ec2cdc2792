/** DKIM signatures of a message that is received, and what was found out about them. Spec ch. 58 "Verifying DKIM signatures in incoming mail". */
import type { Octets } from '../base/octets.ts';

/** The header lines that are signed unless `dkim_sign_headers` says otherwise: macro `_DKIM_SIGN_HEADERS`. RFC 4871 s5.5. */
export const DKIM_SIGN_HEADERS: Octets =
  'From:Sender:Reply-To:Subject:Date:Message-ID:To:Cc:MIME-Version:Content-Type:Content-Transfer-Encoding:Content-ID:Content-Description:' +
  'Resent-Date:Resent-From:Resent-Sender:Resent-To:Resent-Cc:Resent-Message-ID:In-Reply-To:References:List-Id:List-Help:List-Unsubscribe:' +
  'List-Subscribe:List-Post:List-Owner:List-Archive';

/** What verification came to. The log and Authentication-Results: have words for each; a DKIM ACL sees only status and reason. */
export type DkimFinding =
  | 'pass'
  /** `dkim_verify_minimal`: another one was good before. */
  | 'not-verified'
  | 'tag-missing'
  | 'version-unknown'
  | 'key-unavailable'
  /** No record that can be a key. */
  | 'key-record-malformed'
  /** A record whose `p=` is no key of the signature's kind, or empty: revoked. */
  | 'key-malformed'
  | 'body-hash-differs'
  | 'key-too-short'
  /** The key's `h=` has not the signature's hash. */
  | 'hash-not-permitted'
  | 'signature-wrong';

export type DkimStatus = 'none' | 'invalid' | 'fail' | 'pass';

/** Of each finding `$dkim_verify_status` and `$dkim_verify_reason`. */
export const DKIM_FINDINGS: Readonly<Record<DkimFinding, readonly [DkimStatus, Octets]>> = {
  pass: ['pass', ''],
  'not-verified': ['none', ''],
  'tag-missing': ['invalid', ''],
  'version-unknown': ['invalid', ''],
  'key-unavailable': ['invalid', 'pubkey_unavailable'],
  'key-record-malformed': ['invalid', 'pubkey_dns_syntax'],
  'key-malformed': ['invalid', 'pubkey_der_syntax'],
  'body-hash-differs': ['fail', 'bodyhash_mismatch'],
  'key-too-short': ['fail', 'pubkey_too_short'],
  'hash-not-permitted': ['fail', ''],
  'signature-wrong': ['fail', 'signature_incorrect'],
};

/** What a key record says besides the key. */
export interface DkimKeyFacts {
  readonly isTesting: boolean;
  readonly forbidsSubdomains: boolean;
  readonly serviceType: Octets;
  readonly granularity: Octets;
  readonly notes: Octets;
}

/** A DKIM-Signature: line. Undefined: the tag is missing or empty. */
export interface DkimSignature {
  readonly domain: Octets | undefined;
  readonly selector: Octets | undefined;
  readonly identity: Octets | undefined;
  /** `rsa-sha256`. */
  readonly algorithm: Octets;
  readonly headerForm: 'simple' | 'relaxed';
  readonly bodyForm: 'simple' | 'relaxed';
  /** `l=`: so much of the canonical body is signed. */
  readonly bodyLength: number | undefined;
  readonly created: number | undefined;
  readonly expires: number | undefined;
  /** As it stands in `h=`. */
  readonly headerNames: Octets | undefined;
  /** `z=`, decoded. */
  readonly copiedHeaders: Octets | undefined;
  /** Of `b=`. */
  readonly signatureBits: number;
}

export interface VerifiedSignature {
  readonly signature: DkimSignature;
  readonly finding: DkimFinding;
  /** Undefined when the record was not needed, or is none. */
  readonly key: DkimKeyFacts | undefined;
  /** 0 until the key was needed. */
  readonly keyBits: number;
}

/** What an ACL has made of a signature that was found otherwise. */
export interface DkimOverride {
  readonly status: Octets;
  readonly reason: Octets;
}

/** A message's signatures while ACLs look at them; one record a transaction. */
export interface DkimState {
  /** In the order of `dkim_verify_keytypes` and `dkim_verify_hashes`. */
  readonly signatures: readonly VerifiedSignature[];
  /** `$dkim_cur_signer`; empty before the ACL runs. */
  signer: Octets;
  /** The signature that the ACL looks at; undefined when the message has none of the signer. */
  current: VerifiedSignature | undefined;
  /** The one before: `$dkim_domain`, `$dkim_selector` and `$dkim_key_length` stay as they were for a signer without a signature. */
  last: VerifiedSignature | undefined;
  /** `$dkim_verify_status`, `$dkim_verify_reason`: of the current signature, behind the ACL a list of the values after each run. */
  status: Octets;
  reason: Octets;
  readonly overrides: Map<VerifiedSignature, DkimOverride>;
  /** For `DKIM=` of the `<=` line: the domain of the last signature that passed. */
  passedDomain: Octets | undefined;
}

export function newDkimState(signatures: readonly VerifiedSignature[]): DkimState {
  return {
    signatures,
    signer: '',
    current: undefined,
    last: undefined,
    status: '',
    reason: '',
    overrides: new Map(),
    passedDomain: undefined,
  };
}

/** `$dkim_signers`: domain and identity of each signature. */
export function dkimSigners({ signatures }: Pick<DkimState, 'signatures'>): Octets {
  return signatures
    .flatMap(({ signature: { domain, identity } }) => [domain, identity])
    .filter((signer) => signer !== undefined)
    .join(':');
}
