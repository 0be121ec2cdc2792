/** `acl = <name, ACL text or file> <arguments>`: another ACL as a condition. */

import { assertNever } from '../../base/invariant.ts';
import { isSpaceCode, type Octets, skipSpace } from '../../base/octets.ts';
import type { AclContext, AclRunResult, Frame, Judged, MaybePromise, Outcome, Text } from '../../core/index.ts';
import { chain, chainEach, chainOk, defer, defineAclCondition, fail, ok, untainted } from '../../core/index.ts';

export default defineAclCondition({
  name: 'acl',
  summary: 'Runs another ACL: true when it accepts, false when it denies. Words after its name are $acl_arg1 to $acl_arg9.',
  spec: 'ch. 44 "ACL conditions"',
  permittedIn: 'all',
  isExpanded: false,
  prepare: (argument) => {
    const words = splitWords(argument.source).slice(0, 1 + MAX_ARGUMENTS);
    return { test: (_, context) => chainOk(expandWords(words, context.frame), ([name, ...args]) => callAcl(name, args, context)) };
  },
});

const MAX_ARGUMENTS = 9;

function callAcl(name: Text | undefined, args: readonly Text[], context: AclContext): MaybePromise<Outcome<Judged>> {
  return chain(context.acl.callAcl(name ?? untainted(''), args, context.frame), (result) => judge(result, context));
}

/** Each word by itself: spaces that come from outside make no arguments. */
function expandWords(words: readonly Octets[], frame: Frame): MaybePromise<Outcome<readonly Text[]>> {
  const expanded: Text[] = [];
  const failed = chainEach(
    words,
    (word): MaybePromise<Outcome<readonly Text[]> | undefined> =>
      chain(frame.config.compile(word, 'ACL argument').evaluate(frame), (outcome) => {
        if (outcome.kind === 'ok') expanded.push(outcome.value);
        else if (outcome.kind === 'forced-fail') return outcome;
        else return { kind: outcome.kind, message: `failed to expand ACL string "${words[0] ?? ''}": ${outcome.message}` };
        return undefined;
      }),
  );
  return chain(failed, (outcome) => outcome ?? ok(expanded));
}

/** The first is the name, the file or the ACL itself, the others are its arguments. Any may be a quoted string; braces hold together what is in them, which Exim cuts. */
function splitWords(source: Octets): readonly Octets[] {
  const words: Octets[] = [];
  let at = skipSpace(source, 0);
  while (at < source.length) {
    const end = source[at] === '"' ? quotedEnd(source, at) : wordEnd(source, at);
    const word = source.slice(at, end);
    words.push(word.startsWith('"') ? unquote(word) : word);
    at = skipSpace(source, end);
  }
  return words;
}

function wordEnd(octets: Octets, from: number): number {
  let end = from;
  for (let depth = 0; end < octets.length && (depth > 0 || !isSpaceCode(octets.charCodeAt(end))); end++) {
    if (octets[end] === '{') depth++;
    else if (octets[end] === '}' && depth > 0) depth--;
  }
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
      take(result.message, result.logMessage);
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
