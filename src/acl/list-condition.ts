/** What the conditions that match a list have in common: the argument is a list source, a defer passes on, results are kept. */
import type { AclArgument, AclContext, Judged, ListKind, ListMatch, ListSource, MaybePromise, Outcome, Text } from '../core/index.ts';
import { chainOk, ok } from '../core/index.ts';

export function listSource(kind: ListKind, argument: AclArgument): ListSource {
  return { kind, template: argument.template };
}

/** Keeps the list's data for `$domain_data` and the like, and its captures for the rest of the statement. */
export function judgeMatch(
  match: MaybePromise<Outcome<ListMatch>>,
  context: AclContext,
  keep: (data: Text | undefined, context: AclContext) => void,
): MaybePromise<Outcome<Judged>> {
  return chainOk(match, (result) => {
    if (result.matched) keep(result.data, context);
    return ok({ value: result.matched, ...(result.captures ? { captures: result.captures } : {}) });
  });
}
