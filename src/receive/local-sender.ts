/** What a local caller is called, and which senders it may choose. Spec ch. 48 "Constructed addresses", option untrusted_set_sender. */
import type { Octets } from '../base/octets.ts';
import type { Caller, Config, Frame, Origin } from '../core/index.ts';
import { tainted } from '../core/index.ts';
import { quoteLocalPart } from '../message/address.ts';

/** `login@qualify_domain`, the login quoted where an address needs it. */
export function ownAddress({ login }: Caller, config: Config): Octets {
  return `${login === '' ? '' : quoteLocalPart(login)}@${config.main.qualify_domain}`;
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
