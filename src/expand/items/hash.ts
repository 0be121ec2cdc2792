/** `${hash{…}…}`. Spec ch. 11 "Expansion items". */
import { defineItem } from '../../core/define/expansion.ts';
import { eager } from '../branches.ts';
import { applyNumbered, hashed } from '../substring.ts';

export default defineItem({
  name: 'hash',
  summary: 'A shorter string of letters and digits made from the octets of a string.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${hash{3}{monty}}', 'jmg'],
    ['${hash{5}{monty}}', 'monty'],
    ['${hash{4}{62}{monty python}}', 'fbWx'],
    ['${hash{3}{63}{monty}}', { kind: 'fail', message: 'hash count "63" too big' }],
  ],
  arguments: [{ kind: 'strings', min: 2, max: 3 }],
  compile: eager((texts) => applyNumbered('hash', hashed, texts, true)),
});
