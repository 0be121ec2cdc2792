/** `${length{…}…}`. Spec ch. 11 "Expansion items". */
import { defineItem } from '../../core/define/expansion.ts';
import { eager } from '../branches.ts';
import { applyNumbered, initialPart } from '../substring.ts';

export default defineItem({
  name: 'length',
  summary: 'The first octets of a string.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${length{3}{abcdef}}', 'abc'],
    ['${length{9}{abc}}', 'abc'],
    ['${length{-2}{abc}}', { kind: 'fail', message: '"-2" is not a positive number (in "length" expansion)' }],
  ],
  arguments: [{ kind: 'strings', min: 2, max: 2 }],
  compile: eager((texts) => applyNumbered('length', initialPart, texts, false)),
});
