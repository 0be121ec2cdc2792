/** Lookup types: one file each in lookups/drivers/. Spec ch. 9 "File and database lookups". */
import type { Octets } from '../../base/octets.ts';
import type { Frame } from '../frame.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { Outcome } from '../outcome.ts';
import type { Text } from '../text.ts';

export type LookupFound = { readonly kind: 'found'; readonly value: Text } | { readonly kind: 'not-found' };

/** One opened source (a parsed file, a connection); cached by lookups/ and closed by it. */
export interface LookupHandle {
  find(key: Text, options: ReadonlyMap<string, Octets>, frame: Frame): MaybePromise<Outcome<LookupFound>>;
  close(): void;
}

export interface LookupDefinition {
  readonly family: 'lookup';
  readonly name: string;
  readonly summary: string;
  readonly spec: string;
  /** Query style: no file, the whole string is the query. */
  readonly isQueryStyle: boolean;
  /** Single-key types that search an absolute file (or directory). */
  readonly isFile: boolean;
  /** Options it takes after `,`: `ret`, `filter`… */
  readonly optionNames?: readonly string[];
  /** Answers come from outside (dnsdb, readsock): they are tainted. */
  readonly isResultTainted: boolean;
  /** Keeps its own results for as long as they hold (DNS): they are not kept again. */
  readonly keepsOwnResults?: boolean;
  /** `${quote_<name>:}`. */
  readonly quote?: (text: Octets, options: Octets | undefined) => Octets;
  /** What may follow in `${quote_<name>_…:}`, as `dn` of ldap; absent: nothing. */
  readonly quoteOptions?: readonly string[];
  /** Absent: declared but not built yet. `file` is '' for query styles. */
  readonly open?: (file: Octets, frame: Frame) => MaybePromise<Outcome<LookupHandle>>;
}

export function defineLookup(definition: Omit<LookupDefinition, 'family'>): LookupDefinition {
  return { family: 'lookup', ...definition };
}
