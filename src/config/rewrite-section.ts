/** The section rewrite. Spec ch. 31 "Address rewriting". */
import type { Octets } from '../base/octets.ts';
import { isSpaceCode, skipSpace } from '../base/octets.ts';
import type { RewriteRule, TemplateCompiler } from '../core/config.ts';
import type { LogicalLine } from './lines.ts';
import type { Problems } from './problems.ts';
import { scanQuoted } from './scan.ts';

export const REWRITE_FLAGS = 'EFTbcfhrstqQRwS';

export function readRewriteRule(line: LogicalLine, compiler: TemplateCompiler, problems: Problems): RewriteRule | undefined {
  const { text } = line;
  const pattern = scanPart(text, 0);
  const replacementFrom = skipSpace(text, pattern.end);
  if (replacementFrom >= text.length) {
    problems.error('missing rewrite replacement string', line.locate(text.length), { suggestion: 'a rule is: pattern replacement flags' });
    return undefined;
  }
  const replacement = scanPart(text, replacementFrom);
  const flags = readFlags(line, replacement.end, problems);
  if (flags === undefined) return undefined;
  if (flags.includes('S') && !pattern.value.startsWith('^')) {
    problems.error('rewrite rule has the S flag but is not a regular expression', line.locate(0));
    return undefined;
  }
  const template = compiler.template(replacement.value, line.locate(replacementFrom), 'replacement of a rewrite rule');
  return { at: line.at, pattern: pattern.value, replacement: template, flags };
}

function readFlags(line: LogicalLine, from: number, problems: Problems): Octets | undefined {
  let flags = '';
  for (let at = from; at < line.text.length; at++) {
    const flag = line.text[at] ?? '';
    if (isSpaceCode(flag.charCodeAt(0))) continue;
    if (!REWRITE_FLAGS.includes(flag)) {
      problems.error(`unknown rewrite flag character '${flag}' (could be missing quotes round replacement item)`, line.locate(at), { suggestion: `the flags are ${REWRITE_FLAGS}` });
      return undefined;
    }
    if (!flags.includes(flag)) flags += flag;
  }
  return flags;
}

/** Up to white space, or quoted; a missing closing quote takes the rest. */
function scanPart(text: Octets, from: number): { readonly value: Octets; readonly end: number } {
  if (text[from] === '"') return scanQuoted(text, from) ?? { value: text.slice(from + 1), end: text.length };
  let end = from;
  while (end < text.length && !isSpaceCode(text.charCodeAt(end))) end++;
  return { value: text.slice(from, end), end };
}
