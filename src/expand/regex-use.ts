/** Regular expressions in expansions: a constant pattern is compiled once for each engine. Spec ch. 8 "Regular expressions". */
import type { Octets } from '../base/octets.ts';
import type { Expression } from '../core/define/expansion.ts';
import type { Frame } from '../core/frame.ts';
import { fail, type Outcome, ok } from '../core/outcome.ts';
import type { Regex, Regexes, RegexMatch } from '../core/ports.ts';
import { derived, emptyText, isTainted, type Text, untainted } from '../core/text.ts';

export function compileRegex(pattern: Octets, frame: Frame): Outcome<Regex> {
  const result = frame.services.regexes.compile(pattern);
  if (result.kind === 'ok') return ok(result.regex);
  return fail(`regular expression error in "${pattern}": ${result.message} at offset ${result.offset}`);
}

/** Compiles with what the frame brings; keeps the result where the pattern is a constant. Undefined: the text breaks off before it. */
export function regexUser(pattern: Expression | undefined): (pattern: Octets, frame: Frame) => Outcome<Regex> {
  if (pattern?.constant === undefined) return compileRegex;
  let known: { readonly engine: Regexes; readonly regex: Outcome<Regex> } | undefined;
  return (source, frame) => {
    if (known?.engine !== frame.services.regexes) known = { engine: frame.services.regexes, regex: compileRegex(source, frame) };
    return known.regex;
  };
}

/** `$0`, `$1`…: of a tainted subject all are tainted. */
export function captureTexts(match: RegexMatch, subject: Text): Text[] {
  const make = isTainted(subject) ? (octets: Octets) => derived(octets, subject) : untainted;
  return match.captures.map((octets) => (octets === undefined ? emptyText : make(octets)));
}
