/**
 * Tree to closures, once for each text; at run time nothing is parsed. Closures are synchronous unless they did I/O.
 * Spec ch. 11; DESIGN.md 3.4.
 */
import { assertNever } from '../base/invariant.ts';
import { type Octets, octetsFromBytes } from '../base/octets.ts';
import type { ArgumentValue, Branches, CountedBranches, Expression, VariableReference } from '../core/define/expansion.ts';
import type { OperatorDefinition } from '../core/define/operator.ts';
import { type Compiled, type CompiledCondition, type Frame, findLocal, type Judged } from '../core/frame.ts';
import { chain, type MaybePromise } from '../core/maybe-promise.ts';
import { fail, type NotOk, type Outcome, ok } from '../core/outcome.ts';
import { emptyText, type TaintSpan, type Text, tainted, untainted } from '../core/text.ts';
import type { Argument, Broken, Condition, CountedStrings, Node, ParsedBranches, Reference } from './ast.ts';
import { chainResult, emptyOutcome, toOutcome } from './branches.ts';
import { hasHeader, readHeader } from './header-value.ts';
import { judged } from './judged.ts';
import { notYet } from './not-yet.ts';
import { type BranchProblem, countedProblem } from './parser.ts';
import { readAclVariable, readRouterVariable } from './user-variables.ts';
import { findBroken, findProblems } from './walk.ts';

/** A value for a tree; trees of one text only, nothing is kept. */
export class ExpansionCompiler {
  expression(node: Node): Expression {
    const constant = constantOf(node);
    if (constant !== undefined) {
      const outcome = ok(constant);
      return { constant, evaluate: () => outcome };
    }
    return { constant: undefined, evaluate: this.#compile(node) };
  }

  #compile(node: Node): Compiled {
    switch (node.kind) {
      case 'literal': {
        const outcome = ok(untainted(node.octets));
        return () => outcome;
      }
      case 'sequence':
        return sequence(node.parts.map((part) => this.#compile(part)));
      case 'capture': {
        const { index } = node;
        return (frame) => ok(frame.captures[index] ?? emptyText);
      }
      case 'variable':
      case 'acl-variable':
      case 'router-variable':
      case 'header':
        return readOrEmpty(reader(node));
      case 'operator':
        return this.#operator(node);
      case 'item': {
        if (node.definition.isNotYet) return unbuilt(node);
        return node.definition.compile(this.#arguments(node.arguments, node.definition.name));
      }
      case 'broken':
        return broken(node);
      default:
        return assertNever(node);
    }
  }

  #operator(node: Extract<Node, { kind: 'operator' }>): Compiled {
    const { definition, name, suffix } = node;
    if (definition.isNotYet) return notYet('operator', definition.name);
    const certificate = node.argument.kind === 'variable' ? node.argument.definition.certificate : undefined;
    if (certificate && definition.ofCertificate) return ofCertificate(certificate, definition.ofCertificate, node);
    const argument = this.expression(node.argument);
    const { transform } = definition;
    const apply: OperatorDefinition['apply'] = transform ? (text) => transform(text, suffix, name) : definition.apply;
    if (transform && argument.constant) {
      const outcome = toOutcome(transform(argument.constant, suffix, name));
      return () => outcome;
    }
    const { evaluate } = argument;
    return (frame) => {
      const text = evaluate(frame);
      if (text instanceof Promise)
        return text.then((outcome) => (outcome.kind === 'ok' ? chainResult(apply(outcome.value, frame, suffix)) : outcome));
      return text.kind === 'ok' ? chainResult(apply(text.value, frame, suffix)) : text;
    };
  }

  // -------------------------------------------------------------- conditions

  condition(node: Condition): CompiledCondition {
    switch (node.kind) {
      case 'test': {
        const { definition, isNegated } = node;
        if (definition.isNotYet) return unbuiltCondition(node);
        const test = definition.compile(this.#arguments(node.arguments, definition.name));
        return isNegated ? negated(test) : test;
      }
      case 'inside':
        return inside(this.condition(node.condition), node.suffix);
      case 'broken': {
        const outcome = fail(node.message);
        return () => outcome;
      }
      default:
        return assertNever(node);
    }
  }

  // -------------------------------------------------------------- arguments

  #arguments(args: readonly Argument[], name: string): ArgumentValue[] {
    return args.map((argument) => this.#argument(argument, name));
  }

  #argument(argument: Argument, name: string): ArgumentValue {
    switch (argument.kind) {
      case 'string': {
        const expression = this.expression(argument.node);
        if (argument.source !== undefined) return { ...expression, source: argument.source };
        return argument.inside === undefined || expression.constant
          ? expression
          : { constant: undefined, evaluate: inside(expression.evaluate, argument.inside) };
      }
      case 'optional-string':
        return argument.node && this.expression(argument.node);
      case 'strings':
      case 'group':
        return argument.nodes.map((node) => this.expression(node));
      case 'word':
        return argument.word;
      case 'options':
        return argument.names;
      case 'command':
        return { kind: 'whole', text: this.expression(argument.whole) };
      case 'command-parts':
        return {
          kind: 'split',
          source: argument.source,
          parts: argument.parts.map(({ source, node }) => ({ source, text: this.expression(node) })),
        };
      case 'condition':
      case 'braced-condition':
        return this.condition(argument.condition);
      case 'conditions':
        return argument.conditions.map((condition) => this.condition(condition));
      case 'branches':
        return this.#branches(argument, name);
      case 'counted-branches':
        return this.#countedBranches(argument, name);
      case 'variable':
        return variableReference(argument.reference);
      default:
        return assertNever(argument);
    }
  }

  #branches({ yes, no, isFail }: ParsedBranches, itemName: string): Branches {
    return { itemName, yes: yes && this.expression(yes), no: no && this.expression(no), isFail };
  }

  #countedBranches(parsed: CountedStrings, name: string): CountedBranches {
    const strings = parsed.strings.map((node) => this.expression(node));
    const [first = failing(countedProblem(parsed, 1, name)?.message ?? '')] = strings;
    return {
      first,
      resolve: (value) => {
        const count = parsed.fixed(value);
        const branches = { itemName: name, yes: strings[count], no: strings[count + 1], isFail: parsed.isFail };
        const problem = countedProblem(parsed, count, name);
        if (problem === undefined) return { strings: strings.slice(1, count), branches };
        if (problem.kind === 'missing') return { strings: [...strings.slice(1, count), failing(problem.message)], branches };
        return { strings: strings.slice(1, count), branches: this.#unclosed(branches, problem) };
      },
    };
  }

  /** The branch that is taken is evaluated before its end is found to be wrong. */
  #unclosed({ itemName, yes, no, isFail }: Branches, { message, failMessage = message }: BranchProblem): Branches {
    return { itemName, yes: followedBy(yes, failing(message)), no: followedBy(no, failing(isFail ? failMessage : message)), isFail };
  }
}

function failing(message: string): Expression {
  const outcome = fail(message);
  return { constant: undefined, evaluate: () => outcome };
}

function followedBy(before: Expression | undefined, after: Expression): Expression {
  return before === undefined ? after : { constant: undefined, evaluate: sequence([before.evaluate, after.evaluate]) };
}

/** The text of a node in which nothing is expanded. */
export function constantOf(node: Node): Text | undefined {
  if (node.kind === 'literal') return untainted(node.octets);
  return node.kind === 'sequence' && node.parts.length === 0 ? emptyText : undefined;
}

// ---------------------------------------------------------------- sequences

/** Concatenates; taint spans move by what stands before them. */
function sequence(parts: readonly Compiled[]): Compiled {
  return (frame) => {
    const joined = new Joined();
    for (let i = 0; i < parts.length; i++) {
      const outcome = parts[i]?.(frame) ?? emptyOutcome;
      if (outcome instanceof Promise) return continueSequence(outcome, joined, parts, i, frame);
      if (outcome.kind !== 'ok') return outcome;
      joined.add(outcome.value);
    }
    return ok(joined.text());
  };
}

async function continueSequence(
  pending: Promise<Outcome<Text>>,
  joined: Joined,
  parts: readonly Compiled[],
  index: number,
  frame: Frame,
): Promise<Outcome<Text>> {
  let outcome = await pending;
  for (let i = index; ; ) {
    if (outcome.kind !== 'ok') return outcome;
    joined.add(outcome.value);
    i++;
    const part = parts[i];
    if (!part) return ok(joined.text());
    outcome = await part(frame);
  }
}

class Joined {
  #octets = '';
  #taint: TaintSpan[] | undefined;

  add(text: Text): void {
    if (text.taint.length > 0) {
      const offset = this.#octets.length;
      this.#taint ??= [];
      for (const span of text.taint) this.#taint.push(offset === 0 ? span : { ...span, from: span.from + offset, to: span.to + offset });
    }
    this.#octets += text.octets;
  }

  text(): Text {
    return this.#taint === undefined ? untainted(this.#octets) : { octets: this.#octets, taint: this.#taint };
  }
}

// ---------------------------------------------------------------- names

type Reader = (frame: Frame) => MaybePromise<Text | undefined | NotOk>;

function reader(reference: Reference): Reader {
  switch (reference.kind) {
    case 'variable': {
      const { name, read } = reference.definition;
      if (reference.unknown !== undefined) {
        const unknown = fail(reference.unknown);
        return (frame) => findLocal(frame, name) ?? unknown;
      }
      return (frame) => (frame.locals === undefined ? read(frame) : (findLocal(frame, name) ?? read(frame)));
    }
    case 'acl-variable': {
      const { name } = reference;
      return (frame) => readAclVariable(frame, name);
    }
    case 'router-variable': {
      const { name } = reference;
      return (frame) => readRouterVariable(frame, name);
    }
    case 'header': {
      const { name, form } = reference;
      return (frame) => readHeader(frame, name, form);
    }
    default:
      return assertNever(reference);
  }
}

function readOrEmpty(read: Reader): Compiled {
  return (frame) => {
    const value = read(frame);
    return value instanceof Promise ? value.then(valueOutcome) : valueOutcome(value);
  };
}

function valueOutcome(value: Text | undefined | NotOk): Outcome<Text> {
  if (value === undefined) return emptyOutcome;
  return 'kind' in value ? value : ok(value);
}

function variableReference(reference: Reference | Broken): VariableReference {
  if (reference.kind === 'broken') {
    const outcome = fail(reference.message);
    return { name: '', isHeader: false, read: () => outcome };
  }
  if (reference.kind === 'header') {
    const { name } = reference;
    return { name, isHeader: true, read: (frame) => (hasHeader(frame, name) ? emptyText : undefined) };
  }
  return { name: reference.kind === 'variable' ? reference.definition.name : reference.name, isHeader: false, read: reader(reference) };
}

// ---------------------------------------------------------------- small closures

/** Of what is not built yet only the syntax is known. */
function unbuilt(node: Extract<Node, { kind: 'item' }>): Compiled {
  const wrong = findProblems(node).find((finding) => finding.kind === 'broken');
  return wrong ? broken(wrong.node) : notYet('item', node.definition.name);
}

function unbuiltCondition(node: Extract<Condition, { kind: 'test' }>): CompiledCondition {
  const wrong = findBroken(node);
  if (!wrong) return notYet('condition', node.definition.name);
  const outcome = fail(wrong.message);
  return () => outcome;
}

/** A digest of a certificate is one of its DER form; without a certificate there is nothing. */
function ofCertificate(
  certificate: (frame: Frame) => Uint8Array | undefined,
  finish: (result: Octets) => Octets,
  { definition, suffix }: Extract<Node, { kind: 'operator' }>,
): Compiled {
  return (frame) => {
    const der = certificate(frame);
    const text = tainted(der ? octetsFromBytes(der) : '');
    return chain(chainResult(definition.apply(text, frame, suffix)), (outcome) =>
      der && outcome.kind === 'ok' ? ok({ ...outcome.value, octets: finish(outcome.value.octets) }) : outcome,
    );
  };
}

function broken(node: Broken): Compiled {
  const outcome = fail(node.message);
  return () => outcome;
}

function negated(test: CompiledCondition): CompiledCondition {
  return (frame) => chain(test(frame), invert);
}

function invert(outcome: Outcome<Judged>): Outcome<Judged> {
  if (outcome.kind !== 'ok') return outcome;
  const { value, captures, found } = outcome.value;
  if (captures === undefined && found === undefined) return judged(!value);
  return ok({ ...outcome.value, value: !value });
}

/** Adds where it stood to the message of what failed. */
function inside<T>(evaluate: (frame: Frame) => MaybePromise<Outcome<T>>, suffix: Octets): (frame: Frame) => MaybePromise<Outcome<T>> {
  const explain = (outcome: Outcome<T>): Outcome<T> => {
    if (outcome.kind === 'ok' || outcome.message === undefined) return outcome;
    return { ...outcome, message: outcome.message + suffix };
  };
  return (frame) => chain(evaluate(frame), explain);
}
