/**
 * Text to tree. Exim parses while it evaluates, so what cannot be parsed fails only when evaluation gets there: the tree then ends in a
 * `broken` node with Exim's text. The arguments of items and conditions are read by their declared shapes. Spec ch. 11.
 */
import { assertNever } from '../base/invariant.ts';
import { isAlphaCode, type Octets } from '../base/octets.ts';
import type { ArgumentShape, ConditionDefinition, ItemDefinition } from '../core/define/expansion.ts';
import type { OperatorDefinition } from '../core/define/operator.ts';
import type { VariableDefinition } from '../core/define/variable.ts';
import type { ExpansionFamily } from '../core/registry.ts';
import type { Argument, Broken, Condition, CountedStrings, HeaderForm, Node, ParsedBranches, Reference, Span } from './ast.ts';
import { splitCommandLine } from './command-line.ts';
import { Cursor } from './lexer.ts';

/** Deeper nesting than any configuration has; bounds the stack. */
const MAX_DEPTH = 250;

/** Every name that may be written, by kind. */
export interface Vocabulary {
  readonly items: ReadonlyMap<string, ItemDefinition>;
  readonly operators: ReadonlyMap<string, OperatorDefinition>;
  readonly conditions: ReadonlyMap<string, ConditionDefinition>;
  readonly variables: ReadonlyMap<string, VariableDefinition>;
  /** Exim's text when it is no lookup type; absent: only a lookup that is done finds it out. */
  readonly lookupTypeProblem?: (type: Octets) => string | undefined;
}

export function createVocabulary(family: ExpansionFamily, lookupTypeProblem?: Vocabulary['lookupTypeProblem']): Vocabulary {
  const operators = new Map<string, OperatorDefinition>();
  for (const operator of family.operators) for (const name of [operator.name, ...(operator.aliases ?? [])]) operators.set(name, operator);
  return {
    items: new Map(family.items.map((item) => [item.name, item])),
    operators,
    conditions: new Map(family.conditions.map((condition) => [condition.name, condition])),
    variables: new Map(family.variables.map((variable) => [variable.name, variable])),
    ...(lookupTypeProblem ? { lookupTypeProblem } : {}),
  };
}

/** Never throws: what is wrong is in the tree. */
export function parseExpansion(source: Octets, vocabulary: Vocabulary): Node {
  return new Parser(new Cursor(source), vocabulary).parseWhole();
}

class Parser {
  readonly #cursor: Cursor;
  readonly #words: Vocabulary;
  #failure: Broken | undefined;
  #depth = 0;
  /** A header's name ended without a colon: the usual reason for a missing brace. */
  #hasOpenHeader = false;

  constructor(cursor: Cursor, vocabulary: Vocabulary) {
    this.#cursor = cursor;
    this.#words = vocabulary;
  }

  parseWhole(): Node {
    return this.#sequence(false, false);
  }

  // -------------------------------------------------------------- text

  /** Up to the closing brace (which is taken) or, at the top, to the end. */
  #sequence(isBraced: boolean, isDollarLiteral: boolean): Node {
    const cursor = this.#cursor;
    const from = cursor.at;
    const parts: Node[] = [];
    while (this.#failure === undefined && !cursor.isAtEnd && !(isBraced && cursor.peek() === '}')) {
      const at = cursor.at;
      if (cursor.take('\\')) this.#pushEscape(parts, at);
      else if (!isDollarLiteral && cursor.take('$')) parts.push(this.#dollar(at));
      else pushLiteral(parts, cursor.literal(isBraced, isDollarLiteral), { from: at, to: cursor.at });
    }
    if (this.#failure === undefined && isBraced && !cursor.take('}')) this.#fail(this.#missingBrace(), cursor.at);
    if (this.#failure !== undefined && parts.at(-1)?.kind !== 'broken') parts.push(this.#failure);
    const [only] = parts;
    return parts.length === 1 && only ? only : { kind: 'sequence', span: { from, to: cursor.at }, parts };
  }

  #missingBrace(): string {
    return `missing } at end of string${this.#hasOpenHeader ? ' - could be header name not terminated by colon' : ''}`;
  }

  #pushEscape(parts: Node[], at: number): void {
    const escape = this.#cursor.escape();
    if (escape.kind === 'at-end') this.#fail('\\ at end of string', at);
    else pushLiteral(parts, escape.octets, { from: at, to: this.#cursor.at });
  }

  /** After `$`. */
  #dollar(from: number): Node {
    const cursor = this.#cursor;
    if (cursor.take('{')) return this.#nested(from, () => this.#braced(from));
    const digits = cursor.digits();
    if (digits !== '') return { kind: 'capture', span: { from, to: cursor.at }, index: captureIndex(digits) };
    if (!isAlphaCode(cursor.source.charCodeAt(cursor.at))) return this.#fail('$ not followed by letter, digit, or {', from);
    const at = cursor.at;
    const header = this.#header(from);
    if (header) return header;
    cursor.at = at;
    const name = cursor.variableName();
    const unknown = `unknown variable name "${name}"${aclNameHint(name)}`;
    return this.#reference(name, from, unknown) ?? this.#fail(unknown, from);
  }

  #nested(from: number, parse: () => Node): Node {
    if (this.#depth >= MAX_DEPTH) return this.#fail('expansion items are nested too deeply', from);
    this.#depth++;
    const node = parse();
    this.#depth--;
    return node;
  }

  /** After `${`. */
  #braced(from: number): Node {
    const cursor = this.#cursor;
    const digits = cursor.digits();
    if (digits !== '')
      return cursor.take('}')
        ? { kind: 'capture', span: { from, to: cursor.at }, index: captureIndex(digits) }
        : this.#fail('} expected after number', from);
    const name = cursor.bracedName();
    if (name === '') return this.#fail('letter or digit expected after ${', from);
    const item = this.#words.items.get(name);
    if (item) return this.#item(item, from);
    if (cursor.take(':')) return this.#operator(name, from);
    if (cursor.take('}')) {
      const unknown = `unknown variable in "\${${name}}"${aclNameHint(name)}`;
      return this.#reference(name, from, unknown) ?? this.#fail(unknown, from);
    }
    return this.#fail(`"\${${name}" is not a known operator (or a } is missing in a variable reference)`, from);
  }

  // -------------------------------------------------------------- names

  #reference(name: Octets, from: number, unknown: string): Reference | undefined {
    const span = { from, to: this.#cursor.at };
    const definition = this.#words.variables.get(name);
    if (definition) return { kind: 'variable', span, definition, ...(definition.isFilterOnly ? { unknown } : {}) };
    if (/^acl_[cm](?:$|[0-9_])/.test(name)) return { kind: 'acl-variable', span, name };
    if (name.startsWith('r_')) return { kind: 'router-variable', span, name };
    return undefined;
  }

  /** `h_name:` and its relatives; undefined when no header begins here. */
  #header(from: number): Reference | undefined {
    const cursor = this.#cursor;
    const prefix = /([rbl]?)(?:h|header)_/y;
    prefix.lastIndex = cursor.at;
    const found = prefix.exec(cursor.source);
    if (!found) return undefined;
    cursor.at += found[0].length;
    const { name } = cursor.headerName();
    if (name.includes('}')) this.#hasOpenHeader = true;
    return { kind: 'header', span: { from, to: cursor.at }, form: HEADER_FORMS.get(found[1] ?? '') ?? 'decoded', name };
  }

  // -------------------------------------------------------------- operators and items

  /** After `${name:`. The text is evaluated before an unknown name is found out. */
  #operator(name: Octets, from: number): Node {
    const argument = this.#sequence(true, false);
    const span = { from, to: this.#cursor.at };
    const found = this.#findOperator(name);
    if (typeof found === 'string') return this.#failAfter([argument], found, from);
    return { kind: 'operator', span, definition: found.definition, name: found.name, suffix: found.suffix, argument };
  }

  #findOperator(
    name: Octets,
  ): { readonly definition: OperatorDefinition; readonly name: string; readonly suffix: Octets | undefined } | string {
    const exact = this.#words.operators.get(name);
    if (exact && !exact.needsSuffix) return { definition: exact, name, suffix: undefined };
    if (exact) return `missing values after ${name}`;
    const underscore = name.indexOf('_');
    const base = underscore < 0 ? '' : name.slice(0, underscore);
    const definition = this.#words.operators.get(base);
    return definition ? { definition, name: base, suffix: name.slice(underscore + 1) } : `unknown expansion operator "${name}"`;
  }

  #item(definition: ItemDefinition, from: number): Node {
    const args: Argument[] = [];
    for (const shape of definition.arguments) args.push(this.#itemArgument(shape, definition.name, args));
    this.#closeItem(definition, args);
    if (hasBody(definition)) this.#failBeforeBody(args);
    else this.#failAtLast(definition, args);
    return { kind: 'item', span: { from, to: this.#cursor.at }, definition, arguments: args };
  }

  /** Exim reads what it will evaluate for each item of a list before it does so the first time: what is wrong in it, or behind it, comes first. */
  #failBeforeBody(args: Argument[]): void {
    const before = args.at(-2);
    if (!this.#failure || before?.kind !== 'string') return;
    const node: Node = { kind: 'sequence', span: before.node.span, parts: [before.node, this.#failure] };
    args[args.length - 2] = { ...before, node };
  }

  /** As before, where something else is decided first (the comparator of `sort`). */
  #failAtLast(definition: ItemDefinition, args: Argument[]): void {
    const shape = definition.arguments.at(-1);
    if (this.#failure && shape?.kind === 'string' && shape.keepsSource) args[args.length - 1] = { kind: 'string', node: this.#failure };
  }

  /** Branches take the closing brace themselves. */
  #closeItem(definition: ItemDefinition, args: Argument[]): void {
    const last = args.at(-1);
    if (this.#failure || last?.kind === 'branches' || last?.kind === 'counted-branches') return;
    this.#cursor.skipSpace();
    if (this.#cursor.take('}')) return;
    const usual = last?.kind === 'strings' ? `missing '}' after '${definition.name}'` : `missing } at end of "${definition.name}"`;
    const broken =
      last?.kind === 'strings'
        ? this.#failAtBrace(definition.unclosed ?? usual, this.#cursor.at)
        : this.#fail(definition.unclosed ?? usual, this.#cursor.at);
    if (last?.kind === 'strings') args[args.length - 1] = { kind: 'strings', nodes: [...last.nodes, broken] };
  }

  #itemArgument(shape: ArgumentShape, name: string, before: readonly Argument[]): Argument {
    const cursor = this.#cursor;
    if (shape.kind !== 'options' && shape.kind !== 'variable' && !this.#failure) cursor.skipSpace();
    switch (shape.kind) {
      case 'string':
        return this.#stringArgument(shape, name);
      case 'optional-string':
        return { kind: 'optional-string', node: cursor.peek() === '{' ? this.#string(false, () => '') : undefined };
      case 'strings':
        return { kind: 'strings', nodes: this.#strings(shape, name) };
      case 'group':
        return { kind: 'group', nodes: this.#group(shape, name) };
      case 'word':
        return { kind: 'word', word: this.#word(shape) };
      case 'options':
        return { kind: 'options', names: this.#options(shape.names, name) };
      case 'command':
        return this.#command(shape.label, name, before);
      case 'condition':
        return { kind: 'condition', condition: this.#condition() };
      case 'braced-condition':
        return { kind: 'braced-condition', condition: this.#bracedCondition(shape.label, name) };
      case 'conditions':
        return { kind: 'conditions', conditions: this.#conditions(name) };
      case 'branches':
        return this.#branches(name);
      case 'counted-branches':
        return this.#countedStrings(shape.fixed, name);
      case 'variable':
        return { kind: 'variable', reference: this.#defined() };
      default:
        return assertNever(shape);
    }
  }

  #string(isDollarLiteral: boolean, missing: () => string): Node {
    if (this.#failure) return this.#failure;
    if (!this.#cursor.take('{')) return this.#fail(missing(), this.#cursor.at);
    const from = this.#cursor.at;
    return this.#nested(from, () => this.#sequence(true, isDollarLiteral));
  }

  #stringArgument(shape: Extract<ArgumentShape, { kind: 'string' }>, name: string): Argument {
    const cursor = this.#cursor;
    const from = cursor.at + 1;
    const inside = cursor.peek() === '{' ? shape.inside : undefined;
    const node = this.#labelledString(shape, name);
    return { kind: 'string', inside, node, ...(shape.keepsSource ? { source: cursor.source.slice(from, cursor.at - 1) } : {}) };
  }

  #labelledString(shape: Extract<ArgumentShape, { kind: 'string' }>, name: string): Node {
    const { label, isDollarLiteral = false, inside = '' } = shape;
    if (this.#failure) return this.#failure;
    if (this.#cursor.peek() !== '{') return this.#failAtBrace(missingText(label, name), this.#cursor.at);
    const node = this.#string(isDollarLiteral, () => '');
    this.#explainFailure(inside);
    return node;
  }

  #strings(shape: { readonly min: number; readonly max: number; readonly isFollowed?: boolean }, name: string): Node[] {
    const cursor = this.#cursor;
    const nodes: Node[] = [];
    while (!this.#failure && nodes.length < shape.max) {
      cursor.skipSpace();
      if (cursor.peek() !== '{') {
        if (nodes.length < shape.min) nodes.push(this.#failAtBrace(`Not enough arguments for '${name}' (min is ${shape.min})`, cursor.at));
        break;
      }
      nodes.push(this.#string(false, () => ''));
    }
    if (this.#failure || shape.isFollowed) return nodes;
    cursor.skipSpace();
    if (cursor.peek() === '{') nodes.push(this.#fail(`Too many arguments for '${name}' (max is ${shape.max})`, cursor.at));
    return nodes;
  }

  #group(shape: { readonly min: number; readonly max: number }, name: string): Node[] {
    const cursor = this.#cursor;
    const message = `too few arguments or bracketing error for ${name}`;
    if (this.#failure) return [this.#failure];
    if (!cursor.take('{')) return [this.#fail(`missing { after "${name}"`, cursor.at)];
    const nodes: Node[] = [];
    while (!this.#failure && nodes.length < shape.max) {
      cursor.skipSpace();
      if (cursor.peek() !== '{') break;
      nodes.push(this.#string(false, () => ''));
    }
    cursor.skipSpace();
    if (!this.#failure && (nodes.length < shape.min || !cursor.take('}'))) nodes.push(this.#fail(message, cursor.at));
    return nodes;
  }

  #word(shape: Extract<ArgumentShape, { kind: 'word' }>): Octets {
    const cursor = this.#cursor;
    if (this.#failure) return '';
    const at = cursor.at;
    if (shape.among) {
      const word = cursor.word();
      if (!shape.among.includes(word)) cursor.at = at;
      return shape.among.includes(word) ? word : '';
    }
    const word = isAlphaCode(cursor.source.charCodeAt(at)) ? cursor.lookupType() : '';
    const problem = word === '' ? shape.missing : shape.isLookupType ? this.#lookupTypeProblem(word) : undefined;
    if (problem !== undefined) this.#fail(problem, at);
    cursor.skipSpace();
    if (!this.#failure && shape.next !== undefined && cursor.peek() !== '{') this.#fail(shape.next, cursor.at);
    return word;
  }

  #lookupTypeProblem(type: Octets): string | undefined {
    return this.#words.lookupTypeProblem?.(type) ?? (/^[^,]*\}/.test(type) ? `unknown lookup type "${type}"` : undefined);
  }

  #options(known: readonly string[], name: string): Octets[] {
    const options: Octets[] = [];
    while (!this.#failure && this.#cursor.take(',')) {
      const at = this.#cursor.at;
      const option = this.#cursor.option();
      if (!known.includes(option)) this.#fail(`bad option '${option}' for ${name}`, at);
      options.push(option);
    }
    return options;
  }

  /** Split before it is expanded, unless the option `preexpand` was given: each part is a text of its own. */
  #command(label: string, name: string, before: readonly Argument[]): Argument {
    const cursor = this.#cursor;
    const from = cursor.at + 1;
    const isWhole = before.some((argument) => argument.kind === 'options' && argument.names.includes('preexpand'));
    if (isWhole || this.#failure || cursor.peek() !== '{') {
      const whole = this.#string(false, () => missingText(label, name));
      return { kind: 'command', source: cursor.source.slice(from, cursor.at - 1), whole };
    }
    this.#string(false, () => '');
    const broken = this.#renameFailure(`missing '}' closing ${label} of ${name}`);
    if (broken) return { kind: 'command', source: '', whole: broken };
    const source = cursor.source.slice(from, cursor.at - 1);
    const parts = splitCommandLine(source).map((part) => ({ source: part, node: parseExpansion(part, this.#words) }));
    return { kind: 'command-parts', source, parts };
  }

  // -------------------------------------------------------------- branches

  #branches(name: string): ParsedBranches {
    const cursor = this.#cursor;
    if (this.#failure) return { kind: 'branches', yes: this.#failure, no: this.#failure, isFail: false };
    cursor.skipSpace();
    if (cursor.take('}')) return { kind: 'branches', yes: undefined, no: undefined, isFail: false };
    if (cursor.peek() !== '{') return this.#brokenBranches(branchProblem("'yes' part did not start with '{'", cursor.rest));
    const yes = this.#string(false, () => '');
    cursor.skipSpace();
    const no = cursor.peek() === '{' ? this.#string(false, () => '') : undefined;
    const isFail = !no && this.#failWord(name);
    if (!this.#failure) cursor.skipSpace();
    if (!this.#failure && !cursor.take('}')) {
      const broken = this.#failAtBrace(branchProblem("did not close with '}'", cursor.rest), cursor.at);
      if (isFail && !this.#hasOpenHeader) return { kind: 'branches', yes, no: unclosedFail(broken, cursor.rest), isFail };
    }
    return { kind: 'branches', yes, no: no ?? this.#failure, isFail };
  }

  #brokenBranches(message: string): ParsedBranches {
    const broken = this.#failAtBrace(message, this.#cursor.at);
    return { kind: 'branches', yes: broken, no: broken, isFail: false };
  }

  #failWord(name: string): boolean {
    const cursor = this.#cursor;
    if (this.#failure || cursor.peek() === '}') return false;
    if (cursor.word() === 'fail') return true;
    this.#fail(failExpected(name), cursor.at);
    return false;
  }

  /** Strings of which the first decides how many come before the branches: all are read; what does not fit is found when it is known. */
  #countedStrings(fixed: (first: Octets) => number, name: string): CountedStrings {
    const cursor = this.#cursor;
    const strings: Node[] = [];
    const rests: Octets[] = [];
    while (!this.#failure) {
      cursor.skipSpace();
      rests.push(cursor.rest);
      if (cursor.peek() !== '{') break;
      strings.push(this.#string(false, () => ''));
    }
    let isFail = false;
    if (!this.#failure) {
      const at = cursor.at;
      isFail = cursor.word() === 'fail';
      if (!isFail) cursor.at = at;
      cursor.skipSpace();
      if (!cursor.take('}'))
        return this.#failCounted(
          { kind: 'counted-branches', fixed, strings, isFail, rests, hasOpenHeader: this.#hasOpenHeader, unclosedRest: cursor.rest },
          name,
        );
    }
    return { kind: 'counted-branches', fixed, strings, isFail, rests, hasOpenHeader: this.#hasOpenHeader, unclosedRest: undefined };
  }

  /** The brace after the last string is missing: which message that gives depends on the first string's value, if it is known. */
  #failCounted(parsed: CountedStrings, name: string): CountedStrings {
    const [first] = parsed.strings;
    const count = first?.kind === 'literal' ? parsed.fixed(first.octets) : parsed.strings.length > 2 ? 3 : 2;
    this.#fail(countedProblem(parsed, count, name)?.message ?? '', this.#cursor.at);
    return parsed;
  }

  // -------------------------------------------------------------- conditions

  #condition(): Condition {
    const cursor = this.#cursor;
    if (this.#failure) return this.#failure;
    const from = cursor.at;
    let isNegated = false;
    cursor.skipSpace();
    while (cursor.take('!')) {
      isNegated = !isNegated;
      cursor.skipSpace();
    }
    const name = cursor.conditionName();
    if (name === '') return this.#fail(`condition name expected, but found "${cursor.rest.slice(0, 16)}"`, cursor.at);
    const definition = this.#words.conditions.get(name);
    if (!definition) return this.#fail(`unknown condition "${name}"`, from);
    if (this.#depth >= MAX_DEPTH) return this.#fail('expansion conditions are nested too deeply', from);
    this.#depth++;
    const args = definition.arguments.map((shape, index) => this.#conditionArgument(shape, definition, index));
    if (args.at(-1)?.kind === 'braced-condition') this.#failBeforeBody(args);
    this.#depth--;
    return { kind: 'test', span: { from, to: cursor.at }, definition, isNegated, arguments: args };
  }

  #conditionArgument(shape: ArgumentShape, definition: ConditionDefinition, index: number): Argument {
    const { name } = definition;
    if (shape.kind === 'string') {
      if (!this.#failure) this.#cursor.skipSpace();
      const usual = index === 0 ? `missing { after "${name}"` : `missing 2nd string in {} after "${name}"`;
      return { kind: 'string', node: this.#string(shape.isDollarLiteral === true, () => definition.missing ?? usual) };
    }
    if (shape.kind === 'braced-condition') return { kind: 'braced-condition', condition: this.#bracedConditionOf(name) };
    return this.#itemArgument(shape, name, []);
  }

  /** `{{c1}{c2}…}` of `and` and `or`. */
  #conditions(name: string): Condition[] {
    const cursor = this.#cursor;
    const suffix = ` inside "${name}{...}" condition`;
    if (this.#failure) return [this.#failure];
    if (!cursor.take('{')) return [this.#fail(`missing { after "${name}"`, cursor.at)];
    const conditions: Condition[] = [];
    for (;;) {
      cursor.skipSpace();
      if (cursor.take('}')) return conditions;
      if (!cursor.take('{'))
        return [...conditions, this.#fail(`each subcondition inside an "${name}{...}" condition must be in its own {}`, cursor.at)];
      conditions.push(this.#inside(suffix));
      if (!this.#failure) cursor.skipSpace();
      if (!this.#failure && !cursor.take('}')) this.#fail(`missing } at end of condition inside "${name}" group`, cursor.at);
      if (this.#failure) return [...conditions, this.#failure];
    }
  }

  /** `{condition}` of `forany` and `forall`: Exim reads it before it evaluates it. */
  #bracedConditionOf(name: string): Condition {
    const cursor = this.#cursor;
    if (this.#failure) return this.#failure;
    cursor.skipSpace();
    if (!cursor.take('{')) return this.#fail(`missing { after "${name}"`, cursor.at);
    const condition = this.#inside(` inside "${name}" condition`);
    if (this.#failure) return this.#failure;
    cursor.skipSpace();
    if (!cursor.take('}')) this.#fail(`missing } at end of condition inside "${name}"`, cursor.at);
    return condition;
  }

  /** `{condition}` of an item. */
  #bracedCondition(label: string, name: string): Condition {
    const cursor = this.#cursor;
    if (this.#failure) return this.#failure;
    if (!cursor.take('{')) return this.#fail(missingText(label, name), cursor.at);
    const condition = this.#inside(` inside "${name}" condition`, ` inside "${name}" item`);
    if (this.#failure) return this.#failure;
    cursor.skipSpace();
    if (!cursor.take('}'))
      this.#fail(`missing } at end of condition or expression inside "${name}"; could be an unquoted } in the content`, cursor.at);
    return condition;
  }

  /** What is wrong in it gets the words of where it stands; those of a syntax error may differ. */
  #inside(suffix: string, syntaxSuffix = suffix): Condition {
    const from = this.#cursor.at;
    const condition = this.#condition();
    this.#explainFailure(syntaxSuffix);
    return { kind: 'inside', span: { from, to: this.#cursor.at }, suffix, condition };
  }

  /** After `def`. */
  #defined(): Reference | Broken {
    const cursor = this.#cursor;
    if (this.#failure) return this.#failure;
    if (!cursor.take(':')) return this.#fail('":" expected after "def"', cursor.at);
    const from = cursor.at;
    const header = this.#header(from);
    if (header) return header;
    const name = cursor.word();
    if (name === '') return this.#fail('variable name omitted after "def:"', from);
    const unknown = `unknown variable "${name}" after "def:"${aclNameHint(name)}`;
    return this.#reference(name, from, unknown) ?? this.#fail(unknown, from);
  }

  // -------------------------------------------------------------- failure

  /** The first failure is the one that counts: nothing is read after it. */
  #fail(message: string, at: number): Broken {
    this.#failure ??= { kind: 'broken', span: { from: at, to: this.#cursor.source.length }, message };
    return this.#failure;
  }

  #renameFailure(message: string): Broken | undefined {
    if (this.#failure) this.#failure = { ...this.#failure, message };
    return this.#failure;
  }

  /** Where a brace is missing or wrong: a header's name that took it comes first. */
  #failAtBrace(message: string, at: number): Broken {
    return this.#fail(this.#hasOpenHeader ? OPEN_HEADER : message, at);
  }

  #explainFailure(suffix: string): void {
    if (this.#failure) this.#failure = { ...this.#failure, message: this.#failure.message + suffix };
  }

  #failAfter(before: readonly Node[], message: string, from: number): Node {
    const broken = this.#fail(message, from);
    return { kind: 'sequence', span: broken.span, parts: [...before, broken] };
  }
}

const HEADER_FORMS: ReadonlyMap<string, HeaderForm> = new Map([
  ['', 'decoded'],
  ['b', 'basic'],
  ['l', 'list'],
  ['r', 'raw'],
]);

/** Its last argument is evaluated for each item of a list. */
function hasBody(definition: ItemDefinition): boolean {
  const last = definition.arguments.at(-1);
  return last?.kind === 'braced-condition' || (last?.kind === 'string' && last.inside !== undefined);
}

const OPEN_HEADER = 'missing or misplaced { or } - could be header name not terminated by colon';

/** Neighbouring literals become one. */
function pushLiteral(parts: Node[], octets: Octets, span: Span): void {
  const last = parts.at(-1);
  if (last?.kind === 'literal')
    parts[parts.length - 1] = { kind: 'literal', span: { from: last.span.from, to: span.to }, octets: last.octets + octets };
  else parts.push({ kind: 'literal', span, octets });
}

function captureIndex(digits: Octets): number {
  return digits.length > 9 ? Number.MAX_SAFE_INTEGER : Number.parseInt(digits, 10);
}

function missingText(label: string | undefined, name: string): string {
  return label === undefined ? '' : `missing '{' for ${label} of ${name}`;
}

function aclNameHint(name: Octets): string {
  if (!name.startsWith('acl_')) return '';
  if (name[4] !== 'c' && name[4] !== 'm') return ' (user-defined ACL variables must start acl_c or acl_m)';
  return ' (6th character of a user-defined ACL variable must be a digit or underscore)';
}

function branchProblem(problem: string, rest: Octets): string {
  return `curly-bracket problem in conditional yes/no parsing: ${problem}\n remaining string is '${rest}'`;
}

/** Exim's text when the failure is what was decided for. */
function unclosedFail(broken: Broken, rest: Octets): Broken {
  return { ...broken, message: branchProblem("did not close with '}' after forcedfail", rest) };
}

function failExpected(name: string): string {
  return `syntax error in "${name}" item - "fail" expected`;
}

/** What is wrong with an item's strings: one is missing before the branches, or the branches do not end as they should. */
export interface BranchProblem {
  readonly kind: 'missing' | 'branches';
  /** In Exim's words. */
  readonly message: string;
  /** When `fail` is what was decided for. */
  readonly failMessage?: string;
}

/** Undefined when the strings fit the number that come before the branches. */
export function countedProblem(parsed: CountedStrings, fixed: number, name: string): BranchProblem | undefined {
  const problem = problemOfStrings(parsed, fixed, name);
  const isAboutBraces = problem !== undefined && problem.message !== failExpected(name);
  return isAboutBraces && parsed.hasOpenHeader ? { kind: problem.kind, message: OPEN_HEADER } : problem;
}

function problemOfStrings(parsed: CountedStrings, fixed: number, name: string): BranchProblem | undefined {
  const { strings, isFail, rests, unclosedRest } = parsed;
  const branches = strings.length - fixed;
  if (branches < 0) return { kind: 'missing', message: `missing '{' for arg ${strings.length + 1} of ${name}` };
  const isOpen = unclosedRest !== undefined;
  if (branches === 0 && (isFail || isOpen)) return branchesProblem("'yes' part did not start with '{'", rests[strings.length]);
  if (branches > 2 || (isFail && branches === 2)) return branchesProblem("did not close with '}'", rests[fixed + 2]);
  if (!isOpen) return undefined;
  if (branches === 1 && !isFail) return { kind: 'branches', message: failExpected(name) };
  return {
    ...branchesProblem("did not close with '}'", unclosedRest),
    failMessage: branchProblem("did not close with '}' after forcedfail", unclosedRest),
  };
}

function branchesProblem(problem: string, rest: Octets = ''): BranchProblem {
  return { kind: 'branches', message: branchProblem(problem, rest) };
}
