/** Which configuration our own processes load: passed on as an argument. */
import type { Octets } from '../base/octets.ts';

export interface ConfigChoice {
  readonly paths: readonly Octets[];
  readonly macros: readonly (readonly [name: string, text: Octets])[];
  /** The daemon's snapshot of the files, to be read in their place. */
  readonly snapshot?: Octets | undefined;
}

/** As an argument: JSON, whose chars are the octets. */
export function encodeChoice(choice: ConfigChoice): string {
  return JSON.stringify(choice);
}

/** Arguments come from our own processes: what does not fit is a bug. */
export function decodeChoice(text: string): ConfigChoice {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || !('paths' in value) || !('macros' in value))
    throw new Error('malformed configuration choice');
  const { paths, macros } = value;
  const snapshot = 'snapshot' in value && typeof value.snapshot === 'string' ? value.snapshot : undefined;
  if (!Array.isArray(paths) || !Array.isArray(macros)) throw new Error('malformed configuration choice');
  return {
    paths: paths.map((path) => String(path)),
    snapshot,
    macros: macros.map((macro): readonly [string, Octets] => (Array.isArray(macro) ? [String(macro[0]), String(macro[1])] : ['', ''])),
  };
}
