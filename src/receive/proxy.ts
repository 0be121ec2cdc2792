/** Who a connection is from when a proxy is in front: the header of the PROXY protocol (`hosts_proxy`). Spec ch. "Proxies", "Inbound proxies". */
import type { Deadline } from '../core/index.ts';
import { earlier } from '../core/index.ts';
import { lookUpSenderName } from '../lists/host-name.ts';
import type { ProxyHeader } from '../smtp/proxy-protocol.ts';
import { parseProxyHeader } from '../smtp/proxy-protocol.ts';
import type { Dialogue } from './dialogue.ts';
import { isSenderHostIn } from './expansion.ts';
import { changeHost } from './transaction.ts';

/**
 * Reads the header from a host in `hosts_proxy`; the session's host is then who the proxy speaks for. Without a valid header in time every command but QUIT is refused
 * (`isProxyFailed`).
 */
export async function negotiateProxy(dialogue: Dialogue): Promise<void> {
  const { main } = dialogue.config;
  const { origin } = dialogue;
  if (origin.hostAddress === undefined || !(await isSenderHostIn(main.hosts_proxy, dialogue.frame()))) return;
  origin.proxy = { localAddress: '', localPort: 0, externalAddress: '', externalPort: 0 };
  const endMs = dialogue.parts.services.clock.monotonicMs() + main.proxy_protocol_timeout * 1000;
  const header = await readHeader(dialogue, main.proxy_protocol_timeout === 0 ? dialogue.until : earlier(dialogue.until, endMs));
  if (header.kind === 'invalid') {
    dialogue.isProxyFailed = true;
    return;
  }
  if (header.kind === 'proxied') {
    const { source, destination } = header;
    origin.proxy = {
      localAddress: origin.hostAddress,
      localPort: origin.hostPort ?? 0,
      externalAddress: destination.address,
      externalPort: destination.port,
    };
    changeHost(origin, source.address, source.port);
  }
  await lookUpSenderName(dialogue.frame());
}

/** What does not come in time, or ends too early, is no header. What follows it stays to be read; what stands in its place does not. */
async function readHeader(dialogue: Dialogue, until: Deadline): Promise<Exclude<ProxyHeader, { kind: 'more' }>> {
  let data: Buffer = Buffer.alloc(0);
  for (;;) {
    const result = await dialogue.reader.readChunk(until);
    if (result.kind === 'data') data = data.length === 0 ? result.bytes : Buffer.concat([data, result.bytes]);
    const header = parseProxyHeader(data);
    if (header.kind === 'more' && result.kind === 'data') continue;
    if (header.kind === 'more') return { kind: 'invalid', length: data.length };
    dialogue.reader.unread(data.subarray(header.length));
    return header;
  }
}
