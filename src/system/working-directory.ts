/** The directory that names without a slash in front are in. */
import type { Octets } from '../base/octets.ts';
import { octetsFromUnicode, unicodeFromOctets } from '../base/octets.ts';
import { attempt } from './failure.ts';

/** The path from everywhere, as long as nobody has worked elsewhere. */
export function absolutePath(path: Octets): Octets {
  return path.startsWith('/') ? path : `${octetsFromUnicode(process.cwd())}/${path}`;
}

/** As Exim works: in the spool directory, or in the root directory when that cannot be entered. */
export function workIn(directory: Octets): void {
  const name = unicodeFromOctets(directory);
  const entered = name === undefined || name === '' ? undefined : attempt(() => process.chdir(name));
  if (entered?.kind !== 'ok') process.chdir('/');
}
