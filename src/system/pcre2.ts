/**
 * One instance of PCRE2 in WebAssembly: memory views, the buffer for patterns and subjects, calls. What patterns mean to
 * the program, limits and caching are in regex.ts; the C side is vendor/pcre2/glue.c.
 */
import { invariant } from '../base/invariant.ts';
import type { Octets } from '../base/octets.ts';
import type { RegexMatch } from '../core/ports.ts';

/** What `vendor/pcre2/glue.c` exports; pointers and sizes are numbers. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  initialize(maxPatternLength: number, heapLimitKib: number): number;
  reserve_buffer(size: number): number;
  compile(length: number, options: number): number;
  error_code(): number;
  error_offset(): number;
  free_code(code: number): void;
  match(code: number, length: number, start: number, options: number, steps: number, work: number): number;
  offsets(): number;
  error_text(code: number): number;
  capture_count(code: number): number;
  name_count(code: number): number;
  name_entry_size(code: number): number;
  name_table(code: number): number;
  code_size(code: number): number;
}

/** Bits of pcre2.h. */
export const compileBit = { caseless: 0x8, dotAll: 0x20, extended: 0x80, multiline: 0x400, utf: 0x80000 } as const;
export const matchBit = { notEmptyAtStart: 0x8, anchored: 0x80000000 } as const;

/** Numbers of pcre2.h; what is not named here is some other failure of the match. */
export const matchError = { noMatch: -1, lastUtf: -3, firstUtf: -23, noMemory: -48 } as const;

const heapLimitKib = 16 << 10;
const maxPatternOctets = 64 << 10;
const bufferStep = 64 << 10;
/** Shorter strings are copied octet by octet, which is faster than a call. */
const shortString = 48;
const unset = 0xffffffff;

/** A compiled pattern in the memory of its instance. */
export interface Code {
  readonly at: number;
  readonly size: number;
  readonly groups: number;
  readonly names: ReadonlyMap<string, number>;
}

export class Pcre2 {
  readonly #exports: Exports;
  #bytes: Buffer;
  #words: Uint32Array;
  #bufferAt = 0;
  #bufferSize = 0;
  #offsetsAt: number;
  #loaded: Octets | undefined;

  constructor(module: WebAssembly.Module) {
    // The module is ours: its exports are those of glue.c.
    this.#exports = new WebAssembly.Instance(module).exports as unknown as Exports;
    this.#exports._initialize();
    invariant(this.#exports.initialize(maxPatternOctets, heapLimitKib) !== 0, 'a new PCRE2 instance has memory');
    this.#bytes = Buffer.from(this.#exports.memory.buffer);
    this.#words = new Uint32Array(this.#exports.memory.buffer);
    this.#offsetsAt = this.#exports.offsets() >>> 2;
  }

  /** `options` are bits of `compileBit`. The result belongs to this instance until `free()`. */
  compile(source: Octets, options: number): Code | { readonly message: string; readonly offset: number } {
    if (!this.#load(source)) return { message: this.errorText(matchError.noMemory), offset: 0 };
    const at = this.#exports.compile(source.length, options);
    this.#refreshViews();
    if (at === 0) return { message: this.errorText(this.#exports.error_code()), offset: this.#exports.error_offset() };
    this.#offsetsAt = this.#exports.offsets() >>> 2;
    return { at, size: this.#exports.code_size(at), groups: this.#exports.capture_count(at), names: this.#readNames(at) };
  }

  free(code: Code): void {
    this.#exports.free_code(code.at);
  }

  /** The number of offset pairs that are set, or a negative number of pcre2.h (`matchError`). Traps when `work` is used up. */
  match(code: Code, subject: Octets, start: number, options: number, steps: number, work: number): number {
    if (this.#loaded !== subject && !this.#load(subject)) return matchError.noMemory;
    const result = this.#exports.match(code.at, subject.length, start, options, steps, work);
    this.#refreshViews();
    return result;
  }

  /** What the last match captured in `subject`: the whole match, then the groups; undefined: the group took no part. */
  captures(code: Code, subject: Octets): RegexMatch {
    const words = this.#words;
    const first = this.#offsetsAt;
    const captures: (Octets | undefined)[] = [];
    for (let group = 0, at = first; group <= code.groups; group++, at += 2) {
      const from = words[at] ?? unset;
      captures.push(from === unset ? undefined : subject.slice(from, words[at + 1]));
    }
    const to = words[first + 1] ?? 0;
    // With \K in what a look-ahead calls, a match may end before it starts: it is empty then.
    return { kind: 'match', captures, from: Math.min(words[first] ?? 0, to), to };
  }

  /** PCRE2's text for one of its error numbers. */
  errorText(error: number): string {
    return this.#readText(this.#exports.error_text(error));
  }

  /** Writes `octets` into the buffer. False: there is no memory for it. */
  #load(octets: Octets): boolean {
    this.#loaded = undefined;
    // An empty string needs a buffer too: PCRE2 refuses a null pointer.
    if (octets.length >= this.#bufferSize) {
      this.#bufferSize = (Math.floor(octets.length / bufferStep) + 1) * bufferStep;
      this.#bufferAt = this.#exports.reserve_buffer(this.#bufferSize);
      this.#refreshViews();
      if (this.#bufferAt === 0) {
        this.#bufferSize = 0;
        return false;
      }
    }
    const bytes = this.#bytes;
    const at = this.#bufferAt;
    if (octets.length < shortString) for (let i = 0; i < octets.length; i++) bytes[at + i] = octets.charCodeAt(i);
    else bytes.latin1Write(octets, at);
    this.#loaded = octets;
    return true;
  }

  #readNames(code: number): ReadonlyMap<string, number> {
    const names = new Map<string, number>();
    const size = this.#exports.name_entry_size(code);
    const table = this.#exports.name_table(code);
    for (let at = table; at < table + size * this.#exports.name_count(code); at += size) {
      const name = this.#readText(at + 2);
      if (!names.has(name)) names.set(name, this.#bytes.readUInt16BE(at));
    }
    return names;
  }

  #readText(at: number): string {
    return this.#bytes.latin1Slice(at, this.#bytes.indexOf(0, at));
  }

  /** Memory that has grown is a new buffer; the old views are detached. */
  #refreshViews(): void {
    const { buffer } = this.#exports.memory;
    if (this.#words.buffer === buffer) return;
    this.#bytes = Buffer.from(buffer);
    this.#words = new Uint32Array(buffer);
  }
}
