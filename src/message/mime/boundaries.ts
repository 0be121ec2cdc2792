/** The boundaries of the multiparts that are open, and the lines that are such. RFC 2046 s5.1.1. */
import { type Octets, octetsFromBytes, trimEnd } from '../../base/octets.ts';
import type { Window } from './source.ts';

/** A line that begins with a boundary. */
export interface BoundaryLine extends BoundaryMatch {
  /** Where it begins, and what follows it. */
  readonly from: number;
  readonly to: number;
}

export interface BoundaryMatch {
  readonly boundary: Octets;
  /** Of the multipart: 0 is the outermost. */
  readonly level: number;
  readonly isClosing: boolean;
}

/** Longer ones are no boundaries (RFC 2046 allows 70). */
export const MAX_BOUNDARY = 4000;

/**
 * A line that begins with the boundary of the innermost multipart is a boundary line, whatever follows, as in Exim. Those of the multiparts
 * around it count too, so that one that is never closed hides nothing (RFC 2046 s5.1.2); with more behind them they are no boundaries.
 * A multipart that gives several has all of them, and ends when all are closed.
 */
export class OpenBoundaries {
  readonly #levels: Octets[][] = [];
  /** The innermost level of each text. */
  readonly #byText = new Map<Octets, number>();

  get depth(): number {
    return this.#levels.length;
  }

  open(boundaries: readonly Octets[]): void {
    for (const boundary of boundaries) this.#byText.set(boundary, this.#levels.length);
    this.#levels.push([...boundaries]);
  }

  /** Multiparts in that of the line are over, and with a closing line, its own. */
  pass({ level, boundary, isClosing }: BoundaryMatch): void {
    while (this.#levels.length > level + 1) for (const open of this.#levels.pop() ?? []) this.#forget(open);
    const open = this.#levels[level];
    if (!isClosing || open === undefined) return;
    const left = open.filter((other) => other !== boundary);
    if (left.length === 0) this.#levels.pop();
    else this.#levels[level] = left;
    this.#forget(boundary);
  }

  #forget(boundary: Octets): void {
    const outer = this.#levels.findLastIndex((texts) => texts.includes(boundary));
    if (outer < 0) this.#byText.delete(boundary);
    else this.#byText.set(boundary, outer);
  }

  /** `line`: without its line end, from behind the two dashes; it may be cut at {@link LINE_HEAD}. */
  match(line: Octets): BoundaryMatch | undefined {
    const level = this.#levels.length - 1;
    const own = this.#levels[level];
    if (own === undefined) return undefined;
    const exact = this.#exact(line);
    if (exact !== undefined) return exact;
    const boundary = own.find((text) => line.startsWith(text));
    return boundary === undefined ? undefined : { boundary, level, isClosing: line.startsWith('--', boundary.length) };
  }

  #exact(line: Octets): BoundaryMatch | undefined {
    const text = trimEnd(line);
    return this.#known(text, false) ?? this.#known(line, false) ?? (text.endsWith('--') ? this.#known(text.slice(0, -2), true) : undefined);
  }

  #known(boundary: Octets, isClosing: boolean): BoundaryMatch | undefined {
    const level = this.#byText.get(boundary);
    return level === undefined ? undefined : { boundary, level, isClosing };
  }
}

/** So much of a line is looked at: a boundary, dashes, white space. */
const LINE_HEAD = MAX_BOUNDARY + 96;
const LF = 0x0a;
const DASH = 0x2d;

/** A line without its line end. */
export function isBoundaryLine(line: Octets, boundaries: OpenBoundaries): boolean {
  return line.startsWith('--') && boundaries.match(line.slice(2, LINE_HEAD)) !== undefined;
}

/** The first boundary line from a line's beginning on. */
export async function findBoundaryLine(window: Window, lineStart: number, boundaries: OpenBoundaries): Promise<BoundaryLine | undefined> {
  for await (const { line } of piecesBefore(window, lineStart, boundaries)) if (line !== undefined) return line;
  return undefined;
}

/** What stands before the next boundary line, or to the end, piece by piece. */
export async function* octetsBefore(window: Window, lineStart: number, boundaries: OpenBoundaries): AsyncGenerator<Buffer> {
  for await (const { octets } of piecesBefore(window, lineStart, boundaries)) if (octets.length > 0) yield octets;
}

interface BodyPiece {
  readonly octets: Buffer;
  /** Which follows it. */
  readonly line?: BoundaryLine | undefined;
}

async function* piecesBefore(window: Window, lineStart: number, boundaries: OpenBoundaries): AsyncGenerator<BodyPiece> {
  let from = lineStart;
  let isLineStart = true;
  for (;;) {
    const bytes = await window.at(from, LINE_HEAD);
    if (bytes.length === 0) return;
    const scanned = scanLines(bytes, isLineStart, boundaries);
    const octets = bytes.subarray(0, scanned.end);
    from += scanned.end;
    if (scanned.match !== undefined) {
      yield { octets, line: { ...scanned.match, from, to: await endOfLine(window, from) } };
      return;
    }
    isLineStart = octets[octets.length - 1] === LF;
    yield { octets };
  }
}

interface Scanned {
  /** How far it is no boundary line. */
  readonly end: number;
  /** What begins there. */
  readonly match?: BoundaryMatch | undefined;
}

/** Looks at the lines that begin with dashes. One at the end of which not enough is there ends the piece before it. */
function scanLines(bytes: Buffer, isLineStart: boolean, boundaries: OpenBoundaries): Scanned {
  if (boundaries.depth === 0) return { end: bytes.length };
  for (let at = isLineStart ? 0 : nextDashLine(bytes, 0); at < bytes.length; at = nextDashLine(bytes, at)) {
    if (bytes[at] !== DASH) continue;
    const isWhole = bytes.length - at >= LINE_HEAD || bytes.indexOf(LF, at) >= 0;
    if (!isWhole && at > 0) return { end: at };
    const match = bytes[at + 1] === DASH ? boundaries.match(lineHead(bytes, at + 2)) : undefined;
    if (match !== undefined) return { end: at, match };
  }
  return { end: bytes.length };
}

/** Where the next line begins that begins with a dash. */
function nextDashLine(bytes: Buffer, from: number): number {
  const at = bytes.indexOf('\n-', from, 'latin1');
  return at < 0 ? bytes.length : at + 1;
}

function lineHead(bytes: Buffer, from: number): Octets {
  const end = bytes.indexOf(LF, from);
  return octetsFromBytes(bytes.subarray(from, Math.min(end < 0 ? bytes.length : end, from + LINE_HEAD)));
}

/** Where the next line begins. */
export async function endOfLine(window: Window, from: number): Promise<number> {
  for (let at = from; ; ) {
    const bytes = await window.at(at);
    const end = bytes.indexOf(LF);
    if (end >= 0) return at + end + 1;
    if (bytes.length === 0) return at;
    at += bytes.length;
  }
}
