/** Calling an ACL from an expansion. Spec ch. 11 "Expansion items" (acl). */
import type { Expression } from '../core/define/expansion.ts';
import type { Frame } from '../core/frame.ts';
import { chain, type MaybePromise } from '../core/maybe-promise.ts';
import { fail, type Outcome } from '../core/outcome.ts';
import { emptyText, type Text } from '../core/text.ts';
import { withTexts } from './branches.ts';

export interface AclAnswer {
  readonly accepted: boolean;
  readonly message: Text;
}

/** What an ACL decides that an expansion cannot carry out. */
const ENDINGS = { drop: 'FAIL_DROP', discard: 'DISCARD' } as const;

/** The first string names the ACL, the others are its arguments. A deferring ACL is a forced failure. */
export function callAcl(expressions: readonly Expression[], frame: Frame): MaybePromise<Outcome<AclAnswer>> {
  return withTexts(expressions, frame, ([name = emptyText, ...args]) =>
    chain(frame.services.acls.call(name, args, frame), (outcome) => {
      const [shown] = name.octets.split('\n', 1); // Exim has cut the text at the line ends by now
      if (outcome.kind === 'defer') return { kind: 'forced-fail', message: `DEFER from acl "${shown}"` };
      if (outcome.kind === 'ok' && outcome.value.ends !== undefined) return fail(`${ENDINGS[outcome.value.ends]} from acl "${shown}"`);
      if (outcome.kind !== 'fail') return outcome;
      frame.services.log.debug('expand', () => `ACL "${name.octets}": ${outcome.message}`);
      return fail(`ERROR from acl "${shown}"`);
    }),
  );
}
