/** An Eximius daemon of a test, from the sources under the running Node, and commands on the same configuration. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRoot, type Place, ROOT } from './place.ts';
import { waitFor } from './wait.ts';

/** What the sources are run with; another program (the bundle) can be named for a whole run. */
const PROGRAM = process.env.EXIMIUS_TEST_PROGRAM ?? join(ROOT, 'scripts/exim.ts');

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string | undefined;
  readonly calledAs?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Whom root runs it as. */
  readonly ids?: { readonly uid: number; readonly gid: number };
}

/** Main options that every configuration of a test begins with: where it lives, and nothing of the machine's network. Undefined leaves one out. */
export function placeOptions(place: Place, more: Readonly<Record<string, string | number | undefined>> = {}): string {
  const { name } = place.account;
  const settings: Record<string, string | number | undefined> = {
    ...(isRoot ? { exim_user: name, exim_group: String(place.account.gid) } : {}),
    spool_directory: place.path('spool'),
    log_file_path: place.path('log/%slog'),
    pid_file_path: place.path('exim.pid'),
    local_interfaces: '127.0.0.1',
    keep_environment: '',
    workers: 1,
    ...more,
  };
  return Object.entries(settings)
    .map(([option, value]) => (value === undefined ? '' : `${option} = ${value}\n`))
    .join('');
}

export interface ServerOptions {
  /** Arguments of every command with it (`-D…`). */
  readonly args?: readonly string[];
  /** Another entry than `scripts/exim.ts`. */
  readonly program?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export class MailServer {
  readonly place: Place;
  readonly config: string;
  readonly #options: ServerOptions;
  #pid = 0;

  /** `config` is the text of the whole configuration. */
  constructor(place: Place, config: string, options: ServerOptions = {}) {
    this.place = place;
    this.config = place.file('etc/exim.conf', config);
    this.#options = options;
  }

  get pid(): number {
    return this.#pid;
  }

  /** Returns when it accepts connections. */
  async start(...args: string[]): Promise<void> {
    const { status, stderr } = await this.exim(['-bd', ...args]);
    if (status !== 0) throw new Error(`the daemon did not start: ${stderr}\n${this.place.read('log/paniclog')}`);
    this.#pid = Number(readFileSync(this.place.path('exim.pid'), 'latin1'));
  }

  /** Ends it as its administrator would, and waits for that. */
  async stop(): Promise<void> {
    if (this.#pid === 0) return;
    const pid = this.#pid;
    this.#pid = 0;
    if (signal(pid, 'SIGTERM')) await waitFor(`daemon ${pid} ends`, () => !isAlive(pid));
  }

  exim(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return this.run(options.calledAs ?? 'exim', ['-C', this.config, ...(this.#options.args ?? []), ...args], options);
  }

  /** The program under another of its names, without the configuration. */
  run(calledAs: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const { program = PROGRAM, environment } = this.#options;
    return runCommand(process.execPath, ['--disable-sigusr1', program, `--called-as=${calledAs}`, ...args], {
      ...options,
      environment: { ...environment, ...options.environment },
    });
  }

  log(name: 'main' | 'reject' | 'panic' = 'main'): string {
    return this.place.read(`log/${name}log`);
  }

  /** The first line of the log that matches, as soon as there is one. */
  async waitForLog(pattern: RegExp, name: 'main' | 'reject' | 'panic' = 'main', limitMs?: number): Promise<RegExpExecArray> {
    const whole = new RegExp(`^.*${pattern.source}.*$`, `${pattern.flags.replace('m', '')}m`);
    return waitFor(
      () => `${pattern} in the ${name} log:\n${this.log(name)}\npanic log:\n${this.log('panic')}`,
      () => whole.exec(this.log(name)) ?? undefined,
      limitMs,
    );
  }

  /** Ids of the messages in the spool, oldest first. */
  async queue(): Promise<string[]> {
    const { stdout } = await this.exim(['-bpru']);
    return [...stdout.matchAll(/^ *\S+ +\S+ +(\S+) </gm)].map((match) => match[1] ?? '');
  }
}

export function runCommand(program: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { PATH: process.env.PATH, ...options.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...options.ids,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('latin1').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('latin1').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
    child.stdin.on('error', () => {}); // it may end without reading
    child.stdin.end(Buffer.from(options.input ?? '', 'latin1'));
  });
}

/** Whether there was such a process. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

/** A process that has ended but was not waited for is not alive. */
export function isAlive(pid: number): boolean {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return false;
  try {
    return !/\) [ZX] /.test(readFileSync(path, 'latin1'));
  } catch {
    return false;
  }
}
