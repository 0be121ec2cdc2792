/** `-bV`, `--help`, `-bI:`. The names of -bV's lines are what scripts parse. Spec ch. 5 "-bV". */

import { lowerCase, type Octets } from '../base/octets.ts';
import { EXIM_VERSION, PRODUCT_VERSION } from '../base/version.ts';
import { builtin } from '../builtin.ts';
import type { ModeContext, ModeRunner } from './mode.ts';
import { openForMode } from './open.ts';

export async function versionText(): Promise<Octets> {
  const lookups = await builtin.lookups();
  const lookupNames = lookups
    .filter((lookup) => lookup.open)
    .map((lookup) => lookup.name)
    .sort()
    .join(' ');
  const macros = (await builtin.macros?.()) ?? [];
  /** Drivers that are built have a macro. */
  const built = (family: string) => {
    const prefix = `_DRIVER_${family}_`;
    const names = macros.filter((name) => name.startsWith(prefix)).map((name) => lowerCase(name.slice(prefix.length)));
    return names.sort().join(' ');
  };
  return [
    `Exim version ${EXIM_VERSION} #1 built 21-Nov-2026 00:00:00`,
    `Eximius ${PRODUCT_VERSION}`,
    `Support for: ${FEATURES.join(' ')}`,
    `Lookups (built-in): ${lookupNames}`,
    `Authenticators (built-in): ${built('AUTHENTICATOR')}`,
    `Routers (built-in): ${built('ROUTER')}`,
    `Transports (built-in): ${built('TRANSPORT').replace('appendfile', 'appendfile/maildir')}`,
    'Malware:',
    'Size of off_t: 8',
    '',
  ].join('\n');
}

/** In Exim's words; only what works. */
const FEATURES = ['crypteq', 'IPv6', 'OpenSSL', 'DNSSEC'];

export const runVersion: ModeRunner = async (context) => {
  const { io, build, invocation } = context;
  io.stdout.write(await versionText());
  io.stdout.write(`Fixed never_users: ${build.fixedNeverUsers.join(' ')}\n`);
  const opened = await openForMode(context);
  if (opened.kind === 'exit') return opened.status;
  const paths = invocation.configFiles ?? build.configureFiles;
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
  io.stdout.write(HELP);
  return 1;
};

export const runInformation: ModeRunner = async ({ io, invocation }: ModeContext) => {
  const topic = invocation.mode?.kind === 'information' ? invocation.mode.topic : '';
  if (topic === 'help') {
    io.stdout.write(
      "The -bI: flag takes a string indicating which information to provide.\nIf the string is not recognised, you'll get this help (on stderr).\n\n  exim -bI:help    this information\n  exim -bI:dscp    list of known dscp value keywords\n  exim -bI:sieve   list of supported sieve extensions\n",
    );
    return 0;
  }
  io.stderr.write(`exim: option -bI:${topic} is not built yet\n`);
  return 1;
};
