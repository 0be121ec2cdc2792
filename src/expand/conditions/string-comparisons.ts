/** `eq`, `gt`, `ge`, `lt`, `le`, and with `i` without regard to case. Spec ch. 11 "Expansion conditions". */
import { compareStrings, defineComparison } from '../comparison.ts';

export default [
  defineComparison('eq', compareStrings('eq', false), 'The strings are the same.', [
    ['${if eq{a}{a}{y}{n}}', 'y'],
    ['${if eq{a}{A}{y}{n}}', 'n'],
    ['${if eq{a}}', { kind: 'fail', message: 'missing 2nd string in {} after "eq"' }],
  ]),
  defineComparison('eqi', compareStrings('eq', true), 'The strings are the same but for the case of letters.', [['${if eqi{a}{A}{y}{n}}', 'y']]),
  defineComparison('gt', compareStrings('gt', false), 'The first string sorts after the second.', [['${if gt{a}{B}{y}{n}}', 'y']]),
  defineComparison('gti', compareStrings('gt', true), 'As gt, without regard to case.', [['${if gti{a}{B}{y}{n}}', 'n']]),
  defineComparison('ge', compareStrings('ge', false), 'The first string sorts after the second, or they are the same.', [['${if ge{a}{a}{y}{n}}', 'y']]),
  defineComparison('gei', compareStrings('ge', true), 'As ge, without regard to case.', [['${if gei{a}{A}{y}{n}}', 'y']]),
  defineComparison('lt', compareStrings('lt', false), 'The first string sorts before the second.', [['${if lt{9}{10}{y}{n}}', 'n']]),
  defineComparison('lti', compareStrings('lt', true), 'As lt, without regard to case.', [['${if lti{a}{B}{y}{n}}', 'y']]),
  defineComparison('le', compareStrings('le', false), 'The first string sorts before the second, or they are the same.', [['${if le{a}{a}{y}{n}}', 'y']]),
  defineComparison('lei', compareStrings('le', true), 'As le, without regard to case.', [['${if lei{B}{a}{y}{n}}', 'n']]),
];
