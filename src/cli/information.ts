/** `-bI:`: lists for programs. Spec ch. 5 "-bI". */
import type { Octets } from '../base/octets.ts';
import { DSCP_NAMES } from '../smtp/dscp.ts';
import type { ModeRunner } from './mode.ts';

const HELP: readonly Octets[] = [
  'The -bI: flag takes a string indicating which information to provide.',
  "If the string is not recognised, you'll get this help (on stderr).",
  '',
  '  exim -bI:help    this information',
  '  exim -bI:dscp    list of known dscp value keywords',
  '  exim -bI:sieve   list of supported sieve extensions',
];

/** None as long as Sieve filters are not built. */
const SIEVE_EXTENSIONS: readonly Octets[] = [];

const TOPICS: ReadonlyMap<Octets, readonly Octets[]> = new Map([
  ['help', HELP],
  ['dscp', DSCP_NAMES],
  ['sieve', SIEVE_EXTENSIONS],
]);

export const runInformation: ModeRunner = async ({ io, invocation: { mode } }) => {
  const lines = TOPICS.get(mode?.kind === 'information' ? mode.topic : '');
  const text = (lines ?? HELP).map((line) => `${line}\n`).join('');
  if (lines) io.stdout.write(text);
  else io.stderr.write(text);
  return lines ? 0 : 1;
};
