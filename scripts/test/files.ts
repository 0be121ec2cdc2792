/** Which test files there are. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Tests beside the code: they share one process. */
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
