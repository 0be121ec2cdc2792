/** The steps of `npm run check`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../command.ts';
import { readDefinitions } from '../gen/definitions.ts';
import { UNIT_TEST_OPTIONS, unitTestFiles } from '../test/files.ts';
import { checkBundle } from './bundle.ts';
import { checkDefinitions } from './definitions.ts';
import { checkLayers } from './layers.ts';
import { checkModuleState } from './module-state.ts';
import { checkOctets } from './octets.ts';
import { type Finding, readSources, type Source } from './source.ts';

export interface StepResult {
  readonly isOk: boolean;
  readonly output: string;
}

export interface Step {
  readonly name: string;
  /** Steps of one stage run side by side. */
  readonly stage: 'install' | 'fast' | 'tests';
  /** Its output is shown when it passes, too. */
  readonly isTalkative?: boolean;
  run(root: string, shouldFix: boolean): Promise<StepResult>;
}

const biome = 'tools/node_modules/.bin/biome';

export const steps: readonly Step[] = [
  { name: 'tools', stage: 'install', run: installTools },
  {
    name: 'biome',
    stage: 'fast',
    run: (root, shouldFix) => run(root, biome, ['check', '--error-on-warnings', '--max-diagnostics=50', ...(shouldFix ? ['--write'] : [])]),
  },
  { name: 'types', stage: 'fast', run: (root) => run(root, 'node_modules/.bin/tsc', ['--project', '.', '--pretty', 'false']) },
  { name: 'unused', stage: 'fast', run: (root) => run(root, 'tools/node_modules/.bin/knip', ['--no-progress', '--directory', root]) },
  { name: 'layers', stage: 'fast', run: (root) => report(checkLayers(root, productSources(root))) },
  { name: 'octets', stage: 'fast', run: (root) => report(checkOctets(productSources(root))) },
  { name: 'module-state', stage: 'fast', run: (root) => report(checkModuleState(productSources(root))) },
  { name: 'definitions', stage: 'fast', run: async (root) => report(checkDefinitions(await readDefinitions(root))) },
  { name: 'generated', stage: 'fast', run: (root) => run(root, process.execPath, ['scripts/gen.ts', '--check']) },
  { name: 'bundle', stage: 'fast', run: async (root) => report(await checkBundle(root)) },
  {
    name: 'unit',
    stage: 'tests',
    run: (root) => run(root, process.execPath, [...UNIT_TEST_OPTIONS, '--test-reporter=dot', ...unitTestFiles(root)]),
  },
];

function productSources(root: string): Source[] {
  return readSources(root, 'src');
}

async function report(findings: readonly Finding[]): Promise<StepResult> {
  return { isOk: findings.length === 0, output: findings.map(({ file, line, message }) => `${file}:${line}: ${message}`).join('\n') };
}

/** biome and knip: with `npm install`, because `npm ci` fails where the registry lacks packages of other platforms. */
async function installTools(root: string): Promise<StepResult> {
  const stamp = join(root, 'tools/node_modules/.eximius-lock');
  const wanted = readFileSync(join(root, 'tools/package-lock.json'), 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return { isOk: true, output: '' };
  const result = await run(join(root, 'tools'), 'npm', ['install', '--no-audit', '--no-fund', '--loglevel=error']);
  if (result.isOk) writeFileSync(stamp, readFileSync(join(root, 'tools/package-lock.json'), 'utf8'));
  return result;
}

/** No step takes this long, unless it hangs. */
const DEADLINE_MS = 10 * 60_000;

const run = (directory: string, command: string, args: readonly string[]): Promise<StepResult> =>
  runCommand(directory, command, args, { deadlineMs: DEADLINE_MS, isShown: false });
