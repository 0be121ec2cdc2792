/** Reads a lookup type with its decorations: `partial1(.x)-lsearch*@,ret=full`. Spec ch. 9 "Single-key lookup types" and following sections. */
import type { Octets } from '../base/octets.ts';
import { trimSpace } from '../base/octets.ts';
import type { LookupDefinition } from '../core/define/lookup.ts';
import type { LookupType } from '../core/ports.ts';

export type LookupTypeResult = { readonly kind: 'ok'; readonly type: LookupType } | { readonly kind: 'error'; readonly message: string };

const defaultMinimumComponents = 2;

/** `text` may end with the semicolon that separates a list item's type from its file or query. */
export function parseLookupType(text: Octets, definitions: ReadonlyMap<string, LookupDefinition>): LookupTypeResult {
  const whole = trimSpace(text.endsWith(';') ? text.slice(0, -1) : text);
  const comma = whole.indexOf(',');
  const decorated = trimSpace(comma < 0 ? whole : whole.slice(0, comma));
  const partial = readPartial(decorated);
  if (!partial) return { kind: 'error', message: `format error in lookup type "${decorated}"` };
  const star = partial.rest.indexOf('*');
  const name = star < 0 ? partial.rest : partial.rest.slice(0, star);
  const definition = definitions.get(name);
  if (!definition) return { kind: 'error', message: `unknown lookup type "${name}"` };
  if (definition.isQueryStyle && partial.minimum !== undefined) {
    return { kind: 'error', message: `"partial" is not permitted for lookup type "${name}"` };
  }
  if (definition.isQueryStyle && star >= 0) {
    return { kind: 'error', message: `defaults using "*" or "*@" are not permitted for lookup type "${partial.rest}"` };
  }
  return {
    kind: 'ok',
    type: {
      name,
      options: comma < 0 ? noOptions : readOptions(whole.slice(comma + 1)),
      partial: partial.minimum,
      partialAffix: partial.affix,
      star: star < 0 ? 'none' : partial.rest.startsWith('*@', star) ? '*@' : '*',
      isQueryStyle: definition.isQueryStyle,
      isFile: definition.isFile,
      ...(definition.quoteOptions ? { quoteOptions: definition.quoteOptions } : {}),
    },
  };
}

const noOptions: ReadonlyMap<string, Octets> = new Map();

/** The affix is made of punctuation. */
function readPartial(text: Octets): { readonly minimum: number | undefined; readonly affix: Octets; readonly rest: Octets } | undefined {
  if (!text.startsWith('partial')) return { minimum: undefined, affix: '', rest: text };
  const match = /^partial([0-9]*)(?:\(([!-'*-/:-@[-`{-~]*)\)|-)/.exec(text);
  if (!match) return undefined;
  const [all, digits = '', affix = '*.'] = match;
  return { minimum: digits === '' ? defaultMinimumComponents : Number.parseInt(digits, 10), affix, rest: text.slice(all.length) };
}

function readOptions(text: Octets): ReadonlyMap<string, Octets> {
  const options = new Map<string, Octets>();
  for (const item of text.split(',')) {
    const equals = item.indexOf('=');
    const name = trimSpace(equals < 0 ? item : item.slice(0, equals));
    if (name !== '') options.set(name, equals < 0 ? '' : trimSpace(item.slice(equals + 1)));
  }
  return options;
}
