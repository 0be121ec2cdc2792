/**
 * Goes through a list of any kind: negation, files, named lists and their cache, `+caseful`, `+include_unknown` and its relatives.
 * Spec ch. 10 "Domain, host, address, and local part lists". What differs by kind is a `ListLanguage`.
 */
import { BoundedCache } from '../base/bounded-cache.ts';
import type { Octets } from '../base/octets.ts';
import { octetsFromBytes } from '../base/octets.ts';
import type { ListKind, ListSource, NamedList, NamedListKind, Template } from '../core/config.ts';
import type { Frame } from '../core/frame.ts';
import { mailOf } from '../core/frame.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import { chain } from '../core/maybe-promise.ts';
import type { Outcome } from '../core/outcome.ts';
import { defer, ok } from '../core/outcome.ts';
import type { FileFacts, ListMatch } from '../core/ports.ts';
import { isUsablePath } from '../core/taint.ts';
import type { Text } from '../core/text.ts';
import { isTainted } from '../core/text.ts';
import type { RawItem } from './items.ts';
import { readFileItems, readItem, readItems } from './items.ts';
import type { ItemVerdict, Matcher } from './pattern.ts';
import { deferLogged, noMatch } from './pattern.ts';
import { ListTrace } from './trace.ts';

/** What makes a kind of list what it is. */
export interface ListLanguage<Subject> {
  readonly kind: ListKind;
  /** As in `unknown named domain list`. */
  readonly title: string;
  /** Named lists that `+name` means. */
  readonly named: NamedListKind | undefined;
  readonly hasCommentsAnywhere: boolean;
  /** `+caseful` is an item of its own: the subject from there on. */
  readonly caseful?: (subject: Subject) => Subject;
  /** `+include_unknown`, `+ignore_unknown`, `+include_defer`, `+ignore_defer` are items. */
  readonly hasUnknownItems: boolean;
  /** Reads one pattern; never for `+…` and `/…`. */
  matcher(pattern: Text, frame: Frame): Matcher<Subject>;
  /** What results of named lists are kept under; undefined: they are not kept. */
  cacheKey(subject: Subject): Octets | undefined;
  /** As it is named in traces. */
  describe(subject: Subject): Octets;
}

type CompiledItem<Subject> = { readonly raw: RawItem } & (
  | { readonly kind: 'pattern'; readonly matcher: Matcher<Subject> }
  | { readonly kind: 'file'; readonly path: Text }
  | { readonly kind: 'named'; readonly name: Octets }
  | { readonly kind: 'caseful' }
  | { readonly kind: 'mode'; readonly mode: UnknownMode }
);

type UnknownMode = 'include_unknown' | 'ignore_unknown' | 'include_defer' | 'ignore_defer';

const unknownModes: ReadonlySet<string> = new Set<UnknownMode>(['include_unknown', 'ignore_unknown', 'include_defer', 'ignore_defer']);

/** Of a file: that a negated line turned the match round, or that no line decided and the last one was negated. */
type LineVerdict =
  | ItemVerdict
  | { readonly kind: 'negative-match'; readonly data?: Text | undefined; readonly captures?: readonly Text[] | undefined }
  | { readonly kind: 'end-of-file'; readonly isLastNegated: boolean };

const maxDepth = 50;
const keptTexts = 1000;
const keptFiles = 100;
const keptResults = 1000;
const maxListFileBytes = 16 << 20;

const notInList: Outcome<ListMatch> = ok({ matched: false });

export class ListEngine<Subject> {
  readonly language: ListLanguage<Subject>;
  /** Constant lists, read once: a Template lives as long as its Config. */
  readonly #constants = new WeakMap<Template, readonly CompiledItem<Subject>[]>();
  readonly #texts = new BoundedCache<Octets, readonly CompiledItem<Subject>[]>(keptTexts);
  readonly #files = new BoundedCache<Octets, { readonly facts: FileFacts; readonly items: readonly CompiledItem<Subject>[] }>(keptFiles);
  readonly #cacheable = new WeakMap<NamedList, boolean>();
  /** Results of named lists, for one connection or one delivery attempt. */
  readonly #results = new WeakMap<object, BoundedCache<Octets, Outcome<ListMatch>>>();

  constructor(language: ListLanguage<Subject>) {
    this.language = language;
  }

  match(list: ListSource | Text, subject: Subject, frame: Frame, depth = 0): MaybePromise<Outcome<ListMatch>> {
    if ('octets' in list) return this.#run(quoted(list.octets), this.#compileText(list, frame), subject, frame, depth);
    const { template } = list;
    if (template.constant !== undefined)
      return this.#run(labelOf(template, template.constant), this.#compileConstant(template, frame), subject, frame, depth);
    delete frame.results.searchErrorMessage; // so that below only this expansion's can be there
    return chain(template.evaluate(frame), (text) => {
      switch (text.kind) {
        case 'ok':
          return this.#run(labelOf(template, text.value.octets), this.#compileText(text.value, frame), subject, frame, depth);
        case 'forced-fail':
          frame.services.log.debug('lists', () => `expansion of "${template.source}" forced failure: assume not in this list`);
          return notInList;
        case 'fail':
        case 'defer':
          frame.services.log.panic(`failed to expand "${template.source}" while checking a list: ${text.message}`, mailOf(frame)?.id);
          return defer(frame.results.searchErrorMessage ?? '');
      }
    });
  }

  /** A list of one item that is not split. */
  matchItem(pattern: Text, subject: Subject, frame: Frame): MaybePromise<Outcome<ListMatch>> {
    const item = this.#compileItem(readItem(pattern), frame, true);
    return this.#run(quoted(pattern.octets), [item], subject, frame, 1, 1);
  }

  #compileConstant(template: Template, frame: Frame): readonly CompiledItem<Subject>[] {
    let items = this.#constants.get(template);
    if (!items) {
      items = this.#compileText({ octets: template.constant ?? '', taint: [] }, frame);
      this.#constants.set(template, items);
    }
    return items;
  }

  #compileText(text: Text, frame: Frame): readonly CompiledItem<Subject>[] {
    const known = isTainted(text) ? undefined : this.#texts.get(text.octets);
    if (known) return known;
    const items = readItems(text).map((raw) => this.#compileItem(raw, frame, true));
    if (!isTainted(text)) this.#texts.set(text.octets, items);
    return items;
  }

  /** In a file neither names of files nor items with `+` have a meaning of their own. */
  #compileItem(raw: RawItem, frame: Frame, isTopLevel: boolean): CompiledItem<Subject> {
    const { octets } = raw.pattern;
    if (isTopLevel && octets.startsWith('/')) return { kind: 'file', raw, path: raw.pattern };
    if (isTopLevel && octets.startsWith('+')) {
      const name = octets.slice(1);
      if (this.language.caseful && name === 'caseful') return { kind: 'caseful', raw };
      if (this.language.hasUnknownItems && isUnknownMode(name)) return { kind: 'mode', raw, mode: name };
      if (this.language.named) return { kind: 'named', raw, name };
    }
    return { kind: 'pattern', raw, matcher: this.language.matcher(raw.pattern, frame) };
  }

  #run(
    label: Octets,
    items: readonly CompiledItem<Subject>[],
    subject: Subject,
    frame: Frame,
    depth: number,
    column = depth * 3,
  ): MaybePromise<Outcome<ListMatch>> {
    if (depth > maxDepth) {
      frame.services.log.panic(`too many nested ${this.language.title}s: ${label.replace(/^"|"$/g, '')}`, mailOf(frame)?.id);
      return defer('');
    }
    return new ListRun(this, label, items, subject, frame, depth, column).from(0);
  }

  /** For `ListRun`. */
  named(name: Octets, subject: Subject, frame: Frame, depth: number, trace: ListTrace): MaybePromise<LineVerdict> {
    const { named, title } = this.language;
    const list = named && frame.config.namedLists[named].get(name);
    if (!named || !list) return deferLogged(`unknown named ${title} "+${name}"`, frame);
    const key = this.#isCacheable(list, frame, 0) ? this.language.cacheKey(subject) : undefined;
    const results = key === undefined ? undefined : this.#resultsOf(frame);
    const id = `${name}\0${key}`;
    const known = results?.get(id);
    if (known) {
      const { matched, data } = known.kind === 'ok' ? known.value : { matched: false, data: undefined };
      trace.line(`cached ${matched ? 'yes' : 'no'} match for +${name}`);
      trace.line(`cached lookup data = ${data?.octets ?? 'NULL'}`);
      return verdictOf(known);
    }
    trace.line(` start sublist ${name}`);
    const result = this.match({ kind: this.language.kind, template: list.template }, subject, frame, depth + 1);
    return chain(result, (outcome) => {
      trace.line(` end sublist ${name}`);
      if (outcome.kind === 'ok') results?.set(id, outcome);
      if (results && outcome.kind === 'ok' && outcome.value.matched && outcome.value.data)
        trace.line(
          `data from lookup saved for cache for +${name}: key '${this.language.describe(subject)}' value '${outcome.value.data.octets}'`,
        );
      return verdictOf(outcome);
    });
  }

  /** For `ListRun`: the items of a file, read again when it changed. */
  fileItems(path: Text, frame: Frame): readonly CompiledItem<Subject>[] | ItemVerdict {
    const { files } = frame.services;
    if (!isUsablePath(path, frame.config)) return deferLogged(`Tainted filename '${path.octets}'`, frame);
    const facts = files.stat(path.octets);
    const known = this.#files.get(path.octets);
    if (facts.kind === 'ok' && known && isSameFile(known.facts, facts.value)) return known.items;
    const content = facts.kind === 'ok' ? files.readFile(path.octets, maxListFileBytes) : facts;
    if (facts.kind !== 'ok' || content.kind !== 'ok') {
      const reason = content.kind === 'ok' ? '' : content.reason;
      return deferLogged(`failed to open ${path.octets} when checking "${path.octets}": ${reason}`, frame);
    }
    const items = readFileItems(octetsFromBytes(content.value), this.language.hasCommentsAnywhere).map((raw) =>
      this.#compileItem(raw, frame, false),
    );
    this.#files.set(path.octets, { facts: facts.value, items });
    return items;
  }

  /** Without expansions, also in the lists it refers to, or declared with `_cache`. */
  #isCacheable(list: NamedList, frame: Frame, depth: number): boolean {
    if (list.forceCache) return true;
    if (list.template.constant === undefined || depth > maxDepth) return false;
    let isCacheable = this.#cacheable.get(list);
    if (isCacheable === undefined) {
      isCacheable = this.#compileConstant(list.template, frame).every((item) => {
        if (item.kind !== 'named') return true;
        const inner = this.language.named && frame.config.namedLists[this.language.named].get(item.name);
        return inner === undefined || this.#isCacheable(inner, frame, depth + 1);
      });
      this.#cacheable.set(list, isCacheable);
    }
    return isCacheable;
  }

  #resultsOf(frame: Frame): BoundedCache<Octets, Outcome<ListMatch>> {
    const owner = frame.session?.state ?? frame.delivery ?? frame.results;
    let results = this.#results.get(owner);
    if (!results) {
      results = new BoundedCache(keptResults);
      this.#results.set(owner, results);
    }
    return results;
  }
}

/** One subject on its way through one list. */
class ListRun<Subject> {
  readonly #engine: ListEngine<Subject>;
  readonly #items: readonly CompiledItem<Subject>[];
  readonly #frame: Frame;
  readonly #depth: number;
  readonly #trace: ListTrace;
  #subject: Subject;
  #onUnknown: 'stop' | 'include' | 'ignore' = 'stop';
  #onDefer: 'defer' | 'include' | 'ignore' = 'defer';
  /** What the last item found that did not decide: it goes with the answer at the end of the list. */
  #left: Pick<ListMatch, 'data' | 'captures'> = {};
  #isEndNegated: boolean;

  constructor(
    engine: ListEngine<Subject>,
    label: Octets,
    items: readonly CompiledItem<Subject>[],
    subject: Subject,
    frame: Frame,
    depth: number,
    column: number,
  ) {
    this.#engine = engine;
    this.#items = items;
    this.#isEndNegated = items.at(-1)?.raw.isNegated ?? false;
    this.#subject = subject;
    this.#frame = frame;
    this.#depth = depth;
    this.#trace = new ListTrace(frame.services.log, engine.language.describe(subject), label, column);
    this.#trace.begin();
  }

  from(start: number): MaybePromise<Outcome<ListMatch>> {
    for (let i = start; i < this.#items.length; i++) {
      const item = this.#items[i];
      if (!item) break;
      const verdict = this.#verdict(item);
      if (verdict instanceof Promise) return verdict.then((settled) => this.#decide(item, settled) ?? this.from(i + 1));
      const decision = this.#decide(item, verdict);
      if (decision) return decision;
    }
    const matched = this.#isEndNegated;
    this.#trace.end(matched);
    return ok({ matched, ...this.#left });
  }

  #verdict(item: CompiledItem<Subject>): MaybePromise<LineVerdict> {
    this.#trace.element(item.raw.whole);
    switch (item.kind) {
      case 'pattern':
        return item.matcher(this.#subject, this.#frame);
      case 'named':
        return this.#engine.named(item.name, this.#subject, this.#frame, this.#depth, this.#trace);
      case 'file':
        return this.#fileVerdict(item.path);
      case 'caseful':
        this.#subject = this.#engine.language.caseful?.(this.#subject) ?? this.#subject;
        return noMatch;
      case 'mode':
        this.#setMode(item.mode);
        return noMatch;
    }
  }

  #setMode(mode: UnknownMode): void {
    const what = mode.startsWith('include') ? 'include' : 'ignore';
    if (mode.endsWith('unknown')) this.#onUnknown = what;
    else this.#onDefer = what;
  }

  #fileVerdict(path: Text): MaybePromise<LineVerdict> {
    const items = this.#engine.fileItems(path, this.#frame);
    return 'kind' in items ? items : this.#lineVerdict(items, 0);
  }

  #lineVerdict(items: readonly CompiledItem<Subject>[], start: number): MaybePromise<LineVerdict> {
    for (let i = start; i < items.length; i++) {
      const item = items[i];
      if (!item) break;
      const take = (verdict: LineVerdict): LineVerdict | undefined => {
        if (verdict.kind === 'no-match') return undefined;
        if (verdict.kind !== 'match') return verdict;
        return { ...verdict, data: item.raw.pattern, kind: item.raw.isNegated ? 'negative-match' : 'match' };
      };
      const verdict = this.#verdict(item);
      if (verdict instanceof Promise) return verdict.then((settled) => take(settled) ?? this.#lineVerdict(items, i + 1));
      const decided = take(verdict);
      if (decided) return decided;
    }
    return { kind: 'end-of-file', isLastNegated: items.at(-1)?.raw.isNegated ?? false };
  }

  /** Undefined: go on with the next item. */
  #decide(item: CompiledItem<Subject>, verdict: LineVerdict): Outcome<ListMatch> | undefined {
    const { raw } = item;
    switch (verdict.kind) {
      case 'no-match':
        this.#left = { data: verdict.data, captures: verdict.captures };
        return undefined;
      case 'end-of-file':
        if (item === this.#items.at(-1)) this.#isEndNegated = verdict.isLastNegated !== raw.isNegated;
        return undefined;
      case 'match':
      case 'negative-match': {
        const matched = (verdict.kind === 'match') !== raw.isNegated;
        this.#trace.matched(matched, raw.whole);
        return ok({ matched, data: verdict.data, captures: verdict.captures });
      }
      case 'unknown':
        return this.#decideUnknown(verdict.message);
      case 'defer':
        return this.#decideDefer(verdict.message);
    }
  }

  #decideUnknown(message: string): Outcome<ListMatch> | undefined {
    const { log } = this.#frame.services;
    if (this.#onUnknown === 'include') {
      log.main(`${message}: accepted by +include_unknown`, mailOf(this.#frame)?.id);
      return ok({ matched: true });
    }
    if (this.#onUnknown === 'ignore') {
      this.#trace.line(`${message}: item ignored by +ignore_unknown`);
      return undefined;
    }
    if (log.selected('unknown_in_list')) log.main(`list matching forced to fail: ${message}`, mailOf(this.#frame)?.id);
    this.#trace.result(false, message);
    return notInList;
  }

  #decideDefer(message: string): Outcome<ListMatch> | undefined {
    const { log } = this.#frame.services;
    if (this.#onDefer === 'include') {
      log.main(`${message}: accepted by +include_defer`, mailOf(this.#frame)?.id);
      return ok({ matched: true });
    }
    if (this.#onDefer === 'ignore') {
      this.#trace.line(`${message}: item ignored by +ignore_defer`);
      return undefined;
    }
    this.#trace.line(`list match deferred${message === '' ? '' : `: ${message}`}`);
    return defer(message);
  }
}

function isUnknownMode(name: string): name is UnknownMode {
  return unknownModes.has(name);
}

/** A list that cannot be expanded has deferred already; a fail is an expansion's and stays temporary, as in Exim. */
function verdictOf(outcome: Outcome<ListMatch>): LineVerdict {
  switch (outcome.kind) {
    case 'ok':
      return { kind: outcome.value.matched ? 'match' : 'no-match', data: outcome.value.data, captures: outcome.value.captures };
    case 'forced-fail':
      return noMatch;
    case 'fail':
    case 'defer':
      return { kind: 'defer', message: outcome.message };
  }
}

function isSameFile(a: FileFacts, b: FileFacts): boolean {
  return a.inode === b.inode && a.device === b.device && a.sizeBytes === b.sizeBytes && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs;
}

/** What a trace calls the list: an option by its name, others by their text. */
function labelOf(template: Template, text: Octets): Octets {
  return /^"([a-z0-9_]+)" option\b/.exec(template.what)?.[1] ?? quoted(text);
}

function quoted(text: Octets): Octets {
  return `"${text}"`;
}
