/**
 * `npm test`: all checks, then the tests of running programs below test/. Arguments choose test files by a part of their
 * path (`npm test -- acl`), and then only those run.
 */
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { programTestFiles, unitTestFiles } from './test/files.ts';

const root = dirname(import.meta.dirname);
const wanted = process.argv.slice(2);
const isWanted = (file: string) => wanted.length === 0 || wanted.some((part) => file.includes(part));

function run(args: readonly string[]): boolean {
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status === 0;
}

function runTests(files: readonly string[], options: readonly string[]): boolean {
  return files.length === 0 || run(['--test', ...options, ...files]);
}

const checked = wanted.length === 0 ? run(['scripts/check.ts']) : runTests(unitTestFiles(root).filter(isWanted), ['--test-isolation=none']);
const tested = runTests(programTestFiles(root).filter(isWanted), ['--test-concurrency=2', '--test-timeout=300000']);
if (!checked || !tested) process.exitCode = 1;
