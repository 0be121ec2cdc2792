/**
 * Expansion items `${name …}` and conditions `${if name…`: one file each in expand/items/ and expand/conditions/. Spec ch. 11.
 * The arguments' shape is declared, so that the parser needs no knowledge of single items and `check` can look into all of them.
 */
import type { Octets } from '../../base/octets.ts';
import type { Compiled, CompiledCondition } from '../frame.ts';
import type { ExpansionExample } from './operator.ts';

/** What a definition gets to compile its arguments with. Owned by expand/. */
export interface ExpansionCompiler<Node> {
  compile(node: Node): Compiled;
  compileCondition(node: Node): CompiledCondition;
}

/** Owned by expand/: its parser and AST types are opaque here. */
export interface ItemDefinition {
  readonly family: 'item';
  readonly name: string;
  readonly summary: string;
  readonly spec: string;
  readonly examples: readonly ExpansionExample[];
  readonly isNotYet?: boolean;
  /** Reads the item's arguments after its name and compiles them; typed by expand/ (`ItemBehaviour`). */
  readonly behaviour: unknown;
}

export interface ConditionDefinition {
  readonly family: 'condition';
  readonly name: Octets;
  readonly summary: string;
  readonly spec: string;
  readonly examples: readonly ExpansionExample[];
  readonly isNotYet?: boolean;
  readonly behaviour: unknown;
}
