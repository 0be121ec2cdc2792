/**
 * `npm run check`: format, lint, types, layers, octets, module state, definitions, generated files, the bundle, unit tests.
 * `--fix` formats and applies safe fixes first. Names of steps as arguments run only those.
 */
import { dirname } from 'node:path';
import { steps } from './check/steps.ts';

const root = dirname(import.meta.dirname);
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const shouldFix = process.argv.includes('--fix');

const chosen = steps.filter((step) => wanted.length === 0 || wanted.includes(step.name));
const unknown = wanted.filter((name) => !steps.some((step) => step.name === name));
if (unknown.length > 0) {
  console.error(`no such step: ${unknown.join(', ')}; there are ${steps.map((step) => step.name).join(', ')}`);
  process.exit(2);
}

let failed = 0;
for (const stage of ['install', 'fast', 'tests'] as const) {
  await Promise.all(
    chosen
      .filter((step) => step.stage === stage)
      .map(async (step) => {
        const started = performance.now();
        const result = await step.run(root, shouldFix);
        const seconds = ((performance.now() - started) / 1000).toFixed(1);
        if (!result.isOk) failed++;
        console.log(`${result.isOk ? 'ok  ' : 'FAIL'} ${step.name} (${seconds} s)`);
        if (!result.isOk || step.isTalkative) console.log(result.output.trimEnd());
      }),
  );
}
if (failed > 0) process.exitCode = 1;
