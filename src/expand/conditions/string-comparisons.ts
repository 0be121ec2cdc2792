/** `eq`, `gt`, `ge`, `lt`, `le`, and with `i` without regard to case. Spec ch. 11 "Expansion conditions". */
import { defineStringComparison } from '../comparison.ts';

export default [
  defineStringComparison('eq', 'eq', false, 'The strings are the same.', [
    ['${if eq{a}{a}{y}{n}}', 'y'],
    ['${if eq{a}{A}{y}{n}}', 'n'],
    ['${if eq{a}}', { kind: 'fail', message: 'missing 2nd string in {} after "eq"' }],
  ]),
  defineStringComparison('eqi', 'eq', true, 'The strings are the same but for the case of letters.', [['${if eqi{a}{A}{y}{n}}', 'y']]),
  defineStringComparison('gt', 'gt', false, 'The first string sorts after the second.', [['${if gt{a}{B}{y}{n}}', 'y']]),
  defineStringComparison('gti', 'gt', true, 'As gt, without regard to case.', [['${if gti{a}{B}{y}{n}}', 'n']]),
  defineStringComparison('ge', 'ge', false, 'The first string sorts after the second, or they are the same.', [
    ['${if ge{a}{a}{y}{n}}', 'y'],
  ]),
  defineStringComparison('gei', 'ge', true, 'As ge, without regard to case.', [['${if gei{a}{A}{y}{n}}', 'y']]),
  defineStringComparison('lt', 'lt', false, 'The first string sorts before the second.', [['${if lt{9}{10}{y}{n}}', 'n']]),
  defineStringComparison('lti', 'lt', true, 'As lt, without regard to case.', [['${if lti{a}{B}{y}{n}}', 'y']]),
  defineStringComparison('le', 'le', false, 'The first string sorts before the second, or they are the same.', [
    ['${if le{a}{a}{y}{n}}', 'y'],
  ]),
  defineStringComparison('lei', 'le', true, 'As le, without regard to case.', [['${if lei{B}{a}{y}{n}}', 'n']]),
];
