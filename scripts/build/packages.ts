/**
 * Packages that no process loads when it starts: each is bundled into one file that is laid beside the program, where `import()` finds it by the package's
 * own name, with the licences of all that is in it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { dialect, root } from './bundle.ts';

/** What is imported of them. */
export const lateModules = ['mailauth/lib/spf/spf-verify.js'];

export interface LateModule {
  readonly code: string;
  /** One after the other, under the packages' names. */
  readonly licences: string;
}

export async function bundleLateModule(specifier: string): Promise<LateModule> {
  const { outputFiles, metafile } = await build({
    ...dialect,
    absWorkingDir: root,
    entryPoints: [join('node_modules', specifier)],
    bundle: true,
    format: 'cjs',
    platform: 'node',
    minify: true,
    metafile: true,
    write: false,
  });
  const [output] = outputFiles;
  if (!output) throw new Error(`esbuild gave no output for ${specifier}`);
  return { code: output.text, licences: licencesOf(Object.keys(metafile.inputs)) };
}

function licencesOf(files: readonly string[]): string {
  const packages = new Set(files.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? []));
  return [...packages].sort().map(licenceOf).join('\n');
}

function licenceOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  const files = readdirSync(join(root, folder)).filter((file) => /^(?:licen[cs]e|copying)/i.test(file));
  if (files.length === 0) throw new Error(`${folder} has no licence`);
  const texts = files.map((file) => readFileSync(join(root, folder, file), 'utf8').trim());
  return `==== ${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`;
}
