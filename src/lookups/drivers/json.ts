/** Elements of a JSON file by a list of selectors. */
import { parseList } from '../../base/list-text.ts';
import { unicodeFromOctets } from '../../base/octets.ts';
import type { LookupHandle } from '../../core/define/lookup.ts';
import { defineLookup } from '../../core/define/lookup.ts';
import { chainOk } from '../../core/maybe-promise.ts';
import { fail, ok } from '../../core/outcome.ts';
import { untainted } from '../../core/text.ts';
import type { JsonValue } from '../json-value.ts';
import { jsonText, parseJson, selectJson } from '../json-value.ts';
import { readLookupFile } from '../lsearch-file.ts';

export default defineLookup({
  name: 'json',
  summary: 'Takes an element out of a JSON file; the key is a list of names and array indexes, from the outside in.',
  spec: 'ch. 9 "Single-key lookup types"',
  isQueryStyle: false,
  isFile: true,
  isResultTainted: false,
  open: (file, frame) =>
    chainOk(readLookupFile('json', file, 'json search', frame), (octets) => {
      const text = unicodeFromOctets(octets);
      const root = text === undefined ? undefined : parseJson(text);
      return root === undefined ? fail(`${file} is not JSON (json lookup)`) : ok(handleOf(root));
    }),
});

function handleOf(root: JsonValue): LookupHandle {
  return {
    find: (key) => {
      let value: JsonValue | undefined = root;
      for (const selector of parseList(key.octets).items) {
        if (value === undefined) break;
        value = selectJson(value, selector);
      }
      return ok(value === undefined ? { kind: 'not-found' } : { kind: 'found', value: untainted(jsonText(value)) });
    },
    close: () => undefined,
  };
}
