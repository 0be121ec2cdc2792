/**
 * Source files as the checks see them: code with comments and texts blanked out, and lists of what was blanked. A lexer,
 * not a parser: TypeScript 7 has no API, and the checks need no more than this.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Finding {
  /** Below the root. */
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

interface Piece {
  readonly at: number;
  readonly text: string;
}

export interface Source {
  /** Below the root, with `/`. */
  readonly file: string;
  readonly text: string;
  /** As long as `text`, with the content of comments, strings and regular expressions replaced by spaces. */
  readonly code: string;
  /** Strings without quotes; of templates the fixed parts. */
  readonly strings: readonly Piece[];
  readonly comments: readonly Piece[];
  readonly regexes: readonly (Piece & { readonly flags: string })[];
  readonly isTest: boolean;
}

/** The TypeScript files below a folder, sorted. */
export function readSources(root: string, folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts') && !name.includes('node_modules'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .sort()
    .map((file) => readSource(file, readFileSync(join(root, file), 'utf8')));
}

export function lineAt(source: Source, at: number): number {
  let line = 1;
  for (let i = source.text.indexOf('\n'); i >= 0 && i < at; i = source.text.indexOf('\n', i + 1)) line++;
  return line;
}

export function readSource(file: string, text: string): Source {
  const lexer = new Lexer(text);
  lexer.run();
  return {
    file,
    text,
    code: lexer.code.join(''),
    strings: lexer.strings,
    comments: lexer.comments,
    regexes: lexer.regexes,
    isTest: file.endsWith('.test.ts'),
  };
}

/** After these a `/` begins a regular expression, after anything else that ends a value it divides. */
const keywordsBeforeRegex = /\b(?:return|typeof|case|in|of|do|else|void|delete|await|yield|new)$/;

class Lexer {
  readonly code: string[] = [];
  readonly strings: Piece[] = [];
  readonly comments: Piece[] = [];
  readonly regexes: (Piece & { flags: string })[] = [];
  readonly #text: string;
  #at = 0;
  /** What precedes, without blanks and comments: enough of it to tell a division from a regular expression. */
  #before = '';

  constructor(text: string) {
    this.#text = text;
  }

  run(): void {
    while (this.#at < this.#text.length) this.#step();
  }

  /** Up to the `}` that ends a template's `${`. */
  #runUntilBrace(): void {
    let depth = 0;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at];
      if (char === '}' && depth === 0) return;
      if (char === '{') depth++;
      if (char === '}') depth--;
      this.#step();
    }
  }

  #step(): void {
    const text = this.#text;
    const char = text[this.#at] ?? '';
    const next = text[this.#at + 1];
    if (char === '/' && next === '/') this.#blank(this.comments, this.#endOf('\n', this.#at), 0);
    else if (char === '/' && next === '*') this.#blank(this.comments, this.#endOf('*/', this.#at + 2) + 2, 0);
    else if (char === "'" || char === '"') this.#string(char);
    else if (char === '`') this.#template();
    else if (char === '/' && this.#mayBeRegex()) this.#regex();
    else {
      this.code.push(char);
      if (char.trim() !== '') this.#before = (this.#before + char).slice(-12);
      else if (/\w$/.test(this.#before)) this.#before += ' ';
      this.#at++;
    }
  }

  #mayBeRegex(): boolean {
    const before = this.#before.trimEnd();
    return before === '' || /[^\w)\]}'"`$]$/.test(before) || keywordsBeforeRegex.test(before);
  }

  #endOf(what: string, from: number): number {
    const at = this.#text.indexOf(what, from);
    return at < 0 ? this.#text.length : at;
  }

  /** Blanks from here to `end`, noting what is between, less `margin` characters on both sides. */
  #blank(list: Piece[], end: number, margin: number): void {
    const piece = this.#text.slice(this.#at, end);
    list.push({ at: this.#at, text: piece.slice(margin, piece.length - margin) });
    this.code.push(piece.replace(/[^\n]/g, ' '));
    this.#at = end;
  }

  #string(quote: string): void {
    let end = this.#at + 1;
    while (end < this.#text.length && this.#text[end] !== quote && this.#text[end] !== '\n') end += this.#text[end] === '\\' ? 2 : 1;
    this.#blank(this.strings, end + 1, 1);
    this.#before = quote;
  }

  #template(): void {
    this.code.push(' ');
    this.#at++;
    for (;;) {
      let end = this.#at;
      while (end < this.#text.length && this.#text[end] !== '`' && !this.#text.startsWith('${', end))
        end += this.#text[end] === '\\' ? 2 : 1;
      this.#blank(this.strings, end, 0);
      if (this.#text[this.#at] !== '$') break;
      this.code.push(' {');
      this.#at += 2;
      this.#before = '{';
      this.#runUntilBrace();
      this.code.push('}');
      this.#at++;
    }
    this.code.push(' ');
    this.#at++;
    this.#before = '`';
  }

  #regex(): void {
    let end = this.#at + 1;
    let isInClass = false;
    while (end < this.#text.length && this.#text[end] !== '\n' && (isInClass || this.#text[end] !== '/')) {
      if (this.#text[end] === '\\') end++;
      else if (this.#text[end] === '[') isInClass = true;
      else if (this.#text[end] === ']') isInClass = false;
      end++;
    }
    const body = this.#text.slice(this.#at + 1, end);
    const flags = /^\/([a-z]*)/.exec(this.#text.slice(end, end + 12))?.[1] ?? '';
    this.regexes.push({ at: this.#at, text: body, flags });
    this.code.push(' '.repeat(body.length + flags.length + 2));
    this.#at = end + 1 + flags.length;
    this.#before = '`';
  }
}
