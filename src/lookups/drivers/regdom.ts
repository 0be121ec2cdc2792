/** Finds the registered domain that a domain is under, by a Public Suffix List. */
import { defineLookup } from '../../core/define/lookup.ts';
import { chainOk } from '../../core/maybe-promise.ts';
import { ok } from '../../core/outcome.ts';
import { untainted } from '../../core/text.ts';
import { readLookupFile } from '../lsearch-file.ts';
import { parseSuffixList, registeredDomain } from '../public-suffix.ts';

export default defineLookup({
  name: 'regdom',
  summary: 'Finds the registered domain that a domain is under, by a Public Suffix List.',
  spec: 'ch. 9 "Single-key lookup types"',
  isQueryStyle: false,
  isFile: true,
  isResultTainted: false,
  open: (file, frame) =>
    chainOk(readLookupFile('regdom', file, 'regdom lookup', frame), (text) => {
      const rules = parseSuffixList(text);
      return ok({
        find: (key) => {
          const found = registeredDomain(key.octets, rules);
          return ok(found === undefined ? { kind: 'not-found' } : { kind: 'found', value: untainted(found) });
        },
        close: () => undefined,
      });
    }),
});
