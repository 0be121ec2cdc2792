import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { bundle } from './bundle.ts';
import { lazyBundle, readModules } from './lazy-bundle.ts';

const program = `import { createHash } from 'node:crypto';
import * as tls from 'node:tls';
import seldom, { seldomNamed } from './seldom.ts';
import { chosen } from './shadow.ts';
import { text } from './text.ts';
import Shape from './shape.ts';
declare const EXIMIUS_BUNDLE_URL: string;
class Square extends Shape {}
export async function run(calledAs: string, args: readonly string[]): Promise<void> {
  process.umask(0);
  const loaded = process.moduleLoadList.filter((name) => /^NativeModule (tls|crypto)$/.test(name)).join();
  const { late } = await import('./late.ts');
  const { beside } = await import('mailauth/lib/beside.js');
  if (args.includes('hash')) console.log(createHash('md5').update('a').digest('hex'), typeof tls.connect);
  if (args.includes('seldom')) console.log(seldom(), seldomNamed);
  const isUrl = EXIMIUS_BUNDLE_URL.endsWith('/');
  console.log(JSON.stringify([calledAs, args, loaded, late(), beside, isUrl, text, chosen((barrel) => barrel, 1), new Square().name, new Square() instanceof Shape]));
}
`;
const others = {
  'late.ts': `import { barrel } from './barrel.ts';\nexport const late = () => \`late \${barrel}\`;\n`,
  'barrel.ts': `export * from './inner.ts';\n`,
  'inner.ts': `const inner = 'inner';\nexport { inner as barrel };\n`,
  'seldom.ts': `export default () => 'seldom';\nexport const seldomNamed = 'named';\n`,
  'text.ts': `export const text = 'caf\\u00e9 \\u20ac';\n`,
  // Its parameters are called as what a linker could call its own.
  'shadow.ts': `import { inspect } from 'node:util';\nimport { barrel } from './barrel.ts';\nexport const chosen = (use: (text: string) => string, node_util: number) => use(node_util === 1 && inspect(1) === '1' ? barrel : 'none');\n`,
  'shape.ts': `export default class Shape { name = 'shape'; }\n`,
};

/** As the build does: the program with a loader, in a folder of its own. */
async function writeProgram(folder: string): Promise<string> {
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'src/main.ts'), program);
  for (const [name, code] of Object.entries(others)) writeFileSync(join(folder, 'src', name), code);
  mkdirSync(join(folder, 'node_modules/mailauth/lib'), { recursive: true });
  writeFileSync(join(folder, 'node_modules/mailauth/lib/beside.js'), "module.exports = { beside: 'laid beside' };\n");
  const entry = join(folder, 'src/main.ts');
  writeFileSync(join(folder, 'program.bundle.js'), await bundle(entry));
  const modules = await readModules(entry);
  const seldom = [...modules.keys()].findIndex((path) => path.endsWith('seldom.ts'));
  const { first, rest } = await lazyBundle(modules, (module) => module !== seldom);
  writeFileSync(join(folder, 'program.lazy.js'), first);
  writeFileSync(join(folder, 'program.lazy-rest.js'), rest);
  const loader = readFileSync(join(import.meta.dirname, 'loader.cjs'), 'utf8').replace('PROGRAM_NAME', 'program');
  const file = join(folder, 'program.cjs');
  writeFileSync(file, loader);
  return file;
}

test('both bundles run with their caches and without, under the name they are called by, and load built-ins late', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  try {
    const file = await writeProgram(folder);
    const run = (...args: string[]) => {
      const { stdout, stderr } = spawnSync(process.execPath, [file, ...args], { encoding: 'utf8' });
      assert.equal(stderr, '');
      return stdout;
    };
    const expected = (calledAs: string, ...args: string[]) =>
      `${JSON.stringify([calledAs, args, '', 'late inner', 'laid beside', true, 'café €', 'inner', 'shape', true])}\n`;
    for (const [mode, cacheName] of [
      ['-bd', 'program.bundle.js.daemon.cache'],
      ['-bV', 'program.lazy.js.version.cache'],
    ] as const) {
      assert.equal(run(mode, '--called-as=x'), expected('exim', mode, '--called-as=x'));
      assert.equal(run('--called-as=mailq', mode, 'hash'), `0cc175b9c0f1b6a831c399e269772661 function\n${expected('mailq', mode, 'hash')}`);

      const warm = spawnSync(process.execPath, [join(import.meta.dirname, 'warm.cjs'), file, '--called-as=rmail', mode], {
        encoding: 'utf8',
      });
      assert.equal(warm.stderr, '');
      assert.equal(warm.stdout, expected('rmail', mode));
      const cache = join(folder, cacheName);
      assert.equal(statSync(cache).mode & 0o777, 0o644);
      assert.equal(run(mode), expected('exim', mode));

      writeFileSync(cache, 'no cache');
      assert.equal(run(mode), expected('exim', mode));
      assert.equal(run(mode, 'seldom'), `seldom named\n${expected('exim', mode, 'seldom')}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the second part of the lazy bundle is not read before a module of it is used', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  try {
    const file = await writeProgram(folder);
    const list = join(folder, 'modules');
    const record = (...args: string[]) => {
      const options = { encoding: 'utf8', env: { ...process.env, EXIMIUS_MODULES: list } } as const;
      assert.equal(spawnSync(process.execPath, [join(import.meta.dirname, 'warm.cjs'), file, ...args], options).stderr, '');
      const count = readFileSync(list, 'latin1').trimEnd().split('\n').length;
      rmSync(list);
      return count;
    };
    // The barrel itself has nothing that is used.
    assert.equal(record('-bV'), 6);
    assert.equal(record('-bV', 'seldom'), 7);
    const rest = join(folder, 'program.lazy-rest.js');
    const code = readFileSync(rest, 'latin1');
    writeFileSync(rest, code.replace(/build:"/, 'build:"another'));
    const refused = spawnSync(process.execPath, [file, '-bV', 'seldom'], { encoding: 'utf8' });
    assert.match(refused.stderr, /eximius was replaced by another version while this process ran/);
    rmSync(rest);
    assert.equal(record('-bV'), 6);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
