/**
 * The expansion engine: texts to Templates that compile on first use and are kept. Spec ch. 11; DESIGN.md 3.4.
 */
import { BoundedCache } from '../base/bounded-cache.ts';
import type { Octets } from '../base/octets.ts';
import type { Mention, Template, TemplateCompiler } from '../core/config.ts';
import type { Expression } from '../core/define/expansion.ts';
import type { Frame } from '../core/frame.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import type { Outcome } from '../core/outcome.ts';
import type { ExpansionFamily } from '../core/registry.ts';
import { advance, type Problem, type SourceLocation } from '../core/source.ts';
import type { Text } from '../core/text.ts';
import type { Node } from './ast.ts';
import { constantOf, ExpansionCompiler } from './compile.ts';
import { notYetMessage } from './not-yet.ts';
import { createVocabulary, parseExpansion, type Vocabulary } from './parser.ts';
import { makeSuggest, type Suggest } from './suggestion.ts';
import { type Finding, findMentions, findProblems } from './walk.ts';

/** Texts that exist only at run time are kept compiled up to this number. */
const RUN_TIME_TEXTS = 1000;
/** Longer ones are compiled each time. */
const RUN_TIME_TEXT_LENGTH = 8192;

export interface Expander extends TemplateCompiler {
  /** Compiles a text that came up at run time (`${expand:}`, expanded lists), through a bounded cache. It has no place in a file. */
  runtime(text: Octets, what: string): Template;
}

export interface ExpanderParts {
  /** Exim's text when a word is no lookup type: lets `check` find it. */
  readonly lookupTypeProblem?: (type: Octets) => string | undefined;
  /** The name of a lookup type that is declared but not built. */
  readonly unbuiltLookup?: (type: Octets) => string | undefined;
  /** For misspelt ones. */
  readonly lookupNames?: readonly string[];
  /** The lookup type takes a query, not a file and a key. */
  readonly isQueryLookup?: (type: Octets) => boolean;
}

export function createExpander(family: ExpansionFamily, parts: ExpanderParts = {}): Expander {
  const vocabulary = createVocabulary(family, parts.lookupTypeProblem);
  const compiler = new ExpansionCompiler();
  const cache = new BoundedCache<Octets, Template>(RUN_TIME_TEXTS);
  const templateParts = { ...parts, suggest: makeSuggest(family, parts.lookupNames ?? []) };
  const template = (source: Octets, at: SourceLocation, what: string) =>
    new ExpandedTemplate(source, at, what, vocabulary, compiler, templateParts);
  return {
    template,
    runtime: (text, what) => {
      if (text.length > RUN_TIME_TEXT_LENGTH) return template(text, nowhere, what);
      const known = cache.get(text);
      if (known) return known;
      const made = template(text, nowhere, what);
      cache.set(text, made);
      return made;
    },
  };
}

const nowhere: SourceLocation = { file: '', line: 0, column: 0 };

/** Evaluates a Template, or a text that is compiled through the configuration's cache. */
export function expandText(text: Template | Octets, frame: Frame, what = 'string'): MaybePromise<Outcome<Text>> {
  return typeof text === 'string' ? frame.config.compile(text, what).evaluate(frame) : text.evaluate(frame);
}

interface TemplateParts extends ExpanderParts {
  readonly suggest: Suggest;
}

class ExpandedTemplate implements Template {
  readonly source: Octets;
  readonly at: SourceLocation;
  readonly what: string;
  readonly #vocabulary: Vocabulary;
  readonly #compiler: ExpansionCompiler;
  readonly #parts: TemplateParts;
  #expression: Expression | undefined;

  constructor(source: Octets, at: SourceLocation, what: string, vocabulary: Vocabulary, compiler: ExpansionCompiler, parts: TemplateParts) {
    this.source = source;
    this.at = at;
    this.what = what;
    this.#vocabulary = vocabulary;
    this.#compiler = compiler;
    this.#parts = parts;
  }

  get constant(): Octets | undefined {
    if (!this.source.includes('$') && !this.source.includes('\\')) return this.source;
    return this.#compiled().constant?.octets;
  }

  evaluate(frame: Frame): MaybePromise<Outcome<Text>> {
    return (this.#expression ?? this.#compiled()).evaluate(frame);
  }

  problems(): readonly Problem[] {
    return findProblems(parseExpansion(this.source, this.#vocabulary)).flatMap((finding) => this.#problem(finding) ?? []);
  }

  mentions(): readonly Mention[] {
    const tree = parseExpansion(this.source, this.#vocabulary);
    return findMentions(tree, this.#parts.isQueryLookup ?? (() => false)).map(({ kind, node }) => ({
      kind,
      at: advance(this.at, node.span.from),
      constant: constantOf(node)?.octets,
      variables: variablesOf(node).map((part) => ({ name: part.name, at: advance(this.at, part.from) })),
    }));
  }

  #compiled(): Expression {
    this.#expression ??= this.#compiler.expression(parseExpansion(this.source, this.#vocabulary));
    return this.#expression;
  }

  #problem(finding: Finding): Problem | undefined {
    const at = advance(this.at, finding.kind === 'broken' ? finding.node.span.from : finding.at);
    if (finding.kind === 'broken') {
      const { message } = finding.node;
      const suggestion = this.#parts.suggest(message);
      return { severity: 'warning', message, at, subject: this.what, ...(suggestion === undefined ? {} : { suggestion }) };
    }
    if (finding.kind === 'lookup') {
      const name = this.#parts.unbuiltLookup?.(finding.type);
      return name === undefined ? undefined : { severity: 'not-yet', message: `lookup type "${name}" is not built yet`, at, subject: name };
    }
    return { severity: 'not-yet', message: notYetMessage(finding.what, finding.name), at, subject: finding.name };
  }
}

/** The variables and headers that a text is put together of. */
function variablesOf(node: Node): readonly { readonly name: Octets; readonly from: number }[] {
  const parts = node.kind === 'sequence' ? node.parts : [node];
  return parts.flatMap((part) => {
    if (part.kind === 'variable') return [{ name: part.definition.name, from: part.span.from }];
    if (part.kind === 'header') return [{ name: `h_${part.name}`, from: part.span.from }];
    return part.kind === 'acl-variable' || part.kind === 'router-variable' ? [{ name: part.name, from: part.span.from }] : [];
  });
}
