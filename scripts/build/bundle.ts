/**
 * Bundles an entry of the source tree into CommonJS chunks: one for what is loaded at start, one for each family or mode that
 * the sources import dynamically. esbuild splits only ES modules, so its chunks are turned into CommonJS one by one; code caches
 * (loader.cjs) exist for scripts only.
 */
import { dirname } from 'node:path';
import { build, transform } from 'esbuild';

const root = dirname(dirname(import.meta.dirname));

export const programEntry = 'src/cli/main.ts';
export const harnessEntry = 'test/harness/main.ts';

/** The chunks of `entry` (below the root) by file name; the first is the entry's. */
export async function bundle(entry: string): Promise<Map<string, string>> {
  const result = await build({
    absWorkingDir: root,
    entryPoints: { main: entry },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    charset: 'ascii',
    legalComments: 'none',
    // Native code cannot be bundled: it is laid beside the bundle.
    external: ['koffi'],
    // Given to each chunk by the loader.
    define: { EXIMIUS_BUNDLE_URL: '__bundleUrl' },
    chunkNames: '[name]-[hash]',
    outdir: 'unused',
    write: false,
    logLevel: 'warning',
  });
  const chunks = new Map<string, string>();
  for (const file of result.outputFiles) chunks.set(file.path.replace(/^.*[\\/]/, ''), await toCommonJs(file.text));
  return new Map([...chunks].sort(([a], [b]) => (a === 'main.js' ? -1 : b === 'main.js' ? 1 : a < b ? -1 : 1)));
}

async function toCommonJs(chunk: string): Promise<string> {
  const options = { format: 'cjs', platform: 'node', target: 'node24', charset: 'ascii', supported: { 'dynamic-import': false } } as const;
  const { code } = await transform(chunk, options);
  // Names stay as they are, for stack traces in the panic log.
  const small = await transform(makeBuiltinsLazy(code), { minifyWhitespace: true, minifySyntax: true, target: 'node24', charset: 'ascii' });
  return small.code;
}

/** Modules of Node and koffi are loaded where they are first used: tls, crypto and sqlite cost more to load than most modes take. */
function makeBuiltinsLazy(code: string): string {
  const declarations = [...code.matchAll(/^var (import_\w+) = ((?:__toESM\()?require\("(?:node:[^"]+|koffi)"\)(?:, 1\)|\))?);$/gm)];
  let lazy = code;
  for (const [declaration, name, value] of declarations) {
    lazy = lazy.replace(declaration, `var lazy_${name};`).replace(new RegExp(`\\b${name}\\b`, 'g'), `(lazy_${name} ??= ${value})`);
  }
  return lazy;
}
