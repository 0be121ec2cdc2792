/** Where the files are that belong to the program and are not code: in the source tree, or laid out the same way beside the bundle. */
import { fileURLToPath } from 'node:url';

/** The file URL of the bundle's directory; defined by `npm run build` only. */
declare const EXIMIUS_BUNDLE_URL: string | undefined;

/** The path of a file of the program, named from the root of the source tree (`vendor/pcre2/pcre2.wasm`). */
export function assetPath(name: string): string {
  const root = typeof EXIMIUS_BUNDLE_URL === 'string' ? EXIMIUS_BUNDLE_URL : new URL('../../', import.meta.url);
  return fileURLToPath(new URL(name, root));
}
