/**
 * Client SMTP authorization: whether the client's host may send mail, by SRV records of its HELO name. Spec ch. 44 "Client SMTP
 * authorization (CSA)".
 */
import { parseIp, ptrName } from '../../base/ip.ts';
import { lowerCase, type Octets } from '../../base/octets.ts';
import type { DnsAnswer, DnsRecord, Frame } from '../../core/index.ts';

export type CsaResult =
  | { readonly status: 'ok' | 'unknown' | 'defer' }
  /** `why`: as it stands in the log. */
  | { readonly status: 'fail'; readonly why: Octets };

type SrvRecord = Extract<DnsRecord, { type: 'SRV' }>;

/** Another priority is another version of the protocol. */
const VERSION = 1;
/** Weights: 1 not authorized, 2 authorized, 3 unknown; a bit of the port: subdomains must have records of their own. */
const AUTHORIZED = 2;
const UNKNOWN = 3;
const SUBDOMAINS_ARE_EXPLICIT = 1;

/** `domain` is the HELO name, or an address with or without brackets; without one the client's address is looked up. */
export async function verifyCsa(domain: Octets | undefined, frame: Frame): Promise<CsaResult> {
  const origin = frame.session?.state.origin;
  const clientAddress = origin?.hostAddress;
  if (clientAddress === undefined) return { status: 'ok' };
  const asked = domain === undefined || domain === '' ? (origin?.heloName ?? clientAddress) : domain;
  const literal = parseIp(/^\[([^\]]*)\]$/.exec(asked)?.[1] ?? asked);
  if (literal !== undefined && !frame.config.main.dns_csa_use_reverse) return { status: 'unknown' };
  const found = await findRecord(literal === undefined ? asked : ptrName(literal), frame);
  if (found === 'again') return { status: 'defer' };
  if (found === undefined) return { status: 'unknown' };
  const { record, isParents } = found;
  if (isParents) return record.port & SUBDOMAINS_ARE_EXPLICIT ? fail('explicit authorization required') : { status: 'unknown' };
  if (record.weight < AUTHORIZED) return fail('host name not authorized');
  if (record.weight >= UNKNOWN) return { status: 'unknown' };
  return compareAddresses(record.target, clientAddress, frame);
}

function fail(why: Octets): CsaResult {
  return { status: 'fail', why: `client SMTP authorization failed (${why})` };
}

/** Of the domain itself, else of the nearest parent that has one; top-level domains are not asked. */
async function findRecord(
  domain: Octets,
  frame: Frame,
): Promise<{ readonly record: SrvRecord; readonly isParents: boolean } | 'again' | undefined> {
  const labels = domain.split('.').filter((label) => label !== '');
  const limit = 1 + frame.config.main.dns_csa_search_limit;
  for (let from = 0; from < limit && (from === 0 || labels.length - from >= 2); from++) {
    const answer = await frame.services.dns.resolve(`_client._smtp.${labels.slice(from).join('.')}`, 'SRV', frame.until);
    if (answer.kind === 'again') return 'again';
    if (answer.kind !== 'found') continue;
    const record = answer.records.find((one): one is SrvRecord => one.type === 'SRV' && one.priority === VERSION);
    return record === undefined ? undefined : { record, isParents: from > 0 };
  }
  return undefined;
}

/** Only addresses of the client's family count. */
async function compareAddresses(target: Octets, clientAddress: Octets, frame: Frame): Promise<CsaResult> {
  const type = clientAddress.includes(':') ? 'AAAA' : 'A';
  const answer = await frame.services.dns.resolve(lowerCase(target), type, frame.until);
  if (answer.kind === 'again') return { status: 'defer' };
  const addresses = addressesOf(answer);
  if (addresses.length === 0) return fail('no authorized addresses');
  return addresses.includes(clientAddress) ? { status: 'ok' } : fail('client address mismatch');
}

function addressesOf(answer: DnsAnswer): readonly Octets[] {
  if (answer.kind !== 'found') return [];
  return answer.records.flatMap((record) => (record.type === 'A' || record.type === 'AAAA' ? [record.address] : []));
}
