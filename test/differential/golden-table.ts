/**
 * The table of generated expansions with the reference program's answers: a JSON string for each, in the order in which one process was asked
 * them. Expansions whose value depends on the time, the caller, the machine or the folder of the files are not in it.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FOLDER_MACRO, writeFixture } from './fixture.ts';
import { type Answer, askProgram, ownProgram, type Program, referenceProgram } from './programs.ts';

const path = join(import.meta.dirname, 'generated.tsv');

/** Time, chance, caller and machine. */
const CHANGING =
  /\bprvs\{|srs_encode|\$\{?(?:tod_|pid|exim_|caller_|originator_|initial_cwd|sender_|authenticated_|load_|version|compile|config_)|_space|_inodes|randint|\$\{stat:|cwd|PWD/;

export interface GoldenRow {
  readonly line: string;
  readonly answer: string;
}

/** Expansions on which both programs agree. */
export interface Agreed {
  readonly probes: readonly string[];
  readonly generated: readonly string[];
}

/** All probes and `count` of the generated ones, evenly chosen, asked in one process. What the other folder's name changes is left out. */
export function writeGolden({ probes, generated }: Agreed, count: number, exim: string): void {
  const isStable = (line: string) => !CHANGING.test(line);
  const stable = generated.filter(isStable);
  const step = Math.max(1, stable.length / count);
  const evenly = stable.filter((_, index) => index === 0 || Math.floor(index / step) !== Math.floor((index - 1) / step));
  const chosen = [...probes.filter(isStable), ...evenly];
  const expected = askInNewFolder((configuration) => referenceProgram(exim, configuration), chosen);
  const actual = askInNewFolder(ownProgram, chosen);
  const rows = chosen.flatMap((line, index) => {
    const [answer, ours] = [expected[index], actual[index]];
    if (answer?.kind !== 'printed' || ours?.kind !== 'printed' || answer.text !== ours.text) return [];
    return [`${JSON.stringify(line)}\t${JSON.stringify(answer.text)}\n`];
  });
  writeFileSync(path, rows.join(''));
}

/** Both programs get a folder of their own, of different length. */
export function askInNewFolder(program: (configuration: string) => Program, lines: readonly string[]): Answer[] {
  const folder = mkdtempSync(join(tmpdir(), program === ownProgram ? 'golden-expansions-' : 'g-'));
  try {
    chmodSync(folder, 0o755);
    const configuration = writeFixture(folder);
    return askProgram(program(configuration), lines, { folder, folderName: FOLDER_MACRO, perProcess: lines.length });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function readGolden(): GoldenRow[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((row) => {
      const [line = '', answer = ''] = row.split('\t').map((cell): string => JSON.parse(cell));
      return { line, answer };
    });
}
