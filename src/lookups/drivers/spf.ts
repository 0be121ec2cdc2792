/** `${lookup{address}spf{IP address}}`: the result of SPF. Spec ch. 58 "SPF". */

import type { LookupFound } from '../../core/define/lookup.ts';
import { defineLookup } from '../../core/define/lookup.ts';
import { originOf } from '../../core/frame.ts';
import { type Outcome, ok } from '../../core/outcome.ts';
import { untainted } from '../../core/text.ts';

export default defineLookup({
  name: 'spf',
  summary: 'Whether a host, whose IP address stands for the file, may send mail with this sender: the word that $spf_result would have.',
  spec: 'ch. 9 "Single-key lookup types"',
  isQueryStyle: false,
  isFile: false,
  isResultTainted: false,
  open: (address) =>
    ok({
      find: async (key, _options, frame): Promise<Outcome<LookupFound>> => {
        if (key.octets === '' || address === '') return ok({ kind: 'not-found' });
        const { config, services, until } = frame;
        const question = {
          address,
          sender: key.octets,
          heloName: originOf(frame)?.heloName ?? '',
          receiver: config.main.primary_hostname,
        };
        const finding = await services.spf.check(question, until);
        if (finding === undefined) return ok({ kind: 'not-found' });
        return ok({ kind: 'found', value: untainted(finding.result === 'invalid' ? '(invalid)' : finding.result) });
      },
      close: () => undefined,
    }),
});
