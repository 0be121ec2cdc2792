/** The shipped bundle knows nothing of the conformance runner's settings. DESIGN.md 3.11. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, programEntry } from '../build/bundle.ts';
import type { Finding } from './source.ts';

const forbidden = /EXIM_TEST_\w*|EXIM_CONFIGURE_OWNER|EXIM_TRUSTED_\w*|EXIM_WHITELIST_\w*/g;

export async function checkBundle(root: string): Promise<Finding[]> {
  if (!existsSync(join(root, programEntry))) return [{ file: programEntry, line: 1, message: 'does not exist' }];
  const chunks = await bundle(programEntry);
  return [...chunks].flatMap(([name, code]) =>
    [...code.matchAll(forbidden)].map(([found]) => ({
      file: `dist/${name}`,
      line: 1,
      message: `names ${found}, which is for the harness only`,
    })),
  );
}
