/**
 * Compares expansions with the reference program, by hand: `node test/differential/expand.ts [--exim path] [--write] file…`. Each line of
 * the files is expanded by both; differences are printed. With `--write` the answers of the reference go to `golden.tsv` beside this file.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eximConfiguration, openExpansionBench } from './expansion-bench.ts';

const args = process.argv.slice(2);
const exim = args.includes('--exim') ? (args[args.indexOf('--exim') + 1] ?? 'exim4') : 'exim4';
const files = args.filter((arg, index) => !arg.startsWith('--') && args[index - 1] !== '--exim');
const lines = [...new Set(files.flatMap((file) => readFileSync(file, 'latin1').split('\n')))].filter((line) => line !== '' && !line.startsWith('#'));

const folder = mkdtempSync(join(tmpdir(), 'expand-'));
const configuration = join(folder, 'exim.conf');
writeFileSync(configuration, eximConfiguration);
const answers = lines.map((line) => ({ line, answer: askReference(line) }));
rmSync(folder, { recursive: true });

const usable = answers.filter(({ answer }) => answer !== undefined);
const expand = await openExpansionBench();
let differences = 0;
for (const { line, answer } of usable) {
  const ours = (await expand(line)).replace(/\n$/, '');
  if (ours === answer) continue;
  differences++;
  console.log(`${line}\n  reference ${JSON.stringify(answer)}\n  ours      ${JSON.stringify(ours)}`);
}
console.log(`${usable.length} lines, ${differences} differ, ${answers.length - usable.length} crash the reference`);
if (args.includes('--write')) {
  const table = usable.map(({ line, answer }) => `${JSON.stringify(line)}\t${JSON.stringify(answer)}\n`).join('');
  writeFileSync(join(import.meta.dirname, 'golden.tsv'), table, 'latin1');
}

/** Undefined when the reference crashed. Without the line end that ends every answer. */
function askReference(line: string): string | undefined {
  const { stdout, stderr } = spawnSync(exim, ['-C', configuration, '-be', Buffer.from(line, 'latin1').toString('latin1')], { encoding: 'latin1' });
  if (/SIGSEGV|internal error/.test(stdout + stderr)) return undefined;
  return stdout.replace(/\n$/, '').replace(/\n$/, '');
}
