/** `acl = <name, ACL text or file> <arguments>`: another ACL as a condition. */
import type { Octets } from '../../base/octets.ts';
import { assertNever } from '../../base/invariant.ts';
import type { AclContext, AclRunResult, Judged, Outcome, Text } from '../../core/index.ts';
import { chain, defer, defineAclCondition, fail, ok, sliceText } from '../../core/index.ts';

export default defineAclCondition({
  name: 'acl',
  summary: 'Runs another ACL: true when it accepts, false when it denies. Words after its name are $acl_arg1 to $acl_arg9.',
  spec: 'ch. 44 "ACL conditions"',
  permittedIn: 'all',
  isExpanded: true,
  prepare: () => ({
    test: (argument, context) => {
      const [name, args] = splitCall(argument);
      return chain(context.acl.callAcl(name, args, context.frame), (result) => judge(result, context));
    },
  }),
});

/** A name and its arguments; a text with a newline is an ACL of its own and takes none. */
function splitCall(text: Text): readonly [Text, readonly Text[]] {
  if (text.octets.includes('\n')) return [text, []];
  const words: Text[] = [];
  const pattern = /[^ \t]+/g;
  for (let match = pattern.exec(text.octets); match; match = pattern.exec(text.octets)) words.push(sliceText(text, match.index, match.index + match[0].length));
  const [name, ...args] = words;
  return [name ?? text, args.slice(0, 9)];
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
      context.statement.senderVerify = result.senderVerify;
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
