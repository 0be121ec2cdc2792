/** The inventory: every name that Exim 4.99 gives to something a configuration, a command line or a filter can ask for. docs/inventory/. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Row {
  /** `option of main`, `option of smtp`, `expansion item`, … */
  readonly kind: string;
  /** With its arguments, as the manual writes it: `${lc:<string>}`. */
  readonly form: string;
}

export function readInventory(root: string): readonly Row[] {
  const options = readTable(root, 'options.tsv').map(([owner = '', name = '']) => ({ kind: `option of ${owner}`, form: name }));
  const features = readTable(root, 'features.tsv').map(([kind = '', form = '']) => ({ kind, form }));
  return [...options, ...features];
}

/** Without the line of headings. */
function readTable(root: string, name: string): readonly (readonly string[])[] {
  const lines = readFileSync(join(root, 'docs/inventory', name), 'utf8').split('\n');
  return lines
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}
