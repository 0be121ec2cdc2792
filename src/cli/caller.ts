/** Who calls the program, and what it may do: trusted users and administrators. Spec ch. 5 "Trusted and admin users". */
import type { Octets } from '../base/octets.ts';
import { upperCase } from '../base/octets.ts';
import type { Caller, Outcome, UserFacts } from '../core/index.ts';
import { untainted, untilAborted } from '../core/index.ts';
import type { Runtime } from '../process/runtime.ts';
import type { ModeContext } from './mode.ts';

export async function findCaller({ callerIds, system }: ModeContext, runtime: Runtime): Promise<Caller> {
  const { config } = runtime;
  const { uid, gid, groups } = callerIds;
  const found = known(system.accounts.userById(uid));
  const { main, startup } = config;
  const isOwner = uid === 0 || uid === startup.eximUid;
  const isInGroup = (list: readonly number[]) => list.some((group) => group === gid || groups.includes(group));
  const isNamedByOption = found === undefined || config.build.adaptations?.prefersUnknownLogin === true;
  const login = (isNamedByOption ? main.unknown_login : undefined) ?? found?.name ?? '';
  const fullName = found === undefined ? (main.unknown_username ?? '') : await fullNameOf(found, runtime);
  return {
    uid,
    gid,
    groups,
    login,
    fullName,
    home: found?.home ?? '',
    isTrusted: isOwner || main.trusted_users.includes(uid) || isInGroup(main.trusted_groups),
    isAdmin: isOwner || isInGroup([startup.eximGid]) || isInGroup(main.admin_groups),
  };
}

/** The gecos field, or what gecos_pattern and gecos_name make of it; `&` in it is the login name with a capital. Spec ch. 14 "gecos_name". */
async function fullNameOf({ gecos, name }: UserFacts, runtime: Runtime): Promise<Octets> {
  const { config, services } = runtime;
  const { gecos_pattern: pattern, gecos_name: template } = config.main;
  let text = gecos;
  if (pattern !== undefined && template !== undefined) {
    const compiled = services.regexes.compile(pattern);
    const match = compiled.kind === 'ok' ? compiled.regex.match(gecos) : undefined;
    if (match?.kind === 'match') {
      const captures = match.captures.map((capture) => untainted(capture ?? ''));
      const expanded = await template.evaluate({ ...runtime.frame(untilAborted(new AbortController().signal)), captures });
      if (expanded.kind === 'ok') text = expanded.value.octets;
    }
  }
  return text.replaceAll('&', upperCase(name.slice(0, 1)) + name.slice(1));
}

function known(answer: Outcome<UserFacts | undefined>): UserFacts | undefined {
  return answer.kind === 'ok' ? answer.value : undefined;
}
