/** Our own program as another process that talks with this one over a socket pair (its descriptor 3), and Unix sockets for processes that are apart. */
import { spawn } from 'node:child_process';
import { lchownSync, unlinkSync } from 'node:fs';
import * as net from 'node:net';
import type { Duplex } from 'node:stream';
import type { Octets } from '../base/octets.ts';
import type { SystemResult } from '../core/ports.ts';
import { descriptorOf } from './connection.ts';
import { attempt, failureOf } from './failure.ts';
import { nodePath } from './files.ts';
import type { Native, PeerCredentials } from './native.ts';

export interface AttachedProcess {
  readonly pid: number;
  /** Ends when the process does. */
  readonly stream: Duplex;
  kill(): void;
  readonly exited: Promise<void>;
}

export interface AttachRequest {
  readonly script: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const streamDescriptor = 3;
/** Tests and programs from the source tree run under the same Node options. */
const nodeOptions: readonly string[] = ['--disable-sigusr1'];

/** Its standard output is thrown away, its errors go where ours go. */
export function startAttached(request: AttachRequest): SystemResult<AttachedProcess> {
  return attempt(() => {
    const child = spawn(process.execPath, [...nodeOptions, request.script, ...request.args], {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
      env: { ...process.env, ...request.environment },
    });
    const stream = child.stdio[streamDescriptor];
    if (!(stream instanceof net.Socket)) throw Object.assign(new Error('no socket pair'), { code: 'EIO' });
    const exited = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => {
        stream.destroy();
        resolve();
      });
    });
    return { pid: child.pid ?? 0, stream, kill: () => void child.kill('SIGKILL'), exited };
  });
}

/** In the process that was started: its end of the socket pair. */
export function attachedStream(): Duplex {
  return new net.Socket({ fd: streamDescriptor, readable: true, writable: true });
}

export interface LocalListener {
  close(): Promise<void>;
}

/**
 * Listens on a Unix socket that only `owner` (and root) can connect to, or everyone when there is none. A stale socket file is replaced.
 * The peer's credentials are undefined without native calls.
 */
export function listenLocal(
  path: Octets,
  owner: { readonly uid: number; readonly gid: number } | undefined,
  native: Native,
  onStream: (stream: Duplex, peer: PeerCredentials | undefined) => void,
): Promise<SystemResult<LocalListener>> {
  const server = localServer(native, onStream);
  attempt(() => unlinkSync(nodePath(path))); // usually it is not there
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(failureOf(error)));
    const ownUmask = process.umask(owner ? 0o177 : 0o111); // bind happens within the call
    server.listen({ path: String(nodePath(path)) }, () => {
      // A link that was put in its place meanwhile is not followed.
      const given = attempt(() => owner && process.geteuid?.() === 0 && lchownSync(nodePath(path), owner.uid, owner.gid));
      if (given.kind === 'error') {
        server.close();
        return resolve(given);
      }
      resolve({ kind: 'ok', value: listenerOf(server) });
    });
    process.umask(ownUmask);
  });
}

/** Listens on a Unix socket that is bound already: its descriptor is inherited from a process that could make it. */
export function listenInherited(
  fd: number,
  native: Native,
  onStream: (stream: Duplex, peer: PeerCredentials | undefined) => void,
): Promise<SystemResult<LocalListener>> {
  const server = localServer(native, onStream);
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(failureOf(error)));
    server.listen({ fd }, () => resolve({ kind: 'ok', value: listenerOf(server) }));
  });
}

function localServer(native: Native, onStream: (stream: Duplex, peer: PeerCredentials | undefined) => void): net.Server {
  return net.createServer({ allowHalfOpen: true }, (socket) => {
    const fd = descriptorOf(socket);
    onStream(socket, fd === undefined ? undefined : native.peerCredentials(fd));
  });
}

function listenerOf(server: net.Server): LocalListener {
  return { close: () => new Promise((closed) => server.close(() => closed())) };
}

export function connectLocal(path: Octets): Promise<SystemResult<Duplex>> {
  return new Promise((resolve) => {
    const socket = net.connect({ path: String(nodePath(path)), allowHalfOpen: true });
    const onError = (error: Error) => resolve(failureOf(error));
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.off('error', onError);
      resolve({ kind: 'ok', value: socket });
    });
  });
}
