/** DNS messages in octets: questions out, answers in. RFC 1035 s4; EDNS0: RFC 6891; AD bit: RFC 6840 s5.7. The wire format is dns-packet's. */

import type { Answer, Packet, RecordType } from 'dns-packet';
import dnsPacket from 'dns-packet';
import { formatIp, parseIp } from '../base/ip.ts';
import type { Octets } from '../base/octets.ts';
import { lowerCase, octetsFromBytes, octetsFromUnicode, unicodeFromOctets } from '../base/octets.ts';
import type { DnsRecord } from '../core/ports.ts';

export type QuestionType = 'A' | 'AAAA' | 'MX' | 'TXT' | 'PTR' | 'CNAME' | 'NS' | 'SOA' | 'SRV' | 'TLSA' | 'ANY';

export interface QuerySettings {
  readonly usesEdns: boolean;
  /** Ask for AD and DNSSEC records (DO). */
  readonly dnssec: boolean;
}

export interface DnsResponse {
  readonly id: number;
  readonly isTruncated: boolean;
  readonly isAuthenticated: boolean;
  readonly isAuthoritative: boolean;
  /** `NOERROR`, `NXDOMAIN`, `SERVFAIL`… */
  readonly rcode: string;
  readonly question: { readonly name: Octets; readonly type: string } | undefined;
  /** Of the types that {@link DnsRecord} knows; names in lower case as they were sent otherwise. */
  readonly answers: readonly DnsRecord[];
  /** Seconds for which a negative answer may be kept: from the SOA record. RFC 2308 s5. */
  readonly negativeTtl: number | undefined;
}

const udpPayloadSize = 1232;
const maxNameBytes = 253;

/** Undefined when the name cannot be asked for: too long, an empty label, not UTF-8. */
export function encodeQuery(id: number, name: Octets, type: QuestionType, settings: QuerySettings): Buffer | undefined {
  const text = unicodeFromOctets(name);
  if (text === undefined || !hasGoodLabels(name)) return undefined;
  const flags = dnsPacket.RECURSION_DESIRED | (settings.dnssec ? dnsPacket.AUTHENTIC_DATA : 0);
  const packet: Packet = { type: 'query', id, flags, questions: [{ name: text, type: type as RecordType, class: 'IN' }] }; // the library knows ANY, its types do not
  if (settings.usesEdns) {
    packet.additionals = [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: settings.dnssec ? dnsPacket.DNSSEC_OK : 0,
        flag_do: settings.dnssec,
        options: [],
      },
    ];
  }
  return dnsPacket.encode(packet);
}

/** The root is ''. */
function hasGoodLabels(name: Octets): boolean {
  if (name === '') return true;
  return name.length <= maxNameBytes && name.split('.').every((label) => label.length > 0 && label.length < 64);
}

/** Undefined: malformed. */
export function decodeResponse(bytes: Buffer): DnsResponse | undefined {
  let packet: ReturnType<typeof dnsPacket.decode>;
  try {
    packet = dnsPacket.decode(bytes);
  } catch {
    return undefined;
  }
  if (packet.type !== 'response') return undefined;
  const question = packet.questions?.[0];
  const wide = packet as typeof packet & { readonly rcode: string }; // set by the library's header decoder
  return {
    id: packet.id ?? -1,
    isTruncated: packet.flag_tc,
    isAuthenticated: packet.flag_ad,
    isAuthoritative: packet.flag_aa,
    rcode: wide.rcode,
    question: question && { name: nameOctets(question.name), type: question.type },
    answers: (packet.answers ?? []).flatMap(toRecord),
    negativeTtl: negativeTtl(packet.authorities ?? []),
  };
}

function toRecord(answer: Answer): readonly DnsRecord[] {
  if (answer.type === 'OPT') return [];
  const common = { name: nameOctets(answer.name), ttl: answer.ttl ?? 0 };
  switch (answer.type) {
    case 'A':
    case 'AAAA': {
      const address = parseIp(answer.data);
      return address ? [{ ...common, type: answer.type, address: formatIp(address) }] : [];
    }
    case 'MX':
      return [{ ...common, type: 'MX', preference: answer.data.preference ?? 0, exchange: nameOctets(answer.data.exchange) }];
    case 'TXT':
      return [{ ...common, type: 'TXT', chunks: textChunks(answer.data) }];
    case 'PTR':
    case 'CNAME':
    case 'NS':
      return [{ ...common, type: answer.type, target: nameOctets(answer.data) }];
    case 'SRV': {
      const { priority = 0, weight = 0, port, target } = answer.data;
      return [{ ...common, type: 'SRV', priority, weight, port, target: nameOctets(target) }];
    }
    case 'SOA': {
      const { mname, rname, serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0 } = answer.data;
      return [
        { ...common, type: 'SOA', primary: nameOctets(mname), responsible: nameOctets(rname), serial, refresh, retry, expire, minimum },
      ];
    }
    case 'TLSA': {
      const { usage, selector, matchingType, certificate } = answer.data;
      return [{ ...common, type: 'TLSA', usage, selector, matchingType, data: certificate }];
    }
    default:
      return [];
  }
}

function textChunks(data: string | Buffer | (string | Buffer)[]): readonly Octets[] {
  const chunks = Array.isArray(data) ? data : [data];
  return chunks.map((chunk) => (typeof chunk === 'string' ? octetsFromUnicode(chunk) : octetsFromBytes(chunk)));
}

/** Without final dot. The root, which the library writes as `.`, is ''. */
function nameOctets(name: string): Octets {
  return name === '.' ? '' : octetsFromUnicode(name);
}

function negativeTtl(authorities: readonly Answer[]): number | undefined {
  for (const record of authorities) {
    if (record.type === 'SOA') return Math.min(record.ttl ?? 0, record.data.minimum ?? 0);
  }
  return undefined;
}

export function isSameName(a: Octets, b: Octets): boolean {
  return lowerCase(a) === lowerCase(b);
}
