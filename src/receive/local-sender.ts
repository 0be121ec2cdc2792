/** What a local caller is called, and which senders it may choose. Spec ch. 48 "Constructed addresses", options untrusted_set_sender, gecos_name. */
import type { Octets } from '../base/octets.ts';
import { upperCase } from '../base/octets.ts';
import type { Caller, Config, Frame, Origin } from '../core/index.ts';
import { tainted } from '../core/index.ts';
import { expandOctets } from './expansion.ts';

/** `login@qualify_domain`. */
export function ownAddress(caller: Caller, config: Config): Octets {
  return `${caller.login}@${config.main.qualify_domain}`;
}

/** Whether `untrusted_set_sender` has the address. The null sender of -f needs no permission. */
export async function mayChooseSender(address: Octets, frame: Frame): Promise<boolean> {
  const list = frame.config.main.untrusted_set_sender;
  if (list === undefined) return false;
  const matched = await frame.services.lists.matchAddress(list, tainted(address), frame);
  return matched.kind === 'ok' && matched.value.matched;
}

/** The sender is the caller itself, who counts as authenticated. */
export function markAsOwn(origin: Origin, caller: Caller): void {
  origin.isLocal = true;
  origin.authenticatedId ??= caller.login;
}

/** The gecos field made a name: by `gecos_pattern` and `gecos_name`, else with `&` as the login name. */
export async function callerName(caller: Caller, frame: Frame): Promise<Octets> {
  const { gecos_pattern: pattern, gecos_name: name } = frame.config.main;
  if (pattern !== undefined && name !== undefined) {
    const compiled = frame.services.regexes.compile(pattern);
    const match = compiled.kind === 'ok' ? compiled.regex.match(caller.fullName) : undefined;
    if (match?.kind === 'match') {
      const expanded = await expandOctets(name, { ...frame, captures: match.captures.map((capture) => tainted(capture ?? '')) });
      if (expanded.kind === 'ok') return expanded.value;
      if (expanded.kind !== 'forced-fail') frame.services.log.panic(`failed to expand gecos_name "${name.source}": ${expanded.message}`);
    }
  }
  return caller.fullName.replaceAll('&', upperCase(caller.login.slice(0, 1)) + caller.login.slice(1));
}
