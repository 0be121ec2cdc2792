/** A folder imports only folders of a lower level; only system/ reaches the outside. STYLE.md 1. */
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { type Finding, lineAt, type Source } from './source.ts';

const levels: ReadonlyMap<string, number> = new Map(
  [
    ['base'],
    ['core'],
    ['message', 'smtp', 'system'],
    ['config', 'expand', 'lists', 'logging', 'lookups'],
    ['spool', 'hints', 'dsn', 'rewrite', 'checks', 'auth', 'filter'],
    ['acl', 'routers', 'transports'],
    ['receive', 'verify', 'deliver'],
    ['process', 'admin'],
    ['cli', 'tools', 'builtin'],
  ].flatMap((folders, level) => folders.map((folder): [string, number] => [folder, level])),
);

/** Imports beyond what the levels allow. */
const exceptions: ReadonlyMap<string, readonly string[]> = new Map([
  ['lists', ['expand', 'lookups']],
  // The program is wired in cli/: it hands the definitions down and starts the tools.
  ['cli', ['builtin', 'tools']],
  ['builtin', ['tools']],
]);

/** Tests run the built-in definitions. */
const testsMayImport: readonly string[] = ['builtin', 'system'];

const outside: readonly string[] = [
  'fs',
  'net',
  'tls',
  'dns',
  'child_process',
  'sqlite',
  'worker_threads',
  'dgram',
  'http',
  'https',
  'http2',
  'cluster',
];

/** Folders that may import packages: the library of a service is its driver's business. */
const mayImportPackages = /^src\/(?:system\/|(?:lookups|auth)\/drivers\/|checks\/|admin\/)/;

const isDriver = /^src\/(\w+)\/drivers\/([^/]+)\.ts$/;

export function checkLayers(root: string, sources: readonly Source[]): Finding[] {
  const packages = new Set(Object.keys(readDependencies(root)));
  return sources.flatMap((source) =>
    importsOf(source).flatMap(({ at, specifier }) => {
      const message = problemOf(root, source, specifier, packages);
      return message === undefined ? [] : [{ file: source.file, line: lineAt(source, at), message: `imports ${specifier}: ${message}` }];
    }),
  );
}

function readDependencies(root: string): Record<string, string> {
  const manifest: { dependencies?: Record<string, string>; optionalDependencies?: Record<string, string> } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  return { ...manifest.dependencies, ...manifest.optionalDependencies };
}

/** Static, dynamic, type-only and re-exporting imports alike. */
export function importsOf(source: Source): { readonly at: number; readonly specifier: string }[] {
  return source.strings
    .filter(({ at }) => /(?:\bfrom|\bimport|\bimport\s*\()\s*$/.test(source.code.slice(Math.max(0, at - 60), at)))
    .map(({ at, text }) => ({ at, specifier: text }));
}

function problemOf(root: string, source: Source, specifier: string, packages: ReadonlySet<string>): string | undefined {
  if (specifier.startsWith('.')) return problemOfFile(root, source, posix.join(posix.dirname(source.file), specifier));
  if (source.isTest) return undefined;
  if (specifier.startsWith('node:')) {
    const module = specifier.slice('node:'.length).split('/')[0] ?? '';
    return outside.includes(module) && !source.file.startsWith('src/system/') ? 'only system/ does that' : undefined;
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  if (!packages.has(name)) return 'no dependency of package.json';
  if (name === 'koffi') return source.file.startsWith('src/system/') ? undefined : 'only system/ does that';
  return mayImportPackages.test(source.file) ? undefined : 'packages are for system/ and drivers';
}

function problemOfFile(root: string, source: Source, target: string): string | undefined {
  if (!existsSync(join(root, target))) return 'no such file';
  const from = folderOf(source.file);
  const to = folderOf(target);
  if (to === undefined) return 'outside of src/';
  const fromLevel = from === undefined ? undefined : levels.get(from);
  const toLevel = levels.get(to);
  if (from === undefined || fromLevel === undefined || toLevel === undefined) return `no level for ${toLevel === undefined ? to : from}/`;
  if (from === to) return problemOfDriver(root, source, target);
  if (toLevel < fromLevel || exceptions.get(from)?.includes(to)) return undefined;
  if (source.isTest && testsMayImport.includes(to)) return undefined;
  return `${from}/ (L${fromLevel}) may not use ${to}/ (L${toLevel})`;
}

function folderOf(file: string): string | undefined {
  return /^src\/(\w+)(?:\/|\.ts$)/.exec(file)?.[1];
}

/** A driver never imports another driver; what several share is no definition. */
function problemOfDriver(root: string, source: Source, target: string): string | undefined {
  const [, , driver] = isDriver.exec(source.file) ?? [];
  const [, , other] = isDriver.exec(target) ?? [];
  if (driver === undefined || other === undefined || source.isTest || driver === other) return undefined;
  const isDefinition = /^export default\b/m.test(readFileSync(join(root, target), 'utf8'));
  return isDefinition ? 'a driver never imports another driver' : undefined;
}
