/** Linear search with patterns as keys, each expanded before it is compared. */
import type { Octets } from '../../base/octets.ts';
import { defineLookup } from '../../core/define/lookup.ts';
import type { Frame } from '../../core/frame.ts';
import type { MaybePromise } from '../../core/maybe-promise.ts';
import { chain } from '../../core/maybe-promise.ts';
import type { Outcome } from '../../core/outcome.ts';
import { defer, ok } from '../../core/outcome.ts';
import { openLinear } from '../lsearch-file.ts';
import { wildcardHandle } from '../wildcard-key.ts';

export default defineLookup({
  name: 'wildlsearch',
  summary: 'Searches a text file whose keys may begin with `*` or be regular expressions (`^`); keys are expanded first.',
  spec: 'ch. 9 "Single-key lookup types"',
  isQueryStyle: false,
  isFile: true,
  optionNames: ['ret'],
  isResultTainted: false,
  open: (file, frame) => openLinear(file, frame, (text) => wildcardHandle(text, expandKey)),
});

function expandKey(key: Octets, frame: Frame): MaybePromise<Outcome<Octets>> {
  if (!/[$\\]/.test(key)) return ok(key);
  return chain(frame.config.compile(key, 'key of a wildlsearch file').evaluate(frame), (outcome): Outcome<Octets> => {
    if (outcome.kind === 'ok') return ok(outcome.value.octets);
    return outcome.kind === 'forced-fail' ? outcome : defer('');
  });
}
