/** Who calls the program, and what it may do: trusted users and administrators. Spec ch. 5 "Trusted and admin users". */
import type { Octets } from '../base/octets.ts';
import type { Caller, Config, Outcome, UserFacts } from '../core/index.ts';
import type { ModeContext } from './mode.ts';

export function findCaller({ callerIds, system, build }: ModeContext, config: Config): Caller {
  const { uid, gid, groups } = callerIds;
  const found = known(system.accounts.userById(uid));
  const { main, startup } = config;
  const isOwner = uid === 0 || uid === startup.eximUid;
  const isInGroup = (list: readonly number[]) => list.some((group) => group === gid || groups.includes(group));
  const login = build.harness?.callerLogin ?? found?.name ?? main.unknown_login ?? '';
  return {
    uid, gid, groups, login,
    fullName: found?.gecos ?? main.unknown_username ?? '',
    home: found?.home ?? '',
    isTrusted: isOwner || main.trusted_users.includes(uid) || isInGroup(main.trusted_groups),
    isAdmin: isOwner || isInGroup([startup.eximGid]) || isInGroup(main.admin_groups),
  };
}

function known(answer: Outcome<UserFacts | undefined>): UserFacts | undefined {
  return answer.kind === 'ok' ? answer.value : undefined;
}

export type { Octets };
