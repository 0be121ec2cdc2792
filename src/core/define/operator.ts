/** Expansion operators `${name:text}`: one file each in expand/operators/. Spec ch. 11 "Expansion operators". */
import type { Octets } from '../../base/octets.ts';
import type { Frame } from '../frame.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { NotOk } from '../outcome.ts';
import type { Text } from '../text.ts';

/** Executable documentation: an expansion and what it gives. Octets; `kind: 'fail'` compares Exim's text. */
export type ExpansionExample = readonly [source: Octets, result: Octets | { readonly kind: 'forced-fail' } | { readonly kind: 'fail'; readonly message: Octets }];

export interface OperatorDefinition {
  readonly family: 'operator';
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly spec: string;
  readonly examples: readonly ExpansionExample[];
  /** May be followed by `_text`: `${length_3:…}`, `${quote_mysql:…}`. */
  readonly takesSuffix?: boolean;
  readonly apply: (text: Text, frame: Frame, suffix: Octets | undefined) => MaybePromise<Text | NotOk>;
}

export function defineOperator(definition: Omit<OperatorDefinition, 'family'>): OperatorDefinition {
  return { family: 'operator', ...definition };
}
