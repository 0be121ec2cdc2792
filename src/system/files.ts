/**
 * The file system as octet paths and values instead of errors. Metadata calls and small transfers are synchronous, because that is
 * measured to be several times cheaper than the thread pool; only fsync and big transfers go there (DESIGN 5).
 */
import * as fs from 'node:fs';
import { BoundedCache } from '../base/bounded-cache.ts';
import type { Octets } from '../base/octets.ts';
import type { FileFacts, Files, OpenFile, OpenMode, SystemFailure, SystemResult } from '../core/ports.ts';
import { attempt, done, failure, failureOf } from './failure.ts';
import type { Native } from './native.ts';

const { constants } = fs;
/** A fifo without a peer, or a terminal, must not stop the process. */
const always = constants.O_NONBLOCK | constants.O_NOCTTY;

const openFlags: Readonly<Record<OpenMode, number>> = {
  read: constants.O_RDONLY,
  write: constants.O_WRONLY,
  append: constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT,
  create: constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC,
  'create-exclusive': constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
  'read-write': constants.O_RDWR,
  'read-write-create': constants.O_RDWR | constants.O_CREAT,
};

const accessModes = { read: constants.R_OK, write: constants.W_OK, execute: constants.X_OK } as const;
const chunkBytes = 256 * 1024;
const openDirectories = 64;

/** Modes of files that are made are subject to the umask: processes that write mail set it to 0 at their start, as Exim. */
export class SystemFiles implements Files {
  readonly #native: Native;
  readonly #directories = new BoundedCache<Octets, DirectorySync>(openDirectories, (directory) => directory.close());

  constructor(native: Native) {
    this.#native = native;
  }

  stat(path: Octets): SystemResult<FileFacts> {
    return attempt(() => factsOf(fs.statSync(nodePath(path), { bigint: true })));
  }

  lstat(path: Octets): SystemResult<FileFacts> {
    return attempt(() => factsOf(fs.lstatSync(nodePath(path), { bigint: true })));
  }

  access(path: Octets, mode: 'read' | 'write' | 'execute'): SystemResult<void> {
    return attempt(() => fs.accessSync(nodePath(path), accessModes[mode]));
  }

  readFile(path: Octets, limitBytes = Number.POSITIVE_INFINITY): SystemResult<Buffer> {
    const opened = this.open(path, 'read');
    if (opened.kind === 'error') return opened;
    const file = opened.value;
    try {
      const facts = attempt(() => fs.fstatSync(file.fd));
      if (facts.kind === 'error') return facts;
      if (facts.value.isDirectory()) return failure('EISDIR');
      if (facts.value.size > limitBytes) return failure('EFBIG');
      return readWhole(facts.value.size, limitBytes, (buffer) => file.read(buffer));
    } finally {
      file.close();
    }
  }

  async readFileAsync(path: Octets, limitBytes = Number.POSITIVE_INFINITY): Promise<SystemResult<Buffer>> {
    const opened = this.open(path, 'read');
    if (opened.kind === 'error') return opened;
    const file = opened.value;
    try {
      const facts = file.facts();
      if (facts.kind === 'error') return facts;
      if (facts.value.type === 'directory') return failure('EISDIR');
      if (facts.value.sizeBytes > limitBytes) return failure('EFBIG');
      return await readWholeAsync(facts.value.sizeBytes, limitBytes, (buffer) => file.readAsync(buffer));
    } finally {
      file.close();
    }
  }

  list(path: Octets): SystemResult<readonly Octets[]> {
    return attempt(() => fs.readdirSync(nodePath(path), { encoding: 'latin1' }));
  }

  open(path: Octets, how: OpenMode, mode = 0o600, noFollow = false): SystemResult<OpenFile> {
    const flags = openFlags[how] | always | (noFollow ? constants.O_NOFOLLOW : 0);
    try {
      return { kind: 'ok', value: new SystemFile(fs.openSync(nodePath(path), flags, mode), path, this.#native) };
    } catch (error) {
      return failureOf(error);
    }
  }

  mkdir(path: Octets, mode: number): SystemResult<void> {
    return attempt(() => void fs.mkdirSync(nodePath(path), mode));
  }

  rename(from: Octets, to: Octets): SystemResult<void> {
    return attempt(() => fs.renameSync(nodePath(from), nodePath(to)));
  }

  link(from: Octets, to: Octets): SystemResult<void> {
    return attempt(() => fs.linkSync(nodePath(from), nodePath(to)));
  }

  symlink(target: Octets, path: Octets): SystemResult<void> {
    return attempt(() => fs.symlinkSync(nodePath(target), nodePath(path)));
  }

  readlink(path: Octets): SystemResult<Octets> {
    return attempt(() => fs.readlinkSync(nodePath(path), 'latin1'));
  }

  realpath(path: Octets): SystemResult<Octets> {
    return attempt(() => fs.realpathSync.native(nodePath(path), 'latin1'));
  }

  unlink(path: Octets): SystemResult<void> {
    return attempt(() => fs.unlinkSync(nodePath(path)));
  }

  rmdir(path: Octets): SystemResult<void> {
    return attempt(() => fs.rmdirSync(nodePath(path)));
  }

  chmod(path: Octets, mode: number): SystemResult<void> {
    return attempt(() => fs.chmodSync(nodePath(path), mode));
  }

  chown(path: Octets, uid: number, gid: number): SystemResult<void> {
    return attempt(() => fs.chownSync(nodePath(path), uid, gid));
  }

  setTimes(path: Octets, atimeMs: number, mtimeMs: number): SystemResult<void> {
    return attempt(() => fs.utimesSync(nodePath(path), atimeMs / 1000, mtimeMs / 1000));
  }

  fsyncDirectory(path: Octets): Promise<SystemResult<void>> {
    let directory = this.#directories.get(path);
    if (!directory) {
      directory = new DirectorySync(path);
      this.#directories.set(path, directory);
    }
    return directory.sync();
  }

  /** Closes the directories that are kept open. */
  close(): void {
    this.#directories.clear();
  }
}

/** An open file; its descriptor is closed by `close` only. */
class SystemFile implements OpenFile {
  readonly fd: number;
  readonly path: Octets;
  readonly #native: Native;
  #isOpen = true;

  constructor(fd: number, path: Octets, native: Native) {
    this.fd = fd;
    this.path = path;
    this.#native = native;
  }

  facts(): SystemResult<FileFacts> {
    return attempt(() => factsOf(fs.fstatSync(this.fd, { bigint: true })));
  }

  read(buffer: Uint8Array, position?: number): SystemResult<number> {
    return attempt(() => fs.readSync(this.fd, buffer, 0, buffer.length, position ?? null));
  }

  write(bytes: Uint8Array): SystemResult<void> {
    try {
      let from = 0;
      while (from < bytes.length) from += fs.writeSync(this.fd, bytes, from, bytes.length - from);
      return done;
    } catch (error) {
      return failureOf(error);
    }
  }

  async writeAsync(bytes: Uint8Array): Promise<SystemResult<void>> {
    for (let from = 0; from < bytes.length; ) {
      const offset = from;
      const written = await called<number>((callback) => fs.write(this.fd, bytes, offset, bytes.length - offset, null, callback));
      if (written.kind === 'error') return written;
      from += written.value;
    }
    return done;
  }

  readAsync(buffer: Uint8Array, position?: number): Promise<SystemResult<number>> {
    return called<number>((callback) => fs.read(this.fd, buffer, 0, buffer.length, position ?? null, callback));
  }

  truncate(sizeBytes: number): SystemResult<void> {
    return attempt(() => fs.ftruncateSync(this.fd, sizeBytes));
  }

  chmod(mode: number): SystemResult<void> {
    return attempt(() => fs.fchmodSync(this.fd, mode));
  }

  chown(uid: number, gid: number): SystemResult<void> {
    return attempt(() => fs.fchownSync(this.fd, uid, gid));
  }

  setTimes(atimeMs: number, mtimeMs: number): SystemResult<void> {
    return attempt(() => fs.futimesSync(this.fd, atimeMs / 1000, mtimeMs / 1000));
  }

  fsync(): Promise<SystemResult<void>> {
    return fsync(this.fd);
  }

  lock(kind: 'shared' | 'exclusive' | 'unlock', start: number, length: number): 'ok' | 'would-block' | 'unsupported' | SystemFailure {
    return this.#native.ofdLock(this.fd, kind, start, length);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    fs.closeSync(this.fd);
  }
}

/**
 * A directory whose handle stays open. Who asks while an fsync runs waits for the next one (the running one may have begun before
 * the name was made), and one next fsync serves all of them.
 */
class DirectorySync {
  readonly #path: Octets;
  #open: { readonly fd: number; readonly device: bigint; readonly inode: bigint } | undefined;
  #running: Promise<SystemResult<void>> | undefined;
  #next: Promise<SystemResult<void>> | undefined;
  #isClosed = false;

  constructor(path: Octets) {
    this.#path = path;
  }

  sync(): Promise<SystemResult<void>> {
    if (!this.#running) return this.#start();
    this.#next ??= this.#running.then(() => this.#start());
    return this.#next;
  }

  /** The handle is closed when no fsync uses it any more. */
  close(): void {
    this.#isClosed = true;
    if (!this.#running) this.#closeHandle();
  }

  #start(): Promise<SystemResult<void>> {
    this.#next = undefined;
    const fd = this.#currentHandle();
    const running = fd.kind === 'error' ? Promise.resolve(fd) : fsync(fd.value);
    this.#running = running.then((result) => {
      this.#running = undefined;
      if (this.#isClosed && !this.#next) this.#closeHandle();
      return result;
    });
    return this.#running;
  }

  /** The open handle, or a new one when the name has come to mean another directory. */
  #currentHandle(): SystemResult<number> {
    return attempt(() => {
      const path = nodePath(this.#path);
      const now = fs.statSync(path, { bigint: true });
      if (this.#open && (this.#open.inode !== now.ino || this.#open.device !== now.dev)) this.#closeHandle();
      this.#open ??= { fd: fs.openSync(path, constants.O_RDONLY | constants.O_DIRECTORY), device: now.dev, inode: now.ino };
      return this.#open.fd;
    });
  }

  #closeHandle(): void {
    if (this.#open) fs.closeSync(this.#open.fd);
    this.#open = undefined;
  }
}

/** The octets of a path as Node takes them. */
export function nodePath(path: Octets): string | Buffer {
  return Buffer.byteLength(path) === path.length ? path : Buffer.from(path, 'latin1'); // as long in UTF-8: all of it is ASCII
}

function fsync(fd: number): Promise<SystemResult<void>> {
  return called<void>((callback) => fs.fsync(fd, callback));
}

/** A call of the thread pool as a promise of a value. */
function called<T>(start: (callback: (error: NodeJS.ErrnoException | null, value: T) => void) => void): Promise<SystemResult<T>> {
  return new Promise((resolve) => {
    try {
      start((error, value) => resolve(error ? failureOf(error) : { kind: 'ok', value }));
    } catch (error) {
      resolve(failureOf(error));
    }
  });
}

/** Reads to the end; a file may grow meanwhile and those of /proc say size 0. */
function readWhole(sizeBytes: number, limitBytes: number, read: (buffer: Buffer) => SystemResult<number>): SystemResult<Buffer> {
  const content = new Gathered(sizeBytes, limitBytes);
  for (;;) {
    const room = content.room();
    const got = read(room);
    if (got.kind === 'error') return got;
    const whole = content.took(got.value, room.length);
    if (whole) return whole;
  }
}

async function readWholeAsync(
  sizeBytes: number,
  limitBytes: number,
  read: (buffer: Buffer) => Promise<SystemResult<number>>,
): Promise<SystemResult<Buffer>> {
  const content = new Gathered(sizeBytes, limitBytes);
  for (;;) {
    const room = content.room();
    const got = await read(room);
    if (got.kind === 'error') return got;
    const whole = content.took(got.value, room.length);
    if (whole) return whole;
  }
}

/** The buffer that a file is read into; one octet more than its size finds the end without growing. */
class Gathered {
  readonly #sizeBytes: number;
  readonly #limitBytes: number;
  #buffer: Buffer;
  #filled = 0;

  constructor(sizeBytes: number, limitBytes: number) {
    this.#sizeBytes = sizeBytes;
    this.#limitBytes = limitBytes;
    this.#buffer = Buffer.allocUnsafe(sizeBytes === 0 ? 4096 : sizeBytes + 1);
  }

  room(): Buffer {
    if (this.#filled === this.#buffer.length) {
      const larger = Buffer.allocUnsafe(this.#buffer.length * 2);
      this.#buffer.copy(larger);
      this.#buffer = larger;
    }
    return this.#buffer.subarray(this.#filled, this.#filled + chunkBytes);
  }

  /** The whole when the end was reached: nothing came, or as much as the file has and less than there was room for. */
  took(count: number, roomBytes: number): SystemResult<Buffer> | undefined {
    this.#filled += count;
    if (this.#filled > this.#limitBytes) return failure('EFBIG');
    const isEnd = count === 0 || (this.#filled === this.#sizeBytes && count < roomBytes);
    return isEnd ? { kind: 'ok', value: this.#buffer.subarray(0, this.#filled) } : undefined;
  }
}

export function factsOf(stats: fs.BigIntStats): FileFacts {
  return {
    type: typeOf(Number(stats.mode) & constants.S_IFMT),
    mode: Number(stats.mode) & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    sizeBytes: Number(stats.size),
    links: Number(stats.nlink),
    device: stats.dev,
    inode: stats.ino,
    atimeMs: Number(stats.atimeMs),
    mtimeMs: Number(stats.mtimeMs),
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
  };
}

function typeOf(format: number): FileFacts['type'] {
  switch (format) {
    case constants.S_IFDIR:
      return 'directory';
    case constants.S_IFLNK:
      return 'symlink';
    case constants.S_IFIFO:
      return 'fifo';
    case constants.S_IFSOCK:
      return 'socket';
    case constants.S_IFCHR:
      return 'character';
    case constants.S_IFBLK:
      return 'block';
    default:
      return 'file';
  }
}
