/** A daemon that is killed: its process tree, and `kill -9` of all of it or of one process. Only processes below the one that was started here are signalled. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { isAlive, signal } from '../e2e/support/mail-server.ts';
import { ROOT } from '../e2e/support/place.ts';
import { type DaemonProcess, processTree, roleOf } from '../e2e/support/process-tree.ts';
import { waitFor } from '../e2e/support/wait.ts';

/** As that of the other tests of running programs. */
const PROGRAM = process.env.EXIMIUS_TEST_PROGRAM ?? join(ROOT, 'scripts/exim.ts');

/** What a kill hits. `tree`: supervisor, workers, agent and its children, at once. */
export const targets = ['tree', 'supervisor', 'worker', 'agent', 'agent-child'] as const;
export type Target = (typeof targets)[number];

export class Victim {
  readonly #config: string;
  #child: ChildProcess | undefined;
  /** Of supervisors that were killed: they must end by themselves. */
  #orphans: number[] = [];
  stderr = '';

  constructor(config: string) {
    this.#config = config;
  }

  /** Starts the supervisor in the foreground; it need not accept yet. */
  start(): void {
    const args = ['--disable-sigusr1', PROGRAM, '-C', this.#config, '-bdf', '-q1s'];
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.setEncoding('latin1').on('data', (text: string) => (this.stderr += text));
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** With what it told, when the supervisor ended though nobody killed it. */
  assertRunning(): void {
    if (!this.isRunning) throw new Error(`the daemon ended with status ${this.#child?.exitCode}:\n${this.stderr}`);
  }

  /** Kills one process of this kind, or all; false when there is none. `choose` picks an index below its argument. */
  async kill(target: Target, choose: (count: number) => number): Promise<boolean> {
    const tree = this.#tree();
    const hit =
      target === 'tree'
        ? tree
        : oneOf(
            tree.filter(({ role }) => role === target),
            choose,
          );
    if (hit.length === 0) return false;
    for (const { pid } of hit) signal(pid, 'SIGKILL');
    if (hit.some(({ role }) => role === 'supervisor')) {
      this.#orphans.push(...tree.map(({ pid }) => pid));
      await waitFor('the killed supervisor ends', () => !this.isRunning);
    }
    return true;
  }

  async stop(): Promise<void> {
    if (this.isRunning) {
      this.#orphans.push(...this.#tree().map(({ pid }) => pid));
      this.#child?.kill('SIGTERM');
      await waitFor('the daemon ends', () => !this.isRunning, 40_000);
    }
    await this.orphansEnd();
  }

  /** Workers and agents of a supervisor that was killed notice, and end. */
  async orphansEnd(): Promise<void> {
    const left = () => this.#orphans.filter((pid) => isAlive(pid));
    await waitFor(
      () => `the end of ${describe(left())}, which lost their supervisor`,
      () => left().length === 0,
      40_000,
    );
    this.#orphans = [];
  }

  /** Whatever is still there, when the run itself failed. */
  destroy(): void {
    for (const pid of [...this.#tree().map((process) => process.pid), ...this.#orphans]) signal(pid, 'SIGKILL');
  }

  #tree(): DaemonProcess[] {
    const root = this.isRunning ? this.#child?.pid : undefined;
    return root === undefined ? [] : processTree(root);
  }
}

function oneOf<T>(items: readonly T[], choose: (count: number) => number): T[] {
  const item = items[choose(items.length)];
  return item === undefined ? [] : [item];
}

function describe(pids: readonly number[]): string {
  return pids.map((pid) => `${roleOf(pid)} ${pid}`).join(', ');
}
