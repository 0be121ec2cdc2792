/** `-bV` and `--help`. The names of -bV's lines are what scripts parse. Spec ch. 5 "-bV". */

import { lowerCase, type Octets } from '../base/octets.ts';
import { EXIM_VERSION, PRODUCT_VERSION } from '../base/version.ts';
import { builtin } from '../builtin.ts';
import { lookupNames } from '../config/builtin-macros.ts';
import { featureWords, mailboxWords, scannerWords } from '../config/features.ts';
import type { BuildSettings } from '../core/build-settings.ts';
import { configChoice } from './config-choice.ts';
import type { ModeRunner } from './mode.ts';
import { openForMode } from './open.ts';

/** What is there, from the built-in macros, which claim only what works. */
export async function versionText(build: Pick<BuildSettings, 'fixedNeverUsers' | 'configureOwners' | 'configureGroups'>): Promise<Octets> {
  const lookups = lookupNames(await builtin.lookups());
  const macros = new Set((await builtin.macros?.()) ?? []);
  const drivers = (family: string): string[] => {
    const prefix = `_DRIVER_${family}_`;
    const names = [...macros].filter((name) => name.startsWith(prefix)).map((name) => lowerCase(name.slice(prefix.length)));
    return names.sort();
  };
  const transports = drivers('TRANSPORT').map((name) => (name === 'appendfile' ? [name, ...mailboxWords(macros)].join('/') : name));
  return [
    `Exim version ${EXIM_VERSION} #1 built 21-Nov-2026 00:00:00`,
    `Eximius ${PRODUCT_VERSION}`,
    `Support for: ${featureWords(macros).join(' ')}`,
    `Lookups (built-in): ${lookups.join(' ')}`,
    `Authenticators (built-in): ${drivers('AUTHENTICATOR').join(' ')}`,
    `Routers (built-in): ${drivers('ROUTER').join(' ')}`,
    `Transports (built-in): ${transports.join(' ')}`,
    `Malware: ${scannerWords(macros).join(' ')}`,
    `Fixed never_users: ${build.fixedNeverUsers.join(':')}`,
    `Configure owner: ${build.configureOwners[0] ?? 0}:${build.configureGroups[0] ?? 0}`,
    'Size of off_t: 8',
    '',
  ].join('\n');
}

export const runVersion: ModeRunner = async (context) => {
  const { io, build, invocation, callerIds } = context;
  io.stdout.write(await versionText(build));
  const opened = await openForMode(context);
  if (opened.kind === 'exit') return opened.status;
  const { paths } = configChoice(invocation, build, callerIds.uid);
  if (paths.length > 1) io.stdout.write(`Configuration file search path is ${paths.join(':')}\n`);
  io.stdout.write(`Configuration file is ${opened.runtime.config.files[0]?.path ?? ''}\n`);
  opened.close();
  return 0;
};

const HELP = `Exim is a Mail Transfer Agent. It is normally called by Mail User Agents,
not directly from a shell command line. Options and/or arguments control
what it does when called. For a list of options, see the Exim documentation.
`;

export const runHelp: ModeRunner = async ({ io }) => {
  io.stderr.write(HELP);
  return 1;
};
