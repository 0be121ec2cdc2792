/** Linear search with patterns as keys, taken as they stand. */
import { defineLookup } from '../../core/define/lookup.ts';
import { ok } from '../../core/outcome.ts';
import { openLinear } from '../lsearch-file.ts';
import { wildcardHandle } from '../wildcard-key.ts';

export default defineLookup({
  name: 'nwildlsearch',
  summary: 'Searches a text file whose keys may begin with `*` or be regular expressions (`^`); keys are not expanded.',
  spec: 'ch. 9 "Single-key lookup types"',
  isQueryStyle: false,
  isFile: true,
  optionNames: ['ret'],
  isResultTainted: false,
  open: (file, frame) => openLinear(file, frame, (text) => wildcardHandle(text, ok)),
});
