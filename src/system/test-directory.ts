/** For tests: a directory of their own, removed at their end. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestContextLike {
  after(callback: () => void): void;
}

export function testDirectory(context: TestContextLike): string {
  const path = fs.mkdtempSync(join(tmpdir(), 'eximius-'));
  context.after(() => fs.rmSync(path, { recursive: true, force: true }));
  return path;
}
