/** `npm run bench`: the micro-benchmarks below test/bench/, one process each. Arguments choose files by a part of their name. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const wanted = process.argv.slice(2);
const files = readdirSync(join(root, 'test/bench')).filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)));

for (const file of files.sort()) {
  console.log(`\n${file}`);
  const { status } = spawnSync(process.execPath, ['--expose-gc', join('test/bench', file)], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
