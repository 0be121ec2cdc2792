/** The UUCP `From ` line before a message: what counts as one, and whom it names. Spec ch. 48 "The UUCP From line". */
import type { Octets } from '../base/octets.ts';
import type { Config, Frame, Regexes } from '../core/index.ts';
import { tainted } from '../core/index.ts';
import type { AddressSyntax } from '../message/address.ts';
import { parseAddress } from '../message/address.ts';
import { expandOctets } from './expansion.ts';

/** By `uucp_from_pattern`; undefined when no line can be one. */
export function fromLineTest({ main }: Config, regexes: Regexes): ((line: Octets) => boolean) | undefined {
  const compiled = main.uucp_from_pattern === undefined ? undefined : regexes.compile(main.uucp_from_pattern);
  if (compiled?.kind !== 'ok') return undefined;
  return (line) => compiled.regex.match(line).kind === 'match';
}

/** By `uucp_from_sender`; undefined when the line names none. */
export async function senderOfFromLine(line: Octets, frame: Frame, syntax: AddressSyntax): Promise<Octets | undefined> {
  const { main } = frame.config;
  const compiled = main.uucp_from_pattern === undefined ? undefined : frame.services.regexes.compile(main.uucp_from_pattern);
  const match = compiled?.kind === 'ok' ? compiled.regex.match(line) : undefined;
  if (match?.kind !== 'match') return undefined;
  const captures = match.captures.map((capture) => tainted(capture ?? ''));
  const expanded = await expandOctets(main.uucp_from_sender, { ...frame, captures });
  if (expanded.kind !== 'ok') return undefined;
  const parsed = parseAddress(expanded.value, { ...syntax, allowsEmpty: true });
  if (parsed.kind !== 'ok') return undefined;
  return parsed.address === '' || parsed.domain !== '' ? parsed.address : `${parsed.address}@${main.qualify_domain}`;
}
