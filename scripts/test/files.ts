/** Which test files there are. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** For tests beside the code, which share one process. What one of them leaves open, because it failed, keeps that process until the deadline of the step. */
export const UNIT_TEST_OPTIONS = ['--test', '--test-isolation=none', '--test-timeout=60000'];

/** Tests beside the code. */
export function unitTestFiles(root: string): string[] {
  return [...testFiles(root, 'src'), ...testFiles(root, 'scripts')];
}

/** Tests of running programs, and fuzz and property tests: a process each. */
export function programTestFiles(root: string): string[] {
  return testFiles(root, 'test');
}

function testFiles(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
    .sort();
}
