/**
 * Perl-compatible regular expressions on octets: PCRE2, the library Exim uses, as a WebAssembly module (vendor/pcre2).
 * Every match has limits of steps and memory, so that no pattern can stop the event loop.
 * Spec ch. 8 "Regular expressions".
 */
import { readFileSync } from 'node:fs';
import type { Octets } from '../base/octets.ts';
import type { Regex, RegexCompilation, Regexes, RegexMatchOptions, RegexOptions, RegexResult } from '../core/ports.ts';
import { assetPath } from './assets.ts';
import { type Code, compileBit, matchBit, matchError, Pcre2 } from './pcre2.ts';

export interface RegexLimits {
  /** Steps of backtracking in one match. */
  readonly steps: number;
  /** Work in one match, in units of about a nanosecond: what PCRE2 does not count as a step. */
  readonly work: number;
  /** Compiled patterns that are kept in memory. */
  readonly patterns: number;
  readonly patternBytes: number;
}

const defaultLimits: RegexLimits = { steps: 500_000, work: 20_000_000, patterns: 1000, patternBytes: 16 << 20 };
/** What a linear search (`.*?x`) may need for each octet comes on top. */
const stepsPerOctet = 4;
const workPerOctet = 32;
const noMatch: RegexResult = { kind: 'no-match' };

/**
 * Compiles and keeps patterns. Nothing is loaded before the first pattern. Patterns stay valid as long as their engine:
 * compiled code that was dropped from the cache is compiled again when it is used.
 */
export class RegexEngine implements Regexes {
  readonly #limits: RegexLimits;
  readonly #patterns = new Map<string, Pattern>();
  #patternBytes = 0;
  #module: WebAssembly.Module | undefined;
  #library: Pcre2 | undefined;

  constructor(limits: Partial<RegexLimits> = {}) {
    this.#limits = { ...defaultLimits, ...limits };
  }

  compile(source: Octets, options: RegexOptions = {}): RegexCompilation {
    const bits = bitsOf(options);
    const key = `${bits}:${source}`;
    const known = this.#patterns.get(key);
    if (known) {
      known.wasUsed = true;
      return known.result;
    }
    const code = this.#compileCode(source, bits);
    if ('message' in code) return { kind: 'error', message: code.message, offset: code.offset };
    const pattern = new Pattern(this, key, source, bits, code);
    this.#keep(pattern, code);
    return pattern.result;
  }

  /** Frees the library and all compiled code; what is used afterwards loads it again. */
  close(): void {
    for (const pattern of this.#patterns.values()) pattern.code = undefined;
    this.#patterns.clear();
    this.#patternBytes = 0;
    this.#library = undefined;
  }

  /** For `Pattern` only. */
  run(pattern: Pattern, subject: Octets, start: number, bits: number): RegexResult {
    try {
      const code = pattern.code ?? this.#revive(pattern);
      if (typeof code === 'string') return { kind: 'limit', message: code };
      pattern.wasUsed = true;
      const library = this.#open();
      const steps = this.#limits.steps + stepsPerOctet * subject.length;
      const work = this.#limits.work + workPerOctet * subject.length;
      const result = library.match(code, subject, start, bits, steps, work);
      if (result > 0) return library.captures(code, subject);
      return result === matchError.noMatch ? noMatch : this.#giveUp(library, result);
    } catch (error) {
      if (!isTrap(error)) throw error;
      this.close();
      return { kind: 'limit', message: isOutOfWork(error) ? 'match limit exceeded' : `regular expression engine: ${error.message}` };
    }
  }

  #giveUp(library: Pcre2, error: number): RegexResult {
    if (error <= matchError.lastUtf && error >= matchError.firstUtf) return noMatch;
    const message = library.errorText(error);
    // An instance never gives memory back.
    if (error === matchError.noMemory) this.close();
    return { kind: 'limit', message };
  }

  #open(): Pcre2 {
    if (this.#library) return this.#library;
    this.#module ??= new WebAssembly.Module(readFileSync(assetPath('vendor/pcre2/pcre2.wasm')));
    this.#library = new Pcre2(this.#module);
    return this.#library;
  }

  #compileCode(source: Octets, bits: number): Code | { readonly message: string; readonly offset: number } {
    try {
      return this.#open().compile(source, bits);
    } catch (error) {
      if (!isTrap(error)) throw error;
      this.close();
      return { message: `regular expression engine: ${error.message}`, offset: 0 };
    }
  }

  #revive(pattern: Pattern): Code | string {
    const code = this.#compileCode(pattern.source, pattern.bits);
    if ('message' in code) return code.message;
    this.#keep(pattern, code);
    return code;
  }

  #keep(pattern: Pattern, code: Code): void {
    pattern.code = code;
    this.#patterns.set(pattern.key, pattern);
    this.#patternBytes += code.size;
    while (this.#patterns.size > 1 && this.#isOverLimit()) this.#dropOldest(pattern);
  }

  #isOverLimit(): boolean {
    return this.#patterns.size > this.#limits.patterns || this.#patternBytes > this.#limits.patternBytes;
  }

  /** Drops the pattern that was not used for longest: one that was used since it came to the front goes to the back first. */
  #dropOldest(kept: Pattern): void {
    for (const [key, pattern] of this.#patterns) {
      this.#patterns.delete(key);
      if (pattern.wasUsed || pattern === kept) {
        pattern.wasUsed = false;
        this.#patterns.set(key, pattern);
        continue;
      }
      if (pattern.code) {
        this.#patternBytes -= pattern.code.size;
        this.#library?.free(pattern.code);
      }
      pattern.code = undefined;
      return;
    }
  }
}

class Pattern implements Regex {
  readonly key: string;
  readonly source: Octets;
  readonly bits: number;
  readonly groupCount: number;
  readonly names: ReadonlyMap<string, number>;
  readonly result: RegexCompilation;
  /** Undefined: was dropped from the engine's cache. */
  code: Code | undefined;
  wasUsed = false;
  readonly #engine: RegexEngine;

  constructor(engine: RegexEngine, key: string, source: Octets, bits: number, code: Code) {
    this.#engine = engine;
    this.key = key;
    this.source = source;
    this.bits = bits;
    this.groupCount = code.groups;
    this.names = code.names;
    this.result = { kind: 'ok', regex: this };
  }

  match(subject: Octets, start = 0, options?: RegexMatchOptions): RegexResult {
    const bits = options ? (options.isAnchored ? matchBit.anchored : 0) | (options.notEmptyAtStart ? matchBit.notEmptyAtStart : 0) : 0;
    return this.#engine.run(this, subject, start, bits);
  }
}

function bitsOf(options: RegexOptions): number {
  let bits = 0;
  if (options.caseless) bits |= compileBit.caseless;
  if (options.multiline) bits |= compileBit.multiline;
  if (options.dotAll) bits |= compileBit.dotAll;
  if (options.extended) bits |= compileBit.extended;
  if (options.utf) bits |= compileBit.utf;
  return bits;
}

/** The trap by which the library ends a match that has used up its work (glue.c). */
function isOutOfWork(error: Error): boolean {
  return error instanceof WebAssembly.RuntimeError && error.message === 'unreachable';
}

/** A trap in the library (work used up, exhausted stack): the instance is unusable. */
function isTrap(error: unknown): error is Error {
  return error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
}
