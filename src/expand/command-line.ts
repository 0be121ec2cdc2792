/** Splits a command line into its arguments. Spec ch. 29 "How the command is run". */
import { isSpaceCode, type Octets, skipSpace } from '../base/octets.ts';
import { isTainted, sliceText, type Text, untainted } from '../core/text.ts';
import { readQuoted } from './field.ts';

/**
 * White space separates arguments; one in double quotes may hold escapes, one in single quotes is taken as it is. A quote that is
 * not closed goes to the end. No shell is involved.
 */
export function splitCommandLine(line: Octets): Octets[] {
  return splitCommandText(untainted(line)).map(({ octets }) => octets);
}

function partAt(line: Octets, at: number): { readonly text: Octets; readonly end: number } {
  if (line[at] === '"') return readQuoted(line, at);
  if (line[at] === "'") {
    const close = line.indexOf("'", at + 1);
    return close < 0 ? { text: line.slice(at + 1), end: line.length } : { text: line.slice(at + 1, close), end: close + 1 };
  }
  let end = at;
  while (end < line.length && !isSpaceCode(line.charCodeAt(end))) end++;
  return { text: line.slice(at, end), end };
}

/** The same for a line with tainted parts, which the arguments keep; one with escapes and a tainted part is wholly tainted. */
export function splitCommandText(line: Text): Text[] {
  const parts: Text[] = [];
  let at = skipSpace(line.octets, 0);
  while (at < line.octets.length) {
    const part = partAt(line.octets, at);
    parts.push(withSpans(line, at, part.end, part.text));
    at = skipSpace(line.octets, part.end);
  }
  return parts;
}

function withSpans(line: Text, from: number, end: number, octets: Octets): Text {
  const isQuoted = line.octets[from] === '"' || line.octets[from] === "'";
  const written = sliceText(line, isQuoted ? from + 1 : from, (isQuoted ? from + 1 : from) + octets.length);
  if (written.octets === octets) return written;
  return { octets, taint: isTainted(sliceText(line, from, end)) ? [{ from: 0, to: octets.length }] : [] };
}

/** What a remote party chose cannot end its argument nor begin another. */
export function staysInArguments(line: Text): boolean {
  return line.taint.every(({ from, to }) => !/[\0\t-\r "'\\]/.test(line.octets.slice(from, to)));
}

/** By base name, also with a version (`bash5`, `ksh93`). */
const SHELL = /^(?:r?bash|sh|d?ash|[mp]?d?ksh|zsh|yash|t?csh|fish)(?:-?[0-9][0-9.]*)?$/;
/** They hand the argument of -c to a shell, also behind the user's name. */
const USER_SHELL = /^(?:su|runuser)$/;
/** Options of shells whose value is the next argument. */
const TAKES_ARGUMENT = /^(?:[-+][A-Za-z]*[oO]|--(?:rcfile|init-file))$/;

/**
 * The argument that a shell would run as a script (`sh -c …`, however it is called: `env sh -c`, `nice bash -ec`), or that it reads as an
 * option, when a remote party chose a part of it. No quoting makes that safe. What comes behind the script is data: `sh -c 'echo "$1"' sh $x`.
 */
export function taintedShellText(argv: readonly Text[]): Text | undefined {
  for (const [index, { octets }] of argv.entries()) {
    const name = octets.slice(octets.lastIndexOf('/') + 1);
    const isUserShell = USER_SHELL.test(name);
    if (isUserShell || SHELL.test(name)) {
      const script = taintedScript(argv, index + 1, isUserShell);
      if (script !== undefined) return script;
    }
    const words = name === 'env' ? taintedSplitString(argv, index + 1) : undefined;
    if (words !== undefined) return words;
  }
  return undefined;
}

function taintedScript(argv: readonly Text[], from: number, mayFollowOperand: boolean): Text | undefined {
  let runsText = false;
  for (let i = from; i < argv.length; i++) {
    const word = argv[i];
    if (word === undefined) break;
    const isOption = /^[-+]./.test(word.octets);
    if (isTainted(word) && (isOption || runsText)) return word;
    if (!isOption && (runsText || !mayFollowOperand)) return undefined;
    if (/^(?:-[A-Za-z]*c|--command)/.test(word.octets)) runsText = true;
    else if (TAKES_ARGUMENT.test(word.octets)) i++;
  }
  return undefined;
}

/** `env -S 'a b'`: the argument is a command line. */
function taintedSplitString(argv: readonly Text[], from: number): Text | undefined {
  for (let i = from; argv[i]?.octets.startsWith('-') === true; i++) {
    const word = argv[i];
    const value = word?.octets === '-S' || word?.octets === '--split-string' ? argv[i + 1] : word;
    if (value !== undefined && isTainted(value)) return value;
  }
  return undefined;
}
