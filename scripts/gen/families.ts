/** Where definitions live, and how they are grouped into families that are loaded together. */

export interface Part {
  /** The property of the family; undefined: the family is one list. */
  readonly slot?: string;
  readonly folder: string;
  /** The `family` its definitions carry. */
  readonly family: string;
  /** Page below docs/reference/. */
  readonly page: string;
  readonly title: string;
}

export interface Family {
  /** Method of `Registry`, and file below src/builtin/. */
  readonly name: string;
  /** Type of the loaded family and the module below src/core/ that exports it. */
  readonly type: string;
  readonly typeFrom: string;
  /** Definitions are generic in their options: config/ hands each the values of its own table. */
  readonly hasTypedOptions?: boolean;
  readonly parts: readonly Part[];
}

export const families: readonly Family[] = [
  {
    name: 'expansion',
    type: 'ExpansionFamily',
    typeFrom: 'registry.ts',
    parts: [
      { slot: 'items', folder: 'expand/items', family: 'item', page: 'expansion-items', title: 'Expansion items' },
      { slot: 'operators', folder: 'expand/operators', family: 'operator', page: 'expansion-operators', title: 'Expansion operators' },
      { slot: 'conditions', folder: 'expand/conditions', family: 'condition', page: 'expansion-conditions', title: 'Expansion conditions' },
      { slot: 'variables', folder: 'expand/variables', family: 'variable', page: 'variables', title: 'Variables' },
    ],
  },
  {
    name: 'lookups',
    type: 'readonly LookupDefinition[]',
    typeFrom: 'define/lookup.ts',
    parts: [{ folder: 'lookups/drivers', family: 'lookup', page: 'lookups', title: 'Lookup types' }],
  },
  {
    name: 'acl',
    type: 'AclFamily',
    typeFrom: 'define/acl.ts',
    parts: [
      { slot: 'conditions', folder: 'acl/conditions', family: 'acl-condition', page: 'acl-conditions', title: 'ACL conditions' },
      { slot: 'modifiers', folder: 'acl/modifiers', family: 'acl-modifier', page: 'acl-modifiers', title: 'ACL modifiers' },
      { slot: 'controls', folder: 'acl/controls', family: 'acl-control', page: 'acl-controls', title: 'ACL controls' },
    ],
  },
  {
    name: 'routers',
    type: 'readonly RouterDefinition[]',
    typeFrom: 'drivers.ts',
    hasTypedOptions: true,
    parts: [{ folder: 'routers/drivers', family: 'router', page: 'routers', title: 'Routers' }],
  },
  {
    name: 'transports',
    type: 'readonly TransportDefinition[]',
    typeFrom: 'drivers.ts',
    hasTypedOptions: true,
    parts: [{ folder: 'transports/drivers', family: 'transport', page: 'transports', title: 'Transports' }],
  },
  {
    name: 'authenticators',
    type: 'readonly AuthenticatorDefinition[]',
    typeFrom: 'drivers.ts',
    hasTypedOptions: true,
    parts: [{ folder: 'auth/drivers', family: 'authenticator', page: 'authenticators', title: 'Authenticators' }],
  },
];

/** Options that belong to no definition: of the main section, and those that every router, transport or authenticator has. */
export interface OptionPage {
  /** Below src/. */
  readonly path: string;
  /** The exported option table. */
  readonly table: string;
  readonly page: string;
  readonly title: string;
}

export const optionPages: readonly OptionPage[] = [
  { path: 'core/main-options.ts', table: 'mainOptions', page: 'main-options', title: 'Main options' },
  { path: 'routers/generic-options.ts', table: 'routerOptions', page: 'router-options', title: 'Options of all routers' },
  { path: 'transports/generic-options.ts', table: 'transportOptions', page: 'transport-options', title: 'Options of all transports' },
  { path: 'auth/generic-options.ts', table: 'authenticatorOptions', page: 'authenticator-options', title: 'Options of all authenticators' },
];
