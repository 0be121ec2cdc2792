/**
 * What `taint_mode = contain` lets through and Exim (`strict`) refuses: values that the remote party chose, in file names and commands.
 * Looks at the text only, so it sees direct uses, not what passes through variables. Spec ch. 11 "Tainted data".
 */
import type { Octets } from '../base/octets.ts';
import type { Config } from '../core/config.ts';
import type { Problem } from '../core/source.ts';
import { instancesOf } from './check-values.ts';

/** Options whose value becomes a file name or a command. */
const SINKS: ReadonlyMap<string, string> = new Map([
  ['command', 'a command'],
  ...[
    'directory',
    'file',
    'home_directory',
    'include_directory',
    'quota_directory',
    'require_files',
    'router_home_directory',
    'transport_home_directory',
  ].map((name) => [name, 'a file name'] as const),
]);

/** Variables with another that holds the same, looked up and so no longer tainted. */
const DATA_VARIABLES: ReadonlyMap<string, string> = new Map([
  ['local_part', 'local_part_data'],
  ['domain', 'domain_data'],
]);

const TAINTED =
  /\$\{?(?:(local_part|domain|original_local_part|original_domain|sender_address(?:_local_part|_domain)?|sender_helo_name|local_part_(?:prefix|suffix))\b|(r?h(?:eader)?_[A-Za-z0-9-]+):)/g;

export function checkTaint(config: Config): readonly Problem[] {
  if (config.main.taint_mode === 'strict') return [];
  return instancesOf(config).flatMap((instance) =>
    [...instance.settings].flatMap(([name, { raw, at }]) => {
      const sink = SINKS.get(name);
      return sink === undefined
        ? []
        : taintedUses(raw).map(({ variable, offset }) => taintProblem(variable, sink, { ...at, column: at.column + offset }));
    }),
  );
}

function taintedUses(raw: Octets): readonly { readonly variable: string; readonly offset: number }[] {
  return [...raw.matchAll(TAINTED)].map((match) => ({ variable: match[1] ?? match[2] ?? '', offset: match.index }));
}

function taintProblem(variable: string, sink: string, at: Problem['at']): Problem {
  const message = `taint_mode = strict refuses $${variable} in ${sink}`;
  const data = DATA_VARIABLES.get(variable);
  return data === undefined
    ? { severity: 'warning', message, at, subject: variable }
    : { severity: 'warning', message, at, subject: variable, suggestion: `$${data} holds what a list or a check found, which may be used` };
}
