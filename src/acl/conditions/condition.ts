/** `condition = <string>`: a string that expands to a truth value. */
import { defer, defineAclCondition, ok } from '../../core/index.ts';
import { parseTruth } from '../truth.ts';

export default defineAclCondition({
  name: 'condition',
  summary: 'True for a non-zero number, yes or true; false for zero, no, false and the empty string; anything else defers.',
  spec: 'ch. 44 "ACL conditions"',
  permittedIn: 'all',
  isExpanded: true,
  prepare: () => ({
    test: (argument) => {
      const value = parseTruth(argument.octets);
      return value === undefined ? defer(`invalid "condition" value "${argument.octets}"`) : ok({ value });
    },
  }),
});
