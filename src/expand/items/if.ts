/** `${if condition {yes}{no}}`. Spec ch. 11 "Expansion items". */
import { defineItem, type Expression } from '../../core/define/expansion.ts';
import type { Frame, Judged } from '../../core/frame.ts';
import type { MaybePromise } from '../../core/maybe-promise.ts';
import { type Outcome, ok } from '../../core/outcome.ts';
import { type Text, untainted } from '../../core/text.ts';
import { emptyOutcome, failRequested } from '../branches.ts';
import { frameAfter } from '../judged.ts';

const trueOutcome: Outcome<Text> = ok(untainted('true'));

export default defineItem({
  name: 'if',
  summary:
    'The first string when the condition is true, else the second; without strings `true` or nothing. Captures of the condition end with it.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${if eq{a}{a}{yes}{no}}', 'yes'],
    ['${if eq{a}{b}{yes}{no}}', 'no'],
    ['${if eq{a}{b}{yes}}', ''],
    ['${if eq{a}{a}}', 'true'],
    ['${if eq{a}{b}{yes}fail}', { kind: 'forced-fail' }],
    ['${if match{abc}{(b)}{$1}}[$1]', 'b[]'],
    ['${if foo{a}{b}}', { kind: 'fail', message: 'unknown condition "foo"' }],
  ],
  arguments: [{ kind: 'condition' }, { kind: 'branches' }],
  compile: ([condition, { itemName, yes, no, isFail }]) => {
    const whenTrue: Expression['evaluate'] = yes ? yes.evaluate : no ? () => emptyOutcome : () => trueOutcome;
    const failed = failRequested(itemName);
    const whenFalse: Expression['evaluate'] = no ? no.evaluate : isFail ? () => failed : () => emptyOutcome;
    const decide = (outcome: Outcome<Judged>, frame: Frame): MaybePromise<Outcome<Text>> => {
      if (outcome.kind !== 'ok') return outcome;
      const after = frameAfter(frame, outcome.value);
      return outcome.value.value ? whenTrue(after) : whenFalse(after);
    };
    return (frame) => {
      const outcome = condition(frame);
      return outcome instanceof Promise ? outcome.then((settled) => decide(settled, frame)) : decide(outcome, frame);
    };
  },
});
