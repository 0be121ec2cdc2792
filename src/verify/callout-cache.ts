/** What earlier callouts found out, and what the next ones may know of this one. Spec ch. 44 "Callout caching". */
import type { Octets } from '../base/octets.ts';
import { lowerCase } from '../base/octets.ts';
import type { Address, CalloutOptions, Frame } from '../core/index.ts';
import type { CalloutDomainRecord, CalloutFinding } from '../hints/callout-record.ts';
import { CALLOUT_DATABASE, formatCalloutRecord, parseCalloutRecord } from '../hints/callout-record.ts';

/** What the cache knows: a result, or what is to be asked. */
export type CacheAnswer =
  | { readonly kind: 'accepted'; readonly isRandom: boolean }
  /** `domain`: its hosts take no `MAIL FROM:<>`. */
  | { readonly kind: 'refused'; readonly by: 'domain' | 'postmaster' | 'address' }
  | { readonly kind: 'ask'; readonly random: boolean; readonly postmaster: boolean };

/** What a conversation found out; `unknown` is not remembered. */
export interface CalloutFindings {
  mail: CalloutFinding;
  address: CalloutFinding;
  random: CalloutFinding;
  postmaster: CalloutFinding;
}

/** For one address and one set of options. */
export class CalloutCache {
  readonly #address: Address;
  readonly #options: CalloutOptions;
  /** In MAIL. */
  readonly #sender: Octets;
  readonly #frame: Frame;
  #known: CalloutDomainRecord | undefined;

  constructor(address: Address, options: CalloutOptions, sender: Octets, frame: Frame) {
    this.#address = address;
    this.#options = options;
    this.#sender = sender;
    this.#frame = frame;
  }

  look(): CacheAnswer {
    const { isRandom, isPostmaster, isFullPostmaster, noCache } = this.#options;
    const ask = { kind: 'ask', random: isRandom, postmaster: isPostmaster || isFullPostmaster } as const;
    if (noCache) {
      this.#trace(() => 'disabled by no_cache');
      return ask;
    }
    this.#known = this.#readDomain();
    const decided = this.#known === undefined ? ask : this.#lookAtDomain(this.#known, ask);
    return decided.kind === 'ask' ? this.#lookAtAddress(decided) : decided;
  }

  #lookAtDomain(known: CalloutDomainRecord, ask: CacheAnswer & { kind: 'ask' }): CacheAnswer {
    if (known.finding === 'reject' || (known.finding === 'reject-mail-null' && this.#sender === '')) {
      this.#trace(() => 'domain gave initial rejection, or does not accept HELO or MAIL FROM:<>');
      return { kind: 'refused', by: 'domain' };
    }
    let { random, postmaster } = ask;
    if (random) {
      switch (this.#fresh(known.random, known.randomAtSeconds)) {
        case 'accept':
          this.#trace(() => 'domain accepts random addresses');
          return { kind: 'accepted', isRandom: true };
        case 'reject':
          this.#trace(() => 'domain rejects random addresses');
          random = false;
          break;
        default:
          this.#trace(() => 'need to check random address handling (not cached or cache expired)');
      }
    }
    if (postmaster) {
      switch (this.#fresh(known.postmaster, known.postmasterAtSeconds)) {
        case 'accept':
          this.#trace(() => 'domain accepts RCPT TO:<postmaster@domain>');
          postmaster = false;
          break;
        case 'reject':
          this.#trace(() => 'domain does not accept RCPT TO:<postmaster@domain>');
          return { kind: 'refused', by: 'postmaster' };
        default:
          this.#trace(() => 'need to check RCPT TO:<postmaster@domain> (not cached or cache expired)');
      }
    }
    return { kind: 'ask', random, postmaster };
  }

  /** Not when the domain must be asked something anyway. */
  #lookAtAddress(ask: CacheAnswer & { kind: 'ask' }): CacheAnswer {
    if (this.#known !== undefined && (ask.random || ask.postmaster)) return ask;
    const key = this.#addressKey();
    const record = this.#read(key);
    const { callout_positive_expire, callout_negative_expire } = this.#frame.config.main;
    if (record?.kind !== 'address') {
      this.#trace(() => `no address record found for ${key}`);
      return ask;
    }
    if (this.#ageOf(record.atSeconds) > (record.finding === 'accept' ? callout_positive_expire : callout_negative_expire)) {
      this.#trace(() => `address record expired for ${key}`);
      return ask;
    }
    this.#trace(() => `found address record for ${key}`);
    this.#trace(() => `address record is ${record.finding === 'accept' ? 'positive' : 'negative'}`);
    return record.finding === 'accept' ? { kind: 'accepted', isRandom: false } : { kind: 'refused', by: 'address' };
  }

  /** Once, when no further host is asked. */
  remember(findings: CalloutFindings): void {
    if (this.#options.noCache) return;
    const { log } = this.#frame.services;
    const now = this.#nowSeconds();
    if (findings.mail !== 'unknown') {
      const { domain } = this.#address;
      const keeps = this.#known?.finding === 'reject-mail-null' && this.#sender !== '';
      const random = this.#merged(findings.random, this.#options.isRandom, this.#known?.random, this.#known?.randomAtSeconds);
      const asksPostmaster = this.#options.isPostmaster || this.#options.isFullPostmaster;
      const postmaster = this.#merged(findings.postmaster, asksPostmaster, this.#known?.postmaster, this.#known?.postmasterAtSeconds);
      const record: CalloutDomainRecord = {
        kind: 'domain',
        atSeconds: now,
        finding: keeps ? 'reject-mail-null' : findings.mail,
        postmaster: postmaster.finding,
        postmasterAtSeconds: postmaster.atSeconds,
        random: random.finding,
        randomAtSeconds: random.atSeconds,
      };
      this.#frame.services.hints.put(CALLOUT_DATABASE, lowerCase(domain), formatCalloutRecord(record));
      log.debug(
        'verify',
        () =>
          `wrote callout cache domain record for ${domain}:\n  result=${CODES[record.finding]} postmaster=${CODES[record.postmaster]} random=${CODES[record.random]}`,
      );
    }
    if (findings.address !== 'unknown') {
      const key = this.#addressKey();
      const record = { kind: 'address', atSeconds: now, finding: findings.address } as const;
      this.#frame.services.hints.put(CALLOUT_DATABASE, key, formatCalloutRecord(record));
      log.debug('verify', () => `wrote ${findings.address === 'accept' ? 'positive' : 'negative'} callout cache address record for ${key}`);
    }
  }

  /** What was found now, else what was known of what these options ask. */
  #merged(
    found: CalloutFinding,
    isAsked: boolean,
    known: CalloutFinding | undefined,
    knownAtSeconds: number | undefined,
  ): { readonly finding: CalloutFinding; readonly atSeconds: number } {
    if (found !== 'unknown') return { finding: found, atSeconds: this.#nowSeconds() };
    const isKept = isAsked && known !== undefined && known !== 'unknown';
    return isKept ? { finding: known, atSeconds: knownAtSeconds ?? 0 } : { finding: 'unknown', atSeconds: 0 };
  }

  #readDomain(): CalloutDomainRecord | undefined {
    const { domain } = this.#address;
    const record = this.#read(lowerCase(domain));
    if (record?.kind !== 'domain') {
      this.#trace(() => `no domain record found for ${domain}`);
      return undefined;
    }
    const { callout_domain_positive_expire, callout_domain_negative_expire } = this.#frame.config.main;
    const isNegative = record.finding === 'reject' || record.finding === 'reject-mail-null';
    if (this.#ageOf(record.atSeconds) > (isNegative ? callout_domain_negative_expire : callout_domain_positive_expire)) {
      this.#trace(() => `domain record expired for ${domain}`);
      return undefined;
    }
    this.#trace(() => `found domain record for ${domain}`);
    return record;
  }

  /** A finding that is too old counts as unknown. */
  #fresh(finding: CalloutFinding, atSeconds: number): CalloutFinding {
    const { callout_domain_positive_expire, callout_domain_negative_expire } = this.#frame.config.main;
    const limit = finding === 'accept' ? callout_domain_positive_expire : callout_domain_negative_expire;
    return this.#ageOf(atSeconds) > limit ? 'unknown' : finding;
  }

  #read(key: Octets) {
    const value = this.#frame.services.hints.get(CALLOUT_DATABASE, key);
    return value === undefined ? undefined : parseCalloutRecord(value);
  }

  #addressKey(): Octets {
    const { address } = this.#address;
    return this.#sender === '' ? address : `${address}/<${this.#sender}>`;
  }

  #ageOf(atSeconds: number): number {
    return this.#nowSeconds() - atSeconds;
  }

  #nowSeconds(): number {
    return Math.floor(this.#frame.services.clock.now() / 1000);
  }

  #trace(text: () => string): void {
    this.#frame.services.log.debug('verify', () => `callout cache: ${text()}`);
  }
}

const CODES: Readonly<Record<CalloutFinding, number>> = { unknown: 0, accept: 1, reject: 2, 'reject-mail-null': 3 };
