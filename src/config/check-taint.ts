/**
 * What `taint_mode = contain` lets through and Exim (`strict`) refuses: values that the remote party chose, in file names and commands.
 * Looks at the text only, so it sees direct uses, not what passes through variables. Spec ch. 11 "Tainted data".
 */
import type { Octets } from '../base/octets.ts';
import type { Config, Mention } from '../core/config.ts';
import { advance, type Problem, type SourceLocation } from '../core/source.ts';
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

const TAINTED_NAMES =
  'local_part|domain|original_local_part|original_domain|sender_address(?:_local_part|_domain)?|sender_helo_name|local_part_(?:prefix|suffix)';
const TAINTED = new RegExp(`\\$\\{?(?:(${TAINTED_NAMES})\\b|(r?h(?:eader)?_[A-Za-z0-9-]+):)`, 'g');

export function checkTaint(config: Config, mentions: readonly Mention[]): readonly Problem[] {
  if (config.main.taint_mode === 'strict') return [];
  const named = mentions.flatMap(({ kind, variables }) =>
    kind === 'file' || kind === 'query'
      ? variables.filter(({ name }) => isTainted(name)).map(({ name, at }) => mentionProblem(name, kind, at))
      : [],
  );
  return [...named, ...taintedOptions(config)];
}

function isTainted(name: Octets): boolean {
  return new RegExp(`^(?:${TAINTED_NAMES})$|^h_`).test(name);
}

/** A query wants its values quoted; a file name wants one that was looked up. */
function mentionProblem(name: Octets, kind: 'file' | 'query', at: SourceLocation): Problem {
  if (kind === 'file') return taintProblem(name, 'a file name', at);
  const message = `taint_mode = strict refuses $${name} in a query: it is not quoted`;
  const reference = name.startsWith('h_') ? `$${name}:` : `$${name}`;
  return { severity: 'warning', message, at, subject: name, suggestion: `write \${quote_TYPE:${reference}}, with the type of the lookup` };
}

function taintedOptions(config: Config): readonly Problem[] {
  return instancesOf(config).flatMap((instance) =>
    [...instance.settings].flatMap(([name, { raw, at }]) => {
      const sink = SINKS.get(name);
      return sink === undefined ? [] : taintedUses(raw).map(({ variable, offset }) => taintProblem(variable, sink, advance(at, offset)));
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
    ? { severity: 'warning', message, at, subject: variable, suggestion: 'look the value up, and use what the lookup found' }
    : { severity: 'warning', message, at, subject: variable, suggestion: `$${data} holds what a list or a check found, which may be used` };
}
