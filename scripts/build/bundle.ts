/**
 * Bundles an entry of the source tree into one CommonJS file, for code caches exist for scripts only (loader.cjs). What the sources import
 * dynamically (families, modes) is evaluated when it is first imported; what was never run is not in the cache and so not even compiled.
 * Splitting into chunks was tried: 46 files, no faster.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { build, type Plugin, transform } from 'esbuild';

const root = dirname(dirname(import.meta.dirname));

export const programEntry = 'src/cli/main.ts';
export const harnessEntry = 'test/harness/main.ts';

/** A function expression with the code of `entry` (below the root) and all it imports. */
export async function bundle(entry: string): Promise<string> {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    charset: 'ascii',
    legalComments: 'none',
    // Native code cannot be bundled: it is laid beside the bundle.
    external: ['koffi'],
    // Given by the loader.
    define: { EXIMIUS_BUNDLE_URL: '__bundleUrl' },
    plugins: [sources],
    write: false,
    logLevel: 'silent',
  });
  const [output] = result.outputFiles;
  if (!output) throw new Error(`esbuild gave no output for ${entry}`);
  // Names stay as they are and lines short, for stack traces in the panic log.
  const options = { minifyWhitespace: true, minifySyntax: true, lineLimit: 160, target: 'node24', charset: 'ascii' } as const;
  const { code } = await transform(makeBuiltinsLazy(output.text), options);
  return `(function(exports,require,module,__bundleUrl){${code}\n})`;
}

/** What definitions say of themselves for docs/reference/ and tests is not in the program: every start would read it. */
const EXAMPLES = /^ {2}examples: (?:\[.*\]|\[\n[^]*?\n {2}\]),$/gm;
const DOCUMENTATION = /\b(?:doc|summary|spec): (?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"),?/g;

/** A namespace import gets a name that cannot be told from others in the output; of Node's modules the default export is the same object. */
const sources: Plugin = {
  name: 'sources',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8')
        .replace(/^import \* as (\w+) from '(node:\w+)';$/gm, "import $1 from '$2';")
        .replace(EXAMPLES, '')
        .replace(DOCUMENTATION, ''),
      loader: 'ts',
    }));
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
