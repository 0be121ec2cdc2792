/**
 * The lookups of the running program: opened sources kept for the next use, results of queries kept for one connection or delivery attempt.
 * A parsed file is used again only while device, inode, size, mtime and ctime are unchanged (DESIGN 3.10).
 * Spec ch. 9 "File and database lookups".
 */
import { BoundedCache } from '../base/bounded-cache.ts';
import type { Octets } from '../base/octets.ts';
import type { LookupDefinition, LookupFound, LookupHandle } from '../core/define/lookup.ts';
import type { Frame } from '../core/frame.ts';
import { mailOf } from '../core/frame.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import { chain, chainOk } from '../core/maybe-promise.ts';
import type { Outcome } from '../core/outcome.ts';
import { defer, fail, ok } from '../core/outcome.ts';
import type { FileFacts, Files, LookupAnswer, LookupRequest, Lookups, LookupType } from '../core/ports.ts';
import { isStrictTaint, isUsablePath } from '../core/taint.ts';
import type { Text } from '../core/text.ts';
import { emptyText, isTainted, tainted, untainted } from '../core/text.ts';
import { keysToTry } from './keys.ts';
import type { LookupTypeResult } from './type.ts';
import { parseLookupType } from './type.ts';

export interface LookupLimits {
  /** Results of queries that one connection or delivery attempt keeps. */
  readonly results: number;
}

const defaultLimits: LookupLimits = { results: 1000 };

/** More files are never open, whatever `lookup_open_max` says. */
const mostOpenFiles = 10_000;

const notFound: Outcome<LookupAnswer> = ok({ kind: 'not-found' });
const missed: Outcome<LookupFound> = ok({ kind: 'not-found' });

interface OpenSource {
  readonly handle: LookupHandle;
  /** Undefined: it could not be looked at. */
  readonly facts: FileFacts | undefined;
}

/** `close` closes every source that is open. */
export function createLookups(definitions: readonly LookupDefinition[], limits: Partial<LookupLimits> = {}): Lookups & { close(): void } {
  return new LookupSet(definitions, { ...defaultLimits, ...limits });
}

class LookupSet implements Lookups {
  readonly #definitions: ReadonlyMap<string, LookupDefinition>;
  readonly #limits: LookupLimits;
  /** Of files and directories, by type and name; the one that was used longest ago is closed first. */
  readonly #files = new BoundedCache<string, OpenSource>(mostOpenFiles, (source) => source.handle.close());
  /** Of types that open no file, by type. */
  readonly #services = new Map<string, LookupHandle>();
  readonly #opening = new Map<string, Promise<Outcome<LookupHandle>>>();
  /** By the state record of the connection, delivery attempt or command that owns them. */
  readonly #results = new WeakMap<object, BoundedCache<string, Outcome<LookupFound>>>();

  constructor(definitions: readonly LookupDefinition[], limits: LookupLimits) {
    this.#definitions = new Map(definitions.map((definition) => [definition.name, definition]));
    this.#limits = limits;
  }

  parseType(text: Octets): LookupTypeResult {
    return parseLookupType(text, this.#definitions);
  }

  quote(typeName: string, text: Octets, options: Octets | undefined): Octets | undefined {
    const definition = this.#definitions.get(typeName);
    if (definition) return definition.quote?.(text, options);
    const underscore = typeName.indexOf('_'); // quote_ldap_dn: option "dn" of ldap
    if (underscore < 0) return undefined;
    return this.#definitions.get(typeName.slice(0, underscore))?.quote?.(text, typeName.slice(underscore + 1));
  }

  find(request: LookupRequest, frame: Frame): MaybePromise<Outcome<LookupAnswer>> {
    const definition = this.#definitions.get(request.type.name);
    if (!definition) return fail(`unknown lookup type "${request.type.name}"`);
    const refusal = refuse(definition, request, frame);
    const result =
      refusal ?? (definition.isQueryStyle ? this.#query(definition, request, frame) : this.#search(definition, request, frame));
    return chain(result, (outcome) => {
      if (outcome.kind === 'fail' || outcome.kind === 'defer') frame.results.searchErrorMessage = outcome.message;
      return outcome;
    });
  }

  close(): void {
    this.#files.clear();
    for (const handle of this.#services.values()) handle.close();
    this.#services.clear();
  }

  #query(definition: LookupDefinition, { type, key }: LookupRequest, frame: Frame): MaybePromise<Outcome<LookupAnswer>> {
    const results = this.#resultsOf(frame);
    const id = `${type.name}\0${[...type.options].join('\0')}\0${key.octets}`;
    const cache = type.options.get('cache');
    const known = cache === 'no_rd' || cache === 'no' ? undefined : results.get(id);
    if (known) return answer(definition, type, key, known, undefined);
    const found = chainOk(this.#acquire(definition, '', frame), (handle) => handle.find(key, type.options, frame));
    return chain(found, (result) => {
      const isKept = result.kind === 'ok' && !definition.keepsOwnResults && cache !== 'no_wr' && cache !== 'no';
      if (isKept) results.set(id, result);
      return answer(definition, type, key, result, undefined);
    });
  }

  #search(definition: LookupDefinition, { type, file, key }: LookupRequest, frame: Frame): MaybePromise<Outcome<LookupAnswer>> {
    return chainOk(this.#acquire(definition, file?.octets ?? '', frame), (handle) => this.#tryKeys(definition, handle, type, key, frame));
  }

  #tryKeys(
    definition: LookupDefinition,
    handle: LookupHandle,
    type: LookupType,
    subject: Text,
    frame: Frame,
  ): MaybePromise<Outcome<LookupAnswer>> {
    const keys = keysToTry(type, subject);
    const next = (): MaybePromise<Outcome<LookupAnswer>> => {
      for (;;) {
        const step = keys.next();
        if (step.done) return notFound;
        const { key, captures } = step.value;
        const result = key.octets === '' ? missed : handle.find(key, type.options, frame);
        if (result instanceof Promise) {
          return result.then((settled) => (isMiss(settled) ? next() : answer(definition, type, subject, settled, captures)));
        }
        if (!isMiss(result)) return answer(definition, type, subject, result, captures);
      }
    };
    return next();
  }

  #acquire(definition: LookupDefinition, file: Octets, frame: Frame): MaybePromise<Outcome<LookupHandle>> {
    const id = `${definition.name}\0${file}`;
    const facts = definition.isFile ? factsOf(frame.services.files, file) : undefined;
    const known = definition.isFile ? this.#unchanged(id, facts) : this.#services.get(id);
    if (known) return ok(known);
    const pending = this.#opening.get(id);
    if (pending) return pending;
    const keep = (opened: Outcome<LookupHandle>): Outcome<LookupHandle> => {
      if (opened.kind !== 'ok') return opened;
      if (definition.isFile) this.#keepFile(id, { handle: opened.value, facts }, frame.config.main.lookup_open_max);
      else this.#services.set(id, opened.value);
      return opened;
    };
    const opened = definition.open?.(file, frame) ?? fail(`lookup type "${definition.name}" is not built`);
    if (!(opened instanceof Promise)) return keep(opened);
    const waiting = opened.then(keep).finally(() => this.#opening.delete(id));
    this.#opening.set(id, waiting);
    return waiting;
  }

  #unchanged(id: string, facts: FileFacts | undefined): LookupHandle | undefined {
    const known = this.#files.get(id);
    if (known && isUnchanged(known.facts, facts)) return known.handle;
    this.#files.delete(id);
    return undefined;
  }

  #keepFile(id: string, source: OpenSource, openMax: number): void {
    this.#files.set(id, source);
    this.#files.shrink(openMax);
  }

  #resultsOf(frame: Frame): BoundedCache<string, Outcome<LookupFound>> {
    const owner = frame.session?.state ?? frame.delivery ?? frame.results;
    let results = this.#results.get(owner);
    if (!results) {
      results = new BoundedCache(this.#limits.results);
      this.#results.set(owner, results);
    }
    return results;
  }
}

function isMiss(result: Outcome<LookupFound>): boolean {
  return result.kind === 'ok' && result.value.kind === 'not-found';
}

/** What stops a lookup before it begins: not built yet, or tainted text where none may be. */
function refuse(definition: LookupDefinition, { file, key }: LookupRequest, frame: Frame): Outcome<never> | undefined {
  if (!definition.open) {
    const message = `lookup type "${definition.name}" is not built yet`;
    frame.services.log.panic(message, mailOf(frame)?.id);
    return defer(message);
  }
  if (file && !isUsablePath(file, frame.config)) return refuseLoudly(`Tainted filename for search: '${file.octets}'`, frame);
  return definition.isQueryStyle ? refuseUnquoted(definition, key, frame) : undefined;
}

/**
 * A tainted part that was not quoted for this lookup. Exim logs it and goes on; here that is so only when quoting would not have changed
 * it, because else the remote party has written a part of the query.
 */
function refuseUnquoted(definition: LookupDefinition, query: Text, frame: Frame): Outcome<never> | undefined {
  const { quote } = definition;
  if (!quote) return undefined;
  const unquoted = query.taint.filter((span) => span.quotedFor !== definition.name);
  if (unquoted.length === 0) return undefined;
  const message = `tainted search query is not properly quoted: ${query.octets}`;
  const isHarmless = unquoted.every(({ from, to }) => {
    const part = query.octets.slice(from, to);
    return quote(part, undefined) === part;
  });
  if (!isHarmless) return refuseLoudly(message, frame);
  frame.services.log.panic(message, mailOf(frame)?.id);
  return undefined;
}

function refuseLoudly(message: string, frame: Frame): Outcome<never> {
  frame.services.log.panic(message, mailOf(frame)?.id);
  return isStrictTaint(frame.config) ? fail(message) : defer(message);
}

function factsOf(files: Files, path: Octets): FileFacts | undefined {
  const facts = files.stat(path);
  return facts.kind === 'ok' ? facts.value : undefined;
}

function isUnchanged(known: FileFacts | undefined, now: FileFacts | undefined): boolean {
  if (!known || !now) return known === now;
  return (
    known.inode === now.inode &&
    known.device === now.device &&
    known.sizeBytes === now.sizeBytes &&
    known.mtimeNs === now.mtimeNs &&
    known.ctimeNs === now.ctimeNs
  );
}

function answer(
  definition: LookupDefinition,
  type: LookupType,
  subject: Text,
  result: Outcome<LookupFound>,
  captures: readonly Text[] | undefined,
): Outcome<LookupAnswer> {
  if (result.kind !== 'ok') return result;
  if (result.value.kind === 'not-found') return notFound;
  const returnsKey = type.options.get('ret') === 'key' && !definition.isQueryStyle;
  const value = returnsKey ? untainted(subject.octets) : result.value.value;
  return ok({
    kind: 'found',
    value: definition.isResultTainted && !isTainted(value) ? tainted(value.octets) : value,
    captures: captures ? [emptyText, ...captures] : [],
  });
}
