/** Reading the options of a configured router: the generic ones, typed, and expanded options with the texts Exim uses when they fail. */

import type { Octets } from '../base/octets.ts';
import { equalsIgnoreCase } from '../base/octets.ts';
import type { Template } from '../core/config.ts';
import type { RouterInstance } from '../core/drivers.ts';
import type { Frame } from '../core/frame.ts';
import type { Outcome } from '../core/outcome.ts';
import { defer, ok } from '../core/outcome.ts';
import type { Text } from '../core/text.ts';
import type { RouterOptions } from './generic-options.ts';

/** The generic options of a router. */
export function settingsOf(router: Pick<RouterInstance, 'generic'>): RouterOptions {
  return router.generic as RouterOptions; // config/ filled it from routerOptions
}

/** Undefined when the option is not set or its expansion was forced to fail. */
export async function expandOption(template: Template | undefined, frame: Frame): Promise<Outcome<Text | undefined>> {
  if (template === undefined) return ok(undefined);
  const outcome = await template.evaluate(frame);
  return outcome.kind === 'forced-fail' ? ok(undefined) : outcome;
}

/** Expands a text that is one of several values of an option. */
export async function expandText(source: Octets, what: string, frame: Frame): Promise<Outcome<Text>> {
  return frame.config.compile(source, what).evaluate(frame);
}

/** Exim's loose truth: neither empty nor `0`, `no`, `false`. */
export function isTrue(octets: Octets): boolean {
  return octets !== '' && octets !== '0' && !equalsIgnoreCase(octets, 'no') && !equalsIgnoreCase(octets, 'false');
}

/** `more`, `unseen`: a fixed boolean or text that must expand to yes, no, true or false. A forced failure gives the default. */
export async function expandBoolean(
  value: boolean | Template,
  name: string,
  fallback: boolean,
  router: RouterInstance,
  frame: Frame,
): Promise<Outcome<boolean>> {
  if (typeof value === 'boolean') return ok(value);
  const outcome = await expandOption(value, frame);
  if (outcome.kind !== 'ok') return defer(`failed to expand "${name}" in ${router.name} router: ${messageOf(outcome)}`);
  if (outcome.value === undefined) return ok(fallback);
  const { octets } = outcome.value;
  if (equalsIgnoreCase(octets, 'yes') || equalsIgnoreCase(octets, 'true')) return ok(true);
  if (equalsIgnoreCase(octets, 'no') || equalsIgnoreCase(octets, 'false')) return ok(false);
  return defer(`"${octets}" is not a valid value for the "${name}" option in the ${router.name} router`);
}

/** The text of an outcome that is not ok. */
export function messageOf(
  outcome: { readonly kind: 'forced-fail' } | { readonly kind: 'fail' | 'defer'; readonly message: string },
): Octets {
  return outcome.kind === 'forced-fail' ? '"fail" requested' : outcome.message;
}

/** `verify` and `fail_verify` set two options each; what stands later in the configuration holds. */
export function pairOption(
  router: RouterInstance,
  both: 'verify' | 'fail_verify',
  single: 'verify_sender' | 'verify_recipient' | 'fail_verify_sender' | 'fail_verify_recipient',
): boolean {
  const settings = settingsOf(router);
  const bothAt = router.settings.get(both)?.at;
  if (bothAt === undefined) return settings[single];
  const singleAt = router.settings.get(single)?.at;
  return singleAt !== undefined && singleAt.line > bothAt.line ? settings[single] : settings[both];
}
