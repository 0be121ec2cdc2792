/** The keys that a single-key lookup tries one after another. Spec ch. 9 "Default values in single-key lookups", "Partial matching in single-key lookups". */
import type { LookupType } from '../core/ports.ts';
import type { Text } from '../core/text.ts';
import { concatText, emptyText, sliceText, untainted } from '../core/text.ts';

export interface TriedKey {
  readonly key: Text;
  /** What the wild part stands for and what follows it: `$1` and `$2`. Undefined: the lookup sets no captures. */
  readonly captures: readonly [wild: Text, fixed: Text] | undefined;
}

/** Lazily: most lookups end at the first key. */
export function* keysToTry(type: LookupType, key: Text): Generator<TriedKey> {
  const isPartial = type.partial !== undefined;
  yield { key, captures: isPartial ? [emptyText, key] : undefined };
  if (type.partial !== undefined) yield* partialKeys(type.partial, type.partialAffix, key);
  if (type.star === '*@') {
    const at = key.octets.lastIndexOf('@');
    if (at > 0) yield { key: concatText([untainted('*'), sliceText(key, at)]), captures: [sliceText(key, 0, at), emptyText] };
  }
  if (type.star !== 'none') yield { key: untainted('*'), captures: [key, emptyText] };
}

function* partialKeys(minimum: number, affix: string, key: Text): Generator<TriedKey> {
  const prefix = untainted(affix);
  if (affix !== '') yield { key: concatText([prefix, key]), captures: [emptyText, key] };
  let components = key.octets.split('.').length;
  for (let from = key.octets.indexOf('.'); from >= 0; from = key.octets.indexOf('.', from + 1)) {
    if (--components < Math.max(minimum, 1)) return;
    const rest = sliceText(key, from + 1);
    yield { key: concatText([prefix, rest]), captures: [sliceText(key, 0, from), rest] };
  }
  if (minimum > 0 || affix === '') return;
  const last = affix.length > 1 && affix.endsWith('.') ? affix.slice(0, -1) : affix;
  yield { key: untainted(last), captures: [key, emptyText] };
}
