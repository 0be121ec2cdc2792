/**
 * Compares expansions with the reference program, by hand: `node test/differential/expand.ts [--exim path] [--write] file…`. Each line of
 * the files is expanded by both (of a `.tsv` file the first column); differences are printed. With `--write` the lines on which both agree,
 * with the answers, go to `golden.tsv` beside this file.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eximConfiguration, openExpansionBench, printedFor } from './expansion-bench.ts';

const args = process.argv.slice(2);
const exim = args.includes('--exim') ? (args[args.indexOf('--exim') + 1] ?? 'exim4') : 'exim4';
const files = args.filter((arg, index) => !arg.startsWith('--') && args[index - 1] !== '--exim');
const lines = [...new Set(files.flatMap(readLines))].filter((line) => line !== '' && !line.startsWith('#'));

const folder = mkdtempSync(join(tmpdir(), 'expand-'));
const configuration = join(folder, 'exim.conf');
writeFileSync(configuration, eximConfiguration);
const answers = lines.map((line) => ({ line, answer: askReference(line) }));
rmSync(folder, { recursive: true });

const usable = answers.filter(({ answer }) => answer !== undefined);
const bench = await openExpansionBench();
const golden: string[] = [];
let differences = 0;
for (const { line, answer } of usable) {
  const ours = await printedFor(bench, line);
  if (ours === answer) {
    golden.push(`${JSON.stringify(line)}\t${JSON.stringify(answer)}\n`);
    continue;
  }
  differences++;
  console.log(`${line}\n  reference ${JSON.stringify(answer)}\n  ours      ${JSON.stringify(ours)}`);
}
console.log(`${usable.length} lines, ${differences} differ, ${answers.length - usable.length} crash the reference`);
if (args.includes('--write')) writeFileSync(join(import.meta.dirname, 'golden.tsv'), golden.join(''));

function readLines(file: string): string[] {
  if (!file.endsWith('.tsv')) return readFileSync(file, 'latin1').split('\n');
  const rows = readFileSync(file, 'utf8')
    .split('\n')
    .filter((row) => row !== '');
  return rows.map((row): string => JSON.parse(row.slice(0, row.indexOf('\t'))));
}

/** Undefined when the reference crashed. Without the line end that it writes behind every answer. */
function askReference(line: string): string | undefined {
  const { stdout, stderr } = spawnSync(exim, ['-C', configuration, '-be', line], { encoding: 'latin1' });
  if (/SIGSEGV|internal error/.test(stdout + stderr)) return undefined;
  return stdout.replace(/\n$/, '');
}
