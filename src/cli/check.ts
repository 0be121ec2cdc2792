/** `eximius check FILE…`: all that is wrong in configurations, and what in them is not built yet. */

import type { Octets } from '../base/octets.ts';
import { checkLoaded, formatCheck } from '../config/check.ts';
import { readForCheck } from '../process/runtime.ts';
import { DirectSpawner } from '../system/direct-spawner.ts';
import type { ModeContext } from './mode.ts';

/** Exit status 1 when any file has an error, 2 without files. */
export async function runCheck(context: ModeContext, paths: readonly Octets[], isJson: boolean): Promise<number> {
  const { io, system, registry, build } = context;
  if (paths.length === 0) {
    io.stderr.write('usage: eximius check [--json] FILE...\n');
    return 2;
  }
  let status = 0;
  for (const path of paths) {
    const { loaded, expander } = await readForCheck({
      system,
      registry,
      userActions: system.userActions,
      spawner: new DirectSpawner(),
      load: { paths: [path], macros: [], build, files: system.files, accounts: system.accounts, machine: system.machine },
    });
    const problems = checkLoaded(loaded, {
      files: system.files,
      regexes: system.regexes,
      compiler: expander,
      routers: await registry.routers(),
      acl: await registry.acl(),
    });
    const report = formatCheck(problems, isJson);
    for (const line of report.lines) io.stdout.write(`${line}\n`);
    status = Math.max(status, report.status);
  }
  return status;
}
