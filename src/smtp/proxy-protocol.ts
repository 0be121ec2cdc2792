/** The header that a proxy puts before a connection's own octets: PROXY protocol versions 1 and 2 (haproxy's proxy-protocol.txt, s2.1 and s2.2). Pure. */
import { formatIp, isIp } from '../base/ip.ts';
import { type Octets, octetsFromBytes } from '../base/octets.ts';

export type ProxyHeader =
  /** It may still become one. */
  | { readonly kind: 'more' }
  /** `length`: what stands for the header and is not part of the dialogue: a line, or what a signature of version 2 announces. */
  | { readonly kind: 'invalid'; readonly length: number }
  /** The connection stands for itself: the proxy asks whether we live, or does not know the client. */
  | { readonly kind: 'local'; readonly length: number }
  | {
      readonly kind: 'proxied';
      readonly length: number;
      readonly source: ProxyEndpoint;
      /** Where the client connected to: an address of the proxy. */
      readonly destination: ProxyEndpoint;
    };

export interface ProxyEndpoint {
  readonly address: Octets;
  readonly port: number;
}

const SIGNATURE_V2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const SIGNATURE_V1 = Buffer.from('PROXY ', 'latin1');
/** With its line end. */
const MAX_V1_LENGTH = 107;
const V2_HEAD_LENGTH = 16;
/** Of the addresses and what a proxy may add behind them. */
const MAX_V2_PAYLOAD = 2048;
const COMMAND_LOCAL = 0;
const COMMAND_PROXY = 1;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;

/** `data`: what the connection has brought so far. */
export function parseProxyHeader(data: Buffer): ProxyHeader {
  if (startsAlike(data, SIGNATURE_V2)) return data.length < V2_HEAD_LENGTH ? { kind: 'more' } : parseBinary(data);
  return parseText(data);
}

/** Whether the one is the beginning of the other. */
function startsAlike(data: Buffer, signature: Buffer): boolean {
  const length = Math.min(data.length, signature.length);
  return data.subarray(0, length).equals(signature.subarray(0, length));
}

/** `PROXY TCP4 192.0.2.1 198.51.100.1 56324 25`; only CRLF ends it. */
function parseText(data: Buffer): ProxyHeader {
  const end = data.subarray(0, MAX_V1_LENGTH).indexOf('\r\n');
  if (end < 0) return data.length < MAX_V1_LENGTH ? { kind: 'more' } : { kind: 'invalid', length: MAX_V1_LENGTH };
  const length = end + 2;
  if (!startsAlike(data, SIGNATURE_V1)) return { kind: 'invalid', length };
  const [, family, source = '', destination = '', sourcePort = '', destinationPort = '', ...rest] = octetsFromBytes(
    data.subarray(0, end),
  ).split(' ');
  if (family === 'UNKNOWN') return { kind: 'local', length };
  if ((family !== 'TCP4' && family !== 'TCP6') || rest.length > 0) return { kind: 'invalid', length };
  const from = textEndpoint(source, sourcePort);
  const to = textEndpoint(destination, destinationPort);
  return from && to ? { kind: 'proxied', length, source: from, destination: to } : { kind: 'invalid', length };
}

function textEndpoint(address: Octets, portText: Octets): ProxyEndpoint | undefined {
  const port = /^[0-9]{1,5}$/.test(portText) ? Number.parseInt(portText, 10) : undefined;
  return isIp(address) && port !== undefined && port <= 0xffff ? { address, port } : undefined;
}

/** Signature, version and command, family, length, addresses, extensions; the last are not read. */
function parseBinary(data: Buffer): ProxyHeader {
  const versionAndCommand = data.readUInt8(12);
  const family = data.readUInt8(13);
  const payloadLength = data.readUInt16BE(14);
  const length = V2_HEAD_LENGTH + payloadLength;
  if (versionAndCommand >> 4 !== 2 || payloadLength > MAX_V2_PAYLOAD) return { kind: 'invalid', length: Math.min(length, data.length) };
  if (data.length < length) return { kind: 'more' };
  const command = versionAndCommand & 0x0f;
  if (command === COMMAND_LOCAL) return { kind: 'local', length };
  const addressLength = family === TCP_OVER_IPV4 ? 4 : family === TCP_OVER_IPV6 ? 16 : 0;
  if (command !== COMMAND_PROXY || addressLength === 0 || payloadLength < 2 * addressLength + 4) return { kind: 'invalid', length };
  const payload = data.subarray(V2_HEAD_LENGTH, length);
  const endpoint = (from: number, portAt: number): ProxyEndpoint => ({
    address: formatIp(payload.subarray(from, from + addressLength)),
    port: payload.readUInt16BE(portAt),
  });
  return {
    kind: 'proxied',
    length,
    source: endpoint(0, 2 * addressLength),
    destination: endpoint(addressLength, 2 * addressLength + 2),
  };
}
