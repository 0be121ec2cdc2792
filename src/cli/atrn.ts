/** `-atrn <host> <domains>`: fetches our mail from a provider: we connect, and are the server then. RFC 2645 "On-Demand Mail Relay". */
import type { Octets } from '../base/octets.ts';
import { printable } from '../base/octets.ts';
import { type DeliveryState, type Frame, type HostItem, type TransportInstance, untilAborted } from '../core/index.ts';
import { SmtpSession } from '../receive/session.ts';
import { makeAddress } from '../routers/address.ts';
import { routeAddress } from '../routers/chain.ts';
import type { ReadyClient } from '../transports/smtp/handshake.ts';
import { openClient } from '../transports/smtp/handshake.ts';
import type { HostSearch } from '../transports/smtp/host-list.ts';
import { hostsOf, interfaceOf, portOf } from '../transports/smtp/host-list.ts';
import type { SmtpOptions } from '../transports/smtp/options.ts';
import type { ModeRunner } from './mode.ts';
import { openForMode } from './open.ts';
import { wishOf } from './wish.ts';

/** For the answer to ATRN: RFC 2645 s5.4 asks for ten minutes. */
const TURN_SECONDS = 600;

export const runAtrn: ModeRunner = async (context) => {
  const { invocation, io } = context;
  const opened = await openForMode(context, { delivers: true });
  if (opened.kind === 'exit') return opened.status;
  const { runtime, caller, deliveries } = opened;
  const lifetime = new AbortController();
  const run = async (): Promise<number> => {
    if (!caller.isAdmin) return refused('Permission denied');
    const asked = invocation.mode?.kind === 'atrn' ? invocation.mode : { host: '', domains: '' };
    const services = { ...runtime.services, odmr: { mode: 'C', host: asked.host } as const };
    const reached = await reachProvider({ ...runtime.frame(untilAborted(lifetime.signal)), services }, asked.host);
    if (typeof reached === 'string') return refused(reached);
    const { client } = reached;
    const answer = await client.command(`ATRN ${asked.domains}`, TURN_SECONDS);
    if (answer.kind === 'lost') return refused(answer.failing.message);
    if (answer.reply.code < 200 || answer.reply.code > 299) return refused(client.refusal(answer.reply, 'ATRN'));
    const { connection } = client;
    const session = new SmtpSession({
      connection,
      config: runtime.config,
      services: runtime.services,
      store: runtime.spool,
      mode: 'smtp-tcp',
      caller,
      isRehearsal: false,
      connectionNumber: 1,
      connectionCount: 1,
      isTlsOnConnect: false,
      hostAddress: connection.remoteAddress,
      hostPort: connection.remotePort,
      presetOrigin: { ident: caller.login },
      onAccepted: (accepted, wish) => deliveries.accepted(accepted, wish),
      signal: lifetime.signal,
      deliveryMode: wishOf(invocation, runtime.config),
    });
    return session.run();
  };
  const refused = (why: Octets): number => {
    io.stderr.write(`exim: ${printable(why)}\n`);
    return 1;
  };
  const status = await run();
  await deliveries.finish();
  lifetime.abort();
  opened.close();
  return status;
};

/** The configuration's routers and transport say how the host is reached; a text is why it is not. */
async function reachProvider(frame: Frame, host: Octets): Promise<ReadyClient | Octets> {
  const routed = await routeAddress(makeAddress({ address: `postmaster@${host}`, recipientIndex: 0 }), { frame, verify: 'no' });
  const [address] = routed.deliveries;
  const transport = address?.state.transport;
  if (address === undefined || transport?.behaviour === undefined || !transport.isRemote)
    return routed.problems[0]?.message ?? `no router takes ${host} to a provider`;
  const set = transport.own as unknown as SmtpOptions; // the only remote transport's options
  const { services, until } = frame;
  const search: HostSearch = { addresses: [address], frame: { ...frame, address }, instance: transport, services, until };
  const found = await hostsOf(set, search);
  if (found.kind === 'failing') return found.failing.message;
  let why: Octets = `no host for ${host}`;
  for (const item of found.hosts) {
    const opened = await openHost(item, set, transport, search);
    if (typeof opened !== 'string') return opened;
    why = opened;
  }
  return why;
}

async function openHost(
  found: HostItem,
  set: SmtpOptions,
  transport: TransportInstance,
  search: HostSearch,
): Promise<ReadyClient | Octets> {
  const { frame, services, until } = search;
  const port = found.port === undefined ? await portOf(set, search, frame) : { kind: 'ok' as const, port: found.port };
  if (port.kind === 'failing') return port.failing.message;
  const host: HostItem = { ...found, port: port.port };
  const source = await interfaceOf(set, search, host, frame);
  if (source.kind === 'failing') return source.failing.message;
  const delivery: DeliveryState = { results: frame.results, startedAtMs: services.clock.now() };
  const opened = await openClient({
    set,
    transport: transport.name,
    host,
    interface: source.address,
    services,
    until,
    frame: { ...frame, delivery },
    delivery,
    isVerifying: false,
    connectTimeoutSeconds: set.connect_timeout,
    commandTimeoutSeconds: set.command_timeout,
  });
  return opened.kind === 'ready' ? opened.ready : opened.failing.message;
}
