/**
 * The servers of `spamd_address`: which there are, in what order they are asked, and how one is reached.
 * Spec ch. 45 "Scanning with SpamAssassin and Rspamd".
 */
import { parseList } from '../../base/list-text.ts';
import { type Octets, parseDecimal } from '../../base/octets.ts';
import { parseTimeSpan } from '../../base/time-span.ts';
import type { Connection, Frame, Outcome, Services } from '../../core/index.ts';
import { defer, earlier, ok } from '../../core/index.ts';
import { parsePorts, type Reached, reachPlace } from './reach.ts';

export interface SpamServer {
  /** As it is written. */
  readonly text: Octets;
  /** A host name or IP address, or the path of a Unix socket. */
  readonly address: Octets;
  /** First and last; none for a Unix socket, undefined when they are no numbers. */
  readonly ports: readonly [number, number] | 'none' | undefined;
  /** Higher ones are asked first. */
  readonly priority: number;
  /** Among those of one priority. */
  readonly weight: number;
  /** Seconds of the local day. */
  readonly time: { readonly from: number; readonly to: number } | undefined;
  readonly timeoutSeconds: number;
  /** After a connection that failed, once. */
  readonly retrySeconds: number;
  readonly isRspamd: boolean;
}

const DEFAULT_TIMEOUT_SECONDS = 120;
const MAX_SERVERS = 32;

/** What is wrong is told by `warn` and left out. */
export function parseSpamServers(list: Octets, warn: (text: Octets) => void): readonly SpamServer[] {
  const servers: SpamServer[] = [];
  for (const text of parseList(list).items) {
    const [address = '', ...rest] = text.split(/[ \t]+/);
    const isPath = address.startsWith('/');
    if (address === '' || (!isPath && rest.length === 0)) {
      warn(`warning - invalid spamd address: '${text}'`);
      continue;
    }
    const ports = isPath ? ('none' as const) : parsePorts(rest[0] ?? '');
    const server = { text, address, ports, priority: 1, weight: 1, time: undefined, ...TIMES, isRspamd: false };
    if (servers.length < MAX_SERVERS) servers.push(withOptions(server, isPath ? rest : rest.slice(1), warn));
  }
  return servers;
}

const TIMES = { timeoutSeconds: DEFAULT_TIMEOUT_SECONDS, retrySeconds: 0 };

function withOptions(server: SpamServer, options: readonly Octets[], warn: (text: Octets) => void): SpamServer {
  let made = server;
  for (const option of options) {
    const changed = optionOf(option);
    if (changed === undefined) warn(`warning - invalid spamd parameter: '${option}'`);
    else made = { ...made, ...changed };
  }
  return made;
}

function optionOf(option: Octets): Partial<SpamServer> | undefined {
  const at = option.indexOf('=');
  const value = option.slice(at + 1);
  const number = parseDecimal(value);
  const seconds = parseTimeSpan(value);
  switch (option.slice(0, at)) {
    case 'pri':
      return number === undefined ? undefined : { priority: number };
    case 'weight':
      return number === undefined || number === 0 ? undefined : { weight: number };
    case 'time': {
      const [from, to] = value.split('-').map(secondOfDay);
      return from === undefined || to === undefined ? undefined : { time: { from, to } };
    }
    case 'tmo':
      return seconds === undefined ? undefined : { timeoutSeconds: seconds };
    case 'retry':
      return seconds === undefined ? undefined : { retrySeconds: seconds };
    case 'variant':
      return value === 'rspamd' ? { isRspamd: true } : undefined;
    default:
      return undefined;
  }
}

/** `<hour>.<minute>.<second>`, the last ones may be missing. */
function secondOfDay(text: Octets): number | undefined {
  const match = /^([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?$/.exec(text);
  if (match === null) return undefined;
  const [hours, minutes, seconds] = match.slice(1).map((digits) => Number.parseInt(digits ?? '0', 10));
  return (hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0);
}

/** Those of a higher priority first, by chance according to their weights among equals; without those whose time it is not. A single one is always asked, as in Exim. */
export function orderSpamServers(servers: readonly SpamServer[], { clock, random }: Services, zone: Octets): readonly SpamServer[] {
  if (servers.length === 1) return servers;
  const now = clock.now();
  const second = Math.floor(now / 1000 + clock.localOffsetSeconds(zone, now)) % 86_400;
  const left = servers.filter(({ time }) => time === undefined || (time.from <= second && second < time.to));
  const ordered: SpamServer[] = [];
  while (left.length > 0) {
    const highest = Math.max(...left.map(({ priority }) => priority));
    const equals = left.filter(({ priority }) => priority === highest);
    let chance = random.below(equals.reduce((sum, { weight }) => sum + weight, 0));
    const chosen = equals.find(({ weight }) => (chance -= weight) < 0) ?? equals[0];
    if (chosen === undefined) break;
    ordered.push(chosen);
    left.splice(left.indexOf(chosen), 1);
  }
  return ordered;
}

export interface ReachedServer {
  readonly connection: Connection;
  /** As in `$callout_address`. */
  readonly place: Octets;
  readonly server: SpamServer;
}

/** A connection to the first server that can be reached. `tell` gets what the log is told meanwhile, but for the message of a defer. */
export async function reachSpamServer(list: Octets, frame: Frame, tell: (text: Octets) => void): Promise<Outcome<ReachedServer>> {
  const servers = parseSpamServers(list, tell);
  if (servers.length === 0) return defer('no useable spamd server addresses in spamd_address configuration option.');
  for (const server of orderSpamServers(servers, frame.services, frame.config.main.timezone ?? '')) {
    let reached = await connectTo(server, frame);
    if (reached.kind !== 'ok' && server.retrySeconds > 0) {
      await frame.services.clock.sleep(server.retrySeconds * 1000, frame.until);
      reached = await connectTo(server, frame);
    }
    if (reached.kind === 'ok') return ok({ connection: reached.connection, place: reached.place, server });
    tell(`spamd: ${reached.message}`);
  }
  return defer('all spamd servers failed');
}

async function connectTo({ text, address, ports, timeoutSeconds }: SpamServer, frame: Frame): Promise<Reached> {
  if (ports === undefined) return { kind: 'fail', message: `invalid socket '${text}'`, place: '' };
  const until = earlier(frame.until, frame.services.clock.monotonicMs() + timeoutSeconds * 1000);
  return reachPlace({ address, ports }, frame, until);
}
