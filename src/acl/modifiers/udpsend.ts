/** `udpsend = <server> : <port> : <packet>`: a UDP packet to whoever counts or watches. */
import { isIp } from '../../base/ip.ts';
import { parseList } from '../../base/list-text.ts';
import { bytesFromOctets, type Octets, trimSpace } from '../../base/octets.ts';
import type { Frame, Outcome } from '../../core/index.ts';
import { defineAclModifier, fail, ok } from '../../core/index.ts';

export default defineAclModifier({
  name: 'udpsend',
  summary: 'Sends a UDP packet: its argument is a list of server (name or address), port, and the packet as it stands.',
  spec: 'ch. 44 "ACL modifiers"',
  permittedIn: 'all',
  isExpanded: true,
  apply: (argument, { frame }) => {
    const { server, port, packet } = parseParameters(argument.octets);
    if (server === undefined) return fail('missing destination host in "udpsend" modifier');
    if (port === undefined) return fail('missing destination port in "udpsend" modifier');
    if (!/^[0-9]+$/.test(port)) return fail('bad destination port in "udpsend" modifier');
    return send(server, Number.parseInt(port, 10) & 0xffff, packet, frame);
  },
});

/** The packet is all that stands behind the second separator. */
function parseParameters(text: Octets): {
  readonly server: Octets | undefined;
  readonly port: Octets | undefined;
  readonly packet: Octets;
} {
  const { separator, items } = parseList(text);
  const start = /^[ \t]*<./.test(text) && separator !== ':' ? text.indexOf('<') + 2 : 0;
  let end = start;
  for (let count = 0; count < 2; count++) end = nextSeparator(text, end, separator) + separator.length;
  return { server: items[0], port: items[1], packet: text.slice(end) };
}

/** Of a doubled one, which stands for itself, both are passed over. */
function nextSeparator(text: Octets, from: number, separator: string): number {
  let at = text.indexOf(separator, from);
  while (at >= 0 && text[at + 1] === separator) at = text.indexOf(separator, at + 2);
  return at < 0 ? text.length : at;
}

async function send(server: Octets, port: number, packet: Octets, frame: Frame): Promise<Outcome<void>> {
  const { hosts, log, net } = frame.services;
  let address = server;
  if (!isIp(server)) {
    const found = await hosts.byName(trimSpace(server), 0, frame.until);
    const first = found.kind === 'found' ? found.addresses[0] : undefined;
    if (first === undefined) {
      log.main(`no IP address found for host ${server}`, frame.transaction?.state.id);
      return fail('DNS lookup failed in "udpsend" modifier');
    }
    address = first;
  }
  log.debug('acl', () => `udpsend [${address}]:${port} ${packet}`);
  const sent = await net.sendDatagram({ address, port, bytes: bytesFromOctets(packet) });
  log.debug('acl', () => (sent.kind === 'ok' ? `udpsend ${packet.length} bytes` : `udpsend failed: ${sent.reason}`));
  return ok(undefined);
}
