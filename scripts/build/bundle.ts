/**
 * Bundles an entry of the source tree into one CommonJS file, for code caches exist for scripts only (loader.cjs). This is the bundle of processes
 * that go on: all names are in one scope, so that a call of another module costs nothing. Those that soon end run lazy-bundle.ts's.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type BuildOptions, build, type Plugin, transform } from 'esbuild';

export const root = dirname(dirname(import.meta.dirname));

export const programEntry = 'src/cli/main.ts';
export const harnessEntry = 'test/harness/main.ts';

/** How every bundle's code is written. */
export const dialect = {
  target: 'node24',
  charset: 'ascii',
  legalComments: 'none',
  define: { EXIMIUS_BUNDLE_URL: '__bundleUrl' },
  logLevel: 'silent',
} as const;

/** A function expression with the code of `entry` (below the root) and all it imports. */
export async function bundle(entry: string): Promise<string> {
  const [output] = (await build(bundleOptions(entry))).outputFiles;
  if (!output) throw new Error(`esbuild gave no output for ${entry}`);
  return scriptOf(makeBuiltinsLazy(output.text));
}

export function bundleOptions(entry: string) {
  return {
    ...dialect,
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    format: 'cjs',
    platform: 'node',
    // They are laid beside the bundle: native code, and what is loaded only when it is needed (packages.ts).
    external: ['koffi', 'mailauth/*'],
    // A script has no import(): of what is not bundled it becomes a require().
    supported: { 'dynamic-import': false },
    plugins: [sources],
    write: false,
  } satisfies BuildOptions;
}

/** What the loader calls; `more` names the parameter that comes after those of a module and the bundle's URL. */
export async function scriptOf(code: string, more = ''): Promise<string> {
  // Names stay as they are and lines short, for stack traces in the panic log.
  const minified = await transform(code, { ...dialect, minifyWhitespace: true, minifySyntax: true, lineLimit: 160 });
  return `(function(exports,require,module,__bundleUrl,${more}){${minified.code}\n})`;
}

/** What definitions say of themselves for docs/reference/ and tests is not in the program: every start would read it. */
const EXAMPLES = /^ {2}examples: (?:\[.*\]|\[\n[^]*?\n {2}\]),$/gm;
const DOCUMENTATION = /\b(?:doc|summary|spec): (?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"),?/g;

/**
 * What is bundled of a file. A namespace import gets a name that cannot be told from others in the output; of Node's modules the
 * default export is the same object.
 */
export function sourceOf(path: string): string {
  return readFileSync(path, 'utf8')
    .replace(/^import \* as (\w+) from '(node:\w+)';$/gm, "import $1 from '$2';")
    .replace(EXAMPLES, '')
    .replace(DOCUMENTATION, '');
}

const sources: Plugin = {
  name: 'sources',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.ts$/ }, ({ path }) => ({ contents: sourceOf(path), loader: 'ts' }));
  },
};

/** Modules of Node are loaded where they are first used: tls, crypto and sqlite cost more to load than most modes take. */
function makeBuiltinsLazy(code: string): string {
  const assignment = /\b(import_\w+) = ((?:__toESM\()?require\("node:[^"]+"\)(?:, 1)?\)?);/g;
  const modules = new Map([...code.matchAll(assignment)].map(([, name, value]) => [name, value]));
  return code
    .split('\n')
    .map((line) => {
      if (/^\s*var [^=]*;$/.test(line)) return line;
      const isDeclaration = /^\s*var import_\w+ =/.test(line);
      const rest = line.replace(assignment, isDeclaration ? '$1;' : '');
      if (isDeclaration) return rest;
      return rest.replace(/\bimport_\w+\b/g, (name) => (modules.has(name) ? `(${name} ??= ${modules.get(name)})` : name));
    })
    .join('\n');
}
