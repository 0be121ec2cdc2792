/** `user%final.example@listed.example` stands for `user@final.example`. Spec ch. 14 "Main configuration", option percent_hack_domains. */
import type { Octets } from '../base/octets.ts';
import type { Frame } from '../core/frame.ts';
import type { Outcome } from '../core/outcome.ts';
import { defer, ok } from '../core/outcome.ts';
import { tainted } from '../core/text.ts';

export interface AddressParts {
  readonly localPart: Octets;
  readonly domain: Octets;
}

/** The parts of the address that is meant; `parts` itself where nothing is to be done. A list that cannot be evaluated defers. */
export async function withoutPercentHack(parts: AddressParts, frame: Frame): Promise<Outcome<AddressParts>> {
  const list = frame.config.main.percent_hack_domains;
  if (list === undefined) return ok(parts);
  let meant = parts;
  for (;;) {
    const match = await frame.services.lists.matchDomain(list, tainted(meant.domain), frame);
    if (match.kind !== 'ok') return defer('defer in percent_hack_domains check');
    const at = meant.localPart.lastIndexOf('%');
    if (!match.value.matched || at < 0) return ok(meant);
    meant = { localPart: meant.localPart.slice(0, at), domain: meant.localPart.slice(at + 1) };
  }
}
