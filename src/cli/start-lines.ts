/** What a configuration has that is not built yet, for the log at start (DESIGN 3.4). */
import type { Octets } from '../base/octets.ts';
import { checkConfig } from '../config/check.ts';
import type { Runtime } from '../process/runtime.ts';
import type { ModeContext } from './mode.ts';

export async function startLines({ config, expander }: Runtime, { system, registry }: ModeContext): Promise<readonly Octets[]> {
  const problems = checkConfig(config, {
    files: system.files,
    regexes: system.regexes,
    compiler: expander,
    routers: await registry.routers(),
    acl: await registry.acl(),
  });
  return problems
    .filter((problem) => problem.severity === 'not-yet')
    .map((problem) => `${problem.at.file}:${problem.at.line}: ${problem.message}`);
}
