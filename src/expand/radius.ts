/** A password check by RADIUS servers, with the configuration of the radiusclient library. Spec ch. 11 "radius"; RFC 2865. */
import { type Octets, octetsFromBytes, parseDecimal } from '../base/octets.ts';
import { earlier } from '../core/deadline.ts';
import type { Frame, Judged } from '../core/frame.ts';
import { defer, fail, type NotOk, type Outcome, ok } from '../core/outcome.ts';
import type { Files } from '../core/ports.ts';
import { judged } from './judged.ts';
import { decodeAnswer, encodeAccessRequest } from './radius-message.ts';

/** Where distributions have it; the first that is there is read. */
const CONFIGURATIONS: readonly Octets[] = [
  '/etc/radcli/radiusclient.conf',
  '/etc/radiusclient/radiusclient.conf',
  '/etc/radiusclient-ng/radiusclient.conf',
];
const MAX_FILE = 1 << 20;
const PORT = 1812;

export interface RadiusSettings {
  readonly servers: readonly RadiusServer[];
  readonly timeoutMs: number;
  readonly retries: number;
}

export interface RadiusServer {
  readonly host: Octets;
  readonly port: number;
  readonly secret: Octets;
}

/** `authserver HOST[:PORT[:SECRET]]`, `servers FILE` (lines `HOST SECRET`), `radius_timeout`, `radius_retries`. */
export function readRadiusSettings(path: Octets, files: Pick<Files, 'readFile'>): RadiusSettings | NotOk {
  const lines = readLines(path, files);
  if (!Array.isArray(lines)) return lines;
  const valueOf = (name: Octets): Octets | undefined => lines.find(([key]) => key === name)?.[1];
  const secretsFile = valueOf('servers');
  const secrets = secretsFile === undefined ? [] : readLines(secretsFile, files);
  if (!Array.isArray(secrets)) return secrets;
  const servers = lines
    .filter(([key]) => key === 'authserver')
    .flatMap(([, value]) => value.split(','))
    .flatMap((written): RadiusServer[] => {
      const match = /^(\[[^\]]+\]|[^:]+)(?::([0-9]*)(?::(.*))?)?$/.exec(written.replace(/[ \t]/g, ''));
      const host = (match?.[1] ?? '').replace(/^\[|\]$/g, '');
      const secret = match?.[3] ?? secrets.find(([name]) => name === host)?.[1];
      return host === '' || secret === undefined ? [] : [{ host, port: parseDecimal(match?.[2] ?? '') || PORT, secret }];
    });
  if (servers.length === 0) return fail(`RADIUS: no authserver with a secret in ${path}`);
  return {
    servers,
    timeoutMs: (parseDecimal(valueOf('radius_timeout') ?? '') || 10) * 1000,
    retries: parseDecimal(valueOf('radius_retries') ?? '') ?? 3,
  };
}

function readLines(path: Octets, files: Pick<Files, 'readFile'>): (readonly [Octets, Octets])[] | NotOk {
  const content = files.readFile(path, MAX_FILE);
  if (content.kind === 'error') return fail(`RADIUS: can't open ${path}`);
  return octetsFromBytes(content.value)
    .split('\n')
    .flatMap((line): (readonly [Octets, Octets])[] => {
      const match = /^[ \t]*([^# \t][^ \t]*)[ \t]+(.*?)[ \t\r]*$/.exec(line);
      return match ? [[match[1] ?? '', match[2] ?? '']] : [];
    });
}

/** A server that does not answer is asked again, then the next one; when none does, it is not known whether the password is right. */
export async function askRadius(user: Octets, password: Octets, frame: Frame): Promise<Outcome<Judged>> {
  const { files } = frame.services;
  const path = CONFIGURATIONS.find((candidate) => files.stat(candidate).kind === 'ok') ?? CONFIGURATIONS[1] ?? '';
  const settings = readRadiusSettings(path, files);
  if ('kind' in settings) return settings;
  for (const server of settings.servers) {
    const answer = await askServer(server, settings, user, password, frame);
    if (answer.kind !== 'ok') return answer;
    if (answer.value !== undefined) return judged(answer.value);
  }
  return defer('RADIUS: no server answers');
}

/** Undefined when it does not answer. */
async function askServer(
  server: RadiusServer,
  settings: RadiusSettings,
  user: Octets,
  password: Octets,
  frame: Frame,
): Promise<Outcome<boolean | undefined>> {
  const { net, hosts, random, clock } = frame.services;
  const found = /^[0-9.]+$/.test(server.host) || server.host.includes(':') ? undefined : await hosts.byName(server.host, 0, frame.until);
  if (found && found.kind !== 'found') return ok(undefined);
  const [address = server.host] = found?.addresses ?? [];
  const { secret } = server;
  const identity = { id: random.below(256), authenticator: random.bytes(16), secret };
  const packet = encodeAccessRequest({ ...identity, user, password, nasIdentifier: frame.config.main.primary_hostname ?? '' });
  if (!packet) return ok(false);
  const decode = (bytes: Buffer) => decodeAnswer(bytes, identity);
  for (let attempt = 0; attempt <= settings.retries; attempt++) {
    const until = earlier(frame.until, clock.monotonicMs() + settings.timeoutMs);
    const answered = await net.exchange(
      { address, port: server.port, bytes: packet, isAnswer: (bytes) => decode(bytes) !== undefined },
      until,
    );
    if (answered.kind === 'ok') return ok(decode(answered.bytes) === 'accept');
    if (answered.kind === 'error') return ok(undefined);
    if (frame.until.signal.aborted) return defer('RADIUS: timed out');
  }
  return ok(undefined);
}
