/** Collects what is wrong with a configuration: reading never stops at the first error. Wording of Exim's messages for a found problem. */
import type { Problem, SourceLocation } from '../core/source.ts';

/** A file of garbage gives at most this many. */
const MAX_PROBLEMS = 500;

export interface ProblemDetails {
  readonly subject?: string | undefined;
  readonly suggestion?: string | undefined;
  readonly isWithoutLine?: boolean | undefined;
  readonly isPlain?: boolean | undefined;
  readonly concerns?: string | undefined;
}

export class Problems {
  readonly #found: Problem[] = [];
  #isFull = false;

  get found(): readonly Problem[] {
    return this.#found;
  }

  get hasErrors(): boolean {
    return this.#found.some((problem) => problem.severity === 'error');
  }

  /** True when reading on makes no sense any more. */
  get isFull(): boolean {
    return this.#isFull;
  }

  error(message: string, at: SourceLocation, details: ProblemDetails = {}): void {
    this.add({ severity: 'error', message, at, ...present(details) });
  }

  warning(message: string, at: SourceLocation, details: ProblemDetails = {}): void {
    this.add({ severity: 'warning', message, at, ...present(details) });
  }

  notYet(message: string, at: SourceLocation, details: ProblemDetails = {}): void {
    this.add({ severity: 'not-yet', message, at, ...present(details) });
  }

  add(problem: Problem): void {
    if (this.#isFull) return;
    this.#found.push(problem);
    if (this.#found.length < MAX_PROBLEMS) return;
    this.#isFull = true;
    this.#found.push({ severity: 'error', message: `more than ${MAX_PROBLEMS} problems: the rest is not read`, at: problem.at });
  }
}

function present(details: ProblemDetails): Omit<Problem, 'severity' | 'message' | 'at'> {
  return {
    ...(details.subject === undefined ? {} : { subject: details.subject }),
    ...(details.suggestion === undefined ? {} : { suggestion: details.suggestion }),
    ...(details.isWithoutLine ? { isWithoutLine: true } : {}),
    ...(details.isPlain ? { isPlain: true } : {}),
    ...(details.concerns === undefined ? {} : { concerns: details.concerns }),
  };
}

/** As Exim writes it to stderr and the panic log (without the date): usually two lines, the second indented. */
export function eximProblemText(problem: Problem): string {
  if (problem.isPlain) return problem.message;
  return `Exim configuration error${eximPlace(problem)}:\n  ${problem.message}`;
}

function eximPlace(problem: Problem): string {
  if (problem.concerns !== undefined) return ` for ${problem.concerns}`;
  return problem.isWithoutLine ? '' : ` in line ${problem.at.endLine ?? problem.at.line} of ${problem.at.file}`;
}
