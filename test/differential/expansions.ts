/**
 * Compares the expansion language with the real Exim, by hand:
 * `node test/differential/expansions.ts [--count 10000] [--seed 1] [--exim /usr/sbin/exim4] [--lines FILE] [--show 3] [--explained] [--write-golden COUNT]`.
 * Expansions are those of `probes.txt` and generated ones (or read from another file), given to both programs' `-be`, and what differs is shown, grouped by cause; the exit code is 1
 * when something differs without explanation. `--write-golden` writes expansions on which both agree, with the answers, to `generated.tsv`.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { builtin } from '../../src/builtin.ts';
import { FOLDER_MACRO, writeFixture } from './fixture.ts';
import { generateExpansions } from './generator.ts';
import { writeGolden } from './golden-table.ts';
import { type Answer, askProgram, ownProgram, type Program, referenceProgram } from './programs.ts';
import { Random } from './random.ts';
import { reportDifferences } from './report.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    exim: { type: 'string', default: '/usr/sbin/exim4' },
    lines: { type: 'string' },
    show: { type: 'string', default: '3' },
    explained: { type: 'boolean', default: false },
    'write-golden': { type: 'string' },
  },
});

const probes = readLines(join(import.meta.dirname, 'probes.txt'));
const folder = mkdtempSync(join(tmpdir(), 'expansions-'));
chmodSync(folder, 0o755);
try {
  const configuration = writeFixture(folder);
  const reference = referenceProgram(values.exim, configuration);
  const ours = ownProgram(configuration);
  const asking = { folder, folderName: FOLDER_MACRO };
  const ask = (program: Program, lines: readonly string[]) => askProgram(program, lines, asking);
  const lines = values.lines === undefined ? await generated() : readLines(values.lines);
  const expected = ask(reference, lines);
  const actual = ask(ours, lines);
  const candidates = lines.flatMap((line, index) => {
    const answers = { line, reference: expected[index] ?? nothing, ours: actual[index] ?? nothing };
    return isSame(answers.reference, answers.ours) ? [] : [answers];
  });
  // Exim remembers captures and results from one line to the next: what it says when it is asked nothing else counts
  const again = askProgram(
    reference,
    candidates.map(({ line }) => line),
    { ...asking, perProcess: 1 },
  );
  const differences = candidates
    .map((candidate, index) => ({ ...candidate, reference: again[index] ?? nothing }))
    .filter((candidate) => !isSame(candidate.reference, candidate.ours));
  process.stdout.write(`${lines.length} expansions\n`);
  const shown = { examples: Number.parseInt(values.show, 10), explained: values.explained };
  const { unexplained } = reportDifferences(differences, shown, (text) => process.stdout.write(Buffer.from(text, 'latin1')));
  if (values['write-golden'] !== undefined) {
    const differing = new Set(differences.map(({ line }) => line));
    const agreed = lines.filter((line) => !differing.has(line));
    const isProbe = new Set(probes);
    writeGolden(
      { probes: agreed.filter((line) => isProbe.has(line)), generated: agreed.filter((line) => !isProbe.has(line)) },
      Number.parseInt(values['write-golden'], 10),
      reference.command,
    );
  }
  process.exitCode = unexplained === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}

/** Those that were written by hand come first. */
async function generated(): Promise<string[]> {
  const { variables } = await builtin.expansion();
  const names = variables.map(({ name }) => name);
  const made = generateExpansions(
    { count: Number.parseInt(values.count, 10), variables: names },
    new Random(Number.parseInt(values.seed, 10)),
  );
  return [...new Set([...probes, ...made])];
}

const nothing: Answer = { kind: 'died', how: 'no answer' };

function isSame(a: Answer, b: Answer): boolean {
  return a.kind === 'printed' && b.kind === 'printed' && a.text === b.text;
}

function readLines(file: string): string[] {
  return readFileSync(file, 'latin1').split('\n').filter(Boolean);
}
