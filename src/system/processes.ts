/**
 * Starting our own program again as another process, with inherited listening sockets and a message channel (DESIGN 3.10).
 */
import { type ChildProcess, spawn } from 'node:child_process';

export interface ChildExit {
  readonly status: number | undefined;
  readonly signal: string | undefined;
}

export interface OwnProcess {
  readonly pid: number;
  /** Whether the message was taken: false once the process is gone. */
  send(message: unknown): boolean;
  onMessage(listener: (message: unknown) => void): void;
  readonly exited: Promise<ChildExit>;
  kill(signal: 'SIGTERM' | 'SIGKILL' | 'SIGHUP'): void;
  /** The parent may end while it runs. */
  detach(): void;
}

export interface StartRequest {
  /** The script and its arguments. */
  readonly script: string;
  readonly args: readonly string[];
  /** Inherited as 3, 4, …; the message channel comes after them. */
  readonly descriptors: readonly number[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly isDetached?: boolean;
  readonly hasChannel: boolean;
  /** Standard error is kept for messages until there is a log; the rest is closed. */
  readonly keepsStderr: boolean;
  /** Gets standard error until `detach`, instead of our own being inherited: whoever waits for the end of ours does not wait for the process. */
  readonly onStderr?: (bytes: Buffer) => void;
}

/**
 * `--disable-sigusr1`: exiwhat sends that signal, and Node would open a debugger. The half of the heap for new objects stays at 8 MB: V8 would let it grow fourfold
 * under 10,000 connections, which costs 100 MB and gains nothing.
 */
const NODE_OPTIONS: readonly string[] = ['--disable-sigusr1', '--max-semi-space-size=8'];

export function startOwnProcess(request: StartRequest): OwnProcess {
  const stderr = request.onStderr ? 'pipe' : request.keepsStderr ? 'inherit' : 'ignore';
  const stdio = ['ignore', 'ignore', stderr, ...request.descriptors, ...(request.hasChannel ? ['ipc' as const] : [])];
  const child = spawn(process.execPath, [...NODE_OPTIONS, request.script, ...request.args], {
    stdio: stdio as ('ignore' | 'inherit' | 'pipe' | 'ipc' | number)[], // the array is built from exactly these
    env: { ...process.env, ...request.environment },
    detached: request.isDetached ?? false,
  });
  if (request.onStderr) child.stderr?.on('data', request.onStderr);
  return new StartedProcess(child);
}

/** The command that runs a role which speaks by its standard input and output. */
export function roleCommand(script: string, role: string): readonly string[] {
  return [process.execPath, ...NODE_OPTIONS, script, `--eximius-role=${role}`];
}

class StartedProcess implements OwnProcess {
  readonly #child: ChildProcess;
  readonly exited: Promise<ChildExit>;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.exited = new Promise((resolve) => {
      child.once('error', () => resolve({ status: 71, signal: undefined }));
      child.once('close', (status, signal) => resolve({ status: status ?? undefined, signal: signal ?? undefined }));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  send(message: unknown): boolean {
    if (!this.#child.connected) return false;
    this.#child.send(message as object, () => {}); // a message that cannot be sent is followed by the exit event
    return true;
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#child.on('message', listener);
  }

  kill(signal: 'SIGTERM' | 'SIGKILL' | 'SIGHUP'): void {
    this.#child.kill(signal);
  }

  detach(): void {
    if (this.#child.connected) this.#child.disconnect();
    this.#child.stderr?.destroy();
    this.#child.unref();
  }
}

/** The channel to the process that started this one. */
export interface ParentChannel {
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** The parent is gone. */
  onClose(listener: () => void): void;
}

export function parentChannel(): ParentChannel | undefined {
  if (!process.send) return undefined;
  return {
    // A parent that has died is told by onClose.
    send: (message) => void (process.connected && process.send?.(message, undefined, undefined, () => {})),
    onMessage: (listener) => void process.on('message', listener),
    onClose: (listener) => {
      process.on('disconnect', listener);
      if (!process.connected) setImmediate(listener); // it was gone before anybody listened
    },
  };
}

export function onSignal(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGALRM', listener: () => void): void {
  process.on(signal, listener);
}
