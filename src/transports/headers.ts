/**
 * The header lines of one delivery: those of the message less headers_remove, then headers_add of routers and transport, before
 * them Return-path:, Envelope-to: and Delivery-date:. Spec ch. 48 "Adding and removing header lines in routers and transports".
 */

import type { Octets } from '../base/octets.ts';
import { lowerCase } from '../base/octets.ts';
import type { Address } from '../core/address.ts';
import type { RewriteRule } from '../core/config.ts';
import type { DeliveryBatch, TransportInstance } from '../core/drivers.ts';
import type { Frame } from '../core/frame.ts';
import type { Message } from '../core/message.ts';
import type { Outcome } from '../core/outcome.ts';
import { defer, fail, ok } from '../core/outcome.ts';
import { formatDate } from '../message/date.ts';
import { headerName } from '../message/header.ts';
import { rewriteHeaders } from '../rewrite/rewrite.ts';
import { transportRewriteRules } from '../rewrite/transport-rules.ts';
import { expandOption, messageOf, parseSize, transportSettings } from './settings.ts';

/** What deliver/ knows of a batch before the transport's options were looked at. */
export type NewBatch = Omit<DeliveryBatch, 'returnPath' | 'headers'>;

/** Completes a batch with return path and header lines, and its frame with `$return_path`. A failure defers all its addresses. */
export async function prepareBatch(batch: NewBatch): Promise<Outcome<DeliveryBatch>> {
  const [first] = batch.addresses;
  if (first === undefined) return defer('a delivery without addresses');
  const returnPath = await returnPathOf(first, batch.message, batch.instance, batch.frame);
  if (returnPath.kind !== 'ok') return returnPath;
  const frame: Frame = { ...batch.frame, returnPath: returnPath.value };
  const headers = await headersOf({ ...batch, frame, returnPath: returnPath.value });
  return headers.kind === 'ok' ? ok({ ...batch, frame, returnPath: returnPath.value, headers: headers.value }) : headers;
}

/** `message_size_limit`: the message is not for this transport. A limit that cannot be expanded defers. */
export async function sizeProblem(batch: DeliveryBatch): Promise<Outcome<undefined>> {
  const option = transportSettings(batch.instance).message_size_limit;
  if (option === undefined) return ok(undefined);
  const expanded = await option.evaluate(batch.frame);
  if (expanded.kind !== 'ok')
    return defer(`failed to expand message_size_limit in ${batch.instance.name} transport: ${messageOf(expanded)}`);
  const limit = parseSize(expanded.value.octets);
  if (limit === undefined) return defer(`invalid message_size_limit in ${batch.instance.name} transport: ${expanded.value.octets}`);
  return limit > 0 && batch.message.size > limit ? fail(`message is too big (transport limit = ${limit})`) : ok(undefined);
}

/** The transport's `return_path`, the router's `errors_to`, or the sender of the message. */
export async function returnPathOf(
  address: Address,
  message: Message,
  instance: TransportInstance,
  frame: Frame,
): Promise<Outcome<Octets>> {
  const usual = address.state.errorsTo ?? message.sender;
  const option = transportSettings(instance).return_path;
  const expanded = await expandOption(option, { ...frame, returnPath: usual });
  if (expanded.kind !== 'ok')
    return defer(`Failed to expand return path "${option?.source ?? ''}" in ${instance.name} transport: ${messageOf(expanded)}`);
  if (expanded.value === undefined) return ok(usual);
  const { octets } = expanded.value;
  return ok(octets === '<>' ? '' : octets);
}

async function headersOf(batch: Omit<DeliveryBatch, 'headers'>): Promise<Outcome<readonly Octets[]>> {
  const { frame, instance, message } = batch;
  const settings = transportSettings(instance);
  const [first] = batch.addresses;
  const removed = await expandItems(settings.headers_remove, ':', 'headers_remove', instance, frame);
  if (removed.kind !== 'ok') return removed;
  const added = await expandItems(settings.headers_add, '\n', 'headers_add', instance, frame);
  if (added.kind !== 'ok') return added;
  const isRemoved = nameTest([...(first?.state.headersRemove ?? []), ...removed.value]);
  const lines = deliveryHeaders(batch);
  const rewritten = await rewriteHeaders(message.headers, frame, rewriteRulesOf(instance, frame));
  for (const header of rewritten) {
    if (header.type !== '*' && !isRemoved(headerName(header.text) ?? '')) lines.push(header.text);
  }
  lines.push(...(first?.state.headersAdd ?? []), ...added.value.map((line) => (line.endsWith('\n') ? line : `${line}\n`)));
  return ok(lines);
}

/** Of `headers_rewrite`, whose syntax was checked when the configuration was read. */
function rewriteRulesOf(instance: TransportInstance, { config }: Frame): readonly RewriteRule[] {
  const text = transportSettings(instance).headers_rewrite;
  const setting = instance.settings.get('headers_rewrite');
  return text === undefined || setting === undefined ? [] : transportRewriteRules(text, setting.at, config.compile);
}

function deliveryHeaders(batch: Omit<DeliveryBatch, 'headers'>): Octets[] {
  const settings = transportSettings(batch.instance);
  const lines: Octets[] = [];
  if (settings.return_path_add) lines.push(`Return-path: <${batch.returnPath}>\n`);
  if (settings.envelope_to_add) lines.push(`Envelope-to: ${envelopeTo(batch.addresses, settings.rcpt_include_affixes)}\n`);
  if (settings.delivery_date_add) {
    const { clock } = batch.services;
    lines.push(`Delivery-date: ${formatDate(clock, batch.frame.config.main.timezone)}\n`);
  }
  return lines;
}

/** The envelope recipients that these addresses descend from, each once; those of duplicates before. */
function envelopeTo(addresses: readonly Address[], withAffixes: boolean): Octets {
  const seen = new Set<Octets>();
  for (const address of addresses.flatMap((each) => [...(each.state.duplicates ?? []), each])) {
    let top = address;
    while (top.parent !== undefined) top = top.parent;
    seen.add(top === address && !withAffixes ? recipientAddress(address, true) : top.address);
  }
  return [...seen].join(',\n ');
}

/** The address for RCPT: the local part with its case, without affixes unless `rcpt_include_affixes`. */
export function recipientAddress(address: Address, withAffixes: boolean): Octets {
  const at = address.address.lastIndexOf('@');
  if (at < 0 || withAffixes) return address.address;
  const { prefix, suffix } = address.state;
  const localPart = address.address.slice(prefix?.length ?? 0, at - (suffix?.length ?? 0));
  return `${localPart}${address.address.slice(at)}`;
}

/** Names are matched without case; `X-*` stands for all names with that beginning. */
function nameTest(names: readonly Octets[]): (name: Octets) => boolean {
  if (names.length === 0) return () => false;
  const exact = new Set<Octets>();
  const beginnings: Octets[] = [];
  for (const name of names.flatMap((item) => item.split(':'))) {
    const plain = lowerCase(name.replace(/^[ \t]+|[ \t]+$/g, ''));
    if (plain.endsWith('*')) beginnings.push(plain.slice(0, -1));
    else if (plain !== '') exact.add(plain);
  }
  return (name) => {
    const plain = lowerCase(name);
    return exact.has(plain) || beginnings.some((beginning) => plain.startsWith(beginning));
  };
}

/** Items of an option that may be given several times, each expanded by itself; a forced failure drops an item. */
async function expandItems(
  values: readonly Octets[],
  separator: ':' | '\n',
  what: Octets,
  instance: TransportInstance,
  frame: Frame,
): Promise<Outcome<readonly Octets[]>> {
  const items: Octets[] = [];
  for (const value of values) {
    const sources = separator === '\n' ? value.split('\n') : frame.services.lists.split(value);
    for (const source of sources) {
      if (source === '') continue;
      const expanded = await frame.config.compile(source, `"${what}" option of the ${instance.name} transport`).evaluate(frame);
      if (expanded.kind === 'forced-fail') continue;
      if (expanded.kind !== 'ok')
        return defer(`failed to expand ${what} item "${source}" in ${instance.name} transport: ${expanded.message}`);
      if (expanded.value.octets !== '') items.push(expanded.value.octets);
    }
  }
  return ok(items);
}
