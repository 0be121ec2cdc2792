/** What a configuration has that is not built yet, for the log at start (DESIGN 3.4). */
import type { Octets } from '../base/octets.ts';
import type { Config } from '../core/index.ts';

export function startLines(config: Config): readonly Octets[] {
  return config.problems
    .filter((problem) => problem.severity === 'not-yet')
    .map((problem) => `${problem.at.file}:${problem.at.line}: ${problem.message}`);
}
