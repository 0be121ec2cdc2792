/** `=`, `==`, `>`, `>=`, `<`, `<=`. Spec ch. 11 "Expansion conditions". */
import { defineNumberComparison } from '../comparison.ts';

export default [
  defineNumberComparison('=', 'eq', 'The numbers are equal.', [
    ['${if = {10K}{10240}{y}{n}}', 'y'],
    ['${if = {}{0}{y}{n}}', 'y'],
    ['${if = {a}{0}{y}{n}}', { kind: 'fail', message: 'integer expected but "a" found' }],
    ['${if = {5x}{0}{y}{n}}', { kind: 'fail', message: 'invalid integer "5x"' }],
  ]),
  defineNumberComparison('==', 'eq', 'The numbers are equal.', [['${if == {1}{01}{y}{n}}', 'y']]),
  defineNumberComparison('>', 'gt', 'The first number is greater.', [['${if > {1M}{1000K}{y}{n}}', 'y']]),
  defineNumberComparison('>=', 'ge', 'The first number is greater, or they are equal.', [['${if >= {-1}{-1}{y}{n}}', 'y']]),
  defineNumberComparison('<', 'lt', 'The first number is less.', [['${if < {9}{10}{y}{n}}', 'y']]),
  defineNumberComparison('<=', 'le', 'The first number is less, or they are equal.', [['${if <= {11}{10}{y}{n}}', 'n']]),
];
