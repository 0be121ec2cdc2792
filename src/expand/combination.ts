/** Conditions made of others: `and`, `or`, `forany`, `forall`. What one captures, the next sees. Spec ch. 11 "Combining expansion conditions". */
import type { Expression } from '../core/define/expansion.ts';
import { type CompiledCondition, type Frame, type Judged, withLocal } from '../core/frame.ts';
import { chainOk, type MaybePromise } from '../core/maybe-promise.ts';
import { type NotOk, type Outcome, ok } from '../core/outcome.ts';
import type { Text } from '../core/text.ts';
import { isNotOk } from './branches.ts';
import { frameAfter, judged } from './judged.ts';

/** True for `or`, false for `and`: the value of a condition after which no more are evaluated. */
export function combine(conditions: readonly CompiledCondition[], stopsAt: boolean): CompiledCondition {
  return (frame) => {
    let state: State = { frame, last: undefined };
    for (let i = 0; i < conditions.length; i++) {
      const outcome = conditions[i]?.(state.frame) ?? judged(!stopsAt);
      if (outcome instanceof Promise) return continueCombination(outcome, conditions, i, state, stopsAt);
      if (outcome.kind !== 'ok') return outcome;
      if (outcome.value.value === stopsAt) return merge(state, outcome.value);
      state = advance(state, outcome.value);
    }
    return state.last === undefined ? judged(!stopsAt) : ok({ ...state.last, value: !stopsAt });
  };
}

/** What the conditions so far leave: the frame for the next, and captures for the rest of the item. */
interface State {
  readonly frame: Frame;
  readonly last: Judged | undefined;
}

function advance(state: State, result: Judged): State {
  if (result.captures === undefined && result.found === undefined) return state;
  return { frame: frameAfter(state.frame, result), last: { ...state.last, ...result } };
}

function merge(state: State, result: Judged): Outcome<Judged> {
  if (state.last === undefined) return result.captures === undefined && result.found === undefined ? judged(result.value) : ok(result);
  return ok({ ...state.last, ...result });
}

async function continueCombination(
  pending: Promise<Outcome<Judged>>,
  conditions: readonly CompiledCondition[],
  index: number,
  before: State,
  stopsAt: boolean,
): Promise<Outcome<Judged>> {
  let outcome = await pending;
  let state = before;
  for (let i = index; ; ) {
    if (outcome.kind !== 'ok') return outcome;
    if (outcome.value.value === stopsAt) return merge(state, outcome.value);
    state = advance(state, outcome.value);
    i++;
    const condition = conditions[i];
    if (!condition) return state.last === undefined ? judged(!stopsAt) : ok({ ...state.last, value: !stopsAt });
    outcome = await condition(state.frame);
  }
}

/** The condition for each item of a list, which is `$item`, until one has the value that decides: true for `forany`, false for `forall`. */
export function quantify(
  list: Expression,
  condition: CompiledCondition,
  itemsOf: (list: Text) => Outcome<readonly (Text | NotOk)[]>,
  stopsAt: boolean,
): CompiledCondition {
  return (frame) => chainOk(list.evaluate(frame), (text) => chainOk(itemsOf(text), (items) => testItems(items, condition, frame, stopsAt)));
}

/** Of an empty list both are false, as in Exim. */
function testItems(
  items: readonly (Text | NotOk)[],
  condition: CompiledCondition,
  frame: Frame,
  stopsAt: boolean,
): MaybePromise<Outcome<Judged>> {
  if (items.length === 0) return judged(false);
  const conditions = items.map(
    (item): CompiledCondition =>
      (state) =>
        isNotOk(item) ? item : condition(withLocal(state, 'item', item)),
  );
  return combine(conditions, stopsAt)(frame);
}
