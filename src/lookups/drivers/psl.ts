/** Finds the public suffix of a domain in a Public Suffix List. */
import { defineLookup } from '../../core/define/lookup.ts';
import { chainOk } from '../../core/maybe-promise.ts';
import { ok } from '../../core/outcome.ts';
import { untainted } from '../../core/text.ts';
import { readLookupFile } from '../lsearch-file.ts';
import { parseSuffixList, publicSuffix } from '../public-suffix.ts';

export default defineLookup({
  name: 'psl',
  summary: 'Finds the public suffix of a domain in a Public Suffix List.',
  spec: 'ch. 9 "Single-key lookup types"',
  isQueryStyle: false,
  isFile: true,
  isResultTainted: false,
  open: (file, frame) =>
    chainOk(readLookupFile('psl', file, 'psl lookup', frame), (text) => {
      const rules = parseSuffixList(text);
      return ok({
        find: (key) => {
          const found = publicSuffix(key.octets, rules);
          return ok(found === undefined ? { kind: 'not-found' } : { kind: 'found', value: untainted(found) });
        },
        close: () => undefined,
      });
    }),
});
