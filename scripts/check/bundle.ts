/** The shipped bundles know nothing of the conformance runner's settings. DESIGN.md 3.11. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, programEntry } from '../build/bundle.ts';
import { lazyBundle, readModules } from '../build/lazy-bundle.ts';
import type { Finding } from './source.ts';

const forbidden = /EXIM_TEST_\w*|EXIM_CONFIGURE_OWNER|EXIM_TRUSTED_\w*|EXIM_WHITELIST_\w*/g;

export async function checkBundle(root: string): Promise<Finding[]> {
  if (!existsSync(join(root, programEntry))) return [{ file: programEntry, line: 1, message: 'does not exist' }];
  try {
    const { first, rest } = await lazyBundle(await readModules(programEntry));
    const files = { 'exim.bundle.js': await bundle(programEntry), 'exim.lazy.js': first, 'exim.lazy-rest.js': rest };
    return Object.entries(files).flatMap(([file, code]) =>
      [...new Set(code.match(forbidden))].map((name) => ({
        file: `dist/${file}`,
        line: 1,
        message: `names ${name}, which is for the harness only`,
      })),
    );
  } catch (error) {
    return [{ file: programEntry, line: 1, message: `cannot be bundled: ${error instanceof Error ? error.message : String(error)}` }];
  }
}
