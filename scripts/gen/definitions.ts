/** Reads the definition files of the source tree: one default export each, a definition or a list of related ones. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { families, type OptionPage, optionPages, type Part } from './families.ts';

/** What all families have in common, and what the pages show of the rest. */
export interface Definition {
  readonly family: string;
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly spec: string;
  readonly examples?: readonly (readonly [string, unknown])[];
  readonly options?: Options;
  readonly permittedIn?: readonly string[] | 'all';
  readonly isQueryStyle?: boolean;
  readonly isNotYet?: boolean;
  /** Behaviour of drivers and lookups; absent: not built yet. */
  readonly create?: unknown;
  readonly open?: unknown;
}

/** Declared, but without behaviour. */
export function isNotYet({ family, isNotYet, create, open }: Definition): boolean {
  if (['router', 'transport', 'authenticator'].includes(family)) return create === undefined;
  if (family === 'lookup') return open === undefined;
  return isNotYet ?? false;
}

export interface OptionDefinition {
  readonly kind: string;
  readonly listKind?: string;
  readonly default: unknown;
  readonly defaultText?: string;
  readonly doc: string;
  readonly onForcedFail?: string;
  readonly notYet?: string;
  readonly isExtension?: boolean;
}

export interface DefinitionFile {
  /** Below src/. */
  readonly path: string;
  readonly part: Part;
  readonly isList: boolean;
  readonly definitions: readonly Definition[];
}

export interface Problem {
  readonly path: string;
  readonly message: string;
}

export type Options = Readonly<Record<string, OptionDefinition>>;

export interface Definitions {
  readonly files: readonly DefinitionFile[];
  readonly tables: ReadonlyMap<OptionPage, Options>;
  readonly problems: readonly Problem[];
}

export async function readDefinitions(root: string): Promise<Definitions> {
  const files: DefinitionFile[] = [];
  const problems: Problem[] = [];
  for (const part of families.flatMap((family) => family.parts)) {
    for (const name of sourceFiles(join(root, 'src', part.folder))) {
      const path = `${part.folder}/${name}`;
      if (!/^export default\b/m.test(readFileSync(join(root, 'src', path), 'utf8'))) continue;
      const file = await readDefinitionFile(root, path, part);
      if ('message' in file) problems.push(file);
      else files.push(file);
    }
  }
  const tables = new Map<OptionPage, Options>();
  for (const page of optionPages.filter(({ path }) => existsSync(join(root, 'src', path)))) {
    const table = await readOptionTable(root, page);
    if (typeof table === 'string') problems.push({ path: page.path, message: table });
    else tables.set(page, table);
  }
  return { files, tables, problems };
}

async function readOptionTable(root: string, page: OptionPage): Promise<Options | string> {
  try {
    const module: Readonly<Record<string, Options | undefined>> = await import(pathToFileURL(join(root, 'src', page.path)).href);
    return module[page.table] ?? `has no option table ${page.table}`;
  } catch (error) {
    return `cannot be loaded: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function readDefinitionFile(root: string, path: string, part: Part): Promise<DefinitionFile | Problem> {
  try {
    const module: { default?: unknown } = await import(pathToFileURL(join(root, 'src', path)).href);
    const isList = Array.isArray(module.default);
    const definitions: unknown[] = Array.isArray(module.default) ? module.default : [module.default];
    const stranger = definitions.find((definition) => !isDefinition(definition, part.family));
    if (stranger !== undefined) return { path, message: `the default export is no definition of family ${part.family}` };
    return { path, part, isList, definitions: definitions.filter((definition) => isDefinition(definition, part.family)) };
  } catch (error) {
    return { path, message: `cannot be loaded: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function isDefinition(value: unknown, family: string): value is Definition {
  return (
    typeof value === 'object' &&
    value !== null &&
    'family' in value &&
    value.family === family &&
    'name' in value &&
    typeof value.name === 'string'
  );
}

/** The modules of a folder, sorted; tests and declarations are left out. */
function sourceFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.endsWith('.d.ts'))
    .sort();
}

export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
