/** Variables `$name`: each reads a context, none is storage. Grouped in one file per record they read. Spec ch. 11 "Expansion variables". */
import type { Frame } from '../frame.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { NotOk } from '../outcome.ts';
import type { Text } from '../text.ts';

export interface VariableDefinition {
  readonly family: 'variable';
  readonly name: string;
  readonly summary: string;
  readonly spec: string;
  /** What sets it is not built yet: it reads as Exim's does when it is unset. */
  readonly isNotYet?: boolean;
  /** Only a filter sets it; elsewhere there is no such variable. */
  readonly isFilterOnly?: boolean;
  /** Of a variable that holds a certificate: its DER form, for digests and `${certextract`. Its text says only that there is one. */
  readonly certificate?: (frame: Frame) => Uint8Array | undefined;
  /** Undefined reads as empty and makes `def:` false. */
  readonly read: (frame: Frame) => MaybePromise<Text | undefined | NotOk>;
}

export function defineVariable(definition: Omit<VariableDefinition, 'family'>): VariableDefinition {
  return { family: 'variable', ...definition };
}
