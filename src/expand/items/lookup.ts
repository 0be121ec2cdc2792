/** `${lookup{key}type{file}{yes}{no}}` and `${lookup type{query}{yes}{no}}`. Spec ch. 11 "Expansion items", ch. 9 "File and database lookups". */
import type { Octets } from '../../base/octets.ts';
import { skipSpace } from '../../base/octets.ts';
import { type Branches, defineItem, type Expression } from '../../core/define/expansion.ts';
import { type Frame, withCaptures } from '../../core/frame.ts';
import { chain, chainOk, type MaybePromise } from '../../core/maybe-promise.ts';
import { fail, type Outcome } from '../../core/outcome.ts';
import type { LookupAnswer, Lookups, LookupType } from '../../core/ports.ts';
import { sliceText, type Text } from '../../core/text.ts';
import { takeFound, takeNotFound } from '../branches.ts';

export default defineItem({
  name: 'lookup',
  summary: 'What a file or database has for a key or query.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${lookup}', { kind: 'fail', message: 'missing lookup type' }],
    ['${lookup{root}}', { kind: 'fail', message: 'missing lookup type' }],
  ],
  arguments: [
    { kind: 'optional-string' },
    { kind: 'word', isLookupType: true, missing: 'missing lookup type', next: "missing '{' for lookup file-or-query arg" },
    { kind: 'string', label: '' },
    { kind: 'branches' },
  ],
  compile: ([key, word, source, branches]) => {
    const typeOf = rememberType(word);
    return (frame) =>
      chainOk(key ? key.evaluate(frame) : noKey, (keyText) => {
        // What cannot be parsed has no type: its source holds the message.
        if (word === '') return source.evaluate(frame);
        const type = typeOf(frame.services.lookups);
        if (typeof type === 'string') return fail(type);
        const problem = keyProblem(type, word, key);
        return problem === undefined ? find(frame, type, keyText, source, branches) : fail(problem);
      });
  },
});

const noKey: Outcome<Text | undefined> = { kind: 'ok', value: undefined };

/** The parsed type, kept as long as the same lookups are asked. */
function rememberType(word: Octets): (lookups: Lookups) => LookupType | string {
  let known: { readonly lookups: Lookups; readonly type: LookupType | string } | undefined;
  return (lookups) => {
    if (known?.lookups !== lookups) {
      const parsed = lookups.parseType(word);
      known = { lookups, type: parsed.kind === 'ok' ? parsed.type : parsed.message };
    }
    return known.type;
  };
}

function keyProblem(type: LookupType, word: Octets, key: Expression | undefined): string | undefined {
  if (!type.isQueryStyle && key === undefined) return `missing {key} for single-key "${word}" lookup`;
  if (type.isQueryStyle && key !== undefined)
    return `a single key was given for lookup type "${word}", which is not a single-key lookup type`;
  return undefined;
}

function find(frame: Frame, type: LookupType, key: Text | undefined, source: Expression, branches: Branches): MaybePromise<Outcome<Text>> {
  return chainOk(source.evaluate(frame), (text) => {
    const query = sliceText(text, skipSpace(text.octets, 0));
    const request = key === undefined ? { type, file: undefined, key: query } : { type, file: text, key };
    return chain(frame.services.lookups.find(request, frame), (outcome) => answer(outcome, branches, frame, request.key.octets));
  });
}

function answer(outcome: Outcome<LookupAnswer>, branches: Branches, frame: Frame, key: Octets): MaybePromise<Outcome<Text>> {
  if (outcome.kind === 'defer') {
    frame.results.searchErrorMessage = outcome.message;
    return { kind: 'defer', message: `lookup of "${key}" gave DEFER: "${outcome.message.replace(/["\\]/g, '\\$&')}"` };
  }
  if (outcome.kind !== 'ok') return outcome;
  const { value: found } = outcome;
  if (found.kind === 'not-found') return takeNotFound(branches, frame);
  return takeFound(branches, found.value, found.captures.length > 0 ? withCaptures(frame, found.captures) : frame);
}
