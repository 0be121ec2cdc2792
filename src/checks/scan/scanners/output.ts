/** What a scanner says, searched with the two expressions of `sock` and `cmdline`: one tells that there is something, the other its name. */
import type { Octets } from '../../../base/octets.ts';
import type { Frame, Regex } from '../../../core/index.ts';
import { type Finding, ScanFailure, UNNAMED } from '../scanner.ts';

export interface OutputExpressions {
  readonly trigger: Regex;
  readonly name: Regex;
}

/** Throws what `av_scanner` lacks. */
export function compileExpression(what: string, pattern: Octets | undefined, { services }: Frame): Regex {
  if (pattern === undefined) throw new ScanFailure('', `missing ${what} specification`);
  const compiled = services.regexes.compile(pattern);
  if (compiled.kind === 'ok') return compiled.regex;
  throw new ScanFailure('', `regular expression error in '${pattern}': ${compiled.message} at offset ${compiled.offset}`);
}

/** The last name that one of the texts has, once one has the trigger. */
export function findName(texts: readonly Octets[], { trigger, name }: OutputExpressions): Finding {
  if (!texts.some((text) => trigger.match(text).kind === 'match')) return undefined;
  let found = UNNAMED;
  for (const text of texts) {
    const match = name.match(text);
    const [, captured] = match.kind === 'match' && name.groupCount === 1 ? match.captures : [];
    if (captured !== undefined && captured !== '') found = captured;
  }
  return found;
}
