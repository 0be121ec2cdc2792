/** One rewriting rule: pattern, replacement, flags. Spec ch. 31 "Rewriting rules". */

import type { Octets } from '../base/octets.ts';
import { isSpaceCode, skipSpace } from '../base/octets.ts';
import { scanQuoted } from './scan.ts';

export const REWRITE_FLAGS = 'EFTbcfhrstqQRwS';

export type RewriteRuleText =
  | {
      readonly kind: 'ok';
      readonly pattern: Octets;
      readonly replacement: Octets;
      readonly replacementFrom: number;
      readonly flags: Octets;
    }
  | { readonly kind: 'error'; readonly message: Octets; readonly offset: number; readonly suggestion?: string };

/** `pattern replacement flags`, the first two quoted where they hold white space. */
export function parseRewriteRule(text: Octets): RewriteRuleText {
  const pattern = scanPart(text, 0);
  const replacementFrom = skipSpace(text, pattern.end);
  if (replacementFrom >= text.length) {
    return {
      kind: 'error',
      message: 'missing rewrite replacement string',
      offset: text.length,
      suggestion: 'a rule is: pattern replacement flags',
    };
  }
  const replacement = scanPart(text, replacementFrom);
  let flags = '';
  for (let at = replacement.end; at < text.length; at++) {
    const flag = text[at] ?? '';
    if (isSpaceCode(flag.charCodeAt(0))) continue;
    if (!REWRITE_FLAGS.includes(flag)) {
      const message = `unknown rewrite flag character '${flag}' (could be missing quotes round replacement item)`;
      return { kind: 'error', message, offset: at, suggestion: `the flags are ${REWRITE_FLAGS}` };
    }
    if (!flags.includes(flag)) flags += flag;
  }
  if (flags.includes('S') && !pattern.value.startsWith('^')) {
    return { kind: 'error', message: 'rewrite rule has the S flag but is not a regular expression', offset: 0 };
  }
  return { kind: 'ok', pattern: pattern.value, replacement: replacement.value, replacementFrom, flags };
}

/** Up to white space, or quoted; a missing closing quote takes the rest. */
function scanPart(text: Octets, from: number): { readonly value: Octets; readonly end: number } {
  if (text[from] === '"') return scanQuoted(text, from) ?? { value: text.slice(from + 1), end: text.length };
  let end = from;
  while (end < text.length && !isSpaceCode(text.charCodeAt(end))) end++;
  return { value: text.slice(from, end), end };
}
