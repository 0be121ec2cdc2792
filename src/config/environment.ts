/** The environment that is left after `keep_environment` and `add_environment`. Spec ch. 14, those options. */
import { parseList } from '../base/list-text.ts';
import type { Octets } from '../base/octets.ts';
import type { MainOptions } from '../core/main-options.ts';
import type { Regexes } from '../core/ports.ts';

export type Environment = ReadonlyMap<string, Octets>;

/** Without `keep_environment` nothing of it is kept. */
export function keptEnvironment(
  main: Pick<MainOptions, 'keep_environment' | 'add_environment'>,
  environment: Environment,
  regexes: Regexes,
): Environment {
  const patterns = parseList(main.keep_environment ?? '').items.map((item) => namePattern(item, regexes));
  const kept = [...environment].filter(([name]) => patterns.find((pattern) => pattern.matches(name))?.isKept ?? false);
  const added = parseList(main.add_environment ?? '').items.flatMap((item): [string, Octets][] => {
    const equals = item.indexOf('=');
    return equals < 0 ? [] : [[item.slice(0, equals), item.slice(equals + 1)]];
  });
  return new Map([...kept, ...added]);
}

interface NamePattern {
  readonly isKept: boolean;
  matches(name: string): boolean;
}

/** A name, `*` with an ending, or a regular expression; `!` keeps out. */
function namePattern(item: Octets, regexes: Regexes): NamePattern {
  const isKept = !item.startsWith('!');
  const pattern = isKept ? item : item.slice(1).replace(/^[ \t]+/, '');
  if (pattern.startsWith('*')) return { isKept, matches: (name) => name.endsWith(pattern.slice(1)) };
  if (!pattern.startsWith('^')) return { isKept, matches: (name) => name === pattern };
  const compiled = regexes.compile(pattern);
  return { isKept, matches: (name) => compiled.kind === 'ok' && compiled.regex.match(name).kind === 'match' };
}
