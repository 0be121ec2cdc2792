/** The precondition `require_files`. Spec ch. 15 `require_files`: files are looked at with Exim's rights, or with those of a user named in the list. */
import type { Octets } from '../base/octets.ts';
import type { Template } from '../core/config.ts';
import type { RouteContext } from '../core/drivers.ts';
import type { Frame } from '../core/frame.ts';
import type { Outcome } from '../core/outcome.ts';
import { defer, ok } from '../core/outcome.ts';
import type { Identity, SystemResult } from '../core/ports.ts';
import { expandText, messageOf } from './settings.ts';

/** False: a file is missing (or there although it must not be). The list is split before its items are expanded. */
export async function hasRequiredFiles(option: Template, frame: Frame, context: RouteContext): Promise<Outcome<boolean>> {
  let identity: Identity | undefined;
  for (const item of frame.services.lists.split(option.source)) {
    const expanded = await expandText(item, 'require_files', frame);
    if (expanded.kind === 'forced-fail') continue;
    if (expanded.kind !== 'ok') return defer(`failed to expand "${item}" for require_files: ${messageOf(expanded)}`);
    const { octets } = expanded.value;
    if (octets === '') continue;
    if (!octets.includes('/')) {
      const found = findIdentity(octets, frame);
      if (found.kind !== 'ok') return found;
      identity = found.value;
      continue;
    }
    const holds = await checkFile(octets, identity, context);
    if (holds.kind !== 'ok' || !holds.value) return holds;
  }
  return ok(true);
}

/** `user` or `user,group`. */
function findIdentity(item: Octets, frame: Frame): Outcome<Identity> {
  const { accounts } = frame.services;
  const comma = item.indexOf(',');
  const userName = comma < 0 ? item : item.slice(0, comma).replace(/ +$/, '');
  const groupName = comma < 0 ? undefined : item.slice(comma + 1).replace(/^ +/, '');
  const isNumber = /^[0-9]+$/.test(userName);
  const user = isNumber ? accounts.userById(Number.parseInt(userName, 10)) : accounts.userByName(userName);
  if (user.kind !== 'ok') return user;
  if (user.value === undefined && !isNumber) return defer(`user "${userName}" for require_files not found`);
  const uid = user.value?.uid ?? Number.parseInt(userName, 10);
  if (groupName === undefined) return ok({ uid, gid: user.value?.gid ?? uid });
  if (/^[0-9]+$/.test(groupName)) return ok({ uid, gid: Number.parseInt(groupName, 10) });
  const group = accounts.groupByName(groupName);
  if (group.kind !== 'ok') return group;
  return group.value === undefined ? defer(`group "${groupName}" for require_files not found`) : ok({ uid, gid: group.value.gid });
}

/** `!` before or after `+`: must not exist; `+`: EACCES counts as "does not exist". */
async function checkFile(item: Octets, identity: Identity | undefined, context: RouteContext): Promise<Outcome<boolean>> {
  const { 1: marks = '', 2: path = '' } = /^([!+ ]*)(.*)$/s.exec(item) ?? [];
  const isInverted = marks.includes('!');
  if (!path.startsWith('/')) return defer(`require_files: "${path}" is not absolute`);
  const found = await look(path, identity, context);
  if (found.kind === 'ok') return ok(!isInverted);
  if (found.errno === 'ENOENT' || (found.errno === 'EACCES' && marks.includes('+'))) return ok(isInverted);
  return defer(`require_files: error for ${path}: ${found.reason}`);
}

async function look(path: Octets, identity: Identity | undefined, { services, until }: RouteContext): Promise<SystemResult<unknown>> {
  if (identity === undefined) return services.userActions.stat(undefined, path, until);
  return services.userActions.access(identity, path, 'read', until);
}
