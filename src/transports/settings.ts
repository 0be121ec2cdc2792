/** The generic options of a configured transport, typed. */
import type { Octets } from '../base/octets.ts';
import { sizeFactor } from '../base/size-suffix.ts';
import type { Template } from '../core/config.ts';
import type { TransportInstance } from '../core/drivers.ts';
import type { Frame } from '../core/frame.ts';
import type { Outcome } from '../core/outcome.ts';
import { ok } from '../core/outcome.ts';
import type { Text } from '../core/text.ts';
import type { TransportOptions } from './generic-options.ts';

export function transportSettings(instance: Pick<TransportInstance, 'generic'>): TransportOptions {
  return instance.generic as TransportOptions; // config/ filled it from transportOptions
}

/** Undefined when the option is not set or its expansion was forced to fail. */
export async function expandOption(template: Template | undefined, frame: Frame): Promise<Outcome<Text | undefined>> {
  if (template === undefined) return ok(undefined);
  const outcome = await template.evaluate(frame);
  return outcome.kind === 'forced-fail' ? ok(undefined) : outcome;
}

export function messageOf(
  outcome: { readonly kind: 'forced-fail' } | { readonly kind: 'fail' | 'defer'; readonly message: string },
): Octets {
  return outcome.kind === 'forced-fail' ? '"fail" requested' : outcome.message;
}

/** `10M`, `1.5G`, `20`; a trailing `/no_check` is left to the caller. Undefined when it is no number. */
export function parseSize(octets: Octets): number | undefined {
  const match = /^[ \t]*([0-9]+(?:\.[0-9]*)?)([KkMmGg]?)[ \t]*$/.exec(octets);
  if (!match) return undefined;
  const unit = sizeFactor(match[2] ?? '') ?? 1;
  return Math.floor(Number.parseFloat(match[1] ?? '0') * unit);
}
