/** What a server's EHLO reply offers. RFC 5321 s4.1.1.1, RFC 1869, RFC 9422. */
import type { Octets } from '../base/octets.ts';
import { upperCase } from '../base/octets.ts';

export interface ServerExtensions {
  /** Keywords in upper case with their parameters. */
  readonly keywords: ReadonlyMap<string, Octets>;
  /** Undefined: SIZE is not offered; 0: no limit named. */
  readonly sizeLimit: number | undefined;
  /** Mechanism names in upper case. */
  readonly authMechanisms: readonly Octets[];
  /** Of LIMITS: transactions a connection, recipients and recipients' domains a transaction; Infinity where there is none. */
  readonly limits: { readonly mailMax: number; readonly rcptMax: number; readonly rcptDomainMax: number };
}

/** Nothing is offered (HELO). */
export const NO_EXTENSIONS: ServerExtensions = Object.freeze({
  keywords: new Map<string, Octets>(),
  sizeLimit: undefined,
  authMechanisms: [],
  limits: parseLimits(''),
});

/** `lines` are the reply's lines without codes; the first names the host. `AUTH=LOGIN`, an old form, counts as AUTH. */
export function parseExtensions(lines: readonly Octets[]): ServerExtensions {
  const keywords = new Map<string, Octets>();
  const mechanisms = new Set<Octets>();
  for (const line of lines.slice(1)) {
    const match = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:[ \t=]+(.*))?$/.exec(line);
    if (!match) continue;
    const keyword = upperCase(match[1] ?? '');
    const parameters = match[2] ?? '';
    keywords.set(keyword, parameters);
    if (keyword === 'AUTH') for (const name of parameters.split(/[ \t]+/)) if (name !== '') mechanisms.add(upperCase(name));
  }
  const size = keywords.get('SIZE');
  const sizeLimit = size === undefined ? undefined : Number.parseInt(/^[0-9]{1,15}/.exec(size)?.[0] ?? '0', 10);
  return { keywords, sizeLimit, authMechanisms: [...mechanisms], limits: parseLimits(keywords.get('LIMITS') ?? '') };
}

/** `MAILMAX=10 RCPTMAX=2`; names that are not known, and values that are no positive number, do not count. RFC 9422 s4. */
function parseLimits(text: Octets): ServerExtensions['limits'] {
  const valueOf = (name: string) => {
    const digits = new RegExp(`(?:^|[ \\t])${name}=([0-9]{1,9})(?=[ \\t]|$)`).exec(upperCase(text))?.[1] ?? '0';
    const value = Number.parseInt(digits, 10);
    return value > 0 ? value : Number.POSITIVE_INFINITY;
  };
  return { mailMax: valueOf('MAILMAX'), rcptMax: valueOf('RCPTMAX'), rcptDomainMax: valueOf('RCPTDOMAINMAX') };
}
