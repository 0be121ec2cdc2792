/** The file system: octet paths, results instead of exceptions. */
import type { Octets } from '../../base/octets.ts';

/** `ENOENT`, `EACCES`, …; only system/ reads Node's error codes. */
export interface SystemFailure {
  readonly kind: 'error';
  /** errno's name. */
  readonly errno: string;
  /** strerror's text: `No such file or directory`. */
  readonly reason: string;
}

export type SystemResult<T> = { readonly kind: 'ok'; readonly value: T } | SystemFailure;

export interface FileFacts {
  readonly type: 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'character' | 'block';
  /** Permission bits only. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly links: number;
  readonly device: bigint;
  readonly inode: bigint;
  readonly atimeMs: number;
  readonly mtimeMs: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

export type OpenMode = 'read' | 'write' | 'append' | 'create' | 'create-exclusive' | 'read-write' | 'read-write-create';

/** An open file. Metadata calls and writes up to 64 KiB are synchronous, fsync and big transfers go to the thread pool (DESIGN 5). */
export interface OpenFile {
  readonly fd: number;
  readonly path: Octets;
  facts(): SystemResult<FileFacts>;
  read(buffer: Uint8Array, position?: number): SystemResult<number>;
  /** Writes all of it, synchronously. */
  write(bytes: Uint8Array): SystemResult<void>;
  /** In the thread pool; for more than 64 KiB. */
  writeAsync(bytes: Uint8Array): Promise<SystemResult<void>>;
  readAsync(buffer: Uint8Array, position?: number): Promise<SystemResult<number>>;
  truncate(sizeBytes: number): SystemResult<void>;
  chmod(mode: number): SystemResult<void>;
  chown(uid: number, gid: number): SystemResult<void>;
  setTimes(atimeMs: number, mtimeMs: number): SystemResult<void>;
  fsync(): Promise<SystemResult<void>>;
  /**
   * An open-file-description lock on `length` bytes from `start` (0 = to the end); respected by fcntl locks of other programs.
   * `would-block` when another holds it; `unsupported` without native calls.
   */
  lock(kind: 'shared' | 'exclusive' | 'unlock', start: number, length: number): 'ok' | 'would-block' | 'unsupported' | SystemFailure;
  close(): void;
}

export interface Files {
  stat(path: Octets): SystemResult<FileFacts>;
  lstat(path: Octets): SystemResult<FileFacts>;
  /** access(2) as the process. */
  access(path: Octets, mode: 'read' | 'write' | 'execute'): SystemResult<void>;
  /** Whole content; a failure of errno EFBIG above the limit. */
  readFile(path: Octets, limitBytes?: number): SystemResult<Buffer>;
  /** In the thread pool. */
  readFileAsync(path: Octets, limitBytes?: number): Promise<SystemResult<Buffer>>;
  /** Names without `.` and `..`. */
  list(path: Octets): SystemResult<readonly Octets[]>;
  /** `mode` for files that are created; symlinks are followed unless `noFollow`. */
  open(path: Octets, how: OpenMode, mode?: number, noFollow?: boolean): SystemResult<OpenFile>;
  mkdir(path: Octets, mode: number): SystemResult<void>;
  rename(from: Octets, to: Octets): SystemResult<void>;
  link(from: Octets, to: Octets): SystemResult<void>;
  symlink(target: Octets, path: Octets): SystemResult<void>;
  readlink(path: Octets): SystemResult<Octets>;
  realpath(path: Octets): SystemResult<Octets>;
  unlink(path: Octets): SystemResult<void>;
  rmdir(path: Octets): SystemResult<void>;
  chmod(path: Octets, mode: number): SystemResult<void>;
  chown(path: Octets, uid: number, gid: number): SystemResult<void>;
  setTimes(path: Octets, atimeMs: number, mtimeMs: number): SystemResult<void>;
  /** Makes names in it durable; one running fsync of a directory serves all that waited for one. */
  fsyncDirectory(path: Octets): Promise<SystemResult<void>>;
}
