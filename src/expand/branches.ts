/** Evaluating what items are made of: their strings in order, and the branch that was decided for. Spec ch. 11 "Expansion items". */
import type { Octets } from '../base/octets.ts';
import type { Branches, Expression } from '../core/define/expansion.ts';
import { type Frame, withLocal } from '../core/frame.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import { type NotOk, type Outcome, ok } from '../core/outcome.ts';
import { derived, emptyText, type Text } from '../core/text.ts';

export const emptyOutcome: Outcome<Text> = ok(emptyText);

/** An operation's result: a text, or what is not `ok`. */
export function isNotOk(result: Text | NotOk | undefined): result is NotOk {
  return result !== undefined && 'kind' in result;
}

export function toOutcome(result: Text | NotOk): Outcome<Text> {
  return 'kind' in result ? result : ok(result);
}

export function chainResult(result: MaybePromise<Text | NotOk>): MaybePromise<Outcome<Text>> {
  return result instanceof Promise ? result.then(toOutcome) : toOutcome(result);
}

/** Evaluates all strings from left to right, then goes on with their values. */
export function withTexts<T>(
  expressions: readonly Expression[],
  frame: Frame,
  next: (texts: readonly Text[]) => MaybePromise<Outcome<T>>,
): MaybePromise<Outcome<T>> {
  const texts: Text[] = [];
  for (let i = 0; i < expressions.length; i++) {
    const outcome = expressions[i]?.evaluate(frame) ?? emptyOutcome;
    if (outcome instanceof Promise) return continueTexts(outcome, texts, expressions, i, frame, next);
    if (outcome.kind !== 'ok') return outcome;
    texts.push(outcome.value);
  }
  return next(texts);
}

async function continueTexts<T>(
  pending: Promise<Outcome<Text>>,
  texts: Text[],
  expressions: readonly Expression[],
  index: number,
  frame: Frame,
  next: (texts: readonly Text[]) => MaybePromise<Outcome<T>>,
): Promise<Outcome<T>> {
  let outcome = await pending;
  for (let i = index; ; ) {
    if (outcome.kind !== 'ok') return outcome;
    texts.push(outcome.value);
    i++;
    const expression = expressions[i];
    if (!expression) return next(texts);
    outcome = await expression.evaluate(frame);
  }
}

/** Two strings, without an array for them: conditions are hot. */
export function withTwo<T>(
  first: Expression,
  second: Expression,
  frame: Frame,
  next: (a: Text, b: Text) => MaybePromise<Outcome<T>>,
): MaybePromise<Outcome<T>> {
  const a = first.evaluate(frame);
  if (a instanceof Promise) return a.then((outcome) => (outcome.kind === 'ok' ? withSecond(outcome.value, second, frame, next) : outcome));
  return a.kind === 'ok' ? withSecond(a.value, second, frame, next) : a;
}

function withSecond<T>(
  a: Text,
  second: Expression,
  frame: Frame,
  next: (a: Text, b: Text) => MaybePromise<Outcome<T>>,
): MaybePromise<Outcome<T>> {
  const b = second.evaluate(frame);
  if (b instanceof Promise) return b.then((outcome) => (outcome.kind === 'ok' ? next(a, outcome.value) : outcome));
  return b.kind === 'ok' ? next(a, b.value) : b;
}

/** What a found item stands for: its first string with `$value` set, or the value itself. */
export function takeFound(branches: Branches, value: Text, frame: Frame): MaybePromise<Outcome<Text>> {
  return branches.yes ? branches.yes.evaluate(withLocal(frame, 'value', value)) : ok(value);
}

/** What an item that found nothing stands for. */
export function takeNotFound(branches: Branches, frame: Frame): MaybePromise<Outcome<Text>> {
  if (branches.no) return branches.no.evaluate(frame);
  return branches.isFail ? failRequested(branches.itemName) : emptyOutcome;
}

export function failRequested(itemName: Octets): NotOk {
  return { kind: 'forced-fail', message: `"${itemName}" failed and "fail" requested` };
}

/** An item whose value is a function of its strings. */
export function eager(
  apply: (texts: readonly Text[], frame: Frame) => MaybePromise<Text | NotOk>,
): (args: readonly [readonly Expression[]]) => (frame: Frame) => MaybePromise<Outcome<Text>> {
  return ([expressions]) =>
    (frame) =>
      withTexts(expressions, frame, (texts) => chainResult(apply(texts, frame)));
}

/** The octets that an operation on a text gave, tainted when the text was. */
export function mapText(result: Octets | NotOk, from: Text): Text | NotOk {
  return typeof result === 'string' ? derived(result, from) : result;
}
