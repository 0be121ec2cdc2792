/**
 * `npm test`: all checks, then the tests of running programs below test/. Arguments choose test files by a part of their
 * path (`npm test -- acl`), and then only those run.
 */
import { dirname } from 'node:path';
import { runCommand } from './command.ts';
import { programTestFiles, UNIT_TEST_OPTIONS, unitTestFiles } from './test/files.ts';

const root = dirname(import.meta.dirname);
const wanted = process.argv.slice(2);
const isWanted = (file: string) => wanted.length === 0 || wanted.some((part) => file.includes(part));

/** Neither the checks nor the tests take this long, unless one of them hangs. */
const DEADLINE_MS = 20 * 60_000;
const PROGRAM_TEST_OPTIONS = ['--test', '--test-concurrency=2', '--test-timeout=300000'];

async function run(args: readonly string[]): Promise<boolean> {
  return (await runCommand(root, process.execPath, args, { deadlineMs: DEADLINE_MS, isShown: true })).isOk;
}

async function runTests(options: readonly string[], files: readonly string[]): Promise<boolean> {
  return files.length === 0 || run([...options, ...files]);
}

const checked =
  wanted.length === 0 ? await run(['scripts/check.ts']) : await runTests(UNIT_TEST_OPTIONS, unitTestFiles(root).filter(isWanted));
const tested = await runTests(PROGRAM_TEST_OPTIONS, programTestFiles(root).filter(isWanted));
if (!checked || !tested) process.exitCode = 1;
