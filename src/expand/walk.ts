/** Looks into every part of a tree: what `check` reports without evaluating. */
import { assertNever } from '../base/invariant.ts';
import type { Octets } from '../base/octets.ts';
import type { Mention } from '../core/config.ts';
import type { ItemDefinition } from '../core/define/expansion.ts';
import type { Argument, Broken, Condition, Node } from './ast.ts';

export type Finding =
  | { readonly kind: 'broken'; readonly node: Broken }
  | { readonly kind: 'not-yet'; readonly what: 'item' | 'operator' | 'condition'; readonly name: string; readonly at: number }
  /** A lookup, whose type may not be built; `source` is its file or query. */
  | { readonly kind: 'lookup'; readonly type: Octets; readonly at: number; readonly source: Node | undefined };

type Visited = Finding | { readonly kind: 'mention'; readonly of: Mention['kind']; readonly node: Node };

/** Each broken place once, each use of what is not built yet, and each lookup. */
export function findProblems(node: Node): Finding[] {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  walkNode(node, (finding) => {
    if (finding.kind === 'mention') return;
    const key = keyOf(finding);
    if (seen.has(key)) return;
    seen.add(key);
    findings.push(finding);
  });
  return findings;
}

function keyOf(finding: Finding): string {
  switch (finding.kind) {
    case 'broken':
      return 'broken';
    case 'not-yet':
      return `${finding.what} ${finding.name} ${finding.at}`;
    case 'lookup':
      return `lookup ${finding.at}`;
    default:
      return assertNever(finding);
  }
}

/** The first place in a condition that cannot be parsed. */
export function findBroken(condition: Condition): Broken | undefined {
  let broken: Broken | undefined;
  walkCondition(condition, (finding) => {
    if (finding.kind === 'broken') broken ??= finding.node;
  });
  return broken;
}

type Visit = (finding: Visited) => void;

function walkNode(node: Node, visit: Visit): void {
  switch (node.kind) {
    case 'sequence':
      for (const part of node.parts) walkNode(part, visit);
      return;
    case 'operator':
      if (node.definition.isNotYet) visit({ kind: 'not-yet', what: 'operator', name: node.definition.name, at: node.span.from });
      walkNode(node.argument, visit);
      return;
    case 'item':
      if (node.definition.isNotYet) visit({ kind: 'not-yet', what: 'item', name: node.definition.name, at: node.span.from });
      visitMention(node.definition, node.arguments, visit);
      for (const argument of node.arguments) {
        if (argument.kind === 'word' && node.definition.name === 'lookup')
          visit({ kind: 'lookup', type: argument.word, at: node.span.from, source: stringsOf(node.arguments)[0] });
        walkArgument(argument, visit);
      }
      return;
    case 'broken':
      visit({ kind: 'broken', node });
      return;
    case 'literal':
    case 'capture':
    case 'variable':
    case 'acl-variable':
    case 'router-variable':
    case 'header':
      return;
    default:
      assertNever(node);
  }
}

function walkCondition(condition: Condition, visit: Visit): void {
  switch (condition.kind) {
    case 'test':
      if (condition.definition.isNotYet)
        visit({ kind: 'not-yet', what: 'condition', name: condition.definition.name, at: condition.span.from });
      visitMention(condition.definition, condition.arguments, visit);
      for (const argument of condition.arguments) walkArgument(argument, visit);
      return;
    case 'inside':
      walkCondition(condition.condition, (finding) =>
        visit(
          finding.kind === 'broken'
            ? { kind: 'broken', node: { ...finding.node, message: finding.node.message + condition.suffix } }
            : finding,
        ),
      );
      return;
    case 'broken':
      visit({ kind: 'broken', node: condition });
      return;
    default:
      assertNever(condition);
  }
}

function walkArgument(argument: Argument, visit: Visit): void {
  switch (argument.kind) {
    case 'string':
      return walkNode(argument.node, visit);
    case 'command':
      return walkNode(argument.whole, visit);
    case 'command-parts':
      return argument.parts.forEach(({ node }) => walkNode(node, visit));
    case 'optional-string':
      return argument.node && walkNode(argument.node, visit);
    case 'strings':
    case 'group':
      return argument.nodes.forEach((node) => walkNode(node, visit));
    case 'counted-branches':
      return argument.strings.forEach((node) => walkNode(node, visit));
    case 'condition':
    case 'braced-condition':
      return walkCondition(argument.condition, visit);
    case 'conditions':
      return argument.conditions.forEach((condition) => walkCondition(condition, visit));
    case 'branches':
      if (argument.yes) walkNode(argument.yes, visit);
      if (argument.no) walkNode(argument.no, visit);
      return;
    case 'variable':
      return argument.reference.kind === 'broken' ? visit({ kind: 'broken', node: argument.reference }) : undefined;
    case 'word':
    case 'options':
      return;
    default:
      assertNever(argument);
  }
}

/** A text that names something (core/config.ts `Mention`), by its nodes. */
export interface MentionedNode {
  readonly kind: Mention['kind'];
  readonly node: Node;
}

/** Everything that is named in a tree, in branches too. `isQuery` tells whether a lookup type takes a query instead of a file. */
export function findMentions(node: Node, isQuery: (lookupType: Octets) => boolean): readonly MentionedNode[] {
  const found: MentionedNode[] = [];
  walkNode(node, (finding) => {
    if (finding.kind === 'mention') found.push({ kind: finding.of, node: finding.node });
    else if (finding.kind === 'lookup' && finding.source)
      found.push({ kind: isQuery(finding.type) ? 'query' : 'file', node: finding.source });
  });
  return found;
}

function stringsOf(args: readonly Argument[]): readonly Node[] {
  return args.flatMap((argument) => {
    if (argument.kind === 'string') return [argument.node];
    return argument.kind === 'strings' || argument.kind === 'group' ? argument.nodes : [];
  });
}

function visitMention(definition: Pick<ItemDefinition, 'mentions'>, args: readonly Argument[], visit: Visit): void {
  const node = definition.mentions && stringsOf(args)[definition.mentions.string];
  if (definition.mentions && node) visit({ kind: 'mention', of: definition.mentions.kind, node });
}
