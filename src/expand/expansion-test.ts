/** One line of `-be`: what Exim prints for it, without the line end. Spec ch. 11 "Testing string expansions". */

import { assertNever } from '../base/invariant.ts';
import type { Octets } from '../base/octets.ts';
import type { Frame } from '../core/frame.ts';
import { expandText } from './expander.ts';

export async function testExpansion(source: Octets, frame: Frame): Promise<Octets> {
  const outcome = await expandText(source, frame);
  switch (outcome.kind) {
    case 'ok':
      return outcome.value.octets;
    case 'forced-fail':
      return `Failed: ${outcome.message ?? 'forced failure'}`;
    case 'fail':
    case 'defer':
      return `Failed: ${outcome.message}`;
    default:
      return assertNever(outcome);
  }
}
