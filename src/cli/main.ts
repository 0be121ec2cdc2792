/**
 * The multi-call program: the name it is called by and its arguments choose a tool, a subcommand, an internal role or one of Exim's modes. Each is loaded
 * when it is chosen.
 */

import type { Adaptations } from '../core/build-settings.ts';
import { argumentOctets } from '../system/arguments.ts';
import { standardOutput } from '../system/standard-streams.ts';
import { parseArguments } from './arguments.ts';

/** What another entry than the shipped one may change. */
export interface RunOptions {
  readonly adaptations?: Adaptations | undefined;
  /** The script that our own processes are started with; default: the running one. */
  readonly script?: string | undefined;
}

/** Exim's other programs: never taken for the mail server itself, whose options have other meanings. */
const TOOLS: ReadonlySet<string> = new Set([
  'exicyclog',
  'exigrep',
  'exim_checkaccess',
  'exim_dbmbuild',
  'exim_dumpdb',
  'exim_fixdb',
  'exim_lock',
  'exim_msgdate',
  'exim_tidydb',
  'eximstats',
  'exinext',
  'exipick',
  'exiqgrep',
  'exiqsumm',
  'exiwhat',
  'mailstats',
]);

const SUBCOMMANDS: ReadonlySet<string> = new Set(['start', 'check', 'help', 'version']);

/** `args` are those after the program's name. Ends the process when the mode has ended. */
export async function run(calledAs: string, args: readonly string[], options: RunOptions = {}): Promise<void> {
  const status = await dispatch(calledAs, args, options);
  if (status !== undefined) process.exit(status);
}

/** The exit status; undefined when the process goes on (daemons, agents). */
async function dispatch(calledAs: string, args: readonly string[], options: RunOptions): Promise<number | undefined> {
  process.env.UV_THREADPOOL_SIZE ??= '16';
  process.umask(0); // modes of spool, log and mail files are what the configuration says
  const script = options.script ?? process.argv[1] ?? '';
  const first = args[0] ?? '';
  if (first.startsWith('--eximius-role=')) {
    const { runRole } = await import('./roles.ts');
    return runRole(first.slice('--eximius-role='.length), args.slice(1), { ...options, script });
  }
  const octets = argumentOctets(args);
  if (TOOLS.has(calledAs)) {
    const { runTool } = await import('./tools.ts');
    return runTool(calledAs, octets);
  }
  if (calledAs === 'eximius' && SUBCOMMANDS.has(first)) {
    const { runSubcommand } = await import('./subcommands.ts');
    return runSubcommand(first, octets.slice(1), { ...options, script });
  }
  const parsed = parseArguments(calledAs, octets);
  if (parsed.kind === 'error') {
    standardOutput(2).write(`${parsed.message}\n`);
    return parsed.status;
  }
  const { runInvocation } = await import('./modes.ts');
  return runInvocation(parsed.invocation, { ...options, script, argv: [`--called-as=${calledAs}`, ...args] });
}
