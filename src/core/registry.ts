/**
 * Every built-in definition by family. A family is loaded once, on first use (`builtin.ts` makes the one Registry of the program);
 * tests make small ones.
 */
import type { AclFamily } from './define/acl.ts';
import type { ConditionDefinition, ItemDefinition } from './define/expansion.ts';
import type { LookupDefinition } from './define/lookup.ts';
import type { OperatorDefinition } from './define/operator.ts';
import type { VariableDefinition } from './define/variable.ts';
import type { AuthenticatorDefinition, RouterDefinition, TransportDefinition } from './drivers.ts';

export interface ExpansionFamily {
  readonly items: readonly ItemDefinition[];
  readonly operators: readonly OperatorDefinition[];
  readonly conditions: readonly ConditionDefinition[];
  readonly variables: readonly VariableDefinition[];
}

export interface Registry {
  expansion(): Promise<ExpansionFamily>;
  lookups(): Promise<readonly LookupDefinition[]>;
  acl(): Promise<AclFamily>;
  routers(): Promise<readonly RouterDefinition[]>;
  transports(): Promise<readonly TransportDefinition[]>;
  authenticators(): Promise<readonly AuthenticatorDefinition[]>;
  /** Names of built-in macros, known without loading a family; absent: made from the definitions. */
  macros?(): Promise<readonly string[]>;
}
