/** Runs cases: on the reference program as a process of its own, on ours inside this one. */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtin } from '../../../src/builtin.ts';
import { parseArguments } from '../../../src/cli/arguments.ts';
import { readBuildSettings } from '../../../src/cli/build.ts';
import type { Deliveries } from '../../../src/cli/deliveries.ts';
import type { ModeContext } from '../../../src/cli/mode.ts';
import { chosenMode, runMode } from '../../../src/cli/modes.ts';
import { openForMode } from '../../../src/cli/open.ts';
import { createSystem } from '../../../src/system/create-system.ts';
import { FakeConnection } from '../../../src/system/fakes/net.ts';
import { type AclCase, configurationOf } from './case.ts';
import type { Shown } from './transcript.ts';

export interface Bench {
  readonly folder: string;
  readonly sinkPort: number;
  /** Settings for one of the programs. */
  readonly localConf: string;
  /** Whom the spool and log directories belong to. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

const DEFAULT_ARGS = ['-bh', '192.0.2.1'];
const TIMEOUT_MS = 30_000;
const LOGS = ['main', 'reject', 'panic'];

type Run = (config: string, args: readonly string[], input: string) => Promise<Pick<Shown, 'status' | 'stdout' | 'stderr'>>;

/** The reference program, named by its path. */
export function runReference(path: string): Run {
  return (config, args, input) =>
    new Promise((resolve, reject) => {
      const child = spawn(path, ['-C', config, ...args], {
        cwd: '/',
        env: { PATH: '/usr/bin:/bin' },
        timeout: TIMEOUT_MS,
        killSignal: 'SIGKILL',
      });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('latin1').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('latin1').on('data', (text: string) => (stderr += text));
      child.stdin.on('error', () => {}); // it may end without reading
      child.once('error', reject);
      child.once('close', (status, signal) => resolve({ status: status ?? signal ?? '', stdout, stderr }));
      child.stdin.end(Buffer.from(input, 'latin1'));
    });
}

/** The modes of the command line, with streams of the test's and without processes. */
export const runOurs: Run = async (config, args, input) => {
  const parsed = parseArguments('exim', ['-C', config, ...args]);
  if (parsed.kind === 'error') return { status: parsed.status, stdout: '', stderr: `${parsed.message}\n` };
  const system = createSystem({ randomSeed: undefined });
  let stdout = '';
  let stderr = '';
  const connections: FakeConnection[] = [];
  const context: ModeContext = {
    invocation: parsed.invocation,
    io: {
      stdin: oneChunk(input),
      stdout: { write: (text) => void (stdout += text) },
      stderr: { write: (text) => void (stderr += text) },
      isTerminal: false,
      connection: () => {
        const connection = new FakeConnection(() => ({ ending: 'end', first: input }), { remoteAddress: '', localAddress: '' });
        connections.push(connection);
        return connection;
      },
    },
    system,
    build: await readBuildSettings(system, undefined),
    registry: builtin,
    callerIds: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, groups: [] },
    script: '',
    argv: [],
  };
  const status = DELIVERING.has(chosenMode(parsed.invocation).kind) ? await runQueueing(context) : await runMode(context);
  return { status, stdout: stdout + connections.map(({ written }) => written).join(''), stderr };
};

const DELIVERING: ReadonlySet<string> = new Set(['smtp', 'batch-smtp', 'receive']);

/** As the daemon runs a mode for a caller, so that no process changes its ids; what is accepted stays on the queue. */
async function runQueueing(context: ModeContext): Promise<number> {
  const opened = await openForMode(context);
  if (opened.kind === 'exit') return opened.status;
  const { runtime } = opened;
  const deliveries: Deliveries = {
    signal: new AbortController().signal,
    parts: () => {
      throw new Error('nothing is delivered here');
    },
    accepted: ({ claim }) => claim.release(),
    finish: async () => {},
  };
  const status = await runMode({ ...context, daemon: { runtime, deliveries: () => deliveries } });
  await runtime.spool.close();
  opened.close();
  return status;
}

async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text, 'latin1');
}

/** What the case shows, in a folder without traces of the one before. */
export async function showCase(bench: Bench, run: Run, one: AclCase): Promise<Shown> {
  const { folder, sinkPort } = bench;
  prepareFolder(bench);
  const fill = (text: string) => text.replaceAll('DIR', folder).replaceAll('SINKPORT', String(sinkPort));
  const config = join(folder, 'exim.conf');
  writeFileSync(config, fill(configurationOf(one)), 'latin1');
  const shown = await run(config, one.args ?? DEFAULT_ARGS, fill(one.input ?? ''));
  return { ...shown, logs: readLogs(folder), headers: readHeaders(folder) };
}

/** Made for the first case. */
function prepareFolder({ folder, localConf, owner }: Bench): void {
  if (!existsSync(join(folder, 'local.conf'))) {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'local.conf'), localConf);
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text, 'latin1');
  }
  for (const name of ['spool', 'log'].map((last) => join(folder, last))) {
    if (existsSync(name) && readdirSync(name).length === 0) continue;
    rmSync(name, { recursive: true, force: true });
    mkdirSync(name);
    chmodSync(name, 0o755);
    if (owner) chownSync(name, owner.uid, owner.gid);
  }
}

/** Beside the configuration. */
const FILES: Readonly<Record<string, string>> = {
  'acl-file': '# an ACL\naccept local_parts = x\n\ndeny message = not in \\   \n  # a comment\n   the file\\\n   \ndeny message = never\n',
  'acl-broken': 'accept domains = a.example\nbogus\n',
  senders: 's@s.example: known sender\n*@t.example: all of t\n',
  domains: 'a.example: value of a\nb.example: value of b\n',
};

function readLogs(folder: string): Record<string, string> {
  return Object.fromEntries(
    LOGS.map((name): [string, string] => {
      const path = join(folder, 'log', `${name}log`);
      return [name, existsSync(path) ? readFileSync(path, 'latin1') : ''];
    }),
  );
}

function readHeaders(folder: string): string[] {
  const spool = join(folder, 'spool'); // with its named queues
  if (!existsSync(spool)) return [];
  return readdirSync(spool, { recursive: true })
    .map((name) => join(spool, String(name)))
    .filter((path) => path.endsWith('-H'))
    .sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs)
    .map((path) => readFileSync(path, 'latin1'));
}
