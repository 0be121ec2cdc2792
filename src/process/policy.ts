/** Whom the agent may become under a configuration: never_users and what the build fixes. Spec ch. 14 "never_users". */
import type { BuildSettings, MainOptions, StartupSettings } from '../core/index.ts';
import type { AgentPolicy } from './agent/policy.ts';

export function agentPolicy(build: BuildSettings, startup: StartupSettings, main: Pick<MainOptions, 'never_users'>): AgentPolicy {
  const initgroupsFor = build.eximUser.uid === startup.eximUid && build.eximUser.name !== '' ? { initgroupsFor: build.eximUser.name } : {};
  return {
    exim: { uid: startup.eximUid, gid: startup.eximGid, ...initgroupsFor },
    neverUsers: new Set([...build.fixedNeverUsers, ...main.never_users]),
  };
}
