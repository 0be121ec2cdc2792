/** Feeds many expansions to one process of `-be` and takes its answers apart. A process that dies or hangs at a line is started again behind it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { environment } from './fixture.ts';

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/** What was printed for a line, or how the process ended at it. */
export type Answer = { readonly kind: 'printed'; readonly text: string } | { readonly kind: 'died'; readonly how: string };

const PER_PROCESS = 500;
const TIMEOUT_MS = 120_000;

export function referenceProgram(command: string, configuration: string): Program {
  return { command, args: ['-C', configuration] };
}

/** From the sources. */
export function ownProgram(configuration: string): Program {
  return { command: process.execPath, args: [join(import.meta.dirname, '../../scripts/exim.ts'), '-C', configuration] };
}

export interface Asking {
  /** The programs' working directory; shown as `folderName` in answers. */
  readonly folder: string;
  readonly folderName: string;
  /** So many expansions for one process: what one of them leaves behind reaches the next ones of its process only. */
  readonly perProcess?: number;
}

/** The answers in order. */
export function askProgram(program: Program, lines: readonly string[], { folder, folderName, perProcess = PER_PROCESS }: Asking): Answer[] {
  const answers: Answer[] = [];
  while (answers.length < lines.length)
    answers.push(...askBatch(program, lines.slice(answers.length, answers.length + perProcess), folder));
  return answers.map((answer) =>
    answer.kind === 'printed' ? { kind: 'printed', text: answer.text.replaceAll(folder, folderName) } : answer,
  );
}

/** One process; fewer answers than lines when it died, the last one says how. */
function askBatch({ command, args }: Program, lines: readonly string[], folder: string): Answer[] {
  const input = lines.map((line, index) => `${line}\n${mark(index)}\n`).join('');
  const run = spawnSync(command, [...args, '-be'], {
    input: Buffer.from(input, 'latin1'),
    // Exim goes there anyway
    cwd: join(folder, 'spool'),
    env: { ...environment, PWD: join(folder, 'spool') },
    timeout: TIMEOUT_MS,
    maxBuffer: 1 << 28,
  });
  if (run.error && !run.stdout) throw run.error;
  const output = run.stdout.toString('latin1');
  const answers: Answer[] = [];
  let at = output.startsWith('> ') ? 2 : 0;
  for (let index = 0; index < lines.length; index++) {
    const end = `\n> ${mark(index)}\n> `;
    const found = output.indexOf(end, at - 1);
    if (found < 0) {
      const how = run.signal ?? `exit ${run.status}: ${run.stderr.toString('latin1').slice(-300)}`;
      return [...answers, { kind: 'died', how }];
    }
    answers.push({ kind: 'printed', text: output.slice(at, Math.max(at, found)) });
    at = found + end.length;
  }
  return answers;
}

function mark(index: number): string {
  return `@@@ ${index} @@@`;
}
