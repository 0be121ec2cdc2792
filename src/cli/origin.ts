/** `-oMa` and its relatives as the origin of what is received. Spec ch. 5 "-oMa". */
import { isIp } from '../base/ip.ts';
import type { Octets } from '../base/octets.ts';
import { parseDecimal } from '../base/octets.ts';
import type { Origin } from '../core/index.ts';
import type { OriginOptions } from './invocation.ts';

/** `1.2.3.4`, `1.2.3.4.1234`, `[1.2.3.4]:1234`; the address may still be none. */
export function splitHostAndPort(text: Octets): { readonly address: Octets; readonly port: number | undefined } {
  const bracketed = /^\[([^\]]+)\](?::([0-9]+))?$/.exec(text);
  if (bracketed) return { address: bracketed[1] ?? '', port: parseDecimal(bracketed[2] ?? '') };
  if (isIp(text)) return { address: text, port: undefined };
  const dotted = /^(.*)\.([0-9]+)$/.exec(text);
  if (dotted && isIp(dotted[1] ?? '')) return { address: dotted[1] ?? '', port: parseDecimal(dotted[2] ?? '') };
  return { address: text, port: undefined };
}

export function presetOrigin(options: OriginOptions): Partial<Origin> {
  const preset: Partial<Origin> = {};
  const host = options.hostAddress === undefined ? undefined : splitHostAndPort(options.hostAddress);
  const local = options.interfaceAddress === undefined ? undefined : splitHostAndPort(options.interfaceAddress);
  if (host) Object.assign(preset, { hostAddress: host.address, hostPort: host.port });
  if (local) Object.assign(preset, { interfaceAddress: local.address, interfacePort: local.port ?? 0 });
  if (options.hostName !== undefined) Object.assign(preset, { hostName: options.hostName, hostLookup: 'found' });
  if (options.ident !== undefined) preset.ident = options.ident;
  if (options.protocol !== undefined) preset.protocol = options.protocol;
  if (options.authenticator !== undefined) preset.authenticatorName = options.authenticator;
  if (options.authenticatedId !== undefined) preset.authenticatedId = options.authenticatedId;
  if (options.authenticatedSender !== undefined) preset.authenticatedSender = options.authenticatedSender;
  return preset;
}

/** What is wrong with an address of -oMa or -oMi; of a caller who is not trusted nobody looks at them. */
export function originProblem({ hostAddress, interfaceAddress }: OriginOptions): Octets | undefined {
  for (const text of [hostAddress, interfaceAddress])
    if (text !== undefined && !isIp(splitHostAndPort(text).address)) return `exim abandoned: "${text}" is not an IP address`;
  return undefined;
}
