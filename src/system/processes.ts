/**
 * Starting our own program again as another process, with inherited listening sockets and a message channel. The sockets are bound here and
 * accepted from only by the processes that inherit them (DESIGN 3.10).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, unlinkSync } from 'node:fs';
import * as net from 'node:net';
import { getSystemErrorName } from 'node:util';
import { type Octets, unicodeFromOctets } from '../base/octets.ts';
import type { SystemResult } from '../core/ports.ts';
import { failure } from './failure.ts';

/** A bound socket that nobody accepts from in this process. */
export interface BoundSocket {
  readonly descriptor: number;
  readonly port: number;
  close(): void;
}

/** Node's own way to bind without listening, as its cluster module uses it. */
interface SocketHandle {
  readonly fd: number;
  getsockname(out: { port?: number }): number;
  close(): void;
}

type CreateServerHandle = (address: string, port: number, addressType: number, fd?: number) => SocketHandle | number;

function createServerHandle(address: string, port: number, addressType: number): SystemResult<SocketHandle> {
  // Not in Node's public types; there since 0.8 and used by cluster.
  const create = (net as unknown as { _createServerHandle: CreateServerHandle })._createServerHandle;
  const handle = create(address, port, addressType);
  return typeof handle === 'number' ? failure(getSystemErrorName(handle)) : { kind: 'ok', value: handle };
}

/** Port 0 takes a free one. IPv6 sockets take IPv6 only when `address` is not `::`, as usual. */
export function bindTcp(address: Octets, port: number): SystemResult<BoundSocket> {
  const made = createServerHandle(address, port, address.includes(':') ? 6 : 4);
  if (made.kind !== 'ok') return made;
  const handle = made.value;
  const name: { port?: number } = {};
  handle.getsockname(name);
  return { kind: 'ok', value: { descriptor: handle.fd, port: name.port ?? port, close: () => handle.close() } };
}

/** Takes the place of a socket that is left from an earlier process. */
export function bindUnix(path: Octets, mode: number): SystemResult<BoundSocket> {
  const file = unicodeFromOctets(path) ?? path;
  try {
    unlinkSync(file);
  } catch {
    // Usually there is none; what cannot be removed shows when the name is bound.
  }
  const made = createServerHandle(file, -1, -1);
  if (made.kind !== 'ok') return made;
  chmodSync(file, mode);
  return { kind: 'ok', value: { descriptor: made.value.fd, port: 0, close: () => made.value.close() } };
}

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
}

/** Every process of ours runs with `--disable-sigusr1`: exiwhat sends that signal, and Node would open a debugger. */
export function startOwnProcess(request: StartRequest): OwnProcess {
  const stdio = ['ignore', 'ignore', request.keepsStderr ? 'inherit' : 'ignore', ...request.descriptors, ...(request.hasChannel ? ['ipc' as const] : [])];
  const child = spawn(process.execPath, ['--disable-sigusr1', request.script, ...request.args], {
    stdio: stdio as ('ignore' | 'inherit' | 'ipc' | number)[], // the array is built from exactly these
    env: { ...process.env, ...request.environment },
    detached: request.isDetached ?? false,
  });
  return new StartedProcess(child);
}

class StartedProcess implements OwnProcess {
  readonly #child: ChildProcess;
  readonly exited: Promise<ChildExit>;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.exited = new Promise((resolve) => {
      child.once('error', () => resolve({ status: 71, signal: undefined }));
      child.once('exit', (status, signal) => resolve({ status: status ?? undefined, signal: signal ?? undefined }));
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
    send: (message) => void (process.connected && process.send?.(message)),
    onMessage: (listener) => void process.on('message', listener),
    onClose: (listener) => void process.on('disconnect', listener),
  };
}

/** Gives up root for good: groups of `user`, then gid, then uid (DESIGN 3.10). */
export function becomeUser(user: { readonly name: Octets; readonly uid: number }, gid: number): void {
  if (process.getuid?.() !== 0 && process.geteuid?.() !== 0) return;
  const { initgroups } = process as unknown as { initgroups: (user: string | number, gid: number) => void }; // in Node since 0.9, not in its types
  initgroups.call(process, user.name === '' ? user.uid : user.name, gid);
  process.setgid?.(gid);
  process.setuid?.(user.uid);
}

export function onSignal(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGALRM', listener: () => void): void {
  process.on(signal, listener);
}
