/** The DNS as a database. */
import { parseIp, ptrName } from '../../base/ip.ts';
import type { Octets } from '../../base/octets.ts';
import type { LookupFound } from '../../core/define/lookup.ts';
import { defineLookup } from '../../core/define/lookup.ts';
import type { Frame } from '../../core/frame.ts';
import type { MaybePromise } from '../../core/maybe-promise.ts';
import { chain, chainEach } from '../../core/maybe-promise.ts';
import type { Outcome } from '../../core/outcome.ts';
import { defer, ok } from '../../core/outcome.ts';
import type { DnsAnswer, DnsRecord, DnsType } from '../../core/ports.ts';
import { tainted } from '../../core/text.ts';
import type { DnsdbQuery, DnsdbType } from '../dnsdb-query.ts';
import { parseDnsdbQuery } from '../dnsdb-query.ts';

export default defineLookup({
  name: 'dnsdb',
  summary: 'Looks up DNS records: `mx=a.example`, several names, and with modifiers for separators, defers, DNSSEC and timeouts.',
  spec: 'ch. 9 "More about dnsdb"',
  isQueryStyle: true,
  isFile: false,
  isResultTainted: true,
  keepsOwnResults: true,
  open: () =>
    ok({
      find: (key, _options, frame) => {
        const parsed = parseDnsdbQuery(key.octets);
        return parsed.kind === 'error' ? defer(parsed.message) : findRecords(parsed.query, frame);
      },
      close: () => undefined,
    }),
});

/** What asking for one name gave: texts of its records, or that it cannot be known now. */
type NameResult = readonly Octets[] | 'again';

const rootLabels = 1;

function findRecords(query: DnsdbQuery, frame: Frame): MaybePromise<Outcome<LookupFound>> {
  const { results } = frame;
  results.lookupDnssecAuthenticated = '';
  const texts: Octets[] = [];
  let isDeferred = false;
  const stopped = chainEach(query.names, (name) =>
    chainEach(stepsOf(query.type), (step) =>
      chain(step(name, query, frame), (found): true | undefined => {
        if (found !== 'again') {
          texts.push(...found);
          return undefined;
        }
        if (query.onDefer === 'strict') return true;
        if (query.onDefer === 'lax') isDeferred = true;
        return undefined;
      }),
    ),
  );
  return chain(stopped, (isStopped) => {
    if (isStopped) return defer('');
    if (texts.length > 0) return ok({ kind: 'found', value: tainted(texts.join(query.separator)) });
    return isDeferred ? defer('') : ok({ kind: 'not-found' });
  });
}

type Step = (name: Octets, query: DnsdbQuery, frame: Frame) => MaybePromise<NameResult>;

/** `a+` is two look-ups, the others one. */
function stepsOf(type: DnsdbType): readonly Step[] {
  switch (type) {
    case 'a+':
      return [plainStep('AAAA'), plainStep('A')];
    case 'ptr':
      return [(name, query, frame) => plainStep('PTR')(pointerName(name), query, frame)];
    case 'mxh':
      return [plainStep('MX')];
    case 'soa':
      return [parentStep('SOA')];
    case 'zns':
      return [parentStep('NS')];
    case 'csa':
      return [csaStep];
    case 'a':
    case 'aaaa':
    case 'cname':
    case 'mx':
    case 'ns':
    case 'spf':
    case 'srv':
    case 'tlsa':
    case 'txt':
      return [plainStep(dnsTypes[type])];
  }
}

const dnsTypes = {
  a: 'A',
  aaaa: 'AAAA',
  cname: 'CNAME',
  mx: 'MX',
  ns: 'NS',
  spf: 'SPF',
  srv: 'SRV',
  tlsa: 'TLSA',
  txt: 'TXT',
} as const satisfies Partial<Record<DnsdbType, DnsType>>;

function pointerName(name: Octets): Octets {
  const bytes = parseIp(name);
  return bytes ? ptrName(bytes) : name;
}

function ask(name: Octets, type: DnsType, query: DnsdbQuery, frame: Frame): MaybePromise<DnsAnswer> {
  return chain(frame.services.dns.resolve(name, type, frame.until, query.options), (answer) => {
    if (answer.kind !== 'found' || query.dnssec === 'never') return answer;
    frame.results.lookupDnssecAuthenticated = answer.isAuthenticated ? 'yes' : 'no';
    if (query.dnssec === 'strict' && !answer.isAuthenticated) return { kind: 'again', message: 'DNSSEC required' };
    return answer;
  });
}

function plainStep(type: DnsType): Step {
  return (name, query, frame) => chain(ask(name, type, query, frame), (answer) => textsOf(answer, query));
}

/** The name, then its parents, until there is an answer or a temporary error. */
function parentStep(type: DnsType): Step {
  return (name, query, frame) => {
    const found = chainEach(withParents(name, rootLabels), (candidate) =>
      chain(ask(candidate, type, query, frame), (answer) => {
        const texts = textsOf(answer, query);
        return texts === 'again' || texts.length > 0 ? texts : undefined;
      }),
    );
    return chain(found, (texts) => texts ?? []);
  };
}

/** The name and its parents with at least so many labels. */
function withParents(name: Octets, minLabels: number): readonly Octets[] {
  const labels = name.split('.');
  const names: Octets[] = [];
  for (let from = 0; labels.length - from >= minLabels; from++) names.push(labels.slice(from).join('.'));
  return names;
}

/** Client SMTP authorization: the code and the target. A parent can only say that its subdomains must be authorized explicitly. */
function csaStep(name: Octets, query: DnsdbQuery, frame: Frame): MaybePromise<NameResult> {
  const { main } = frame.config;
  const literal = parseIp(/^\[([^\]]*)\]$/.exec(name)?.[1] ?? name);
  if (literal && !main.dns_csa_use_reverse) return [];
  const domain = literal ? ptrName(literal) : name;
  const candidates = withParents(domain, 2).slice(0, 1 + main.dns_csa_search_limit);
  const found = chainEach(candidates.length > 0 ? candidates : [domain], (candidate, i) =>
    chain(ask(`_client._smtp.${candidate}`, 'SRV', query, frame), (answer) => {
      if (answer.kind === 'again') return 'again' as const;
      if (answer.kind !== 'found') return undefined;
      const record = answer.records.find((one) => one.type === 'SRV' && one.priority === csaVersion);
      if (record?.type !== 'SRV') return undefined;
      const code = i > 0 ? (record.port & csaExplicitBit ? 'X' : '?') : (csaCodes.get(record.weight & 3) ?? '?');
      return [`${code}${query.fieldSeparator ?? ' '}${record.target}`];
    }),
  );
  return chain(found, (texts) => texts ?? []);
}

const csaVersion = 1;
const csaExplicitBit = 1;
const csaCodes: ReadonlyMap<number, string> = new Map([
  [1, 'N'],
  [2, 'Y'],
]);

function textsOf(answer: DnsAnswer, query: DnsdbQuery): NameResult {
  if (answer.kind === 'again') return 'again';
  return answer.kind === 'found' ? answer.records.flatMap((record) => recordText(record, query) ?? []) : [];
}

function recordText(record: DnsRecord, { type, fieldSeparator }: DnsdbQuery): Octets | undefined {
  const between = fieldSeparator ?? ' ';
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return record.address;
    case 'MX':
      return type === 'mxh' ? record.exchange : `${record.preference}${between}${record.exchange}`;
    case 'TXT':
    case 'SPF':
      if (type === 'spf') return record.chunks.join(fieldSeparator ?? '');
      return fieldSeparator === undefined ? record.chunks[0] : record.chunks.join(fieldSeparator);
    case 'PTR':
    case 'CNAME':
    case 'NS':
      return record.target;
    case 'SRV':
      return [record.priority, record.weight, record.port, record.target].join(between);
    case 'TLSA':
      return [record.usage, record.selector, record.matchingType, Buffer.from(record.data).toString('hex')].join(between);
    case 'SOA': {
      if (fieldSeparator === undefined) return record.primary;
      return [record.primary, record.responsible, record.serial, record.refresh, record.retry, record.expire, record.minimum].join(
        fieldSeparator,
      );
    }
  }
}
