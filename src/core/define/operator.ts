/** Expansion operators `${name:text}`: one file each in expand/operators/. Spec ch. 11 "Expansion operators". */
import type { Octets } from '../../base/octets.ts';
import type { Frame } from '../frame.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { NotOk } from '../outcome.ts';
import type { Text } from '../text.ts';

/** Executable documentation: an expansion and what it gives. Octets; `kind: 'fail'` compares Exim's text. */
export type ExpansionExample = readonly [
  source: Octets,
  result: Octets | { readonly kind: 'forced-fail' } | { readonly kind: 'fail'; readonly message: Octets },
];

export interface OperatorDefinition {
  readonly family: 'operator';
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly spec: string;
  readonly examples: readonly ExpansionExample[];
  /** Declared but not built: using it defers with a panic-log line (DESIGN.md 3.4). */
  readonly isNotYet?: boolean;
  /** `_text` is needed after the name (`${length_3:…}`); without it the name is no operator. With other operators Exim ignores it. */
  readonly needsSuffix?: boolean;
  /** Its result depends on nothing but its text and suffix: applied once when the text is constant. */
  readonly isPure?: boolean;
  /** Takes the DER form of a variable that holds a certificate; this is made of the result then. */
  readonly ofCertificate?: (result: Octets) => Octets;
  readonly apply: (text: Text, frame: Frame, suffix: Octets | undefined) => MaybePromise<Text | NotOk>;
  /** For pure operators in place of `apply`. `writtenName` is the name or alias that stands in the text. */
  readonly transform?: (text: Text, suffix: Octets | undefined, writtenName: string) => Text | NotOk;
}

type Common = Omit<OperatorDefinition, 'family' | 'apply' | 'transform' | 'isPure'>;

export type OperatorInput = Common &
  ({ readonly apply: OperatorDefinition['apply'] } | { readonly transform: NonNullable<OperatorDefinition['transform']> });

/** `transform` for what needs only the text, `apply` for what looks into the frame. */
export function defineOperator(definition: OperatorInput): OperatorDefinition {
  if ('apply' in definition) return { family: 'operator', ...definition };
  const { transform } = definition;
  return { family: 'operator', isPure: true, ...definition, apply: (text, _frame, suffix) => transform(text, suffix, definition.name) };
}

export function defineNotYetOperator(definition: Omit<Common, 'isNotYet'>): OperatorDefinition {
  return {
    family: 'operator',
    isNotYet: true,
    ...definition,
    apply: () => ({ kind: 'defer', message: `expansion operator "${definition.name}" is not built yet` }),
  };
}
