/** The name of the client's user, as its host tells it. RFC 1413; Spec ch. 14 "rfc1413_hosts", "rfc1413_query_timeout". */
import { type Octets, octetsFromBytes, printable, trimSpace, upperCase } from '../base/octets.ts';
import type { Connection, Deadline } from '../core/index.ts';
import { earlier } from '../core/index.ts';
import type { Dialogue } from './dialogue.ts';
import { isSenderHostIn } from './expansion.ts';

/** Of a response; what is longer is none. RFC 1413 s4 allows 1000 with line ends. */
const MAX_RESPONSE_BYTES = 2048;
const MAX_IDENT_LENGTH = 127;
const IDENT_PORT = 113;

/** Keeps the name as `$sender_ident`; a host that does not answer has none. */
export async function askIdent(dialogue: Dialogue): Promise<void> {
  const { main } = dialogue.config;
  const { hostAddress, hostPort, interfaceAddress, interfacePort, ident } = dialogue.origin;
  if (main.rfc1413_query_timeout === 0 || ident !== undefined) return;
  if (hostAddress === undefined || hostPort === undefined || interfaceAddress === undefined || interfacePort === undefined) return;
  if (!(await isSenderHostIn(main.rfc1413_hosts, dialogue.frame()))) return;
  const { clock, net } = dialogue.parts.services;
  const timeoutMs = main.rfc1413_query_timeout * 1000;
  const until = earlier(dialogue.until, clock.monotonicMs() + timeoutMs);
  const port = main.rfc1413_port === 0 ? IDENT_PORT : main.rfc1413_port;
  const connected = await net.connect({ address: hostAddress, port, interface: interfaceAddress, timeoutMs }, until);
  if (connected.kind !== 'ok') return;
  const { connection } = connected;
  const written = await connection.write(`${hostPort} , ${interfacePort}\r\n`, until);
  const line = written.kind === 'ok' ? await readLine(connection, until) : undefined;
  connection.close();
  const found = line === undefined ? undefined : parseIdentResponse(line, hostPort, interfacePort);
  if (found !== undefined) dialogue.origin.ident = found;
}

/** Without its line end; undefined when there is none, or it is too long. */
async function readLine(connection: Connection, until: Deadline): Promise<Octets | undefined> {
  let data: Buffer = Buffer.alloc(0);
  while (data.length < MAX_RESPONSE_BYTES) {
    const result = await connection.read(until);
    if (result.kind !== 'data') return undefined;
    data = Buffer.concat([data, result.bytes]);
    const end = data.indexOf('\n');
    if (end >= 0) return end > MAX_RESPONSE_BYTES ? undefined : octetsFromBytes(data.subarray(0, data[end - 1] === 0x0d ? end - 1 : end));
  }
  return undefined;
}

/** `6193, 23 : USERID : UNIX : stjohns`: the name, fit to be printed; undefined for an error or an answer about other ports. */
export function parseIdentResponse(line: Octets, hostPort: number, interfacePort: number): Octets | undefined {
  const match = /^[ \t]*([0-9]{1,5})[ \t]*,[ \t]*([0-9]{1,5})[ \t]*:([^:]*):([^:]*):(.*)$/s.exec(line);
  if (!match) return undefined;
  const [, host = '', ours = '', kind = '', , user = ''] = match;
  if (Number.parseInt(host, 10) !== hostPort || Number.parseInt(ours, 10) !== interfacePort) return undefined;
  if (upperCase(trimSpace(kind)) !== 'USERID') return undefined;
  const name = user.replace(/^[ \t]+/, '').slice(0, MAX_IDENT_LENGTH);
  return name === '' ? undefined : printable(name);
}
