/** Values of options as reception needs them: expanded strings, numbers, host lists. */
import type { Octets } from '../base/octets.ts';
import { trimSpace } from '../base/octets.ts';
import { sizeFactor } from '../base/size-suffix.ts';
import { parseTimeSpan } from '../base/time-span.ts';
import type { Frame, ListSource, MainOptions, Outcome, Template, Text } from '../core/index.ts';
import { fail, mapOutcome, ok, untainted } from '../core/index.ts';

/** An unset option is the empty text. */
export async function expandText(template: Template | undefined, frame: Frame): Promise<Outcome<Text>> {
  if (template === undefined) return ok(untainted(''));
  if (template.constant !== undefined) return ok(untainted(template.constant));
  return template.evaluate(frame);
}

export async function expandOctets(template: Template | undefined, frame: Frame): Promise<Outcome<Octets>> {
  return mapOutcome(await expandText(template, frame), (text) => text.octets);
}

/** `50M`, `1000`, `0`; undefined when it is no number. */
export function parseSize(text: Octets): number | undefined {
  const match = /^(-?[0-9]+)([KkMmGg]?)$/.exec(trimSpace(text));
  if (!match) return undefined;
  return Number.parseInt(match[1] ?? '0', 10) * (sizeFactor(match[2] ?? '') ?? 1);
}

/** An integer option that is expanded; `unset` when it is not set or its expansion is forced to fail. */
export async function expandSize(template: Template | undefined, frame: Frame, unset: number): Promise<Outcome<number>> {
  if (template === undefined) return ok(unset);
  const expanded = await expandOctets(template, frame);
  if (expanded.kind === 'forced-fail') return ok(unset);
  if (expanded.kind !== 'ok') return expanded;
  const size = parseSize(expanded.value);
  return size === undefined ? fail(`"${expanded.value}" is not a number (${template.what})`) : ok(size);
}

/** What is wrong with `message_size_limit`, in Exim's words; undefined when nothing is. */
export async function sizeLimitProblem(template: Template | undefined, frame: Frame): Promise<Octets | undefined> {
  const expanded = await expandOctets(template, frame);
  if (expanded.kind === 'forced-fail') return `unable to expand message_size_limit: ${expanded.message ?? '"fail" requested'}`;
  if (expanded.kind !== 'ok') return `unable to expand message_size_limit: ${expanded.message}`;
  const size = template === undefined ? 0 : parseSize(expanded.value);
  if (size === undefined) return `invalid message_size_limit: integer expected but "${expanded.value}" found`;
  return size < 0 ? `invalid message_size_limit: non-negative integer expected but "${expanded.value}" found` : undefined;
}

/** Seconds; a bare number is seconds too. */
export async function expandTime(template: Template | undefined, frame: Frame, unset: number): Promise<Outcome<number>> {
  if (template === undefined) return ok(unset);
  const expanded = await expandOctets(template, frame);
  if (expanded.kind === 'forced-fail') return ok(unset);
  if (expanded.kind !== 'ok') return expanded;
  const text = trimSpace(expanded.value);
  const seconds = /^[0-9]+$/.test(text) ? Number.parseInt(text, 10) : parseTimeSpan(text);
  return seconds === undefined ? fail(`"${text}" is not a time (${template.what})`) : ok(seconds);
}

/** Whether the sending host is in the list. Unset: no. `defer` when that cannot be decided now. */
export async function matchSenderHost(list: ListSource | undefined, frame: Frame): Promise<Outcome<boolean>> {
  if (list === undefined) return ok(false);
  const { constant } = list.template;
  const isTraced = frame.services.log.isDebug('lists');
  if (constant === '*' && !isTraced) return ok(true);
  if (constant === '' && !isTraced) return ok(false);
  const origin = frame.session?.state.origin;
  const subject = { address: origin?.hostAddress, name: origin?.hostName, aliases: origin?.hostAliases ?? [], isSender: true };
  return mapOutcome(await frame.services.lists.matchHost(list, subject, frame), (match) => match.matched);
}

/** Options that hold a host list. */
type HostListOption = { [Name in keyof MainOptions]: MainOptions[Name] extends ListSource | undefined ? Name : never }[keyof MainOptions];

/** The same for the list of an option, which a trace (`-bh`) tells of also when it is unset. */
export function matchSenderHostInOption(name: HostListOption, frame: Frame): Promise<Outcome<boolean>> {
  const list = frame.config.main[name];
  if (list === undefined) frame.services.log.debug('lists', () => `host in ${name}? no (option unset)`);
  return matchSenderHost(list, frame);
}

/** A doubt means no. */
export async function isSenderHostInOption(name: HostListOption, frame: Frame): Promise<boolean> {
  const matched = await matchSenderHostInOption(name, frame);
  return matched.kind === 'ok' && matched.value;
}

/** The same where a doubt means no. */
export async function isSenderHostIn(list: ListSource | undefined, frame: Frame): Promise<boolean> {
  const matched = await matchSenderHost(list, frame);
  return matched.kind === 'ok' && matched.value;
}
