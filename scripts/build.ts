/**
 * `npm run build`: the installable program in dist/, or in the directory that is given.
 *   exim.js              the program: a loader of
 *   exim.bundle.js       the bundle of processes that go on
 *   exim.lazy.js, exim.lazy-rest.js   the bundle of those that soon end, in two parts
 *   *.cache              code caches of these
 *   harness.*, and links to bin/  the conformance runner's entry, with the tools beside it: not part of the package
 *   bin/                 launchers, one for each name the program is called by
 *   vendor/, config/, node_modules/  what the program reads and loads beside itself
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { bundle, harnessEntry, programEntry } from './build/bundle.ts';
import { lazyBundle, readModules } from './build/lazy-bundle.ts';
import { bundleLateModule, lateModules } from './build/packages.ts';

const root = dirname(import.meta.dirname);
const dist = resolve(process.argv[2] ?? join(root, 'dist'));

/** The names of DESIGN.md 2, and Exim's other programs. */
const programNames = ['eximius', 'exim', 'exim4', 'sendmail', 'mailq', 'rmail', 'rsmtp', 'runq', 'newaliases', 'mailstats'];
const toolNames = [
  'exicyclog',
  'exigrep',
  'exim_checkaccess',
  'exim_dbmbuild',
  'exim_dumpdb',
  'exim_msgdate',
  'exim_fixdb',
  'exim_lock',
  'exim_tidydb',
  'eximstats',
];
const queueToolNames = ['exinext', 'exipick', 'exiqgrep', 'exiqsumm', 'exiwhat'];

const message = 'From: a@localhost\nSubject: warm-up\n\ntext\n';
const session = `EHLO localhost\nMAIL FROM:<a@localhost>\nRCPT TO:<postmaster@localhost>\nDATA\n${message}.\nQUIT\n`;

interface WarmUp {
  readonly args: readonly string[];
  readonly input?: string;
}

/** Puts a message into the queue, which -bp lists. */
const submission: WarmUp = { args: ['-odq', '-i', 'postmaster@localhost'], input: message };

/** The short-lived modes, whose start counts: what they use is in the first part of their bundle. */
const shortWarmUps: readonly WarmUp[] = [
  { args: ['-bV'] },
  { args: ['-be', '${lc:A}${if eq{a}{b}{c}{d}}'] },
  { args: ['-bP'] },
  { args: ['-bt', 'postmaster@localhost'] },
  { args: ['-bp'] },
  { args: ['-bI:help'] },
];

/** What users' programs hand over to the daemon with: no daemon runs when the program is built. */
const handOver =
  /^src\/(?:cli\/submission|process\/submit\/(?:client|drop|server)|process\/channel\/(?:channel|frames|values)|system\/attached-process)\.ts$/;

/** What is run to fill the code caches (build/loader.cjs says which modes have their own): also what the daemon's processes do all the time. */
const warmUps: readonly WarmUp[] = [submission, ...shortWarmUps, { args: ['-bs', '-odi'], input: session }, { args: ['-q'] }];

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
copyAssets();
for (const specifier of lateModules) await writeLateModule(specifier);
writeLaunchers();
// Works on a spool of its own, whoever runs it.
const data = mkdtempSync(join(tmpdir(), 'eximius-build-'));
chmodSync(data, 0o755);
await writeProgram(programEntry, 'exim');
if (existsSync(join(root, harnessEntry))) await writeProgram(harnessEntry, 'harness');
rmSync(data, { recursive: true, force: true });

async function writeProgram(entry: string, name: string): Promise<void> {
  const loader = readFileSync(join(import.meta.dirname, 'build/loader.cjs'), 'utf8');
  writeFileSync(join(dist, `${name}.js`), loader.replace('PROGRAM_NAME', name));
  writeFileSync(join(dist, `${name}.bundle.js`), await bundle(entry));
  const modules = await readModules(entry);
  const writeLazy = async (isFirst?: (module: number) => boolean) => {
    const { first, rest } = await lazyBundle(modules, isFirst);
    writeFileSync(join(dist, `${name}.lazy.js`), first);
    writeFileSync(join(dist, `${name}.lazy-rest.js`), rest);
  };
  await writeLazy();
  const used = usedModules(`${name}.js`);
  const paths = [...modules.keys()];
  await writeLazy((module) => used.has(module) || handOver.test(paths[module] ?? ''));
  for (const use of warmUps) warmUp(`${name}.js`, use);
}

/** The numbers of the modules that the short-lived modes use. */
function usedModules(program: string): ReadonlySet<number> {
  const list = join(data, 'modules');
  warmUp(program, submission);
  for (const use of shortWarmUps) warmUp(program, use, { EXIMIUS_MODULES: list });
  const used = readFileSync(list, 'latin1').trimEnd().split('\n').map(Number);
  rmSync(list);
  return new Set(used);
}

function copyAssets(): void {
  // Below a package.json of type module the bundle would be taken for ES modules.
  writeFileSync(join(dist, 'package.json'), '{ "type": "commonjs" }\n');
  for (const file of ['vendor/pcre2/pcre2.wasm', 'vendor/pcre2/LICENCE', 'config', 'LICENSE', 'NOTICE']) {
    if (existsSync(join(root, file))) cpSync(join(root, file), join(dist, file), { recursive: true });
  }
  for (const name of ['koffi', '@koromix']) {
    const from = join(root, 'node_modules', name);
    if (existsSync(from)) cpSync(from, join(dist, 'node_modules', name), { recursive: true });
  }
}

async function writeLateModule(specifier: string): Promise<void> {
  const file = join(dist, 'node_modules', specifier);
  const { code, licences } = await bundleLateModule(specifier);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, code);
  writeFileSync(`${file}.LICENCES`, licences);
}

function writeLaunchers(): void {
  const launcher = readFileSync(join(import.meta.dirname, 'build/launcher.sh'), 'utf8').replace('NODE_OF_BUILD', `'${process.execPath}'`);
  mkdirSync(join(dist, 'bin'));
  for (const name of [...programNames, ...queueToolNames, ...toolNames]) {
    writeFileSync(join(dist, 'bin', name), launcher);
    chmodSync(join(dist, 'bin', name), 0o755);
  }
  if (existsSync(join(root, harnessEntry)))
    for (const name of [...queueToolNames, ...toolNames]) symlinkSync(`bin/${name}`, join(dist, name));
}

function warmUp(program: string, { args, input = '' }: WarmUp, environment: Readonly<Record<string, string>> = {}): void {
  const config = ['-C', join(dist, 'config/default.conf'), `-DVAR=${data}`];
  const result = spawnSync(process.execPath, [join(import.meta.dirname, 'build/warm.cjs'), join(dist, program), ...config, ...args], {
    encoding: 'utf8',
    timeout: 20_000,
    input,
    env: { ...process.env, ...environment },
  });
  if (result.status !== 0)
    console.error(`warm-up ${program} ${args.join(' ')} ended with ${result.status ?? result.signal}\n${result.stderr}`);
}
