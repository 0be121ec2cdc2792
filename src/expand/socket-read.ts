/** Reads from a socket for `${readsocket`. Spec ch. 11 "Expansion items". */
import { type Octets, octetsFromBytes } from '../base/octets.ts';
import { parseTimeSpan } from '../base/time-span.ts';
import { earlier } from '../core/deadline.ts';
import type { Frame } from '../core/frame.ts';
import { fail, type Outcome, ok } from '../core/outcome.ts';
import type { Connection } from '../core/ports.ts';
import { isUsablePath } from '../core/taint.ts';
import type { Text } from '../core/text.ts';
import { wrapInteger } from './numbers.ts';

const DEFAULT_TIMEOUT_MS = 5000;
const MAX_ANSWER = 16 << 20;
/** Answers that are kept for one message. */
const MAX_KEPT = 100;
const INTERNET = 'inet:';

export interface SocketOptions {
  readonly timeoutMs: number;
  readonly shutsDown: boolean;
  readonly usesTls: boolean;
  /** The answer may be used again, and may be one that was kept. */
  readonly isCached: boolean;
  /** The server's name in the TLS handshake. */
  readonly sni: Octets | undefined;
}

/** `3s:shutdown=no:tls=yes:sni=name:cache=no`; the first is the time. What is wrong in it does not count. */
export function parseSocketOptions(text: Octets): SocketOptions {
  const [time = '', ...options] = text.split(':');
  const seconds = parseTimeSpan(time) ?? DEFAULT_TIMEOUT_MS / 1000;
  const values = new Map(options.map((option) => [option.slice(0, option.indexOf('=')), option.slice(option.indexOf('=') + 1)]));
  return {
    timeoutMs: seconds * 1000,
    shutsDown: values.get('shutdown') !== 'no',
    usesTls: values.get('tls') === 'yes',
    isCached: values.get('cache') === 'yes',
    sni: values.get('sni'),
  };
}

/** Writes the request and reads until the end. */
export async function readSocket(name: Text, request: Octets, options: SocketOptions, frame: Frame): Promise<Outcome<Octets>> {
  if (!isUsablePath(name, frame.config)) {
    frame.services.log.panic(`Tainted filename for search: '${name.octets}'`);
    return fail(`Tainted filename for search: '${name.octets}'`);
  }
  const key = `${name.octets}\n${request}`;
  const kept = options.isCached ? frame.results.socketAnswers?.get(key) : undefined;
  if (kept !== undefined) return ok(kept);
  const answer = await ask(name.octets, request, options, frame);
  if (options.isCached && answer.kind === 'ok') {
    frame.results.socketAnswers ??= new Map();
    if (frame.results.socketAnswers.size < MAX_KEPT) frame.results.socketAnswers.set(key, answer.value);
  }
  return answer;
}

async function ask(name: Octets, request: Octets, options: SocketOptions, frame: Frame): Promise<Outcome<Octets>> {
  const opened = name.startsWith(INTERNET) ? await connectInternet(name, options, frame) : await connectLocal(name, options, frame);
  if (opened.kind !== 'ok') return opened;
  const connection = opened.value;
  try {
    return await converse(connection, name, request, options, frame);
  } finally {
    connection.close();
  }
}

async function connectLocal(path: Octets, { timeoutMs }: SocketOptions, frame: Frame): Promise<Outcome<Connection>> {
  const address = path.startsWith('/') ? path : `./${path}`;
  const result = await frame.services.net.connect({ address, port: 0, timeoutMs }, frame.until);
  return result.kind === 'ok' ? ok(result.connection) : fail(`failed to connect to socket ${path}: ${result.reason}`);
}

async function connectInternet(name: Octets, { timeoutMs }: SocketOptions, frame: Frame): Promise<Outcome<Connection>> {
  const match = /^inet:(?:\[([^\]]+)\]|([^:]+)):([0-9A-Za-z-]+)$/.exec(name);
  if (!match) return fail(`missing port for readsocket ${name}`);
  const host = match[1] ?? match[2] ?? '';
  return connectHost(host, match[3] ?? '', match[1] === undefined ? host : `[${host}]`, timeoutMs, frame);
}

/** To the first of the host's addresses that takes the connection. `port` is a number or the name of a service. */
export async function connectHost(
  host: Octets,
  portName: Octets,
  shownHost: Octets,
  timeoutMs: number,
  frame: Frame,
): Promise<Outcome<Connection>> {
  const port = portNumber(portName, frame);
  if (port === undefined) return fail(`unknown port "${portName}"`);
  const addresses = await addressesOf(host, frame);
  if (addresses.kind !== 'ok') return addresses;
  let reason = 'no addresses';
  for (const address of addresses.value) {
    const result = await frame.services.net.connect({ address, port, timeoutMs }, frame.until);
    if (result.kind === 'ok') return ok(result.connection);
    reason = result.reason;
  }
  return fail(`failed to connect to any address for ${shownHost}: ${reason}`);
}

async function addressesOf(host: Octets, frame: Frame): Promise<Outcome<readonly Octets[]>> {
  if (/^[0-9.]+$/.test(host) || host.includes(':')) return ok([host]);
  const found = await frame.services.hosts.byName(host, 0, frame.until);
  if (found.kind === 'found') return ok(found.addresses);
  if (found.kind === 'again') return fail(`temporary error finding an address for host ${host}`);
  const message = `no IP address found for host ${host}`;
  frame.services.log.main(message);
  return fail(message);
}

/** A number, or a service of /etc/services. */
function portNumber(port: Octets, frame: Frame): number | undefined {
  // C's htons: only 16 bits of it count
  if (/^[0-9]+$/.test(port)) return wrapInteger(port) & 0xffff;
  const services = frame.services.files.readFile('/etc/services', 1 << 20);
  if (services.kind !== 'ok') return undefined;
  for (const line of octetsFromBytes(services.value).split('\n')) {
    const [name, entry = '', ...aliases] = line.replace(/#.*/, '').split(/[\t ]+/);
    if ((name === port || aliases.includes(port)) && entry.endsWith('/tcp')) return Number.parseInt(entry, 10);
  }
  return undefined;
}

async function converse(
  connection: Connection,
  name: Octets,
  request: Octets,
  options: SocketOptions,
  frame: Frame,
): Promise<Outcome<Octets>> {
  const until = earlier(frame.until, frame.services.clock.monotonicMs() + options.timeoutMs);
  if (options.usesTls) {
    const request = { host: name, sni: options.sni, verifyNames: [], mustVerify: false, tryVerify: false };
    const tls = await connection.startClientTls(request, until);
    if (tls.kind === 'error') return fail(`TLS connect failed: ${tls.message}`);
  }
  if (request !== '') {
    const written = await connection.write(request, until);
    if (written.kind !== 'ok') return fail(`request write to socket failed: ${written.kind === 'timeout' ? 'timed out' : written.reason}`);
  }
  if (options.shutsDown && !options.usesTls) connection.end();
  let answer = '';
  for (;;) {
    const part = await connection.read(until);
    if (part.kind === 'end') return ok(answer);
    if (part.kind === 'timeout') return fail('socket read timed out');
    // A server that closes without having read the request resets: what it sent counts.
    if (part.kind === 'error' && part.errno === 'ECONNRESET') return ok(answer);
    // what was written goes out behind the call: here it is seen that it could not
    if (part.kind === 'error' && part.errno === 'EPIPE') return fail(`request write to socket failed: ${part.reason}`);
    if (part.kind === 'error') return fail(`socket read failed: ${part.reason}`);
    answer += octetsFromBytes(part.bytes);
    if (answer.length > MAX_ANSWER) return fail('socket sent too much data');
  }
}
