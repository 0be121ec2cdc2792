/** `match{subject}{regex}`. Spec ch. 11 "Expansion conditions", ch. 8 "Regular expressions". */
import { defineCondition } from '../../core/define/expansion.ts';
import type { Frame, Judged } from '../../core/frame.ts';
import { type Outcome, ok } from '../../core/outcome.ts';
import type { Text } from '../../core/text.ts';
import { withTwo } from '../branches.ts';
import { judged } from '../judged.ts';
import { captureTexts, regexUser } from '../regex-use.ts';

export default defineCondition({
  name: 'match',
  summary: 'The regular expression matches somewhere in the string; its captures are $1 and so on in the rest of the item.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [
    ['${if match{abc}{b}{y}{n}}', 'y'],
    ['${if match{abc}{^b}{y}{n}}', 'n'],
    ['${if match{a.b@c}{\\N^([^@]+)@(.*)$\\N}{$1|$2}{n}}', 'a.b|c'],
    ['${if match{abc}{(}{y}{n}}', { kind: 'fail', message: 'regular expression error in "(": missing closing parenthesis at offset 1' }],
  ],
  mentions: { string: 1, kind: 'regex' },
  arguments: [{ kind: 'string' }, { kind: 'string' }],
  compile: ([subject, pattern]) => {
    const find = regexUser(pattern);
    const decide = (text: Text, regex: Text, frame: Frame): Outcome<Judged> => {
      const compiled = find(regex.octets, frame);
      if (compiled.kind !== 'ok') return compiled;
      const result = compiled.value.match(text.octets);
      if (result.kind === 'limit') frame.services.log.main(`regular expression "${regex.octets}" gave up: ${result.message}`);
      return result.kind === 'match' ? ok({ value: true, captures: captureTexts(result, text) }) : judged(false);
    };
    return (frame) => withTwo(subject, pattern, frame, (text, regex) => decide(text, regex, frame));
  },
});
