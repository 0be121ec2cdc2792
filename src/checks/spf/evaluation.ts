/**
 * Evaluates the SPF record of a domain: the check_host() of RFC 7208, by the package mailauth, which is loaded when the first record is evaluated. Names are
 * looked up through our DNS port, so many of them and so long as s4.6.4 allows; nothing that the package throws gets out of here, and none of its texts,
 * which quote the record.
 */
import { lowerCase, type Octets } from '../../base/octets.ts';
import { type Clock, type Deadline, type Dns, type DnsAnswer, type DnsRecord, earlier } from '../../core/index.ts';
import type { SpfProblem, SpfResult } from '../../core/ports.ts';

export interface EvaluationRequest {
  /** An IPv4 address, or an IPv6 address that is not a mapped one. */
  readonly address: Octets;
  /** Whose record it is, in ASCII. */
  readonly domain: Octets;
  /** local_part@domain, the domain in ASCII. */
  readonly sender: Octets;
  readonly heloName: Octets;
  readonly receiver: Octets;
  /** In place of what the DNS has. */
  readonly record?: Octets | undefined;
}

export interface Evaluation {
  readonly result: Exclude<SpfResult, 'invalid'>;
  /** A mechanism matched, or none did and the result is the one that stands for that. */
  readonly reason?: 'mechanism' | 'default';
  readonly problem?: SpfProblem;
}

/** RFC 7208 s4.6.4: terms that cause queries, names of one mx or ptr term, terms that find nothing, and the time for it all. */
const MAX_LOOKUPS = 10;
const MAX_NAMES = 10;
const MAX_VOID_LOOKUPS = 2;
const MAX_TIME_MS = 20_000;
/** A record need not fit into one UDP answer, but it is no book either. */
const MAX_RECORD_OCTETS = 8192;

export async function evaluate(request: EvaluationRequest, dns: Dns, clock: Clock, until: Deadline): Promise<Evaluation> {
  const { spfVerify } = await import('mailauth/lib/spf/spf-verify.js');
  const lookups = new Lookups(request.record, dns, clock, earlier(until, clock.monotonicMs() + MAX_TIME_MS));
  try {
    const found = await spfVerify(request.domain, {
      ip: request.address,
      sender: request.sender,
      helo: request.heloName,
      mta: request.receiver,
      strict: true,
      resolver: (name, type) => lookups.term(name, type),
      createSubResolver: () => lookups.forNames(),
      // Exim's texts for clients come from spf_smtp_comment_template only.
      expResolver: async () => [],
    });
    return evaluationOf(found || {});
  } catch (error) {
    return evaluationOf(resultOf(error));
  }
}

/** What mailauth says; a qualifier without a mechanism is the neutral result at the end of a record. */
function evaluationOf({ type, qualifier, error, text }: Said): Evaluation {
  if (qualifier !== undefined && error === undefined) {
    return { result: RESULTS.get(qualifier) ?? 'neutral', reason: type === undefined ? 'default' : 'mechanism' };
  }
  switch (error) {
    case 'none':
      return { result: 'none' };
    case 'permerror':
      return { result: 'permerror', problem: problemOf(text) };
    default:
      return { result: 'temperror' };
  }
}

interface Said {
  readonly type?: string | undefined;
  readonly qualifier?: string | undefined;
  readonly error?: string | undefined;
  readonly text?: string | undefined;
}

const RESULTS: ReadonlyMap<string, Evaluation['result']> = new Map([
  ['+', 'pass'],
  ['-', 'fail'],
  ['~', 'softfail'],
  ['?', 'neutral'],
]);

const PROBLEMS: readonly SpfProblem[] = ['lookups', 'void-lookups'];

function problemOf(text: string | undefined): SpfProblem {
  if (text?.startsWith('multiple SPF records')) return 'several-records';
  return PROBLEMS.find((problem) => problem === text) ?? 'record';
}

/** Mailauth's errors carry what they mean for the result; an error that does not is one of its own, and it will hardly be there tomorrow. */
function resultOf(error: unknown): Said {
  if (!(error instanceof Error) || !('spfResult' in error)) return { error: 'temperror' };
  const said = error.spfResult;
  if (typeof said !== 'object' || said === null) return { error: 'temperror' };
  const textOf = (name: string): string | undefined => {
    const value: unknown = Object.hasOwn(said, name) ? Reflect.get(said, name) : undefined;
    return typeof value === 'string' ? value : undefined;
  };
  return { error: textOf('error'), text: textOf('text') };
}

/** Ends the evaluation. Mailauth reads and changes `spfResult`, and goes on after other errors than these where the RFC says so. */
class EndOfEvaluation extends Error {
  readonly spfResult: { error: 'permerror' | 'temperror'; text: string };
  readonly code: string | undefined;

  constructor(error: 'permerror' | 'temperror', text: string, code?: 'ESPFTIMELIMIT') {
    super(text);
    this.spfResult = { error, text };
    this.code = code;
  }
}

/** The queries of one evaluation, counted. */
class Lookups {
  /** Given instead of looked up. */
  readonly #record: Octets | undefined;
  readonly #dns: Dns;
  readonly #clock: Clock;
  readonly #until: Deadline;
  /** The query for the record itself is not one of a term. */
  #terms = -1;
  #voids = 0;

  constructor(record: Octets | undefined, dns: Dns, clock: Clock, until: Deadline) {
    this.#record = record;
    this.#dns = dns;
    this.#clock = clock;
    this.#until = until;
  }

  /** The query of a term, or for a record. Finds an empty list where there is nothing. */
  async term(name: Octets, type: string): Promise<readonly unknown[]> {
    if (++this.#terms > MAX_LOOKUPS) throw new EndOfEvaluation('permerror', 'lookups' satisfies SpfProblem);
    if (this.#record !== undefined && this.#terms === 0) return [checkedText([this.#record])];
    const answer = await this.#ask(name, type);
    // The limit is against records that others write to make us ask. A given one may well be tried where there is nothing at all.
    if (isVoid(answer, type) && this.#record === undefined && ++this.#voids > MAX_VOID_LOOKUPS)
      throw new EndOfEvaluation('permerror', 'void-lookups' satisfies SpfProblem);
    return answer.kind === 'found' ? answer.records.flatMap(valueOf) : [];
  }

  /** For the addresses of the names that one term found: RFC 7208 s4.6.4 limits their number, and none of them is void. */
  forNames(): (name: Octets, type: string) => Promise<readonly unknown[]> {
    let names = 0;
    return async (name, type) => {
      if (++names > MAX_NAMES) throw new EndOfEvaluation('permerror', 'lookups' satisfies SpfProblem);
      const answer = await this.#ask(name, type);
      return answer.kind === 'found' ? answer.records.flatMap(valueOf) : [];
    };
  }

  async #ask(name: Octets, type: string): Promise<DnsAnswer> {
    if (this.#until.signal.aborted || this.#clock.monotonicMs() >= this.#until.endMs)
      throw new EndOfEvaluation('temperror', 'no time left', 'ESPFTIMELIMIT');
    if (!isQueryType(type)) throw new EndOfEvaluation('temperror', 'unexpected query');
    const answer = await this.#dns.resolve(name, type, this.#until);
    if (answer.kind === 'again' || answer.kind === 'fail') throw new EndOfEvaluation('temperror', 'DNS');
    return answer;
  }
}

type QueryType = 'A' | 'AAAA' | 'MX' | 'PTR' | 'TXT';

function isQueryType(type: string): type is QueryType {
  return type === 'A' || type === 'AAAA' || type === 'MX' || type === 'PTR' || type === 'TXT';
}

/**
 * RFC 7208 s4.6.4 calls no data void too. A host that is there and has no address of the client's family is not counted: records of IPv4 hosts would be
 * broken for every client that comes by IPv6, and a `-all` behind them without effect.
 */
function isVoid(answer: DnsAnswer, type: string): boolean {
  return answer.kind === 'no-name' || (answer.kind === 'no-data' && type !== 'A' && type !== 'AAAA');
}

/** As the resolver of Node gives them. */
function valueOf(record: DnsRecord): unknown[] {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return [record.address];
    case 'MX':
      return [{ exchange: record.exchange, priority: record.preference }];
    case 'PTR':
      return [record.target];
    case 'TXT':
      return [checkedText(record.chunks)];
    default:
      return [];
  }
}

function checkedText(chunks: readonly Octets[]): readonly Octets[] {
  const text = chunks.join('');
  if (text.length <= MAX_RECORD_OCTETS) return [withPlainHyphens(text)];
  // It is somebody's record, if it is one, and cannot be evaluated; other texts of that length are left out.
  if (lowerCase(text.slice(0, 7)) === 'v=spf1 ') throw new EndOfEvaluation('permerror', 'record' satisfies SpfProblem);
  return [];
}

/** Mailauth 7.1.0 takes a hyphen between delimiters of a macro for a range of characters: it goes to the end, where it is one. */
function withPlainHyphens(text: Octets): Octets {
  return text.replace(/%\{([A-Za-z][0-9]*[Rr]?)([-.+,/_=]+)\}/g, (whole: string, macro: string, delimiters: string) =>
    delimiters.includes('-') ? `%{${macro}${delimiters.replaceAll('-', '')}-}` : whole,
  );
}
