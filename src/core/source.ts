/** Where a piece of configuration stands, and what is wrong with it. */

export interface SourceLocation {
  /** As named on the command line or in `.include`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1; of the value's first octet where known. */
  readonly column: number;
  /** The last physical line of a continued one, which Exim names in messages; absent where it is the same. */
  readonly endLine?: number;
  /** Where the physical lines behind the first one begin, in octets from here; absent where there are none. */
  readonly continuations?: readonly Continuation[];
}

export interface Continuation {
  readonly offset: number;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The place `offset` octets further in the same logical line; about, behind a macro. */
export function advance(at: SourceLocation, offset: number): SourceLocation {
  const { file, line, column, endLine, continuations = [] } = at;
  const reached = continuations.findLast((continuation) => continuation.offset <= offset);
  const place = reached
    ? { file: reached.file, line: reached.line, column: reached.column + offset - reached.offset }
    : { file, line, column: column + offset };
  if (endLine === undefined || place.line === endLine) return place;
  const rest = continuations.filter((continuation) => continuation.offset > offset);
  return { ...place, endLine, continuations: rest.map((continuation) => ({ ...continuation, offset: continuation.offset - offset })) };
}

/** A problem found while reading or checking a configuration; all are collected, none stops the reading. */
export interface Problem {
  /** `error` refuses the configuration; `warning` is shown by `check`; `not-yet` loads but defers when used. */
  readonly severity: 'error' | 'warning' | 'not-yet';
  /** Exim's own text first, so that scripts match. */
  readonly message: string;
  readonly at: SourceLocation;
  /** The option or item concerned. */
  readonly subject?: string;
  /** `did you mean …`, or the line to write instead. */
  readonly suggestion?: string;
  /** Exim says it without naming a line (macro definitions, what is found after reading). */
  readonly isWithoutLine?: boolean;
  /** Exim says it as it stands, without "Exim configuration error". */
  readonly isPlain?: boolean;
  /** What Exim names instead of a line: `foo router`. */
  readonly concerns?: string;
}

/** Broken configuration; thrown only where collecting is not possible. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly problem: Problem;

  constructor(message: string, at: SourceLocation, suggestion?: string) {
    super(message);
    this.problem = { severity: 'error', message, at, ...(suggestion === undefined ? {} : { suggestion }) };
  }
}

export function formatLocation(at: SourceLocation): string {
  return `${at.file}:${at.line}:${at.column}`;
}
