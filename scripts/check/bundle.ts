/** The shipped bundle knows nothing of the conformance runner's settings. DESIGN.md 3.11. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, programEntry } from '../build/bundle.ts';
import type { Finding } from './source.ts';

const forbidden = /EXIM_TEST_\w*|EXIM_CONFIGURE_OWNER|EXIM_TRUSTED_\w*|EXIM_WHITELIST_\w*/g;

export async function checkBundle(root: string): Promise<Finding[]> {
  if (!existsSync(join(root, programEntry))) return [{ file: programEntry, line: 1, message: 'does not exist' }];
  try {
    const code = await bundle(programEntry);
    const found = new Set(code.match(forbidden));
    return [...found].map((name) => ({ file: 'dist/exim.bundle.js', line: 1, message: `names ${name}, which is for the harness only` }));
  } catch (error) {
    return [{ file: programEntry, line: 1, message: `cannot be bundled: ${error instanceof Error ? error.message : String(error)}` }];
  }
}
