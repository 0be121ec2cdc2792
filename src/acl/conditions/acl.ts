/** `acl = <name, ACL text or file> <arguments>`: another ACL as a condition. */

import { assertNever } from '../../base/invariant.ts';
import { isSpaceCode, type Octets, skipSpace } from '../../base/octets.ts';
import type { AclContext, AclRunResult, Judged, Outcome, Text } from '../../core/index.ts';
import { chain, defer, defineAclCondition, derived, fail, ok, sliceText } from '../../core/index.ts';

export default defineAclCondition({
  name: 'acl',
  summary: 'Runs another ACL: true when it accepts, false when it denies. Words after its name are $acl_arg1 to $acl_arg9.',
  spec: 'ch. 44 "ACL conditions"',
  permittedIn: 'all',
  isExpanded: true,
  prepare: () => ({
    test: (argument, context) => {
      const [name, args] = splitCall(argument, (first) => first.startsWith('/') || context.frame.config.acls.has(first));
      return chain(context.acl.callAcl(name, args, context.frame), (result) => judge(result, context));
    },
  }),
});

/** Words, of which any may be a quoted string: the first is the name or the file, the others its arguments. A text of its own takes none. */
function splitCall(text: Text, canTakeArguments: (first: Octets) => boolean): readonly [Text, readonly Text[]] {
  const words: Text[] = [];
  let at = skipSpace(text.octets, 0);
  while (at < text.octets.length) {
    const end = text.octets[at] === '"' ? quotedEnd(text.octets, at) : wordEnd(text.octets, at);
    const part = sliceText(text, at, end);
    words.push(part.octets.startsWith('"') ? derived(unquote(part.octets), part) : part);
    at = skipSpace(text.octets, end);
  }
  const [name, ...args] = words;
  return name !== undefined && canTakeArguments(name.octets) ? [name, args.slice(0, 9)] : [text, []];
}

function wordEnd(octets: Octets, from: number): number {
  let end = from;
  while (end < octets.length && !isSpaceCode(octets.charCodeAt(end))) end++;
  return end;
}

/** Behind the closing quote, or the end when there is none. */
function quotedEnd(octets: Octets, from: number): number {
  for (let at = from + 1; at < octets.length; at++) {
    if (octets[at] === '\\') at++;
    else if (octets[at] === '"') return at + 1;
  }
  return octets.length;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

function unquote(quoted: Octets): Octets {
  const inner = quoted.endsWith('"') && quoted.length > 1 ? quoted.slice(1, -1) : quoted.slice(1);
  return inner.replace(/\\([^])/g, (_, char: string) => ESCAPES.get(char) ?? char);
}

/** Texts of the inner ACL stand where a failed condition's texts stand. */
function judge(result: AclRunResult, context: AclContext): Outcome<Judged> {
  const take = (message: Octets | undefined, logMessage: Octets | undefined) => {
    context.statement.userText = message;
    context.statement.logText = logMessage;
  };
  switch (result.kind) {
    case 'accept':
      take(result.message, undefined);
      return ok({ value: true });
    case 'discard':
      take(undefined, result.logMessage);
      if (context.statement.verb !== 'accept' && context.statement.verb !== 'discard') {
        return fail(`nested ACL returned "discard" for "${context.statement.verb}" command (only allowed with "accept" or "discard")`);
      }
      context.statement.nestedDiscard = true;
      return ok({ value: false });
    case 'fail':
      take(result.message, result.logMessage);
      if (result.isDrop) context.statement.nestedDrop = true;
      return ok({ value: false });
    case 'defer':
      take(result.message, result.logMessage);
      return defer(result.logMessage ?? '');
    case 'error':
      return fail(result.logMessage);
    default:
      return assertNever(result);
  }
}
