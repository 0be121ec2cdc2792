/** Where a daemon that looks into messages listens, and a connection to it; `$callout_address` tells where one was tried. Spec ch. 45. */
import { type Octets, parseDecimal } from '../../base/octets.ts';
import type { Connection, Deadline, Frame } from '../../core/index.ts';

export interface Place {
  /** A host name or IP address, or the path of a Unix socket. */
  readonly address: Octets;
  /** First and last; none for a Unix socket. */
  readonly ports: readonly [number, number] | 'none';
}

export type Reached =
  | { readonly kind: 'ok'; readonly connection: Connection; readonly place: Octets }
  /** `place` is '' when nothing was tried. */
  | { readonly kind: 'fail'; readonly message: Octets; readonly place: Octets };

/** `/path`, `host port` or `host port-port`. */
export function parsePlace(text: Octets): Place | undefined {
  if (text.startsWith('/')) return { address: text, ports: 'none' };
  const [address = '', port = '', ...more] = text.split(/[ \t]+/);
  const ports = parsePorts(port);
  return ports === undefined || more.length > 0 ? undefined : { address, ports };
}

export function parsePorts(text: Octets): readonly [number, number] | undefined {
  const [from, to = from, ...more] = text.split('-').map(parseDecimal);
  return from === undefined || to === undefined || more.length > 0 ? undefined : [from, to];
}

export async function reachPlace({ address, ports }: Place, frame: Frame, until: Deadline): Promise<Reached> {
  const { net, clock } = frame.services;
  const connect = (to: Octets, port: number, name: Octets) => {
    frame.results.calloutAddress = name;
    const timeoutMs = Math.max(0, Math.min(until.endMs - clock.monotonicMs(), MAX_TIMEOUT_MS));
    return net.connect({ address: to, port, timeoutMs }, until);
  };
  if (ports === 'none') {
    const result = await connect(address.startsWith('/') ? address : `./${address}`, 0, address);
    if (result.kind === 'ok') return { kind: 'ok', connection: result.connection, place: address };
    return { kind: 'fail', message: `unable to connect to UNIX socket (${address}): ${result.reason}`, place: address };
  }
  const addresses = await addressesOf(address, frame, until);
  if (addresses.length === 0) return { kind: 'fail', message: `no IP address found for host ${address}`, place: '' };
  let reason = 'No such file or directory';
  let place = '';
  for (const ip of addresses) {
    for (let port = ports[0]; port <= Math.min(ports[1], MAX_PORT); port++) {
      place = `[${ip}]:${port}`;
      const result = await connect(ip, port, place);
      if (result.kind === 'ok') return { kind: 'ok', connection: result.connection, place };
      reason = result.reason;
    }
  }
  return { kind: 'fail', message: `failed to connect to any address for ${address}: ${reason}`, place };
}

const MAX_PORT = 65_535;
/** What timers take. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

async function addressesOf(host: Octets, { services }: Frame, until: Deadline): Promise<readonly Octets[]> {
  if (/^[0-9.]+$/.test(host) || host.includes(':')) return [host];
  const found = await services.hosts.byName(host, 0, until);
  return found.kind === 'found' ? found.addresses : [];
}
