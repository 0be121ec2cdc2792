/** Regular expressions with limits (PCRE2). */
import type { Octets } from '../../base/octets.ts';

export interface RegexOptions {
  /** ASCII letters match both cases (all letters with `utf`). */
  readonly caseless?: boolean;
  /** `^` and `$` match at every line. */
  readonly multiline?: boolean;
  /** `.` matches a newline too. */
  readonly dotAll?: boolean;
  /** White space and `#` comments in the pattern are ignored. */
  readonly extended?: boolean;
  /** Pattern and subject are UTF-8; a subject that is not valid UTF-8 does not match. */
  readonly utf?: boolean;
}

export interface RegexMatchOptions {
  /** The match must begin at the start offset. */
  readonly isAnchored?: boolean;
  /** An empty match at the start offset does not count. */
  readonly notEmptyAtStart?: boolean;
}

export interface RegexMatch {
  readonly kind: 'match';
  /** Index 0 is the whole match; undefined where a group took no part. */
  readonly captures: readonly (Octets | undefined)[];
  /** Offsets of the whole match. */
  readonly from: number;
  readonly to: number;
}

/** `limit` counts as no match, with a logged error (DESIGN 3.6). */
export type RegexResult = RegexMatch | { readonly kind: 'no-match' } | { readonly kind: 'limit'; readonly message: string };

export interface Regex {
  /** Searches from `startOffset` on; look-behinds and `^` see what precedes. */
  match(subject: Octets, startOffset?: number, options?: RegexMatchOptions): RegexResult;
  /** Number of capturing groups. */
  readonly groupCount: number;
  readonly names: ReadonlyMap<string, number>;
}

export type RegexCompilation =
  | { readonly kind: 'ok'; readonly regex: Regex }
  | { readonly kind: 'error'; readonly message: string; readonly offset: number };

export interface Regexes {
  compile(pattern: Octets, options?: RegexOptions): RegexCompilation;
}
