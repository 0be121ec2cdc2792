/**
 * What an address takes along from the router that handled it: errors address, header changes, transport, user, directories.
 * Expanded in Exim's order: errors_to, headers_add, headers_remove, transport. Spec ch. 15 "Generic options for routers".
 */
import type { Octets } from '../base/octets.ts';
import type { Address } from '../core/address.ts';
import type { Template } from '../core/config.ts';
import type { RouteContext, RouterInstance, TransportInstance } from '../core/drivers.ts';
import type { Frame } from '../core/frame.ts';
import { parseHostItem } from '../core/host-item.ts';
import { expandGroup, expandUser } from '../core/local-identity.ts';
import type { NotOk, Outcome } from '../core/outcome.ts';
import { defer, ok } from '../core/outcome.ts';
import type { HostItem } from '../core/ports.ts';
import { untainted } from '../core/text.ts';
import { expandOption, expandText, messageOf, settingsOf } from './settings.ts';

/** Fills `errorsTo`, `headersAdd` and `headersRemove` of the view. Undefined when all went well. */
export async function setHeaderData(
  view: Address,
  router: RouterInstance,
  frame: Frame,
  context: RouteContext,
): Promise<NotOk | undefined> {
  const errors = await errorsAddress(router, frame, context);
  if (errors.kind !== 'ok') return errors;
  if (errors.value !== undefined) view.state.errorsTo = errors.value;
  const settings = settingsOf(router);
  const added = await expandItems(settings.headers_add, '\n', 'add_headers', router, frame);
  if (added.kind !== 'ok') return added;
  view.state.headersAdd.push(...added.value.map((line) => (line.endsWith('\n') ? line : `${line}\n`)));
  const removed = await expandItems(settings.headers_remove, ':', 'remove_headers', router, frame);
  if (removed.kind !== 'ok') return removed;
  view.state.headersRemove.push(...removed.value);
  return undefined;
}

/** Undefined: unchanged. The address must verify, as a recipient of a message from nobody. */
async function errorsAddress(router: RouterInstance, frame: Frame, context: RouteContext): Promise<Outcome<Octets | undefined>> {
  const option = settingsOf(router).errors_to;
  const expanded = await expandOption(option, frame);
  if (expanded.kind !== 'ok') return defer(`${router.name} router failed to expand "${option?.source ?? ''}": ${messageOf(expanded)}`);
  if (expanded.value === undefined) return ok(undefined);
  const { octets } = expanded.value;
  if (octets === '' || context.verify !== 'no') return ok(octets);
  const verified = await frame.services.verifier.verify({ address: octets, isSender: false }, withoutSender(frame));
  if (verified.kind === 'ok') return ok(octets);
  frame.services.log.debug('route', () => `errors_to address "${octets}" does not verify: it is ignored`);
  return ok(undefined);
}

/** For `senders` preconditions met while an errors address is verified: the sender is the null string. */
function withoutSender(frame: Frame): Frame {
  const { address: _address, message, ...rest } = frame;
  return message === undefined ? rest : { ...rest, message: { ...message, sender: '' } };
}

/** Items of an option that may be given several times; each is expanded alone, a forced failure drops it. */
async function expandItems(
  values: readonly Octets[],
  separator: ':' | '\n',
  what: Octets,
  router: RouterInstance,
  frame: Frame,
): Promise<Outcome<readonly Octets[]>> {
  const items: Octets[] = [];
  for (const value of values) {
    for (const source of splitItems(value, separator)) {
      const expanded = await expandText(source, `${what} item of the ${router.name} router`, frame);
      if (expanded.kind === 'forced-fail') continue;
      if (expanded.kind !== 'ok') return defer(`${router.name} router failed to expand ${what} item "${source}": ${messageOf(expanded)}`);
      if (expanded.value.octets !== '') items.push(expanded.value.octets);
    }
  }
  return ok(items);
}

/** A list whose usual separator is a newline or colon; `<;` at its start names another, a doubled separator is one character. */
export function splitItems(list: Octets, usual: ':' | '\n' | ';'): Octets[] {
  const changed = /^[ \t]*<([^A-Za-z0-9 ])([\s\S]*)$/.exec(list);
  const separator = changed?.[1] ?? usual;
  const items: Octets[] = [];
  let item = '';
  const text = changed?.[2] ?? list;
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== separator) {
      const end = text.indexOf(separator, at);
      item += text.slice(at, end < 0 ? undefined : end);
      at = end < 0 ? text.length : end - 1;
    } else if (text[at + 1] === separator && separator !== '\n') {
      item += separator;
      at++;
    } else {
      items.push(item);
      item = '';
    }
  }
  items.push(item);
  return items.map((one) => one.replace(/^[ \t\n\r\f\v]+|[ \t\n\r\f\v]+$/g, '')).filter((one) => one !== '');
}

/** The transport named by the driver's rule or the generic option; undefined when neither names one. */
export async function findTransport(
  name: Octets | undefined,
  router: Pick<RouterInstance, 'name' | 'generic'>,
  frame: Frame,
): Promise<Outcome<TransportInstance | undefined>> {
  const option = settingsOf(router).transport;
  if (name === undefined && option === undefined) return ok(undefined);
  const wanted = name === undefined && option !== undefined ? await transportName(option, router.name, frame) : ok(name ?? '');
  if (wanted.kind !== 'ok') return wanted;
  const transport = frame.config.transports.get(wanted.value);
  return transport === undefined ? defer(`transport "${wanted.value}" not found in ${router.name} router`) : ok(transport);
}

/** A name that a remote party chose is refused. */
export async function transportName(option: Template, routerName: string, frame: Frame): Promise<Outcome<Octets>> {
  const expanded = await option.evaluate(frame);
  if (expanded.kind !== 'ok') return defer(`failed to expand transport "${option.source}" in ${routerName} router: ${messageOf(expanded)}`);
  const { octets, taint } = expanded.value;
  if (taint.length === 0) return ok(octets);
  frame.services.log.panic(`attempt to use tainted value '${octets}' from '${option.source}' for transport`);
  return defer('internal configuration error');
}

/** Fills ids and, for a delivery, directories. */
export async function setUserData(
  view: Address,
  router: RouterInstance,
  frame: Frame,
  { verify }: RouteContext,
): Promise<NotOk | undefined> {
  const settings = settingsOf(router);
  const { state } = view;
  if (state.localUser !== undefined) [state.uid, state.gid] = [state.localUser.uid, state.localUser.gid];
  state.initgroups = settings.initgroups;
  if (settings.user !== undefined) {
    const user = await expandUser(settings.user, `${router.name} router`, frame);
    if (user.kind !== 'ok') return logged(user, frame);
    state.uid = user.value.uid;
    if (user.value.gid !== undefined) state.gid = user.value.gid;
  }
  if (settings.group !== undefined) {
    const group = await expandGroup(settings.group, `${router.name} router`, frame);
    if (group.kind !== 'ok') return logged(group, frame);
    state.gid = group.value;
  }
  return verify === 'no' ? setDirectories(view, router, frame) : undefined;
}

function logged(problem: NotOk, frame: Frame): NotOk {
  frame.services.log.panic(messageOf(problem));
  return problem;
}

/** `transport_home_directory`, else the password data, else `router_home_directory` (already in `home`). */
async function setDirectories(view: Address, router: RouterInstance, frame: Frame): Promise<NotOk | undefined> {
  const settings = settingsOf(router);
  const home = await expandOption(settings.transport_home_directory, frame);
  if (home.kind !== 'ok')
    return defer(
      `home directory "${settings.transport_home_directory?.source ?? ''}" failed to expand in ${router.name} router: ${messageOf(home)}`,
    );
  const current = await expandOption(settings.transport_current_directory, frame);
  if (current.kind !== 'ok')
    return defer(
      `current directory "${settings.transport_current_directory?.source ?? ''}" failed to expand in ${router.name} router: ${messageOf(current)}`,
    );
  const { localUser } = view.state;
  view.state.home = home.value ?? (localUser ? untainted(localUser.home) : view.state.home);
  if (current.value !== undefined) view.state.currentDirectory = current.value.octets;
  return undefined;
}

/** `fallback_hosts`; addresses are looked up when they are needed. */
export async function fallbackHosts(router: RouterInstance, frame: Frame): Promise<Outcome<readonly HostItem[] | undefined>> {
  const expanded = await expandOption(settingsOf(router).fallback_hosts, frame);
  if (expanded.kind !== 'ok') return defer(`failed to expand "fallback_hosts" in ${router.name} router: ${messageOf(expanded)}`);
  if (expanded.value === undefined) return ok(undefined);
  const items = frame.services.lists.split(expanded.value.octets);
  return ok(items.filter((item) => item !== '' && item !== '+').map((item) => parseHostItem(item).host));
}
