/**
 * Structured fields of MIME headers: a value and parameters behind semicolons, as mail programs write them and as Exim reads them.
 * RFC 2045 s5.1, RFC 2231 s3, s4, RFC 2047; Spec ch. 45 "Scanning MIME parts".
 */
import { lowerCase, type Octets, trimEnd, trimStart } from '../../base/octets.ts';
import { decodeEncodedWords } from '../header.ts';

export interface StructuredField {
  /** Without white space and comments, in lower case. */
  readonly value: Octets;
  /** By their names in lower case, all that there are of a name; RFC 2231 is undone. Empty ones are left out. */
  readonly parameters: ReadonlyMap<Octets, readonly Octets[]>;
}

/** `text`: what follows the colon, with its folds. `checksLength`: option `check_rfc2047_length`. */
export function parseStructuredField(text: Octets, checksLength: boolean): StructuredField {
  const whole = text.replace(/\r?\n[ \t]*/g, '');
  const end = endOfValue(whole);
  const written = new Map<Octets, Piece[][]>();
  for (const parameter of splitParameters(whole.slice(end + 1))) addPiece(written, parameter);
  const parameters = new Map<Octets, readonly Octets[]>();
  for (const [name, values] of written) {
    const joined = values.map((pieces) => joinPieces(pieces, checksLength)).filter((value) => value !== '');
    if (joined.length > 0) parameters.set(name, joined);
  }
  return { value: bareValue(whole.slice(0, end)), parameters };
}

/** Comments and white space go, as far as there is no `=`, behind which white space may belong to something. */
function bareValue(written: Octets): Octets {
  const text = withoutComments(written);
  const equals = text.indexOf('=');
  const head = equals < 0 ? text : text.slice(0, equals);
  const tail = equals < 0 ? '' : trimEnd(dropControls(text.slice(equals)));
  return lowerCase(bareWord(head) + tail);
}

function bareWord(text: Octets): Octets {
  return withoutComments(text).replace(/[\0- ]+/g, '');
}

/** Comments may be nested; one that is not closed is none. */
function withoutComments(text: Octets): Octets {
  if (!text.includes('(')) return text;
  const kept: Octets[] = [];
  const open: number[] = [];
  for (const [token] of text.matchAll(/[()]|[^()]+/g)) {
    const start = token === ')' ? open.pop() : undefined;
    if (start !== undefined) kept.length = start;
    else {
      if (token === '(') open.push(kept.length);
      kept.push(token);
    }
  }
  return kept.join('');
}

/** All but the space. */
function dropControls(text: Octets): Octets {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what goes
  return text.replace(/[\0-\x1f]+/g, '');
}

/** The first semicolon that is in no comment, or the end. */
function endOfValue(text: Octets): number {
  let depth = 0;
  let first = -1;
  for (const { 0: octet, index } of text.matchAll(/[();]/g)) {
    if (octet === '(') depth++;
    else if (octet === ')') depth = Math.max(0, depth - 1);
    else if (depth === 0) return index;
    else if (first < 0) first = index;
  }
  // a comment that is not closed would hide what follows
  if (depth > 0 && first >= 0) return first;
  return text.length;
}

interface WrittenParameter {
  readonly name: Octets;
  readonly value: Octets;
}

/** `name=value` behind each other; quotes may stand anywhere in a value. One that is not closed reaches to the end. */
function* splitParameters(text: Octets): Generator<WrittenParameter> {
  let equals = -1;
  for (let at = endOfComment(text, 0); at < text.length; at = endOfComment(text, at)) {
    if (equals < at) equals = text.indexOf('=', at);
    const next = text.indexOf(';', at);
    if (equals < 0) return;
    if (next >= 0 && next < equals) {
      at = next + 1;
      continue;
    }
    const name = lowerCase(bareWord(text.slice(at, equals)));
    const read = readValue(text, equals + 1);
    at = read.end + 1;
    yield { name, value: read.value };
  }
}

/** A comment before a name could have an equals sign in it. */
function endOfComment(text: Octets, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t') at++;
  const end = text[at] === '(' ? text.indexOf(')', at) : -1;
  return end < 0 ? from : end + 1;
}

/** Quotes go; in them `\"` and `\\` stand for the second octet. White space around a value that is not quoted goes. */
function readValue(text: Octets, from: number): { readonly value: Octets; readonly end: number } {
  let value = '';
  /** What is in quotes keeps its white space. */
  let kept = 0;
  let isQuoted = false;
  let at = from;
  while (at < text.length) {
    const stop = nextOf(text, at, '"', isQuoted ? '\\' : ';');
    value += dropControls(text.slice(at, stop));
    if (isQuoted) kept = value.length;
    else if (kept === 0) value = trimStart(value);
    const octet = text[stop];
    at = stop + 1;
    if (octet === ';' || octet === undefined) return { value: value.slice(0, kept) + trimEnd(value.slice(kept)), end: stop };
    if (octet === '"') isQuoted = !isQuoted;
    else {
      const escaped = text[at];
      const isPair = escaped === '"' || escaped === '\\';
      value += isPair ? escaped : octet;
      kept = value.length;
      if (isPair) at++;
    }
  }
  return { value: value.slice(0, kept) + trimEnd(value.slice(kept)), end: text.length };
}

/** The first of two octets. */
function nextOf(text: Octets, from: number, one: Octets, other: Octets): number {
  let at = from;
  while (at < text.length && text[at] !== one && text[at] !== other) at++;
  return at;
}

/** One of a parameter that may have several, RFC 2231 s3. */
interface Piece {
  readonly value: Octets;
  /** Undefined: the parameter is not in pieces. */
  readonly index: number | undefined;
  /** It has percent signs, and the first of them a charset and a language before it. */
  readonly isExtended: boolean;
}

/** A piece goes to those of its name that came before; anything else is a value of its own. */
function addPiece(written: Map<Octets, Piece[][]>, { name, value }: WrittenParameter): void {
  const numbered = /^(.+?)(?:\*([0-9]{1,4}))?(\*)?$/.exec(name);
  const base = numbered?.[1] ?? name;
  const index = numbered?.[2] === undefined ? undefined : Number.parseInt(numbered[2], 10);
  const piece: Piece = { value, index, isExtended: numbered?.[3] !== undefined };
  const values = written.get(base) ?? [];
  const last = values.at(-1);
  if (index !== undefined && last?.[0]?.index !== undefined) last.push(piece);
  else values.push([piece]);
  written.set(base, values);
}

function joinPieces(pieces: readonly Piece[], checksLength: boolean): Octets {
  const sorted = pieces.toSorted((a, b) => (a.index ?? 0) - (b.index ?? 0));
  const joined = sorted.map(({ value, isExtended }, at) => (isExtended ? decodeExtended(value, at === 0) : value)).join('');
  return sorted.some(({ isExtended }) => isExtended) ? joined : decodeWords(joined, checksLength);
}

/** `utf-8'en'%C3%A4`: octets are left in their charset, as Exim does. A NUL becomes a space. */
function decodeExtended(value: Octets, isFirst: boolean): Octets {
  const text = isFirst ? value.replace(/^[^']*'[^']*'/, '') : value;
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => octetOf(Number.parseInt(hex, 16)));
}

/** Not meant to be in parameters, but everywhere. Spaces in them, which are not allowed, are taken for what they are meant to be. */
function decodeWords(text: Octets, checksLength: boolean): Octets {
  if (!text.includes('=?')) return text;
  const words = text.replace(/=\?[^? ]+\?[Qq]\?[^?]*\?=/g, (word) => word.replaceAll(' ', '_'));
  return decodeEncodedWords(words, { charset: undefined, checkLength: checksLength }).replaceAll('\0', ' ');
}

function octetOf(code: number): Octets {
  return code === 0 ? ' ' : String.fromCharCode(code);
}
