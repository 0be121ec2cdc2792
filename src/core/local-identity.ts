/** The user and group that options of routers and transports name. Spec ch. 15 `user`, `group`; ch. 23 "Uids and gids". */
import type { Octets } from '../base/octets.ts';
import type { Template } from './config.ts';
import type { Frame } from './frame.ts';
import type { NotOk, Outcome } from './outcome.ts';
import { defer, ok } from './outcome.ts';
import type { UserFacts } from './ports.ts';

export interface FoundUser {
  readonly uid: number;
  /** The user's own group, when it was given by name. */
  readonly gid: number | undefined;
  readonly name: Octets | undefined;
}

/** A name or number; `owner` is `r1 router` or `t1 transport`, for the message. */
export async function expandUser(template: Template, owner: Octets, frame: Frame): Promise<Outcome<FoundUser>> {
  const expanded = await template.evaluate(frame);
  if (expanded.kind !== 'ok') return defer(`Failed to expand user string "${template.source}" for the ${owner}: ${messageOf(expanded)}`);
  const name = expanded.value.octets;
  if (/^[0-9]+$/.test(name)) return ok({ uid: Number.parseInt(name, 10), gid: undefined, name: undefined });
  const user = name === '' ? ok(undefined) : frame.services.accounts.userByName(name);
  if (user.kind !== 'ok') return defer(messageOf(user));
  if (user.value === undefined) return defer(`Failed to find user "${name}" from expanded string "${template.source}" for the ${owner}`);
  return ok({ uid: user.value.uid, gid: user.value.gid, name: user.value.name });
}

export async function expandGroup(template: Template, owner: Octets, frame: Frame): Promise<Outcome<number>> {
  const expanded = await template.evaluate(frame);
  if (expanded.kind !== 'ok') return defer(`Failed to expand group string "${template.source}" for the ${owner}: ${messageOf(expanded)}`);
  const name = expanded.value.octets;
  if (/^[0-9]+$/.test(name)) return ok(Number.parseInt(name, 10));
  const group = name === '' ? ok(undefined) : frame.services.accounts.groupByName(name);
  if (group.kind !== 'ok') return defer(messageOf(group));
  if (group.value === undefined) return defer(`Failed to find group "${name}" from expanded string "${template.source}" for the ${owner}`);
  return ok(group.value.gid);
}

/** The login name of a uid, for initgroups. */
export function loginOf(uid: number, frame: Frame): Outcome<UserFacts | undefined> {
  return frame.services.accounts.userById(uid);
}

function messageOf(outcome: NotOk): Octets {
  return outcome.kind === 'forced-fail' ? '"fail" requested' : outcome.message;
}
