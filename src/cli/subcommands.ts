/** What Exim has no option for: `eximius start`, `eximius check`. */

import type { Octets } from '../base/octets.ts';
import { PRODUCT_VERSION } from '../base/version.ts';
import { builtin } from '../builtin.ts';
import { createSystem } from '../system/create-system.ts';
import { standardInput, standardOutput } from '../system/standard-streams.ts';
import { parseArguments } from './arguments.ts';
import { readBuildSettings } from './build.ts';
import type { RunOptions } from './main.ts';
import type { ModeContext } from './mode.ts';

const HELP = `usage: eximius start [-C FILE] [-D...]   run the server, by default on config/default.conf with its data in ./var
       eximius check [--json] FILE...    report all that is wrong or not built yet in configurations
       eximius version
       eximius <any of Exim's options>   as exim
`;

export async function runSubcommand(
  name: string,
  args: readonly Octets[],
  options: RunOptions & { readonly script: string },
): Promise<number | undefined> {
  const stdout = standardOutput(1);
  switch (name) {
    case 'version':
      stdout.write(`eximius ${PRODUCT_VERSION}\n`);
      return 0;
    case 'start': {
      const { prepareStart } = await import('./start.ts');
      const prepared = prepareStart(args, createSystem(), stdout);
      if (prepared.kind === 'failed') {
        standardOutput(2).write(`eximius: ${prepared.message}\n`);
        return 1;
      }
      const context = await contextFor(prepared.args, options);
      if (typeof context === 'number') return context;
      const { runDaemon } = await import('./daemon.ts');
      const status = await runDaemon(context);
      return status < 0 ? undefined : status;
    }
    case 'check': {
      const { runCheck } = await import('./check.ts');
      const isJson = args.includes('--json');
      const context = await contextFor(['-C', 'none', '-bV'], options);
      return typeof context === 'number'
        ? context
        : runCheck(
            context,
            args.filter((arg) => arg !== '--json'),
            isJson,
          );
    }
    default:
      stdout.write(HELP);
      return 0;
  }
}

async function contextFor(args: readonly Octets[], options: RunOptions & { readonly script: string }): Promise<ModeContext | number> {
  const parsed = parseArguments('eximius', args);
  if (parsed.kind === 'error') {
    standardOutput(2).write(`${parsed.message}\n`);
    return parsed.status;
  }
  const system = createSystem();
  return {
    invocation: parsed.invocation,
    io: {
      stdin: standardInput(),
      stdout: standardOutput(1),
      stderr: standardOutput(2),
      isTerminal: false,
      connection: () => system.net.ofStandardStreams(),
    },
    system,
    build: await readBuildSettings(system, options.adaptations),
    registry: builtin,
    callerIds: { uid: system.machine.realUid(), gid: 0, groups: [] },
    script: options.script,
    argv: [...args],
  };
}
