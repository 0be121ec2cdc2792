/** Parts of strings: items and operators `substr`, `length`, `hash`, `nhash` share them. Spec ch. 11 "Expansion items". */
import type { Octets } from '../base/octets.ts';
import { fail, type NotOk } from '../core/outcome.ts';
import { derived, sliceText, type Text } from '../core/text.ts';
import { wrapDigits, wrapInteger } from './numbers.ts';
import { defaultHashLimit, numericHash, textHash } from './text-hash.ts';

/** A function of two numbers, the second optional, and a text. */
export type NumberedFunction = (text: Text, first: number, second: number | undefined) => Text | NotOk;

/** `length` undefined: the rest, or all before a negative start. */
export const substring: NumberedFunction = (text, start, length) => {
  const size = text.octets.length;
  if (start >= 0) return sliceText(text, Math.min(start, size), length === undefined ? size : Math.min(start + length, size));
  if (length === undefined) return sliceText(text, 0, Math.max(0, size + start));
  const from = size + start;
  return sliceText(text, Math.max(0, from), Math.max(0, Math.min(from + length, size)));
};

export const initialPart: NumberedFunction = (text, length) =>
  sliceText(text, 0, length < 0 ? undefined : Math.min(length, text.octets.length));

export const hashed: NumberedFunction = (text, length, limit = defaultHashLimit) => toText(textHash(text.octets, length, limit), text);

export const numericallyHashed: NumberedFunction = (text, first, second) => toText(numericHash(text.octets, first, second), text);

function toText(result: Octets | NotOk, from: Text): Text | NotOk {
  return typeof result === 'string' ? derived(result, from) : result;
}

/** How the arguments of an item are read: `length` takes no negative number, the second number never is negative. */
export function applyNumbered(name: string, apply: NumberedFunction, texts: readonly Text[], allowsNegative: boolean): Text | NotOk {
  const text = texts.at(-1);
  const [first, second] = texts;
  if (text === undefined || first === undefined) return fail(`Not enough arguments for '${name}' (min is 2)`);
  const from = readNumber(first.octets, name, allowsNegative);
  if (typeof from !== 'number') return from;
  if (second === undefined || texts.length < 3) return apply(text, from, undefined);
  const to = readNumber(second.octets, name, false);
  return typeof to === 'number' ? apply(text, from, to) : to;
}

function readNumber(octets: Octets, name: string, allowsNegative: boolean): number | NotOk {
  if (octets === '') return 0;
  const number = /^[\t-\r ]*[+-]?[0-9]+$/.test(octets) ? wrapInteger(octets) : undefined;
  if (number !== undefined && (allowsNegative || number >= 0)) return number;
  return fail(`"${octets}" is not a ${allowsNegative ? '' : 'positive '}number (in "${name}" expansion)`);
}

/** The numbers after an operator's underscore: `substr_-1_2`. */
export function applySuffixed(
  name: string,
  apply: NumberedFunction,
  text: Text,
  suffix: Octets,
  most: 1 | 2,
  allowsNegative: boolean,
): Text | NotOk {
  const match = /^(?:(-?[0-9]+)(?:_([0-9]+))?|-?)$/.exec(suffix);
  const [, first = '', second] = match ?? [];
  if (!match || (!allowsNegative && first.startsWith('-')) || (second !== undefined && most === 1))
    return fail(`non-digit after underscore in "${name}_${suffix}"`);
  const length = second === undefined ? undefined : wrapDigits(second);
  // More than an int holds is negative, which is as good as no length
  return apply(text, wrapDigits(first), length !== undefined && length < 0 ? undefined : length);
}
