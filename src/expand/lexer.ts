/**
 * The scanner below the parser: literals, escapes, names. Exim's syntax has no tokens that hold everywhere, so the parser asks for
 * what may stand at its place. Spec ch. 11 "Literal text in expanded strings", "Character escape sequences in expanded strings".
 */
import { isSpaceCode, type Octets } from '../base/octets.ts';
import { fail, type NotOk } from '../core/outcome.ts';

const LITERAL = /[^\\$]+/y;
const LITERAL_IN_BRACES = /[^\\$}]+/y;
const LITERAL_WITH_DOLLARS = /[^\\}]+/y;
const QUOTED_LITERAL = /[^\\"]+/y;
const VARIABLE_NAME = /[A-Za-z][A-Za-z0-9_]*/y;
/** An item, operator or variable after `${`. */
const BRACED_NAME = /[A-Za-z0-9][A-Za-z0-9_-]*/y;
const DIGITS = /[0-9]+/y;
const HEADER_NAME = /[!-9;-~]*/y;
const SYMBOL = /==?|[<>]=?/y;
const LOOKUP_TYPE = /[^{\t-\r ]*/y;
const WORD = /[A-Za-z0-9_]+/y;
/** Whatever comes first belongs to it. */
const OPTION = /[^][A-Za-z0-9_]*/y;
const OCTAL = /[0-7]{1,3}/y;
const HEX = /[0-9A-Fa-f]{1,2}/y;

export type Escape = { readonly kind: 'octets'; readonly octets: Octets } | { readonly kind: 'at-end' };

/** A place in the source that moves on. */
export class Cursor {
  readonly source: Octets;
  at: number;

  constructor(source: Octets, at = 0) {
    this.source = source;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return this.at >= this.source.length;
  }

  get rest(): Octets {
    return this.source.slice(this.at);
  }

  peek(): string {
    return this.source.charAt(this.at);
  }

  /** Moves past `char` when it stands here. */
  take(char: string): boolean {
    if (this.source.charAt(this.at) !== char) return false;
    this.at++;
    return true;
  }

  skipSpace(): void {
    while (this.at < this.source.length && isSpaceCode(this.source.charCodeAt(this.at))) this.at++;
  }

  literal(stopsAtBrace: boolean, hasDollars: boolean): Octets {
    return this.#match(hasDollars ? LITERAL_WITH_DOLLARS : stopsAtBrace ? LITERAL_IN_BRACES : LITERAL);
  }

  /** Inside double quotes: up to the next quote or escape. */
  quotedLiteral(): Octets {
    return this.#match(QUOTED_LITERAL);
  }

  /** After `$`: letters, digits and underscores that begin with a letter. */
  variableName(): Octets {
    return this.#match(VARIABLE_NAME);
  }

  bracedName(): Octets {
    return this.#match(BRACED_NAME);
  }

  digits(): Octets {
    return this.#match(DIGITS);
  }

  /** A header's name and the colon behind it, which may be missing before white space. */
  headerName(): { readonly name: Octets; readonly hasColon: boolean } {
    const name = this.#match(HEADER_NAME);
    return { name, hasColon: this.take(':') };
  }

  /** A condition's name or symbol; `''` when there is none. */
  conditionName(): Octets {
    return this.#match(WORD) || this.#match(SYMBOL);
  }

  lookupType(): Octets {
    return this.#match(LOOKUP_TYPE);
  }

  word(): Octets {
    return this.#match(WORD);
  }

  /** Behind the comma of an item's option. */
  option(): Octets {
    return this.#match(OPTION);
  }

  /** After a backslash. `\N…\N` is taken whole, without interpretation. */
  escape(): Escape {
    if (this.isAtEnd) return { kind: 'at-end' };
    const char = this.peek();
    if (char === 'N') return octets(this.#protectedText());
    const octal = this.#match(OCTAL);
    if (octal !== '') return octets(String.fromCharCode(Number.parseInt(octal, 8) & 0xff));
    this.at++;
    if (char === 'x') return octets(String.fromCharCode(Number.parseInt(this.#match(HEX) || '0', 16)));
    return octets(CONTROL.get(char) ?? char);
  }

  #protectedText(): Octets {
    const from = this.at + 1;
    const end = this.source.indexOf('\\N', from);
    this.at = end < 0 ? this.source.length : end + 2;
    return this.source.slice(from, end < 0 ? undefined : end);
  }

  #match(pattern: RegExp): Octets {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.source);
    if (!found) return '';
    this.at += found[0].length;
    return found[0];
  }
}

/** Where a condition should be named and is not. */
export function conditionNameExpected(rest: Octets): NotOk {
  return fail(`condition name expected, but found "${rest.slice(0, 16)}"`);
}

const CONTROL: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

function octets(text: Octets): Escape {
  return { kind: 'octets', octets: text };
}
