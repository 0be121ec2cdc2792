/**
 * The macros that say what there is: `.ifdef _HAVE_TLS`, `_OPT_MAIN_…`, `_DRIVER_ROUTER_…`. Made from the definitions: features, drivers and words claim
 * what works here, options (of drivers that work) what is understood. Spec ch. 6 "Builtin macros".
 */
import { upperCase } from '../base/octets.ts';
import type { MacroDefinition } from '../core/config.ts';
import type { AclFamily } from '../core/define/acl.ts';
import type { LookupDefinition } from '../core/define/lookup.ts';
import { DKIM_SIGN_HEADERS } from '../core/dkim.ts';
import type { AuthenticatorDefinition, RouterDefinition, TransportDefinition } from '../core/drivers.ts';
import { mainOptions } from '../core/main-options.ts';
import type { OptionTable } from '../core/option.ts';
import type { ExpansionFamily } from '../core/registry.ts';
import { opensslOptionNames } from '../system/openssl-options.ts';
import { type DriverDefinition, genericTable } from './driver-section.ts';
import { featureMacros, mailboxMacros } from './features.ts';

export interface Definitions {
  readonly routers: readonly RouterDefinition[];
  readonly transports: readonly TransportDefinition[];
  readonly authenticators: readonly AuthenticatorDefinition[];
  readonly lookups: readonly LookupDefinition[];
  readonly acl: AclFamily;
  readonly expansion: ExpansionFamily;
  /** Names of log selectors. */
  readonly logSelectors: readonly string[];
}

/** For `${listextract`: what each value of `$tls_in_resumption` means. Spec ch. 43 "TLS Resumption". */
const RESUMPTION_STATES: ReadonlyMap<number, string> = new Map([
  [1, 'not requested or offered '],
  [3, 'client requested, no server ticket'],
  [7, 'client offered session, no server action'],
  [9, 'no client request'],
  [11, 'client requested new ticket, server provided'],
  [13, 'client offered session, not used'],
  [15, 'client offered session, server only provided new ticket'],
  [17, 'session resumed unasked'],
  [19, 'session resumed unasked'],
  [23, 'session resumed'],
  [25, 'session resumed unasked'],
  [27, 'session resumed unasked'],
  [29, 'session resumed'],
  [31, 'session resumed, also new ticket'],
]);

function resumptionTexts(): string {
  const hexadecimal = (value: number) => ` 0x${upperCase(value.toString(16)).padStart(2, '0')} `;
  return Array.from({ length: 31 }, (_, index) => RESUMPTION_STATES.get(index + 1) ?? hexadecimal(index + 1)).join(':');
}

export function builtInMacros(names: readonly string[]): readonly MacroDefinition[] {
  return names.map((name) => ({ name, text: TEXTS.get(name)?.() ?? 'y', source: 'built-in' }));
}

/** Those that stand for more than `y`. */
const TEXTS: ReadonlyMap<string, () => string> = new Map([
  ['_RESUME_DECODE', resumptionTexts],
  ['_DKIM_SIGN_HEADERS', () => DKIM_SIGN_HEADERS],
  ['_DKIM_OVERSIGN_HEADERS', () => `+${DKIM_SIGN_HEADERS.replaceAll(':', ':+')}`],
]);

/** In the order of -bP. */
export function builtInMacroNames(definitions: Definitions): string[] {
  const { routers, transports, authenticators, lookups, acl, expansion, logSelectors } = definitions;
  const names = [
    ...featureMacros(definitions).map((name) => `HAVE_${name}`),
    ...lookupNames(lookups).map((name) => `HAVE_LOOKUP_${name}`),
    ...mailboxMacros(definitions).map((name) => `HAVE_${name}`),
    'RESUME_DECODE',
    'HAVE_TLS1_3',
    'HAVE_TLS_OCSP',
    'HAVE_TLS_ALPN',
    ...aclNames(acl),
    ...builtNames('CTL', acl.controls),
    ...builtNames('EXP_COND', expansion.conditions),
    ...builtNames('EXP_ITEM', expansion.items),
    ...builtNames('EXP_OP', expansion.operators),
    ...builtNames('EXP_VAR', expansion.variables),
    ...acl.conditions.filter(({ name, isNotYet }) => name === 'dkim_status' && !isNotYet).map(() => 'CRYPTO_SIGN_ED25519'),
    ...expansion.operators.filter(({ name, isNotYet }) => name === 'sha3' && !isNotYet).map(() => 'CRYPTO_HASH_SHA3'),
    ...optionNames('MAIN', mainOptions),
    ...driverNames('ROUTER', routers),
    ...driverNames('TRANSPORT', transports),
    ...driverNames('AUTHENTICATOR', authenticators),
    ...logSelectors.map((name) => `LOG_${name}`),
    ...opensslOptionNames().map((name) => `OPT_OPENSSL_${name}_X`),
    'DKIM_SIGN_HEADERS',
    'DKIM_OVERSIGN_HEADERS',
  ];
  // -bP shows them in Exim's order: the last first
  return names.reverse().map((name) => `_${upperCase(name)}`);
}

/** Those that are built, as -bV and the macros name them: Exim's oldest first. */
export function lookupNames(lookups: readonly LookupDefinition[]): string[] {
  const oldest = ['lsearch', 'wildlsearch', 'nwildlsearch', 'iplsearch'];
  const names = lookups.filter((lookup) => lookup.open).map((lookup) => lookup.name);
  return [...oldest.filter((name) => names.includes(name)), ...names.filter((name) => !oldest.includes(name)).sort()];
}

/** Exim keeps conditions and modifiers in one table. */
function aclNames(acl: AclFamily): string[] {
  const all = [
    ...acl.conditions.filter(isBuilt).map(({ name }) => ({ name, kind: 'COND' })),
    ...acl.modifiers.filter(isBuilt).map(({ name }) => ({ name, kind: 'MOD' })),
  ];
  return all.sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ name, kind }) => `ACL_${kind}_${name}`);
}

/** Names that can be written as a macro's. */
function builtNames(prefix: string, items: readonly { readonly name: string; readonly isNotYet?: boolean | undefined }[]): string[] {
  const names = items.filter(isBuilt).map(({ name }) => name);
  return names
    .filter((name) => /^[A-Za-z0-9_]+$/.test(name))
    .sort()
    .map((name) => `${prefix}_${name}`);
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

/** Those that are understood; what comes of one that is not built yet is said when it is set. */
function optionNames(prefix: string, table: OptionTable): string[] {
  const understood = Object.entries(table).filter(([, spec]) => isBuiltOrUsual(spec));
  return understood.flatMap(([name, { synonyms = [] }]) => [name, ...synonyms].map((spelling) => `OPT_${prefix}_${spelling}`)).sort();
}

/** Options that some builds of Exim have are those of what is built here. */
function isBuiltOrUsual({ notYet, isOfSomeBuilds }: OptionTable[string]): boolean {
  return notYet === undefined || notYet === 'notice' || isOfSomeBuilds !== true;
}
