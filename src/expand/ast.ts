/** The syntax tree of an expansion: a union on `kind`, each node with its place in the text. Spec ch. 11. */
import type { Octets } from '../base/octets.ts';
import type { ConditionDefinition, ItemDefinition } from '../core/define/expansion.ts';
import type { OperatorDefinition } from '../core/define/operator.ts';
import type { VariableDefinition } from '../core/define/variable.ts';

/** Offsets in the source; `to` is exclusive. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** How a header's value is read: `$h_`, `$bh_`, `$lh_`, `$rh_`. */
export type HeaderForm = 'decoded' | 'basic' | 'list' | 'raw';

/** A name after `$`, in `${…}` or after `def:`. */
export type Reference =
  /** `unknown` is Exim's text where the variable is not known: outside filters. */
  | { readonly kind: 'variable'; readonly span: Span; readonly definition: VariableDefinition; readonly unknown?: string }
  /** `$acl_c…`, `$acl_m…`: `name` with `acl_`. */
  | { readonly kind: 'acl-variable'; readonly span: Span; readonly name: string }
  /** `$r_…`: `name` with `r_`. */
  | { readonly kind: 'router-variable'; readonly span: Span; readonly name: string }
  | { readonly kind: 'header'; readonly span: Span; readonly form: HeaderForm; readonly name: Octets };

export type Node =
  | Reference
  | { readonly kind: 'literal'; readonly span: Span; readonly octets: Octets }
  | { readonly kind: 'sequence'; readonly span: Span; readonly parts: readonly Node[] }
  /** `$0`…; more than one digit reads as empty. */
  | { readonly kind: 'capture'; readonly span: Span; readonly index: number }
  | {
      readonly kind: 'operator';
      readonly span: Span;
      readonly definition: OperatorDefinition;
      readonly name: string;
      readonly suffix: Octets | undefined;
      readonly argument: Node;
    }
  | { readonly kind: 'item'; readonly span: Span; readonly definition: ItemDefinition; readonly arguments: readonly Argument[] }
  | Broken;

/**
 * Where the text cannot be parsed any further. Everything before it is evaluated as if all were well, in order, and the whole fails with
 * Exim's text when evaluation gets here: that is when Exim, which parses as it evaluates, finds it.
 */
export interface Broken {
  readonly kind: 'broken';
  readonly span: Span;
  readonly message: string;
}

export type Condition =
  | {
      readonly kind: 'test';
      readonly span: Span;
      readonly definition: ConditionDefinition;
      readonly isNegated: boolean;
      readonly arguments: readonly Argument[];
    }
  /** A condition of which a part has its own words in errors: ` inside "and{...}" condition`. */
  | { readonly kind: 'inside'; readonly span: Span; readonly suffix: string; readonly condition: Condition }
  | Broken;

/** An argument as parsed, by the kinds of `ArgumentShape`. */
export type Argument =
  | { readonly kind: 'string'; readonly node: Node; readonly inside?: string | undefined; readonly source?: Octets }
  | { readonly kind: 'optional-string'; readonly node: Node | undefined }
  | { readonly kind: 'strings'; readonly nodes: readonly Node[] }
  | { readonly kind: 'group'; readonly nodes: readonly Node[] }
  | { readonly kind: 'word'; readonly word: Octets }
  | { readonly kind: 'options'; readonly names: readonly Octets[] }
  /** A command line as a whole, or its parts, each with its text. */
  | { readonly kind: 'command'; readonly source: Octets; readonly whole: Node }
  | { readonly kind: 'command-parts'; readonly source: Octets; readonly parts: readonly { readonly source: Octets; readonly node: Node }[] }
  | { readonly kind: 'condition'; readonly condition: Condition }
  | { readonly kind: 'braced-condition'; readonly condition: Condition }
  | { readonly kind: 'conditions'; readonly conditions: readonly Condition[] }
  | ParsedBranches
  | CountedStrings
  | { readonly kind: 'variable'; readonly reference: Reference | Broken };

export interface ParsedBranches {
  readonly kind: 'branches';
  readonly yes: Node | undefined;
  readonly no: Node | undefined;
  readonly isFail: boolean;
}

/** Every `{…}` of an item whose number of strings is known only when the first is evaluated. */
export interface CountedStrings {
  readonly kind: 'counted-branches';
  readonly fixed: (first: Octets) => number;
  readonly strings: readonly Node[];
  readonly isFail: boolean;
  /** A header's name took a brace: that is told instead of what is wrong with braces. */
  readonly hasOpenHeader: boolean;
  /** What follows where the closing brace should be; undefined when it is there. */
  readonly unclosedRest: Octets | undefined;
  /** What is left of the source at each string and, last, after them: for Exim's messages. */
  readonly rests: readonly Octets[];
}
