/** Lists of regular expressions that a message or a part is searched for. Spec ch. 45 "Scanning with regular expressions". */
import { parseList } from '../../base/list-text.ts';
import { type Octets, octetsFromBytes } from '../../base/octets.ts';
import type { Frame, Regex, Text } from '../../core/index.ts';
import { derived, emptyText, tainted } from '../../core/index.ts';

export interface Expression {
  readonly source: Octets;
  readonly regex: Regex;
}

/** Those of the list that can be compiled; of the others the log is told. */
export function compileExpressions(list: Text, frame: Frame): readonly Expression[] {
  const found: Expression[] = [];
  for (const source of parseList(list.octets).items) {
    if (source === '') continue;
    const compiled = frame.services.regexes.compile(source);
    if (compiled.kind === 'ok') found.push({ source, regex: compiled.regex });
    else {
      const why = `regex acl condition warning - error in regex '${source}': ${compiled.message} at offset ${compiled.offset}, skipped.`;
      frame.services.log.main(why, frame.transaction?.state.id);
    }
  }
  return found;
}

/** True when one matches: `$regex_match_string` is that one, `$regex1`… are its captures. Before, they are unset. */
export async function findExpression(
  expressions: readonly Expression[],
  subjects: AsyncIterable<Buffer>,
  list: Text,
  frame: Frame,
): Promise<boolean> {
  forgetExpression(frame);
  for await (const subject of subjects)
    for (const expression of expressions) if (matches(expression, octetsFromBytes(subject), list, frame)) return true;
  return false;
}

export function forgetExpression({ results }: Frame): void {
  results.regexMatchString = undefined;
  results.regexCaptures = [];
}

function matches({ source, regex }: Expression, subject: Octets, list: Text, { results, services }: Frame): boolean {
  const result = regex.match(subject);
  if (result.kind === 'limit') services.log.main(`regular expression "${source}" gave up: ${result.message}`);
  if (result.kind !== 'match') return false;
  results.regexMatchString = derived(source, list);
  results.regexCaptures = result.captures.slice(1).map((octets) => (octets === undefined ? emptyText : tainted(octets)));
  return true;
}

/** Longer lines are searched in pieces. */
const MAX_LINE = 32 * 1024 - 1;
const LF = 0x0a;

/** Lines with their line ends. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (at < bytes.length) {
      const end = bytes.indexOf(LF, at) + 1;
      const isLong = (end === 0 ? bytes.length : end) - at > MAX_LINE;
      if (end === 0 && !isLong) break;
      const to = isLong ? at + MAX_LINE : end;
      yield bytes.subarray(at, to);
      at = to;
    }
    // what is kept would change with the next chunk's octets
    rest = Buffer.from(bytes.subarray(at));
  }
  if (rest.length > 0) yield rest;
}
