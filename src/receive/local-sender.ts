/** What a local caller is called, and which senders it may choose. Spec ch. 48 "Constructed addresses", option untrusted_set_sender. */
import { type Octets, printable } from '../base/octets.ts';
import type { Caller, Config, Frame, Origin } from '../core/index.ts';
import { tainted } from '../core/index.ts';
import { type AddressSyntax, parseAddress, quoteLocalPart } from '../message/address.ts';

/** `login@qualify_domain`, the login quoted where an address needs it. */
export function ownAddress({ login }: Caller, config: Config): Octets {
  return `${login === '' ? '' : quoteLocalPart(login)}@${config.main.qualify_domain}`;
}

/** The argument of -f, qualified; `problem` is Exim's complaint. */
export function givenSender(
  sender: Octets,
  syntax: AddressSyntax,
  { main }: Config,
): { readonly address: Octets } | { readonly problem: Octets } {
  const parsed = parseAddress(sender === '' ? '<>' : sender, { ...syntax, allowsEmpty: true });
  const isLiteral = parsed.kind === 'ok' && parsed.domain.startsWith('[') && !main.allow_domain_literals;
  if (parsed.kind === 'error' || isLiteral) {
    const isDot = sender.endsWith('.') && !main.strip_trailing_dot;
    const why = parsed.kind === 'error' ? parsed.message : 'domain literals not allowed';
    return { problem: `exim: bad -f address "${printable(sender)}": ${isDot ? 'domain is malformed (trailing dot not allowed)' : why}` };
  }
  return { address: parsed.address === '' || parsed.domain !== '' ? parsed.address : `${parsed.address}@${main.qualify_domain}` };
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
