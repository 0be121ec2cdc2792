/** The output of `-brw`. Spec ch. 5 `-brw`, ch. 31 "Testing the rewriting rules that apply on input". */
import type { Octets } from '../base/octets.ts';
import type { Frame } from '../core/frame.ts';
import { parseAddress } from '../message/address.ts';
import { capitalized, HEADER_PLACES, rewriteAddress, rewriteAddressText, rewriteSmtpArgument } from './rewrite.ts';

const NAME_WIDTH = 8;

/** One line for each place the address may stand in; without line ends. */
export async function rewriteTestLines(argument: Octets, frame: Frame): Promise<readonly Octets[]> {
  const lines: Octets[] = [];
  const smtp = await rewriteSmtpArgument(argument, frame);
  if (smtp !== undefined) lines.push(`${'SMTP'.padStart(NAME_WIDTH)}: ${smtp}`);
  const text = argument.includes('@') ? argument : `${argument}@${frame.config.main.qualify_domain}`;
  const parsed = parseAddress(text, { allowsUtf8Domains: frame.config.main.allow_utf8_domains });
  if (parsed.kind === 'error') return [...lines, `Syntax error in ${text}`, capitalized(parsed.message)];
  for (const place of HEADER_PLACES) lines.push(`${place.padStart(NAME_WIDTH)}: ${await rewriteAddressText(text, place, frame)}`);
  for (const place of ['env-from', 'env-to'] as const) {
    lines.push(`${place.padStart(NAME_WIDTH)}: ${(await rewriteAddress(parsed.address, place, frame)).address}`);
  }
  return lines;
}
