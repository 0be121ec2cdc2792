/** The text of an SQL result. Spec ch. 9 "SQL lookups". */
import type { Octets } from '../base/octets.ts';

/** A row of one column is its value; of several `name=value ` each, values quoted where they are empty or have white space. */
export function formatRow(columns: readonly Octets[], values: readonly Octets[]): Octets {
  if (columns.length === 1) return values[0] ?? '';
  return columns.map((name, i) => `${name}=${quoteValue(values[i] ?? '')} `).join('');
}

export function quoteValue(value: Octets): Octets {
  if (value !== '' && !value.startsWith('"') && !/[ \t\n\r]/.test(value)) return value;
  return `"${value.replace(/["\\]/g, (char) => `\\${char}`)}"`;
}
