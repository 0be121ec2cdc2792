/** Which configuration a command line asks for, and what that means for the caller's rights. Spec ch. 5 `-C`, `-D`. */
import { type Octets, octetsFromUnicode } from '../base/octets.ts';
import type { BuildSettings } from '../core/index.ts';
import { assetPath } from '../system/assets.ts';
import type { Invocation } from './invocation.ts';

export interface ConfigChoice {
  readonly paths: readonly Octets[];
  readonly macros: Invocation['macros'];
  /** Another than the build's: whoever is neither root nor Exim's user works on it with rights of its own. */
  readonly isOwn: boolean;
  /** Only a file that root or a configured owner alone may write is read. */
  readonly mustBeTrusted: boolean;
}

/** `-C` with the build's own list is no choice. Nobody gains rights by it: no program is setuid (docs/DEVIATIONS.md). */
export function configChoice(
  { configFiles, macros }: Pick<Invocation, 'configFiles' | 'macros'>,
  build: Pick<BuildSettings, 'configureFiles'>,
  callerUid: number,
): ConfigChoice {
  const isBuilds = configFiles === undefined || configFiles.join(':') === build.configureFiles.join(':');
  const paths = isBuilds ? build.configureFiles : configFiles;
  return { paths, macros, isOwn: !isBuilds || macros.length > 0, mustBeTrusted: callerUid === 0 && !isHarmless(paths) };
}

/** The embedded default belongs to the program, and root who runs that trusts it; /dev/null, which holds nothing, is taken by Exim too. */
function isHarmless(paths: readonly Octets[]): boolean {
  return paths.length === 1 && (paths[0] === octetsFromUnicode(assetPath('config/default.conf')) || paths[0] === '/dev/null');
}
