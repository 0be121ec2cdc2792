/**
 * The macros that say what there is: `.ifdef _HAVE_TLS`, `_OPT_MAIN_…`, `_DRIVER_ROUTER_…`. Made from the definitions, so that they claim only
 * what works here. Spec ch. 6 "Builtin macros".
 */
import { upperCase } from '../base/octets.ts';
import type { MacroDefinition } from '../core/config.ts';
import type { AclFamily } from '../core/define/acl.ts';
import type { LookupDefinition } from '../core/define/lookup.ts';
import type { AuthenticatorDefinition, RouterDefinition, TransportDefinition } from '../core/drivers.ts';
import { mainOptions } from '../core/main-options.ts';
import type { OptionTable } from '../core/option.ts';
import { type DriverDefinition, genericTable } from './driver-section.ts';

/** What the program as a whole has, by the name behind `_HAVE_`. */
const FEATURES: readonly string[] = [
  'CRYPTEQ',
  'DNSSEC',
  'ESMTP_LIMITS',
  'IPV6',
  'OPENSSL',
  'PIPE_CONNECT',
  'PRDR',
  'TLS',
  'TRANSPORT_APPEND_MAILDIR',
];

export interface Definitions {
  readonly routers: readonly RouterDefinition[];
  readonly transports: readonly TransportDefinition[];
  readonly authenticators: readonly AuthenticatorDefinition[];
  readonly lookups: readonly LookupDefinition[];
  readonly acl: AclFamily;
  /** Names of log selectors. */
  readonly logSelectors: readonly string[];
}

export function builtInMacros(names: readonly string[]): readonly MacroDefinition[] {
  return names.map((name) => ({ name, text: 'y', source: 'built-in' }));
}

/** In the order of -bP. */
export function builtInMacroNames(definitions: Definitions): string[] {
  const { routers, transports, authenticators, lookups, acl, logSelectors } = definitions;
  const names = [
    ...FEATURES.map((name) => `HAVE_${name}`),
    ...lookups.filter((lookup) => lookup.open).map((lookup) => `HAVE_LOOKUP_${lookup.name}`),
    ...acl.conditions.filter(isBuilt).map((condition) => `ACL_COND_${condition.name}`),
    ...acl.modifiers.filter(isBuilt).map((modifier) => `ACL_MOD_${modifier.name}`),
    ...optionNames('MAIN', mainOptions),
    ...driverNames('ROUTER', routers),
    ...driverNames('TRANSPORT', transports),
    ...driverNames('AUTHENTICATOR', authenticators),
    ...logSelectors.map((name) => `LOG_${name}`),
  ];
  // -bP shows them in Exim's order: the last first
  return names.reverse().map((name) => `_${upperCase(name)}`);
}

function isBuilt(item: { readonly isNotYet?: boolean | undefined }): boolean {
  return item.isNotYet !== true;
}

function driverNames(family: string, definitions: readonly (DriverDefinition & { readonly create?: unknown })[]): string[] {
  const built = definitions.filter((definition) => definition.create !== undefined).reverse();
  return [
    ...optionNames(`${family}S`, genericTable(definitions)),
    ...built.flatMap((definition) => [
      `DRIVER_${family}_${definition.name}`,
      ...optionNames(`${family}_${definition.name}`, definition.options),
    ]),
  ];
}

function optionNames(prefix: string, table: OptionTable): string[] {
  const built = Object.entries(table).filter(([, spec]) => spec.notYet === undefined || spec.notYet === 'notice');
  return built.map(([name]) => `OPT_${prefix}_${name}`).sort();
}
