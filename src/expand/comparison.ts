/** Makes the conditions that compare two strings or numbers: `eq`, `lt`, `>`… Each is also a comparator of `${sort`. */
import { lowerCase, type Octets } from '../base/octets.ts';
import { type ConditionDefinition, defineCondition } from '../core/define/expansion.ts';
import type { ExpansionExample } from '../core/define/operator.ts';
import { chainOk } from '../core/maybe-promise.ts';
import type { NotOk } from '../core/outcome.ts';
import { withTwo } from './branches.ts';
import { judged } from './judged.ts';
import { isFailure, parseInteger } from './numbers.ts';

type Order = (a: number | bigint | Octets, b: number | bigint | Octets) => boolean;

const orders = {
  eq: (a, b) => a === b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
} as const satisfies Record<string, Order>;

export type OrderName = keyof typeof orders;

/** Compares two strings; a failure when they are no numbers and should be. */
export type Comparator = (a: Octets, b: Octets) => boolean | NotOk;

export function compareStrings(order: OrderName, isCaseless: boolean): Comparator {
  const test = orders[order];
  return isCaseless ? (a, b) => test(lowerCase(a), lowerCase(b)) : (a, b) => test(a, b);
}

export function compareNumbers(order: OrderName): Comparator {
  const test = numberOrder(order);
  return (a, b) => {
    const first = parseInteger(a);
    if (isFailure(first)) return first;
    const second = parseInteger(b);
    return isFailure(second) ? second : test(first, second);
  };
}

/** Small and large numbers are of two types, which are never the same. */
function numberOrder(order: OrderName): Order {
  return order === 'eq' ? (a, b) => BigInt(a) === BigInt(b) : orders[order];
}

/** The comparisons by their names in the configuration. */
export const comparators: ReadonlyMap<string, Comparator> = new Map<string, Comparator>([
  ['=', compareNumbers('eq')],
  ['==', compareNumbers('eq')],
  ['>', compareNumbers('gt')],
  ['>=', compareNumbers('ge')],
  ['<', compareNumbers('lt')],
  ['<=', compareNumbers('le')],
  ...(['eq', 'gt', 'ge', 'lt', 'le'] as const).flatMap((order): [string, Comparator][] => [
    [order, compareStrings(order, false)],
    [`${order}i`, compareStrings(order, true)],
  ]),
]);

/** A comparison of strings as a condition of `${if`. */
export function defineStringComparison(
  name: string,
  order: OrderName,
  isCaseless: boolean,
  summary: string,
  examples: readonly ExpansionExample[],
): ConditionDefinition {
  const test = orders[order];
  const fold = isCaseless ? lowerCase : (octets: Octets) => octets;
  return defineCondition({
    name,
    summary,
    spec: 'ch. 11 "Expansion conditions"',
    examples,
    arguments: [{ kind: 'string' }, { kind: 'string' }],
    compile:
      ([first, second]) =>
      (frame) =>
        withTwo(first, second, frame, (a, b) => judged(test(fold(a.octets), fold(b.octets)))),
  });
}

/** A comparison of numbers: the first must be one before the second string is looked at. */
export function defineNumberComparison(
  name: string,
  order: OrderName,
  summary: string,
  examples: readonly ExpansionExample[],
): ConditionDefinition {
  const test = numberOrder(order);
  return defineCondition({
    name,
    summary,
    spec: 'ch. 11 "Expansion conditions"',
    examples,
    arguments: [{ kind: 'string' }, { kind: 'string' }],
    compile:
      ([first, second]) =>
      (frame) =>
        chainOk(first.evaluate(frame), (firstText) => {
          const a = parseInteger(firstText.octets);
          if (isFailure(a)) return a;
          return chainOk(second.evaluate(frame), (secondText) => {
            const b = parseInteger(secondText.octets);
            return isFailure(b) ? b : judged(test(a, b));
          });
        }),
  });
}
