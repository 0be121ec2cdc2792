/** `npm run gen`: writes what is generated from the definition files. `--check` writes nothing and fails when a file is not current. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generateBuiltin } from './gen/builtin.ts';
import { readDefinitions } from './gen/definitions.ts';
import { macroNames } from './gen/macros.ts';
import { generateReference } from './gen/reference.ts';

const root = dirname(import.meta.dirname);
const onlyCheck = process.argv.includes('--check');

const definitions = await readDefinitions(root);
for (const { path, message } of definitions.problems) console.error(`src/${path}:1: ${message}`);

const generated = new Map([...generateBuiltin(definitions.files, macroNames(definitions.files)), ...generateReference(definitions)]);
const stale = [...generated].filter(([path, text]) => !existsSync(join(root, path)) || readFileSync(join(root, path), 'utf8') !== text);
const orphans = ['src/builtin', 'docs/reference'].flatMap((folder) => filesOf(folder)).filter((path) => !generated.has(path));

for (const [path, text] of stale) {
  if (onlyCheck) console.error(`${path}:1: is not current: npm run gen`);
  else write(path, text);
}
for (const path of orphans) {
  if (onlyCheck) console.error(`${path}:1: is not generated any more: npm run gen`);
  else rmSync(join(root, path));
}
if (definitions.problems.length > 0 || (onlyCheck && stale.length + orphans.length > 0)) process.exitCode = 1;

function filesOf(folder: string): string[] {
  return existsSync(join(root, folder)) ? readdirSync(join(root, folder)).map((name) => `${folder}/${name}`) : [];
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  console.log(`wrote ${path}`);
}
