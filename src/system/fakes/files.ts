/** An in-memory file system for tests: inodes, hard links, symlinks, permissions of one pretended user, locks, and failures on demand. */
import type { Octets } from '../../base/octets.ts';
import { bytesFromOctets, octetsFromBytes } from '../../base/octets.ts';
import type { Clock, FileFacts, Files, OpenFile, OpenMode, SystemFailure, SystemResult } from '../../core/ports.ts';

const reasons: ReadonlyMap<string, string> = new Map([
  ['EPERM', 'Operation not permitted'],
  ['ENOENT', 'No such file or directory'],
  ['EIO', 'Input/output error'],
  ['EBADF', 'Bad file descriptor'],
  ['EACCES', 'Permission denied'],
  ['EEXIST', 'File exists'],
  ['EXDEV', 'Invalid cross-device link'],
  ['ENOTDIR', 'Not a directory'],
  ['EISDIR', 'Is a directory'],
  ['EINVAL', 'Invalid argument'],
  ['EFBIG', 'File too large'],
  ['ENOSPC', 'No space left on device'],
  ['ELOOP', 'Too many levels of symbolic links'],
  ['ENOTEMPTY', 'Directory not empty'],
  ['EDQUOT', 'Disk quota exceeded'],
  ['EROFS', 'Read-only file system'],
]);

/** A failure as system/ would report it. */
export function systemFailure(errno: string): SystemFailure {
  return { kind: 'error', errno, reason: reasons.get(errno) ?? errno };
}

function done<T>(value: T): SystemResult<T> {
  return { kind: 'ok', value };
}

const doneVoid: SystemResult<void> = { kind: 'ok', value: undefined };

interface Inode {
  readonly number: bigint;
  readonly type: FileFacts['type'];
  data: Buffer;
  readonly entries: Map<Octets, Inode>;
  readonly target: Octets;
  mode: number;
  uid: number;
  gid: number;
  links: number;
  atimeMs: number;
  mtimeNs: bigint;
  ctimeNs: bigint;
  readonly locks: Set<Lock>;
}

interface Lock {
  readonly owner: MemoryFile;
  readonly isExclusive: boolean;
  readonly from: number;
  readonly to: number;
}

/** Operations whose failure can be ordered with {@link MemoryFiles.failOn}. */
export type FileOperation = 'open' | 'read' | 'write' | 'fsync' | 'rename' | 'link' | 'unlink' | 'mkdir' | 'stat' | 'list';

/**
 * Everything is owned by `uid`, who is also the one that is checked for access (`uid` 0 may do everything).
 * Parent directories of files made with {@link put} are made as needed.
 */
export class MemoryFiles implements Files {
  readonly #clock: Pick<Clock, 'now'> | undefined;
  readonly #uid: number;
  readonly #gid: number;
  readonly #root: Inode;
  readonly #failures = new Map<string, string>();
  #nextInode = 1n;
  #ticks = 0n;
  /** Names of directories that were fsynced, in order. */
  readonly syncedDirectories: Octets[] = [];

  constructor(
    options: {
      readonly clock?: Pick<Clock, 'now'>;
      readonly uid?: number;
      readonly gid?: number;
      readonly files?: Readonly<Record<string, Octets>>;
    } = {},
  ) {
    this.#clock = options.clock;
    this.#uid = options.uid ?? 0;
    this.#gid = options.gid ?? 0;
    this.#root = this.#newInode('directory', 0o755);
    for (const [path, content] of Object.entries(options.files ?? {})) this.put(path, content);
  }

  // ------------------------------------------------------------ for the test

  /** Makes or replaces the content of a file. */
  put(path: Octets, content: Octets | Uint8Array, mode = 0o644): void {
    const { directory, name } = this.#makeParents(path);
    const bytes = typeof content === 'string' ? bytesFromOctets(content) : Buffer.from(content);
    const known = directory.entries.get(name);
    const file = known?.type === 'file' ? known : this.#newInode('file', mode);
    file.data = bytes;
    directory.entries.set(name, file);
    this.#touch(file);
  }

  /** The content, or undefined when there is no such file. */
  text(path: Octets): Octets | undefined {
    const result = this.readFile(path);
    return result.kind === 'ok' ? octetsFromBytes(result.value) : undefined;
  }

  makeDirectory(path: Octets, mode = 0o755): void {
    this.#makeParents(`${path}/.`);
    const result = this.#find(path);
    if (result.kind === 'ok') result.value.mode = mode;
  }

  /** From now on the operation on this path fails with errno; '' ends that. */
  failOn(operation: FileOperation, path: Octets, errno: string): void {
    if (errno === '') this.#failures.delete(`${operation} ${path}`);
    else this.#failures.set(`${operation} ${path}`, errno);
  }

  /** All paths of files, sorted. */
  paths(below = ''): Octets[] {
    const found: Octets[] = [];
    const walk = (directory: Inode, prefix: Octets): void => {
      for (const [name, inode] of directory.entries) {
        const path = `${prefix}/${name}`;
        if (inode.type === 'directory') walk(inode, path);
        else if (path.startsWith(below)) found.push(path);
      }
    };
    walk(this.#root, '');
    return found.sort();
  }

  // ------------------------------------------------------------ Files

  stat(path: Octets): SystemResult<FileFacts> {
    return this.#failure('stat', path) ?? mapResult(this.#find(path), factsOf);
  }

  lstat(path: Octets): SystemResult<FileFacts> {
    return this.#failure('stat', path) ?? mapResult(this.#find(path, false), factsOf);
  }

  access(path: Octets, mode: 'read' | 'write' | 'execute'): SystemResult<void> {
    const found = this.#find(path);
    if (found.kind !== 'ok') return found;
    return this.#may(found.value, mode) ? doneVoid : systemFailure('EACCES');
  }

  readFile(path: Octets, limitBytes = Number.POSITIVE_INFINITY): SystemResult<Buffer> {
    const opened = this.open(path, 'read');
    if (opened.kind !== 'ok') return opened;
    const failure = this.#failure('read', path);
    if (failure) return failure;
    const found = this.#find(path);
    if (found.kind !== 'ok') return found;
    if (found.value.type === 'directory') return systemFailure('EISDIR');
    return found.value.data.length > limitBytes ? systemFailure('EFBIG') : done(Buffer.from(found.value.data));
  }

  async readFileAsync(path: Octets, limitBytes?: number): Promise<SystemResult<Buffer>> {
    return this.readFile(path, limitBytes);
  }

  list(path: Octets): SystemResult<readonly Octets[]> {
    const failure = this.#failure('list', path);
    if (failure) return failure;
    const found = this.#find(path);
    if (found.kind !== 'ok') return found;
    if (found.value.type !== 'directory') return systemFailure('ENOTDIR');
    return this.#may(found.value, 'read') ? done([...found.value.entries.keys()]) : systemFailure('EACCES');
  }

  open(path: Octets, how: OpenMode, mode = 0o666, noFollow = false): SystemResult<OpenFile> {
    const failure = this.#failure('open', path);
    if (failure) return failure;
    const found = this.#find(path, !noFollow);
    if (found.kind === 'ok') return this.#openExisting(found.value, path, how, noFollow);
    const creates = how === 'create' || how === 'create-exclusive' || how === 'append' || how === 'read-write-create';
    if (found.errno !== 'ENOENT' || !creates) return found;
    const parent = this.#findParent(path);
    if (parent.kind !== 'ok') return parent;
    if (!this.#may(parent.value.directory, 'write')) return systemFailure('EACCES');
    const file = this.#newInode('file', mode);
    parent.value.directory.entries.set(parent.value.name, file);
    this.#touch(parent.value.directory);
    return done(this.#openFile(file, path, how));
  }

  mkdir(path: Octets, mode: number): SystemResult<void> {
    const failure = this.#failure('mkdir', path);
    if (failure) return failure;
    const parent = this.#findParent(path);
    if (parent.kind !== 'ok') return parent;
    if (parent.value.directory.entries.has(parent.value.name)) return systemFailure('EEXIST');
    if (!this.#may(parent.value.directory, 'write')) return systemFailure('EACCES');
    parent.value.directory.entries.set(parent.value.name, this.#newInode('directory', mode));
    return doneVoid;
  }

  rename(from: Octets, to: Octets): SystemResult<void> {
    const failure = this.#failure('rename', from);
    if (failure) return failure;
    const source = this.#findParent(from);
    if (source.kind !== 'ok') return source;
    const target = this.#findParent(to);
    if (target.kind !== 'ok') return target;
    const inode = source.value.directory.entries.get(source.value.name);
    if (!inode) return systemFailure('ENOENT');
    const replaced = target.value.directory.entries.get(target.value.name);
    if (replaced === inode) return doneVoid;
    if (replaced?.type === 'directory' && replaced.entries.size > 0) return systemFailure('ENOTEMPTY');
    if (replaced) replaced.links--;
    source.value.directory.entries.delete(source.value.name);
    target.value.directory.entries.set(target.value.name, inode);
    this.#touch(inode, false);
    return doneVoid;
  }

  link(from: Octets, to: Octets): SystemResult<void> {
    const failure = this.#failure('link', from);
    if (failure) return failure;
    const source = this.#find(from, false);
    if (source.kind !== 'ok') return source;
    const target = this.#findParent(to);
    if (target.kind !== 'ok') return target;
    if (target.value.directory.entries.has(target.value.name)) return systemFailure('EEXIST');
    source.value.links++;
    target.value.directory.entries.set(target.value.name, source.value);
    return doneVoid;
  }

  symlink(target: Octets, path: Octets): SystemResult<void> {
    const parent = this.#findParent(path);
    if (parent.kind !== 'ok') return parent;
    if (parent.value.directory.entries.has(parent.value.name)) return systemFailure('EEXIST');
    parent.value.directory.entries.set(parent.value.name, this.#newInode('symlink', 0o777, target));
    return doneVoid;
  }

  readlink(path: Octets): SystemResult<Octets> {
    const found = this.#find(path, false);
    if (found.kind !== 'ok') return found;
    return found.value.type === 'symlink' ? done(found.value.target) : systemFailure('EINVAL');
  }

  realpath(path: Octets): SystemResult<Octets> {
    const found = this.#walk(path, true);
    return found.kind === 'ok' ? done(found.value.path) : found;
  }

  unlink(path: Octets): SystemResult<void> {
    const failure = this.#failure('unlink', path);
    if (failure) return failure;
    const parent = this.#findParent(path);
    if (parent.kind !== 'ok') return parent;
    const inode = parent.value.directory.entries.get(parent.value.name);
    if (!inode) return systemFailure('ENOENT');
    if (inode.type === 'directory') return systemFailure('EISDIR');
    if (!this.#may(parent.value.directory, 'write')) return systemFailure('EACCES');
    inode.links--;
    parent.value.directory.entries.delete(parent.value.name);
    return doneVoid;
  }

  rmdir(path: Octets): SystemResult<void> {
    const parent = this.#findParent(path);
    if (parent.kind !== 'ok') return parent;
    const inode = parent.value.directory.entries.get(parent.value.name);
    if (!inode) return systemFailure('ENOENT');
    if (inode.type !== 'directory') return systemFailure('ENOTDIR');
    if (inode.entries.size > 0) return systemFailure('ENOTEMPTY');
    parent.value.directory.entries.delete(parent.value.name);
    return doneVoid;
  }

  chmod(path: Octets, mode: number): SystemResult<void> {
    return mapResult(this.#find(path), (inode) => {
      inode.mode = mode;
      this.#touch(inode, false);
    });
  }

  chown(path: Octets, uid: number, gid: number): SystemResult<void> {
    return mapResult(this.#find(path), (inode) => {
      inode.uid = uid;
      inode.gid = gid;
      this.#touch(inode, false);
    });
  }

  setTimes(path: Octets, atimeMs: number, mtimeMs: number): SystemResult<void> {
    return mapResult(this.#find(path), (inode) => setTimes(inode, atimeMs, mtimeMs));
  }

  async fsyncDirectory(path: Octets): Promise<SystemResult<void>> {
    const failure = this.#failure('fsync', path);
    if (failure) return failure;
    const found = this.#find(path);
    if (found.kind !== 'ok') return found;
    this.syncedDirectories.push(path);
    return doneVoid;
  }

  // ------------------------------------------------------------ inside

  #openExisting(inode: Inode, path: Octets, how: OpenMode, noFollow: boolean): SystemResult<OpenFile> {
    if (how === 'create-exclusive') return systemFailure('EEXIST');
    if (noFollow && inode.type === 'symlink') return systemFailure('ELOOP');
    if (inode.type === 'directory' && how !== 'read') return systemFailure('EISDIR');
    const reads = how === 'read' || how.startsWith('read-write');
    if (reads && !this.#may(inode, 'read')) return systemFailure('EACCES');
    if (how !== 'read' && !this.#may(inode, 'write')) return systemFailure('EACCES');
    if (how === 'create') {
      inode.data = Buffer.alloc(0);
      this.#touch(inode);
    }
    return done(this.#openFile(inode, path, how));
  }

  #openFile(inode: Inode, path: Octets, how: OpenMode): MemoryFile {
    return new MemoryFile(
      inode,
      path,
      how,
      (changed, isContent) => this.#touch(changed, isContent),
      (operation) => this.#failure(operation, path),
    );
  }

  #newInode(type: Inode['type'], mode: number, target = ''): Inode {
    const inode: Inode = {
      number: this.#nextInode++,
      type,
      data: bytesFromOctets(target),
      entries: new Map(),
      target,
      mode,
      uid: this.#uid,
      gid: this.#gid,
      links: 1,
      atimeMs: 0,
      mtimeNs: 0n,
      ctimeNs: 0n,
      locks: new Set(),
    };
    this.#touch(inode);
    inode.atimeMs = Number(inode.mtimeNs / 1_000_000n);
    return inode;
  }

  /** Times differ by at least a nanosecond at every change, so that caches can be tested without waiting. */
  #touch(inode: Inode, isContent = true): void {
    const now = BigInt(Math.floor(this.#clock?.now() ?? 0)) * 1_000_000n + ++this.#ticks;
    inode.ctimeNs = now;
    if (isContent) inode.mtimeNs = now;
  }

  #failure(operation: FileOperation, path: Octets): SystemFailure | undefined {
    const errno = this.#failures.get(`${operation} ${path}`);
    return errno === undefined ? undefined : systemFailure(errno);
  }

  #may(inode: Inode, how: 'read' | 'write' | 'execute'): boolean {
    if (this.#uid === 0) return how !== 'execute' || inode.type === 'directory' || (inode.mode & 0o111) !== 0;
    const bit = how === 'read' ? 4 : how === 'write' ? 2 : 1;
    const shift = inode.uid === this.#uid ? 6 : inode.gid === this.#gid ? 3 : 0;
    return ((inode.mode >> shift) & bit) !== 0;
  }

  #makeParents(path: Octets): { directory: Inode; name: Octets } {
    const names = path.split('/').filter((name) => name !== '' && name !== '.');
    const isDirectory = path.endsWith('/.');
    const last = isDirectory ? '' : (names.pop() ?? '');
    let directory = this.#root;
    for (const name of names) {
      let next = directory.entries.get(name);
      if (!next) {
        next = this.#newInode('directory', 0o755);
        directory.entries.set(name, next);
      }
      directory = next;
    }
    return { directory, name: last };
  }

  #find(path: Octets, followLast = true): SystemResult<Inode> {
    const found = this.#walk(path, followLast);
    return found.kind === 'ok' ? done(found.value.inode) : found;
  }

  #findParent(path: Octets): SystemResult<{ directory: Inode; name: Octets }> {
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    const found = this.#find(slash <= 0 ? '/' : path.slice(0, slash));
    if (found.kind !== 'ok') return found;
    return found.value.type === 'directory' ? done({ directory: found.value, name }) : systemFailure('ENOTDIR');
  }

  #walk(path: Octets, followLast: boolean): SystemResult<{ inode: Inode; path: Octets }> {
    let pending = path.split('/').filter((name) => name !== '');
    let trail: { name: Octets; inode: Inode }[] = [];
    let links = 0;
    for (;;) {
      const name = pending.shift();
      const here = trail.at(-1)?.inode ?? this.#root;
      if (name === undefined) return done({ inode: here, path: `/${trail.map((step) => step.name).join('/')}` });
      if (name === '.') continue;
      if (name === '..') {
        trail.pop();
        continue;
      }
      if (here.type !== 'directory') return systemFailure('ENOTDIR');
      if (!this.#may(here, 'execute')) return systemFailure('EACCES');
      const next = here.entries.get(name);
      if (!next) return systemFailure('ENOENT');
      if (next.type === 'symlink' && (followLast || pending.length > 0)) {
        if (++links > 40) return systemFailure('ELOOP');
        if (next.target.startsWith('/')) trail = [];
        pending = [...next.target.split('/').filter((part) => part !== ''), ...pending];
        continue;
      }
      trail.push({ name, inode: next });
    }
  }
}

class MemoryFile implements OpenFile {
  readonly fd = -1;
  readonly path: Octets;
  readonly #inode: Inode;
  readonly #how: OpenMode;
  readonly #touch: (inode: Inode, isContent: boolean) => void;
  readonly #failure: (operation: FileOperation) => SystemFailure | undefined;
  #position = 0;
  #isOpen = true;

  constructor(
    inode: Inode,
    path: Octets,
    how: OpenMode,
    touch: (inode: Inode, isContent: boolean) => void,
    failure: (operation: FileOperation) => SystemFailure | undefined,
  ) {
    this.#inode = inode;
    this.path = path;
    this.#how = how;
    this.#touch = touch;
    this.#failure = failure;
  }

  facts(): SystemResult<FileFacts> {
    return this.#isOpen ? done(factsOf(this.#inode)) : systemFailure('EBADF');
  }

  read(buffer: Uint8Array, position?: number): SystemResult<number> {
    const isReadable = this.#how === 'read' || this.#how.startsWith('read-write');
    const failure = this.#isOpen && isReadable ? this.#failure('read') : systemFailure('EBADF');
    if (failure) return failure;
    if (this.#inode.type === 'directory') return systemFailure('EISDIR');
    const from = position ?? this.#position;
    const part = this.#inode.data.subarray(from, from + buffer.length);
    buffer.set(part);
    if (position === undefined) this.#position += part.length;
    return done(part.length);
  }

  write(bytes: Uint8Array): SystemResult<void> {
    const failure = this.#isOpen && this.#how !== 'read' ? this.#failure('write') : systemFailure('EBADF');
    if (failure) return failure;
    const old = this.#inode.data;
    const at = this.#how === 'append' ? old.length : this.#position;
    const data = Buffer.alloc(Math.max(old.length, at + bytes.length));
    old.copy(data);
    data.set(bytes, at);
    this.#inode.data = data;
    this.#position = at + bytes.length;
    this.#touch(this.#inode, true);
    return doneVoid;
  }

  async writeAsync(bytes: Uint8Array): Promise<SystemResult<void>> {
    return this.write(bytes);
  }

  async readAsync(buffer: Uint8Array, position?: number): Promise<SystemResult<number>> {
    return this.read(buffer, position);
  }

  truncate(sizeBytes: number): SystemResult<void> {
    if (!this.#isOpen || this.#how === 'read') return systemFailure('EBADF');
    const data = Buffer.alloc(sizeBytes);
    this.#inode.data.copy(data);
    this.#inode.data = data;
    this.#touch(this.#inode, true);
    return doneVoid;
  }

  chmod(mode: number): SystemResult<void> {
    if (!this.#isOpen) return systemFailure('EBADF');
    this.#inode.mode = mode;
    this.#touch(this.#inode, false);
    return doneVoid;
  }

  chown(uid: number, gid: number): SystemResult<void> {
    if (!this.#isOpen) return systemFailure('EBADF');
    this.#inode.uid = uid;
    this.#inode.gid = gid;
    this.#touch(this.#inode, false);
    return doneVoid;
  }

  setTimes(atimeMs: number, mtimeMs: number): SystemResult<void> {
    if (!this.#isOpen) return systemFailure('EBADF');
    setTimes(this.#inode, atimeMs, mtimeMs);
    return doneVoid;
  }

  async fsync(): Promise<SystemResult<void>> {
    return this.#isOpen ? (this.#failure('fsync') ?? doneVoid) : systemFailure('EBADF');
  }

  lock(kind: 'shared' | 'exclusive' | 'unlock', start: number, length: number): 'ok' | 'would-block' | SystemFailure {
    if (!this.#isOpen) return systemFailure('EBADF');
    const to = length === 0 ? Number.POSITIVE_INFINITY : start + length;
    const overlapping = [...this.#inode.locks].filter((lock) => lock.from < to && start < lock.to);
    const own = overlapping.filter((lock) => lock.owner === this);
    const others = overlapping.filter((lock) => lock.owner !== this);
    if (kind !== 'unlock' && others.some((lock) => kind === 'exclusive' || lock.isExclusive)) return 'would-block';
    for (const lock of own) this.#cut(lock, start, to);
    if (kind !== 'unlock') this.#inode.locks.add({ owner: this, isExclusive: kind === 'exclusive', from: start, to });
    return 'ok';
  }

  close(): void {
    this.#isOpen = false;
    for (const lock of this.#inode.locks) if (lock.owner === this) this.#inode.locks.delete(lock);
  }

  #cut(lock: Lock, from: number, to: number): void {
    this.#inode.locks.delete(lock);
    if (lock.from < from) this.#inode.locks.add({ ...lock, to: from });
    if (lock.to > to) this.#inode.locks.add({ ...lock, from: to });
  }
}

function mapResult<A, B>(result: SystemResult<A>, map: (value: A) => B): SystemResult<B> {
  return result.kind === 'ok' ? done(map(result.value)) : result;
}

function setTimes(inode: Inode, atimeMs: number, mtimeMs: number): void {
  inode.atimeMs = atimeMs;
  inode.mtimeNs = BigInt(Math.floor(mtimeMs)) * 1_000_000n;
  inode.ctimeNs += 1n;
}

function factsOf(inode: Inode): FileFacts {
  return {
    type: inode.type,
    mode: inode.mode,
    uid: inode.uid,
    gid: inode.gid,
    sizeBytes: inode.data.length,
    links: inode.links,
    device: 1n,
    inode: inode.number,
    atimeMs: inode.atimeMs,
    mtimeMs: Number(inode.mtimeNs) / 1e6,
    mtimeNs: inode.mtimeNs,
    ctimeNs: inode.ctimeNs,
  };
}
