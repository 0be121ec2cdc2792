/**
 * Expansion items `${name …}` and conditions `${if name…`: one file each in expand/items/ and expand/conditions/. Spec ch. 11.
 * The arguments' shape is declared, so that the parser needs no knowledge of single items and `check` can look into all of them.
 */
import type { Octets } from '../../base/octets.ts';
import type { Mention } from '../config.ts';
import type { Compiled, CompiledCondition, Frame } from '../frame.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { NotOk } from '../outcome.ts';
import type { Text } from '../text.ts';
import type { ExpansionExample } from './operator.ts';

// ---------------------------------------------------------------- what is written

/** One argument as it is written. White space is allowed before each but `options`. */
export type ArgumentShape =
  /** `{text}`. `label` names it in Exim's message when it is missing: `missing '{' for LABEL of NAME`. */
  | {
      readonly kind: 'string';
      readonly label?: string /** `$` is not special in it. */;
      readonly isDollarLiteral?: boolean /** Added to the message of a failure in it. */;
      readonly inside?: string /** The text itself is wanted too, for messages. */;
      readonly keepsSource?: boolean;
    }
  /** `{text}`, or nothing. */
  | { readonly kind: 'optional-string' }
  /** `{a}{b}…`; too few and too many are errors. `isFollowed`: more comes after, so no closing brace is looked for. */
  | { readonly kind: 'strings'; readonly min: number; readonly max: number; readonly isFollowed?: boolean }
  /** `{{a}{b}…}`. */
  | { readonly kind: 'group'; readonly min: number; readonly max: number }
  /** A bare word up to white space or a brace; `''` when `among` is given and none of these follows. */
  | {
      readonly kind: 'word';
      readonly missing?: string;
      readonly among?: readonly string[];
      readonly isLookupType?: boolean /** Exim's message when no brace follows. */;
      readonly next?: string;
    }
  /** `,name` directly after the item's name, several times. */
  | { readonly kind: 'options'; readonly names: readonly string[] }
  /** `{command line}`: split at spaces, each part expanded by itself, unless the option `preexpand` was given before. */
  | { readonly kind: 'command'; readonly label: string }
  /** A condition without braces: of `${if`. */
  | { readonly kind: 'condition' }
  | { readonly kind: 'braced-condition'; readonly label: string }
  /** `{{c1}{c2}…}`. */
  | { readonly kind: 'conditions' }
  /** `{yes}{no}`, `{yes}`, `{yes}fail` or nothing. */
  | { readonly kind: 'branches' }
  /** Strings whose number depends on the value of the first, then branches. `fixed` is given the first one's value. */
  | { readonly kind: 'counted-branches'; readonly fixed: (first: Octets) => number }
  /** `:name` of a variable or header. */
  | { readonly kind: 'variable' };

// ---------------------------------------------------------------- what a definition compiles

/** A compiled string argument. */
export interface Expression {
  readonly evaluate: Compiled;
  /** Its value when nothing in it is expanded. */
  readonly constant: Text | undefined;
  /** As it is written, when the argument's shape asks for it. */
  readonly source?: Octets;
}

/** What follows the decision of an item: `takeBranch` of expand/ evaluates it. */
export interface Branches {
  readonly itemName: string;
  readonly yes: Expression | undefined;
  readonly no: Expression | undefined;
  /** `fail` stands in place of the second string. */
  readonly isFail: boolean;
}

/** `{first}{…}…` with branches, both resolved when the first string's value is known. */
export interface CountedBranches {
  readonly first: Expression;
  /** The further strings and the branches; what is written and does not fit fails with Exim's text when evaluation gets there. */
  readonly resolve: (first: Octets) => { readonly strings: readonly Expression[]; readonly branches: Branches };
}

/** A variable or header named after `def:`. */
export interface VariableReference {
  readonly name: Octets;
  /** True for a header, which is defined when it exists, even if it is empty. */
  readonly isHeader: boolean;
  readonly read: (frame: Frame) => MaybePromise<Text | undefined | NotOk>;
}

/** A command line: the parts before or after expansion. */
export type CommandArgument =
  | { readonly kind: 'split'; readonly source: Octets; readonly parts: readonly { readonly source: Octets; readonly text: Expression }[] }
  | { readonly kind: 'whole'; readonly text: Expression };

/** What `compile` gets for each kind of {@link ArgumentShape}. */
export interface ArgumentValues {
  string: Expression;
  'optional-string': Expression | undefined;
  strings: readonly Expression[];
  group: readonly Expression[];
  word: Octets;
  options: readonly Octets[];
  command: CommandArgument;
  condition: CompiledCondition;
  'braced-condition': CompiledCondition;
  conditions: readonly CompiledCondition[];
  branches: Branches;
  'counted-branches': CountedBranches;
  variable: VariableReference;
}

export type ArgumentValue = ArgumentValues[keyof ArgumentValues];

export type ArgumentsOf<S extends readonly ArgumentShape[]> = { readonly [K in keyof S]: ArgumentValues[S[K]['kind']] };

interface ExpansionDefinition<C> {
  readonly name: string;
  readonly summary: string;
  readonly spec: string;
  readonly examples: readonly ExpansionExample[];
  /** Declared but not built: parsed and checked, and using it defers with a panic-log line (DESIGN.md 3.4). */
  readonly isNotYet?: boolean;
  readonly arguments: readonly ArgumentShape[];
  /** Which of its strings (counted from 0 over all of them) is a regular expression, a list, a file name or the name of an ACL. */
  readonly mentions?: { readonly string: number; readonly kind: Mention['kind'] };
  /** Runs once for each place where it is written. */
  readonly compile: (args: readonly ArgumentValue[]) => C;
}

export interface ItemDefinition extends ExpansionDefinition<Compiled> {
  readonly family: 'item';
  /** Exim's message when the closing brace is missing, if it is not the usual one of its last argument. */
  readonly unclosed?: string;
}

export interface ConditionDefinition extends ExpansionDefinition<CompiledCondition> {
  readonly family: 'condition';
  /** Exim's message when arguments are missing, if it is not the usual one. */
  readonly missing?: string;
}

type Typed<D extends ExpansionDefinition<unknown>, S extends readonly ArgumentShape[], C> = Omit<D, 'family' | 'arguments' | 'compile'> & {
  readonly arguments: S;
  readonly compile: (args: ArgumentsOf<S>) => C;
};

/** The parser fills the arguments by the declared shapes, so each is of the type that its shape says. */
export function defineItem<const S extends readonly ArgumentShape[]>(definition: Typed<ItemDefinition, S, Compiled>): ItemDefinition {
  const { compile, ...rest } = definition;
  return { family: 'item', ...rest, compile: (args) => compile(args as unknown as ArgumentsOf<S>) };
}

export function defineCondition<const S extends readonly ArgumentShape[]>(
  definition: Typed<ConditionDefinition, S, CompiledCondition>,
): ConditionDefinition {
  const { compile, ...rest } = definition;
  return { family: 'condition', ...rest, compile: (args) => compile(args as unknown as ArgumentsOf<S>) };
}

/** An item that is declared but not built. `compile` is never called. */
export function defineNotYetItem(definition: Omit<ItemDefinition, 'family' | 'isNotYet' | 'compile'>): ItemDefinition {
  return { family: 'item', isNotYet: true, ...definition, compile: neverCompiled };
}

export function defineNotYetCondition(definition: Omit<ConditionDefinition, 'family' | 'isNotYet' | 'compile'>): ConditionDefinition {
  return { family: 'condition', isNotYet: true, ...definition, compile: neverCompiled };
}

function neverCompiled(): never {
  throw new Error('a definition that is not built yet is not compiled');
}
