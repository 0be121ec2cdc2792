/**
 * The resolver: asks recursive name servers (option dns_servers, else resolv.conf), follows aliases, keeps answers for their TTL.
 * Spec ch. 14 "Main configuration", options dns_…; RFC 1035, RFC 2308 (negative answers).
 */
import type { Octets } from '../base/octets.ts';
import { lowerCase } from '../base/octets.ts';
import type { Deadline } from '../core/deadline.ts';
import type { MainOptions } from '../core/main-options.ts';
import { DNS_CHECK_NAMES_PATTERN } from '../core/main-options.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import type { Clock, Dns, DnsAnswer, DnsOptions, DnsRecord, DnsType, Files, Random, Regexes } from '../core/ports.ts';
import { AnswerCache } from './dns-cache.ts';
import type { DnsResponse, QuestionType } from './dns-message.ts';
import { encodeQuery } from './dns-message.ts';
import type { Exchange, Question } from './dns-transport.ts';
import { askServer } from './dns-transport.ts';
import type { NameServer } from './resolv-conf.ts';
import { parseNameServer, ResolvConfFile } from './resolv-conf.ts';

export interface ResolverParts {
  readonly files: Pick<Files, 'stat' | 'readFile'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly random: Pick<Random, 'below'>;
  readonly main: Pick<
    MainOptions,
    'dns_retrans' | 'dns_retry' | 'dns_servers' | 'dns_cname_loops' | 'dns_check_names_pattern' | 'dns_use_edns0' | 'dns_dnssec_ok'
  >;
  /** For a `dns_check_names_pattern` other than the default. */
  readonly regexes?: Regexes;
  /** Whether the name is in dns_again_means_nonexist. */
  readonly isAgainNonexistent?: (name: Octets) => MaybePromise<boolean>;
  /** Whether the name is in dns_trust_aa. */
  readonly isAuthoritativeTrusted?: (name: Octets) => MaybePromise<boolean>;
  readonly resolvConf?: Octets;
}

const cachedAnswers = 20_000;
const cachedOctets = 32 * 1024 * 1024;
const maxTtlSeconds = 86_400;
/** A temporary failure is remembered this long, so that the recipients of one message do not wait for it one by one. */
const againTtlSeconds = 5;
const questionsAtOnce = 256;
/** Node's timers end at once when they are longer. */
const maxTimerMs = 2 ** 31 - 1;
const aliasesInOneAnswer = 16;

export class Resolver implements Dns {
  readonly #parts: ResolverParts;
  readonly #resolvConf: ResolvConfFile;
  readonly #cache = new AnswerCache(cachedAnswers, cachedOctets);
  readonly #running = new Map<string, Promise<DnsAnswer>>();
  /** Names whose place in the lists of options is being found out. */
  readonly #judging = new Set<Octets>();
  readonly #closing = new AbortController();
  #asking = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(parts: ResolverParts) {
    this.#parts = parts;
    this.#resolvConf = new ResolvConfFile(parts.files, parts.clock, parts.resolvConf);
  }

  /** Domains that a single-label name is tried in by host look-ups. */
  searchDomains(): readonly Octets[] {
    return this.#resolvConf.get().search;
  }

  /** Ends every question; what waits for one gets `again`. */
  close(): void {
    this.#closing.abort();
    this.#cache.clear();
  }

  resolve(name: Octets, type: DnsType, until: Deadline, options: DnsOptions = {}): MaybePromise<DnsAnswer> {
    const plain = name.endsWith('.') ? name.slice(0, -1) : name;
    if (!this.#isNameAllowed(plain, type)) return { kind: 'no-name', isAuthenticated: false };
    const id = `${type} ${this.#asksForDnssec(options) ? 'd' : ''} ${lowerCase(plain)}`;
    const known = this.#cache.get(id, this.#parts.clock.monotonicMs());
    if (known) return this.#applyPolicy(known, plain);
    let running = this.#running.get(id);
    if (!running) {
      running = this.#lookUp(id, plain, type, options).finally(() => this.#running.delete(id));
      this.#running.set(id, running);
    }
    return this.#waitFor(running, plain, type, until).then((answer) => this.#applyPolicy(answer, plain));
  }

  /** The question goes on for others, and for the cache, when this caller's time is over. */
  async #waitFor(running: Promise<DnsAnswer>, name: Octets, type: DnsType, until: Deadline): Promise<DnsAnswer> {
    const late: DnsAnswer = { kind: 'again', message: `DNS lookup of ${name} (${type}) timed out` };
    const restMs = until.endMs - this.#parts.clock.monotonicMs();
    if (until.signal.aborted || restMs <= 0) return late;
    const { promise, resolve } = Promise.withResolvers<DnsAnswer>();
    const giveUp = (): void => resolve(late);
    const timer = Number.isFinite(restMs) ? setTimeout(giveUp, Math.min(restMs, maxTimerMs)) : undefined;
    until.signal.addEventListener('abort', giveUp);
    running.then(resolve, giveUp);
    const answer = await promise;
    clearTimeout(timer);
    until.signal.removeEventListener('abort', giveUp);
    return answer;
  }

  async #lookUp(id: string, name: Octets, type: DnsType, options: DnsOptions): Promise<DnsAnswer> {
    const question: QuestionType = type === 'SPF' ? 'TXT' : type === 'CSA' ? 'SRV' : type;
    const found = await this.#follow(name, question, options);
    const answer = type === 'SPF' ? onlySpf(found.answer) : found.answer;
    if (found.ttlSeconds > 0) {
      const untilMs = this.#parts.clock.monotonicMs() + 1000 * Math.min(found.ttlSeconds, maxTtlSeconds);
      this.#cache.set(id, answer, untilMs);
    }
    return answer;
  }

  /** dns_again_means_nonexist and dns_trust_aa. Their lists may themselves look names up: those are judged without them. */
  #applyPolicy(answer: DnsAnswer, name: Octets): MaybePromise<DnsAnswer> {
    const { isAgainNonexistent, isAuthoritativeTrusted } = this.#parts;
    if (answer.kind === 'again' && isAgainNonexistent)
      return this.#judge(name, isAgainNonexistent, answer, { kind: 'no-name', isAuthenticated: false });
    const mayBeTrusted = answer.kind === 'found' && answer.isAuthoritative && !answer.isAuthenticated;
    if (mayBeTrusted && isAuthoritativeTrusted)
      return this.#judge(name, isAuthoritativeTrusted, answer, { ...answer, isAuthenticated: true });
    return answer;
  }

  async #judge(name: Octets, test: (name: Octets) => MaybePromise<boolean>, plain: DnsAnswer, changed: DnsAnswer): Promise<DnsAnswer> {
    if (this.#judging.has(name)) return plain;
    this.#judging.add(name);
    try {
      return (await test(name)) ? changed : plain;
    } finally {
      this.#judging.delete(name);
    }
  }

  /** Asks, and asks again for the target where an answer ends with an alias: `dns_cname_loops` times. */
  async #follow(
    name: Octets,
    type: QuestionType,
    options: DnsOptions,
  ): Promise<{ readonly answer: DnsAnswer; readonly ttlSeconds: number }> {
    let asked = name;
    let ttlSeconds = maxTtlSeconds;
    let isAuthenticated = true;
    for (let loop = 0; loop <= this.#parts.main.dns_cname_loops; loop++) {
      const response = await this.#ask(asked, type, options);
      if ('kind' in response) return { answer: response, ttlSeconds: againTtlSeconds };
      isAuthenticated &&= response.isAuthenticated;
      if (response.rcode !== 'NOERROR' && response.rcode !== 'NXDOMAIN')
        return { answer: failureOf(response, asked, type), ttlSeconds: againTtlSeconds };
      const { target, records, ttl } = resolveAliases(response.answers, asked, type);
      ttlSeconds = Math.min(ttlSeconds, ttl);
      if (records.length > 0) {
        return { answer: { kind: 'found', name: target, records, isAuthenticated, isAuthoritative: response.isAuthoritative }, ttlSeconds };
      }
      const isAlias = lowerCase(target) !== lowerCase(asked);
      if (response.rcode === 'NXDOMAIN')
        return { answer: { kind: 'no-name', isAuthenticated }, ttlSeconds: Math.min(ttlSeconds, response.negativeTtl ?? 0) };
      if (!isAlias) return { answer: { kind: 'no-data', isAuthenticated }, ttlSeconds: Math.min(ttlSeconds, response.negativeTtl ?? 0) };
      if (response.negativeTtl !== undefined)
        return { answer: { kind: 'no-data', isAuthenticated }, ttlSeconds: Math.min(ttlSeconds, response.negativeTtl) };
      asked = target;
    }
    return { answer: { kind: 'fail', message: `CNAME loop for ${name} encountered` }, ttlSeconds: againTtlSeconds };
  }

  /**
   * Server after server, round after round, until one answers; a server that is late may still answer while others are asked.
   * A response, or that none came.
   */
  async #ask(name: Octets, type: QuestionType, options: DnsOptions): Promise<DnsResponse | DnsAnswer> {
    const { servers, timeoutMs, rounds } = this.#settings(options);
    const dnssec = this.#asksForDnssec(options);
    let usesEdns = dnssec || this.#parts.main.dns_use_edns0 !== 0;
    let refusal: DnsResponse | undefined;
    const over = new AbortController();
    const running = new Set<Promise<Settled>>();
    const end = (): void => over.abort();
    this.#closing.signal.addEventListener('abort', end);
    try {
      for (let round = 0; round < rounds; round++) {
        for (const server of servers) {
          const bytes = this.#encode(name, type, { usesEdns, dnssec });
          if (!bytes) return { kind: 'fail', message: `name cannot be looked up: ${name}` };
          const remainingMs = timeoutMs * rounds * servers.length;
          const asked: Promise<Settled> = this.#exchange(server, bytes, remainingMs, over.signal).then((exchange) => ({ exchange, asked }));
          running.add(asked);
          for (let waits = true; waits && running.size > 0; ) {
            const settled = await firstOf(running, timeoutMs);
            if (this.#closing.signal.aborted) return { kind: 'again', message: 'shutting down' };
            if (!settled) break;
            running.delete(settled.asked);
            waits = settled.asked !== asked; // another one's failure does not end the wait for this one
            if (settled.exchange.kind !== 'answer') continue;
            const { response } = settled.exchange;
            if (response.rcode === 'NOERROR' || response.rcode === 'NXDOMAIN') return response;
            refusal = response;
            if (response.rcode === 'FORMERR') usesEdns = false; // an old server: RFC 6891 s7
          }
        }
        if (refusal && refusal.rcode !== 'FORMERR') return refusal;
      }
      return refusal ?? { kind: 'again', message: `no answer from name server for ${name} (${type})` };
    } finally {
      end();
      this.#closing.signal.removeEventListener('abort', end);
    }
  }

  /** Option dns_dnssec_ok decides for all, unless it leaves it to the caller. */
  #asksForDnssec(options: DnsOptions): boolean {
    const { dns_dnssec_ok: forAll } = this.#parts.main;
    return forAll < 0 ? options.dnssec === true : forAll > 0;
  }

  #encode(name: Octets, type: QuestionType, how: { readonly usesEdns: boolean; readonly dnssec: boolean }): Question | undefined {
    const id = this.#parts.random.below(0x10000);
    const bytes = encodeQuery(id, name, type, how);
    return bytes && { id, name, type, bytes };
  }

  async #exchange(server: NameServer, question: Question, timeoutMs: number, signal: AbortSignal): Promise<Exchange> {
    await this.#turn();
    try {
      return await askServer(server, question, timeoutMs, signal);
    } finally {
      this.#asking--;
      this.#waiting.shift()?.();
    }
  }

  /** At most so many sockets at once; the rest waits. */
  async #turn(): Promise<void> {
    while (this.#asking >= questionsAtOnce)
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    this.#asking++;
  }

  #settings(options: DnsOptions): { readonly servers: readonly NameServer[]; readonly timeoutMs: number; readonly rounds: number } {
    const { main } = this.#parts;
    const system = this.#resolvConf.get();
    const own = main.dns_servers.flatMap((text) => parseNameServer(text) ?? []);
    return {
      servers: own.length > 0 ? own : system.servers,
      timeoutMs: options.retransMs ?? (main.dns_retrans > 0 ? main.dns_retrans * 1000 : system.timeoutMs),
      rounds: options.retries ?? (main.dns_retry > 0 ? main.dns_retry : system.attempts),
    };
  }

  /** Option dns_check_names_pattern; underscored service labels are not part of the host name. */
  #isNameAllowed(name: Octets, type: DnsType): boolean {
    const pattern = this.#parts.main.dns_check_names_pattern ?? '';
    if (pattern === '' || type === 'PTR' || type === 'TXT' || type === 'SPF') return true;
    const host = type === 'SRV' || type === 'TLSA' || type === 'CSA' ? name.replace(/^(?:_[^.]*\.)+/, '') : name;
    if (pattern === DNS_CHECK_NAMES_PATTERN) return isHostName(host);
    const compiled = this.#parts.regexes?.compile(pattern);
    return compiled?.kind !== 'ok' || compiled.regex.match(host).kind === 'match';
  }
}

/** One of the questions that are out, when it was answered or has failed. */
interface Settled {
  readonly exchange: Exchange;
  readonly asked: Promise<Settled>;
}

/** Undefined: none within the time. */
async function firstOf(running: ReadonlySet<Promise<Settled>>, timeoutMs: number): Promise<Settled | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), timeoutMs);
  const settled = await Promise.race([...running, promise]);
  clearTimeout(timer);
  return settled;
}

/** What Exim's default pattern takes: labels of letters, digits, `_`, with `-` and `/` inside. */
function isHostName(name: Octets): boolean {
  return /^[A-Za-z0-9_](?:[A-Za-z0-9/_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9/_-]*[A-Za-z0-9_])?)*$/.test(name);
}

function failureOf(response: DnsResponse, name: Octets, type: QuestionType): DnsAnswer {
  const message = `DNS lookup of ${name} (${type}) gave ${response.rcode}`;
  return { kind: response.rcode === 'SERVFAIL' ? 'again' : 'fail', message };
}

/** Follows the aliases within one answer. The records wanted are those of the name where they end. */
function resolveAliases(
  answers: readonly DnsRecord[],
  name: Octets,
  type: QuestionType,
): { readonly target: Octets; readonly records: readonly DnsRecord[]; readonly ttl: number } {
  let target = name;
  let ttl = maxTtlSeconds;
  for (let i = 0; i < aliasesInOneAnswer; i++) {
    const wanted = lowerCase(target);
    const ofName = answers.filter((record) => lowerCase(record.name) === wanted);
    const records = ofName.filter((record) => record.type === type || type === 'ANY');
    if (records.length > 0) return { target, records, ttl: Math.min(ttl, ...records.map((record) => record.ttl)) };
    const alias = ofName.find((record) => record.type === 'CNAME');
    if (alias?.type !== 'CNAME') break;
    ttl = Math.min(ttl, alias.ttl);
    target = alias.target;
  }
  return { target, records: [], ttl };
}

/** TXT records that are SPF's. RFC 7208 s4.5. */
function onlySpf(answer: DnsAnswer): DnsAnswer {
  if (answer.kind !== 'found') return answer;
  const records = answer.records.filter((record) => record.type === 'TXT' && /^v=spf1(?: |$)/.test(record.chunks.join('')));
  return records.length > 0 ? { ...answer, records } : { kind: 'no-data', isAuthenticated: answer.isAuthenticated };
}
