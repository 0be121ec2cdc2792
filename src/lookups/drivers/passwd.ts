/** The system's users, through the accounts port. */
import { defineLookup } from '../../core/define/lookup.ts';
import { chain } from '../../core/maybe-promise.ts';
import { ok } from '../../core/outcome.ts';
import { untainted } from '../../core/text.ts';

export default defineLookup({
  name: 'passwd',
  summary: 'Looks up a user by name; the result is `*:uid:gid:gecos:home:shell`.',
  spec: 'ch. 9 "Query-style lookup types"',
  isQueryStyle: true,
  isFile: false,
  isResultTainted: false,
  open: () =>
    ok({
      find: (key, _options, frame) =>
        chain(frame.services.accounts.userByName(key.octets), (outcome) => {
          if (outcome.kind !== 'ok') return outcome;
          const user = outcome.value;
          if (!user) return ok({ kind: 'not-found' });
          return ok({ kind: 'found', value: untainted(`*:${user.uid}:${user.gid}:${user.gecos}:${user.home}:${user.shell}`) });
        }),
      close: () => undefined,
    }),
});
