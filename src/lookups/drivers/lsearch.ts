/** Linear search, made fast by an index of the keys. */
import type { Octets } from '../../base/octets.ts';
import { lowerCase } from '../../base/octets.ts';
import { defineLookup } from '../../core/define/lookup.ts';
import { ok } from '../../core/outcome.ts';
import { untainted } from '../../core/text.ts';
import type { KeyLine } from '../lsearch-file.ts';
import { dataAt, fullEntry, keyLines, openLinear } from '../lsearch-file.ts';

export default defineLookup({
  name: 'lsearch',
  summary: 'Searches a text file of `key: data` lines; the first line with the key counts, upper and lower case are the same.',
  spec: 'ch. 9 "Single-key lookup types"',
  isQueryStyle: false,
  isFile: true,
  optionNames: ['ret'],
  isResultTainted: false,
  open: (file, frame) =>
    openLinear(file, frame, (text) => {
      const entries = indexKeys(text);
      return {
        find: (key, options) => {
          const line = entries.get(lowerCase(key.octets));
          if (!line) return ok({ kind: 'not-found' });
          return ok({
            kind: 'found',
            value: untainted(options.get('ret') === 'full' ? fullEntry(text, line) : dataAt(text, line.restFrom)),
          });
        },
        close: () => undefined,
      };
    }),
});

function indexKeys(text: Octets): Map<Octets, KeyLine> {
  const entries = new Map<Octets, KeyLine>();
  for (const line of keyLines(text)) {
    const key = lowerCase(line.key);
    if (!entries.has(key)) entries.set(key, line);
  }
  return entries;
}
