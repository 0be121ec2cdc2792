/** `${nhash{…}…}`. Spec ch. 11 "Expansion items". */
import { defineItem } from '../../core/define/expansion.ts';
import { eager } from '../branches.ts';
import { applyNumbered, numericallyHashed } from '../substring.ts';

export default defineItem({
  name: 'nhash',
  summary: 'One number, or two with a slash between, made from the octets of a string.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${nhash{8}{64}{supercalifragilisticexpialidocious}}', '6/33'],
    ['${nhash{x}{abc}}', { kind: 'fail', message: '"x" is not a number (in "nhash" expansion)' }],
  ],
  arguments: [{ kind: 'strings', min: 2, max: 3 }],
  compile: eager((texts) => applyNumbered('nhash', numericallyHashed, texts, true)),
});
