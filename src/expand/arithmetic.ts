/** The arithmetic of `${eval:}` and `${eval10:}`: 64-bit integers, C's operators and priorities. Spec ch. 11 "Expansion operators". */
import { isSpaceCode, lowerCase, type Octets } from '../base/octets.ts';
import { fail, type NotOk } from '../core/outcome.ts';

const MAX = (1n << 63n) - 1n;
const MAX_DEPTH = 200;
const SHIFTS: ReadonlyMap<string, bigint> = new Map([
  ['k', 10n],
  ['m', 20n],
  ['g', 30n],
]);

type Operation = (a: bigint, b: bigint) => bigint | string;

/** From the lowest priority to the highest; an operation's problem is a text. */
const LEVELS: readonly ReadonlyMap<string, Operation>[] = [
  new Map([['|', (a: bigint, b: bigint) => a | b]]),
  new Map([['^', (a: bigint, b: bigint) => a ^ b]]),
  new Map([['&', (a: bigint, b: bigint) => a & b]]),
  new Map<string, Operation>([
    ['<<', (a, b) => a << (b & 63n)],
    ['>>', (a, b) => a >> (b & 63n)],
  ]),
  new Map<string, Operation>([
    ['+', (a, b) => (a + b > MAX || a + b < -MAX - 1n ? 'overflow in sum' : a + b)],
    ['-', (a, b) => a - b],
  ]),
  new Map<string, Operation>([
    ['*', (a, b) => a * b],
    ['/', (a, b) => (b === 0n ? 'divide by zero' : a / b)],
    ['%', (a, b) => (b === 0n ? 'modulo by zero' : a % b)],
  ]),
];

/** The value in decimal, or Exim's text. */
export function evaluateArithmetic(source: Octets, isDecimalOnly: boolean): Octets | NotOk {
  const evaluator = new Evaluator(source, isDecimalOnly);
  const value = evaluator.evaluate();
  if (typeof value === 'bigint') return value.toString();
  return fail(`error in expression evaluation: ${value} (after processing "${source.slice(0, evaluator.at)}")`);
}

class Evaluator {
  at = 0;
  readonly #source: Octets;
  readonly #number: RegExp;
  readonly #isDecimalOnly: boolean;
  #depth = 0;

  constructor(source: Octets, isDecimalOnly: boolean) {
    this.#source = source;
    this.#isDecimalOnly = isDecimalOnly;
    this.#number = isDecimalOnly ? /[0-9]+/y : /0[xX][0-9A-Fa-f]*|0[0-7]*|[1-9][0-9]*/y;
  }

  evaluate(): bigint | string {
    const value = this.#level(0);
    if (typeof value === 'bigint' && this.at < this.#source.length) return 'expecting operator';
    return value;
  }

  #level(level: number): bigint | string {
    const operations = LEVELS[level];
    if (!operations) return this.#unary();
    let value = this.#level(level + 1);
    for (;;) {
      if (typeof value === 'string') return value;
      const operation = this.#operation(operations);
      if (!operation) return value;
      const right = this.#level(level + 1);
      if (typeof right === 'string') return right;
      const result = operation(value, right);
      value = typeof result === 'bigint' ? BigInt.asIntN(64, result) : result;
    }
  }

  #operation(operations: ReadonlyMap<string, Operation>): Operation | undefined {
    for (const [symbol, operation] of operations) {
      if (!this.#source.startsWith(symbol, this.at)) continue;
      this.at += symbol.length;
      return operation;
    }
    return undefined;
  }

  #unary(): bigint | string {
    this.#skipSpace();
    const char = this.#source.charAt(this.at);
    if (char === '-' || char === '+' || char === '~') return this.#prefixed(char);
    if (char === '(') return this.#parenthesis();
    return this.#readNumber();
  }

  #prefixed(sign: string): bigint | string {
    if (++this.#depth > MAX_DEPTH) return 'expression is nested too deeply';
    this.at++;
    const value = this.#unary();
    this.#depth--;
    if (typeof value === 'string' || sign === '+') return value;
    return BigInt.asIntN(64, sign === '-' ? -value : ~value);
  }

  #parenthesis(): bigint | string {
    if (++this.#depth > MAX_DEPTH) return 'expression is nested too deeply';
    this.at++;
    const value = this.#level(0);
    this.#depth--;
    if (typeof value === 'string') return value;
    if (this.#source.charAt(this.at) !== ')') return 'expecting closing parenthesis';
    this.at++;
    this.#skipSpace();
    return value;
  }

  #readNumber(): bigint | string {
    this.#number.lastIndex = this.at;
    const found = this.#number.exec(this.#source);
    if (!found) return 'expecting number or opening parenthesis';
    this.at += found[0].length;
    const shift = SHIFTS.get(lowerCase(this.#source.charAt(this.at)));
    if (shift !== undefined) this.at++;
    this.#skipSpace();
    return BigInt.asIntN(64, numberValue(found[0], this.#isDecimalOnly) << (shift ?? 0n));
  }

  #skipSpace(): void {
    while (this.at < this.#source.length && isSpaceCode(this.#source.charCodeAt(this.at))) this.at++;
  }
}

/** C's strtoll with base 0 or 10: too large a number is the largest. */
function numberValue(digits: Octets, isDecimalOnly: boolean): bigint {
  let value: bigint;
  if (/^0[xX]/.test(digits)) value = digits.length === 2 ? 0n : BigInt(digits);
  else value = !isDecimalOnly && digits.startsWith('0') && digits.length > 1 ? BigInt(`0o${digits.slice(1)}`) : BigInt(digits);
  return value > MAX ? MAX : value;
}
