/** `bool{string}`. Spec ch. 11 "Expansion conditions". */
import { lowerCase, type Octets, trimSpace } from '../../base/octets.ts';
import { defineCondition } from '../../core/define/expansion.ts';
import type { Judged } from '../../core/frame.ts';
import { chainOk } from '../../core/maybe-promise.ts';
import { fail, type Outcome } from '../../core/outcome.ts';
import { judged } from '../judged.ts';
import { wrapInteger } from '../numbers.ts';

export default defineCondition({
  name: 'bool',
  summary: 'The string is `true`, `yes` or a number that is not zero; false for `false`, `no`, zero and nothing. Others fail.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [
    ['${if bool{ YES }{y}{n}}', 'y'],
    ['${if bool{00}{y}{n}}', 'n'],
    ['${if bool{}{y}{n}}', 'n'],
    ['${if bool{-}{y}{n}}', 'n'],
    ['${if bool{foo}{y}{n}}', { kind: 'fail', message: 'unrecognised boolean value "foo"' }],
  ],
  arguments: [{ kind: 'string' }],
  compile:
    ([value]) =>
    (frame) =>
      chainOk(value.evaluate(frame), (text) => parseBoolean(trimSpace(text.octets))),
});

function parseBoolean(word: Octets): Outcome<Judged> {
  if (/^-?[0-9]+$/.test(word)) return judged(wrapInteger(word) !== 0); // a number of 32 bits
  switch (lowerCase(word)) {
    case 'true':
    case 'yes':
      return judged(true);
    case 'false':
    case 'no':
    case '':
    case '-': // a number without digits
      return judged(false);
    default:
      return fail(`unrecognised boolean value "${word}"`);
  }
}
