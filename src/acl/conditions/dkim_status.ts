/** `dkim_status = <list of results>`. */
import {
  chain,
  chainEach,
  chainOk,
  defineAclCondition,
  type Judged,
  type ListMatch,
  type MaybePromise,
  type Outcome,
  ok,
  untainted,
} from '../../core/index.ts';

export default defineAclCondition({
  name: 'dkim_status',
  summary:
    'True when what verification gave is in the list: none, invalid, fail, pass. Behind the DKIM ACL: when that of any signature is.',
  spec: 'ch. 58 "Verifying DKIM signatures in incoming mail"',
  permittedIn: ['dkim', 'data', 'mime', 'prdr'],
  isExpanded: true,
  prepare: () => ({
    test: (list, { frame, phase }): MaybePromise<Outcome<Judged>> => {
      const status = frame.transaction?.state.dkim?.status ?? '';
      const results = phase === 'dkim' ? [status] : (status || 'none').split(':');
      const matched = chainEach(results, (result) =>
        chain(frame.services.lists.matchString(list, untainted(result), frame), (outcome): Outcome<ListMatch> | undefined =>
          outcome.kind === 'ok' && !outcome.value.matched ? undefined : outcome,
        ),
      );
      return chain(matched, (outcome) => chainOk(outcome ?? ok({ matched: false }), ({ matched: value }) => ok({ value })));
    },
  }),
});
