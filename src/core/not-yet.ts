/** Main options that are set but not built yet: what they concern is not done without them (DESIGN 3.4). */
import type { Octets } from '../base/octets.ts';
import type { Config } from './config.ts';
import type { NotYetScope } from './option.ts';

/** Why nothing is started, received or delivered; undefined when nothing of the scope is missing. */
export function unbuiltReason(config: Config, scope: NotYetScope): Octets | undefined {
  const { mainNotYet } = config;
  if (mainNotYet.size === 0) return undefined;
  const names = [...mainNotYet].filter(([, its]) => its === scope).map(([name]) => name);
  return names.length === 0 ? undefined : `main option ${names.join(', ')} is not built yet`;
}
