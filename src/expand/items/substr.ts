/** `${substr{…}…}`. Spec ch. 11 "Expansion items". */
import { defineItem } from '../../core/define/expansion.ts';
import { eager } from '../branches.ts';
import { applyNumbered, substring } from '../substring.ts';

export default defineItem({
  name: 'substr',
  summary: 'A part of a string: start, length, subject. A negative start counts from the end.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${substr{3}{2}{abcdef}}', 'de'],
    ['${substr{-5}{2}{1234567}}', '34'],
    ['${substr{-3}{2}{12}}', '1'],
    ['${substr{-1}{abcde}}', 'abcd'],
    ['${substr{9}{2}{abc}}', ''],
    ['${substr{x}{2}{abc}}', { kind: 'fail', message: '"x" is not a number (in "substr" expansion)' }],
  ],
  arguments: [{ kind: 'strings', min: 2, max: 3 }],
  compile: eager((texts) => applyNumbered('substr', substring, texts, true)),
});
