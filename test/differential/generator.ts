/** Makes expansions from the tables of `grammar.ts`: every form with every value of its parts, nested ones, and broken ones. The same seed gives the same ones. */
import { invariant } from '../../src/base/invariant.ts';
import { breakExpansion } from './breakage.ts';
import { changing, conditionForms, itemForms, operatorForms, plainForms, symbols, variableForms, wrongNames } from './grammar.ts';
import type { Random } from './random.ts';

/** Deeper than that no symbol is replaced by something that nests. */
const MAX_DEPTH = 4;
/** Exim reads no longer line at once. */
const MAX_LENGTH = 1000;
const SYMBOL = /<([a-z][a-z0-9_]*)>/g;

export interface Wanted {
  readonly count: number;
  readonly variables: readonly string[];
}

/** At least `count` different ones: first those that go through the tables, then nested and broken ones as many as are missing. */
export function generateExpansions({ count, variables }: Wanted, random: Random): string[] {
  const made = new Set<string>();
  const add = (text: string) => {
    if (isUsable(text)) made.add(text);
  };
  const systematic = [...variableExpansions(variables), ...tableExpansions(random)];
  const kept = Math.floor(count * 0.55);
  for (const text of systematic.length > kept ? random.shuffle(systematic).slice(0, kept) : systematic) add(text);
  const known = [...made];
  while (made.size < count)
    add(
      random.chance(0.5)
        ? nestedExpansion(random)
        : breakExpansion(random.chance(0.6) ? random.pick(known) : nestedExpansion(random), random),
    );
  return [...made];
}

/** A line that `-be` takes as one expansion: no continuation, no macro definition, not too long. */
function isUsable(text: string): boolean {
  return (
    text !== '' &&
    text.length <= MAX_LENGTH &&
    !/[\n\r\0]/.test(text) &&
    !/[\\ \t]$/.test(text) &&
    !/^\s*[A-Z]\w*\s*=/.test(text) &&
    !text.startsWith('@@@')
  );
}

function variableExpansions(variables: readonly string[]): string[] {
  return [...variables, ...wrongNames].flatMap((name) => {
    const whole = changing[name];
    return whole === undefined ? variableForms.map((form) => form.replaceAll('NAME', name)) : [whole, `\${if def:${name}{set}{unset}}`];
  });
}

/** Every form with each alternative of each of its symbols in turn; the other symbols by chance. */
function tableExpansions(random: Random): string[] {
  return allForms().flatMap((form) => {
    const slots = [...form.matchAll(SYMBOL)];
    if (slots.length === 0) return [form];
    return slots.flatMap((slot) =>
      alternatives(slot[1] ?? '').map(
        (value) =>
          fill(form.slice(0, slot.index), random, 2) + fill(value, random, 3) + fill(form.slice(slot.index + slot[0].length), random, 2),
      ),
    );
  });
}

function nestedExpansion(random: Random): string {
  return fill(random.pick(random.pick(families)), random, 0);
}

const itemList = Object.values(itemForms).flat();
const operatorList = Object.values(operatorForms).flat();
const conditionList = Object.values(conditionForms).flat();
const families = [itemList, operatorList, conditionList.map((condition) => `\${if ${condition}<yn>}`), plainForms];

function allForms(): string[] {
  return families.flat();
}

/** Every symbol replaced, those inside what replaces them too. */
function fill(form: string, random: Random, depth: number): string {
  return form.replace(SYMBOL, (_, name: string) => {
    const all = alternatives(name);
    const leaves = all.filter((alternative) => alternative.search(SYMBOL) < 0);
    return fill(random.pick(depth >= MAX_DEPTH && leaves.length > 0 ? leaves : all), random, depth + 1);
  });
}

function alternatives(symbol: string): readonly string[] {
  if (symbol === 'item') return itemList;
  if (symbol === 'operator') return operatorList;
  if (symbol === 'condition') return conditionList;
  const found = symbols[symbol];
  invariant(found !== undefined, `<${symbol}> is in the table of symbols`);
  return found;
}
