/**
 * The text format that lsearch and its relatives read: `key: data` lines, continued by lines that begin with white space.
 * Spec ch. 9 "Single-key lookup types", lsearch; ch. 6 "The quoted strings" for quoted keys.
 */
import type { Octets } from '../base/octets.ts';
import { isSpaceCode, octetsFromBytes, skipSpace, trimEnd } from '../base/octets.ts';
import type { LookupHandle } from '../core/define/lookup.ts';
import type { Frame } from '../core/frame.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import { chain, chainOk } from '../core/maybe-promise.ts';
import type { Outcome } from '../core/outcome.ts';
import { fail, ok } from '../core/outcome.ts';
import type { SystemResult } from '../core/ports.ts';

const hash = 0x23;
const colon = 0x3a;
const quote = 0x22;
/** Up to this size a file is read at once, a bigger one in the thread pool (DESIGN 5). */
const synchronousReadBytes = 64 << 10;

/** One entry, by place: its data is cut out of the text only when it is wanted. */
export interface KeyLine {
  /** Without quotes, escapes resolved. */
  readonly key: Octets;
  /** Where the rest of the line begins, before white space and colon. */
  readonly restFrom: number;
}

/** The entries in file order. */
export function* keyLines(text: Octets): Generator<KeyLine> {
  for (let from = 0; from < text.length; ) {
    const newlineAt = text.indexOf('\n', from);
    const end = newlineAt < 0 ? text.length : newlineAt;
    const code = text.charCodeAt(from);
    if (code === quote) yield readQuotedKey(text, from, end);
    else if (end > from && code !== hash && !isSpaceCode(code)) yield readPlainKey(text, from, end);
    from = end + 1;
  }
}

function readPlainKey(text: Octets, from: number, end: number): KeyLine {
  let to = from;
  while (to < end && !isKeyEnd(text.charCodeAt(to))) to++;
  return { key: text.slice(from, to), restFrom: to };
}

function isKeyEnd(code: number): boolean {
  return code === colon || isSpaceCode(code);
}

function readQuotedKey(text: Octets, from: number, end: number): KeyLine {
  let key = '';
  let at = from + 1;
  while (at < end && text.charCodeAt(at) !== quote) {
    if (text[at] !== '\\') {
      key += text[at++];
      continue;
    }
    const escaped = readEscape(text.slice(at, end));
    key += escaped.octets;
    at += escaped.length;
  }
  return { key, restFrom: Math.min(at + 1, end) };
}

const namedEscapes: ReadonlyMap<string, Octets> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['f', '\f'],
  ['v', '\v'],
]);

/** `text` begins with the backslash. */
function readEscape(text: Octets): { readonly octets: Octets; readonly length: number } {
  const numeric = /^\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3}))/.exec(text);
  if (numeric) {
    const [all, hex, octal = ''] = numeric;
    const code = hex === undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex, 16);
    return { octets: String.fromCharCode(code & 0xff), length: all.length };
  }
  const next = text[1];
  if (next === undefined) return { octets: '\\', length: 1 };
  return { octets: namedEscapes.get(next) ?? next, length: 2 };
}

/** The data of an entry: leading and trailing white space gone, continuation lines joined with one space. */
export function dataAt(text: Octets, restFrom: number): Octets {
  return gather(text, restFrom, true);
}

/** The whole entry for `ret=full`: the key without quotes, and everything after it. */
export function fullEntry(text: Octets, line: KeyLine): Octets {
  return line.key + gather(text, line.restFrom, false);
}

function gather(text: Octets, restFrom: number, skipsColon: boolean): Octets {
  let end = lineEnd(text, restFrom);
  let from = restFrom;
  if (skipsColon) {
    from = Math.min(skipSpace(text, from), end);
    if (from < end && text.charCodeAt(from) === colon) from = Math.min(skipSpace(text, from + 1), end);
  }
  let data = trimEnd(text.slice(from, end));
  while (end + 1 < text.length) {
    const start = end + 1;
    end = lineEnd(text, start);
    const code = text.charCodeAt(start);
    if (start === end || code === hash) continue;
    if (!isSpaceCode(code)) break;
    const at = skipSpace(text, start);
    if (at < end) data += ` ${trimEnd(text.slice(at, end))}`;
  }
  return data;
}

function lineEnd(text: Octets, from: number): number {
  const at = text.indexOf('\n', from);
  return at < 0 ? text.length : at;
}

/** Opens a file for one of the linear searches, which all call themselves lsearch then. `make` gets the whole text. */
export function openLinear(file: Octets, frame: Frame, make: (text: Octets) => LookupHandle): MaybePromise<Outcome<LookupHandle>> {
  return chainOk(readLookupFile('lsearch', file, 'linear search', frame), (text) => ok(make(text)));
}

/** A longer text is no string for V8 (`buffer.constants.MAX_STRING_LENGTH`). */
const MAX_TEXT_BYTES = 2 ** 29 - 24;

/** The content of a lookup's file; the failures have Exim's texts. */
export function readLookupFile(typeName: string, file: Octets, purpose: string, frame: Frame): MaybePromise<Outcome<Octets>> {
  const { files } = frame.services;
  const facts = files.stat(file);
  if (facts.kind !== 'ok') return fail(openFailure(file, purpose, facts.errno, facts.reason, frame));
  if (facts.value.type !== 'file') return fail(`${file} is not a regular file (${typeName} lookup)`);
  const content: MaybePromise<SystemResult<Buffer>> =
    facts.value.sizeBytes > synchronousReadBytes ? files.readFileAsync(file, MAX_TEXT_BYTES) : files.readFile(file, MAX_TEXT_BYTES);
  return chain(content, (read) =>
    read.kind === 'ok' ? ok(octetsFromBytes(read.value)) : fail(openFailure(file, purpose, read.errno, read.reason, frame)),
  );
}

/** Exim's `failed to open … for …`: who was refused is said too. */
export function openFailure(file: Octets, purpose: string, errno: string, reason: string, frame: Frame): string {
  const { machine } = frame.services;
  const who = errno === 'EACCES' ? ` (euid=${machine.effectiveUid()} egid=${machine.effectiveGid()})` : '';
  return `failed to open ${file} for ${purpose}: ${reason}${who}`;
}
