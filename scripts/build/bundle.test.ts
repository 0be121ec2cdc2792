import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { bundle } from './bundle.ts';

const program = `import { createHash } from 'node:crypto';
import * as tls from 'node:tls';
declare const EXIMIUS_BUNDLE_URL: string;
export async function run(calledAs: string, args: readonly string[]): Promise<void> {
  process.umask(0);
  const loaded = process.moduleLoadList.filter((name) => /^NativeModule (tls|crypto)$/.test(name)).join();
  const { late } = await import('./late.ts');
  if (args.includes('hash')) console.log(createHash('md5').update('a').digest('hex'), typeof tls.connect);
  console.log(JSON.stringify([calledAs, args, loaded, late(), EXIMIUS_BUNDLE_URL.endsWith('/'), 'caf\\u00e9 \\u20ac']));
}
`;

test('the bundle runs with its cache and without, under the name it is called by, and loads built-ins late', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  try {
    mkdirSync(join(folder, 'src'));
    writeFileSync(join(folder, 'src/main.ts'), program);
    writeFileSync(join(folder, 'src/late.ts'), `export const late = () => 'late';\n`);
    writeFileSync(join(folder, 'program.bundle.js'), await bundle(join(folder, 'src/main.ts')));
    const loader = readFileSync(join(import.meta.dirname, 'loader.cjs'), 'utf8').replace('BUNDLE_NAME', '"program.bundle.js"');
    const file = join(folder, 'program.cjs');
    writeFileSync(file, loader);

    const run = (...args: string[]) => spawnSync(process.execPath, [file, ...args], { encoding: 'utf8' });
    const expected = (calledAs: string, ...args: string[]) => `${JSON.stringify([calledAs, args, '', 'late', true, 'café €'])}\n`;
    assert.equal(run('-bV', '--called-as=x').stdout, expected('exim', '-bV', '--called-as=x'));
    assert.equal(run('--called-as=mailq', 'hash').stdout, `0cc175b9c0f1b6a831c399e269772661 function\n${expected('mailq', 'hash')}`);

    const warm = spawnSync(process.execPath, [join(import.meta.dirname, 'warm.cjs'), file, '--called-as=rmail'], { encoding: 'utf8' });
    assert.equal(warm.stderr, '');
    assert.equal(warm.stdout, expected('rmail'));
    const cache = join(folder, 'program.bundle.js.cache');
    assert.equal(statSync(cache).mode & 0o777, 0o644);
    assert.equal(run().stdout, expected('exim'));

    writeFileSync(cache, 'no cache');
    assert.equal(run().stdout, expected('exim'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
