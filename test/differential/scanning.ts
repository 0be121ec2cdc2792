/**
 * Compares the ACL conditions `malware` and `spam` with the reference program, by hand: `node test/differential/scanning.ts [--exim path]
 * [--only expression] [--write]` (as root). Each case of `scanning-cases.ts` is a message over `-bs`, against daemons that follow the case's scripts. With
 * `--write` those of the table go to `scanning.tsv`: a case, the reference's, and ours where they are others.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOurs, runReference } from './acl/bench.ts';
import { askProgram } from './scanning-bench.ts';
import { type ScanCase, scanCases, tableCases } from './scanning-cases.ts';

const args = process.argv.slice(2);
const valueOf = (option: string) => (args.includes(option) ? args[args.indexOf(option) + 1] : undefined);
const user = 'Debian-exim';
const id = (option: string) => Number(spawnSync('id', [option, user]).stdout.toString());
const owner = { user, uid: id('-u'), gid: id('-g') };
const reference = runReference(valueOf('--exim') ?? '/usr/sbin/exim4');
const only = new RegExp(valueOf('--only') ?? '');
const isTable = args.includes('--write');
const chosen = (isTable ? tableCases() : scanCases).filter(({ name }) => only.test(name));
const AT_ONCE = 6;

const lines: string[] = new Array(chosen.length);
let differences = 0;
const waiting = [...chosen.entries()];

async function compare([index, scanCase]: readonly [number, ScanCase]): Promise<void> {
  const theirs = JSON.stringify(await askProgram(reference, scanCase, owner));
  const ours = JSON.stringify(await askProgram(runOurs, scanCase, owner));
  if (ours !== theirs) {
    differences++;
    console.log(`${scanCase.name}\n  reference ${theirs}\n  ours      ${ours}`);
  }
  lines[index] = [JSON.stringify(scanCase.name), theirs, ...(ours === theirs ? [] : [ours])].join('\t');
}

async function work(): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await compare(next);
}

await Promise.all(Array.from({ length: AT_ONCE }, work));
console.log(`${chosen.length} cases, ${differences} differ`);
if (isTable) writeFileSync(join(import.meta.dirname, 'scanning.tsv'), `${lines.join('\n')}\n`);
