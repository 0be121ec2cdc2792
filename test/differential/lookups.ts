/**
 * Compares lookups and lists with the reference program, by hand: `node test/differential/lookups.ts [--exim path] [--write]`. Differences
 * are printed; with `--write` the lines on which both agree, with the answers, go to `lookups.tsv` beside this file.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLookupBench } from './lookup-bench.ts';
import { lookupConfiguration, lookupLines } from './lookup-cases.ts';
import { askProgram } from './programs.ts';

const args = process.argv.slice(2);
const exim = args.includes('--exim') ? (args[args.indexOf('--exim') + 1] ?? '') : '/usr/sbin/exim4';
const files = join(import.meta.dirname, 'lookup-files');

const folder = mkdtempSync(join(tmpdir(), 'lookups-'));
cpSync(files, folder, { recursive: true, verbatimSymlinks: true });
mkdirSync(join(folder, 'spool'));
const configuration = join(folder, 'exim.conf');
const logs = `spool_directory = ${folder}/spool\nlog_file_path = ${folder}/%slog\n`;
writeFileSync(configuration, logs + lookupConfiguration.replaceAll('FILES', folder));
const reference = { command: exim, args: ['-C', configuration] };
const lines = lookupLines.map((line) => line.replaceAll('FILES', folder));
const answers = askProgram(reference, lines, { folder, folderName: 'FILES' });
rmSync(folder, { recursive: true });

const bench = await openLookupBench(files);
const golden: string[] = [];
let differences = 0;
for (const [index, line] of lookupLines.entries()) {
  const answer = answers[index];
  if (answer?.kind !== 'printed') continue;
  const theirs = asNewer(answer.text);
  const ours = await bench.print(line);
  if (ours === theirs) golden.push(`${JSON.stringify(line)}\t${JSON.stringify(theirs)}\n`);
  else {
    differences++;
    console.log(`${line}\n  reference ${JSON.stringify(theirs)}\n  ours      ${JSON.stringify(ours)}`);
  }
}
bench.close();
console.log(`${lines.length} lines, ${differences} differ, ${answers.filter(({ kind }) => kind === 'died').length} end the reference`);
if (args.includes('--write')) writeFileSync(join(import.meta.dirname, 'lookups.tsv'), golden.join(''));

/** Exim 4.99 puts the reason of a deferred lookup in quotes. */
function asNewer(text: string): string {
  return text.replace(/(gave DEFER: )([^]*)$/, (_, before: string, reason: string) => `${before}"${reason.replace(/["\\]/g, '\\$&')}"`);
}
