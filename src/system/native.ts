/**
 * Calls into the C library through koffi, loaded on first use (DESIGN 3.12). The signatures are written here and nowhere else, and never
 * made from configuration: a wrong one is memory corruption. Without koffi every call says `unsupported` (undefined) and what needs it
 * says so. Only in main threads: koffi is not safe in workers.
 */

import { createRequire } from 'node:module';
import { getSystemErrorMap } from 'node:util';
import type { Octets } from '../base/octets.ts';
import { octetsFromBytes } from '../base/octets.ts';
import type { GroupFacts, SystemFailure, UserFacts } from '../core/ports.ts';
import { assetPath } from './assets.ts';
import { failure } from './failure.ts';

/** What is used of koffi. */
interface Koffi {
  load(path: string | null): Library;
  errno(): number;
  address(value: Uint8Array): bigint;
}

interface Library {
  func(signature: string): NativeFunction;
}

type NativeValue = number | bigint | Uint8Array | null;

interface NativeFunction {
  (...values: NativeValue[]): unknown;
  async(...values: [...NativeValue[], (error: Error | null, result: unknown) => void]): void;
}

interface Functions {
  readonly fcntl: NativeFunction;
  readonly flock: NativeFunction;
  readonly getsockopt: NativeFunction;
  readonly getpwnam: NativeFunction;
  readonly getpwuid: NativeFunction;
  readonly getgrnam: NativeFunction;
  readonly getgrgid: NativeFunction;
  readonly getgrouplist: NativeFunction;
  readonly socket: NativeFunction;
  readonly sendto: NativeFunction;
}

export type LockResult = 'ok' | 'would-block' | 'unsupported' | SystemFailure;

const F_OFD_SETLK = 37;
const lockTypes = { shared: 0, exclusive: 1, unlock: 2 } as const;
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const MSG_NOSIGNAL_DONTWAIT = 0x4000 | 0x40;
const ERANGE = 34;
/** crypt_r's state: 32 KiB in libxcrypt, 128 KiB in old glibc. */
const cryptDataBytes = 256 * 1024;
const accountBufferLimit = 4 << 20;

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** An answer of the account database; `error` is a failing service. */
export type AccountAnswer<T> = { readonly kind: 'found'; readonly value: T } | { readonly kind: 'missing' } | SystemFailure;

export class Native {
  readonly #require: (name: string) => unknown;
  #koffi: Koffi | undefined;
  #functions: Functions | undefined;
  #crypt: NativeFunction | undefined;
  #failed = false;
  #cryptFailed = false;
  #accountBuffer = Buffer.alloc(4096);

  /** `load` replaces Node's require: tests leave koffi out with it. */
  constructor(load: (name: string) => unknown = (name) => createRequire(assetPath('package.json'))(name)) {
    this.#require = load;
  }

  /** Whether native calls work here; loads koffi. */
  get isAvailable(): boolean {
    return this.#load() !== undefined;
  }

  /** An open-file-description lock without waiting; `length` 0 is to the end of the file. Linux fcntl(2). */
  ofdLock(fd: number, kind: keyof typeof lockTypes, start: number, length: number): LockResult {
    const functions = this.#load();
    if (!functions) return 'unsupported';
    const lock = Buffer.alloc(32);
    lock.writeInt16LE(lockTypes[kind], 0);
    lock.writeBigInt64LE(BigInt(start), 8);
    lock.writeBigInt64LE(BigInt(length), 16);
    return this.#lockResult(functions.fcntl(fd, F_OFD_SETLK, lock));
  }

  /** flock(2) on the whole file, without waiting. */
  flock(fd: number, kind: keyof typeof lockTypes): LockResult {
    const functions = this.#load();
    if (!functions) return 'unsupported';
    const operation = kind === 'unlock' ? LOCK_UN : (kind === 'shared' ? LOCK_SH : LOCK_EX) | LOCK_NB;
    return this.#lockResult(functions.flock(fd, operation));
  }

  /** SO_PEERCRED of a connected Unix socket. */
  peerCredentials(fd: number): PeerCredentials | undefined {
    const functions = this.#load();
    if (!functions) return undefined;
    const credentials = Buffer.alloc(12);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(12);
    if (functions.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length) !== 0) return undefined;
    return { pid: credentials.readInt32LE(0), uid: credentials.readUInt32LE(4), gid: credentials.readUInt32LE(8) };
  }

  userByName(name: Octets): AccountAnswer<UserFacts> | undefined {
    return this.#account((functions) => functions.getpwnam, cString(name), readUser);
  }

  userById(uid: number): AccountAnswer<UserFacts> | undefined {
    return this.#account((functions) => functions.getpwuid, uid, readUser);
  }

  groupByName(name: Octets): AccountAnswer<GroupFacts> | undefined {
    return this.#account((functions) => functions.getgrnam, cString(name), readGroup);
  }

  groupById(gid: number): AccountAnswer<GroupFacts> | undefined {
    return this.#account((functions) => functions.getgrgid, gid, readGroup);
  }

  /** All groups of a user, `gid` included. */
  groupsOf(name: Octets, gid: number): readonly number[] | undefined {
    const functions = this.#load();
    if (!functions) return undefined;
    for (let room = 64; room <= 65536; room *= 4) {
      const groups = Buffer.alloc(room * 4);
      const count = Buffer.alloc(4);
      count.writeInt32LE(room);
      if (Number(functions.getgrouplist(cString(name), gid, groups, count)) < 0) continue;
      return Array.from({ length: count.readInt32LE() }, (_, i) => groups.readUInt32LE(i * 4));
    }
    return undefined;
  }

  /** crypt(3) in the thread pool. `unsupported` without koffi or libcrypt; undefined when libcrypt does not know the scheme. */
  async crypt(password: Octets, setting: Octets): Promise<Octets | undefined | 'unsupported'> {
    const crypt = this.#loadCrypt();
    if (!crypt) return 'unsupported';
    const data = Buffer.alloc(cryptDataBytes);
    const result = await new Promise<unknown>((resolve, reject) => {
      crypt.async(cString(password), cString(setting), data, (error, value) => (error ? reject(error) : resolve(value)));
    });
    data.fill(0);
    return typeof result !== 'string' || result.startsWith('*') ? undefined : result;
  }

  /** One datagram to a Unix socket, without waiting (EAGAIN when its receiver is slow). A descriptor that was opened before is used again; the new or same one comes back, to be closed by the caller. */
  sendDatagram(
    path: Octets,
    bytes: Uint8Array,
    openFd?: number,
  ): { readonly fd: number; readonly result: 'ok' | SystemFailure } | undefined {
    const functions = this.#load();
    if (!functions) return undefined;
    const fd = openFd ?? Number(functions.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0));
    if (fd < 0) return { fd, result: this.#lastFailure() };
    const address = unixAddress(path);
    const sent = Number(functions.sendto(fd, bytes, bytes.length, MSG_NOSIGNAL_DONTWAIT, address, address.length));
    return { fd, result: sent < 0 ? this.#lastFailure() : 'ok' };
  }

  #account<T>(
    choose: (functions: Functions) => NativeFunction,
    key: NativeValue,
    read: (record: Buffer, strings: CStrings) => T,
  ): AccountAnswer<T> | undefined {
    const functions = this.#load();
    const koffi = this.#koffi;
    if (!functions || !koffi) return undefined;
    for (;;) {
      const record = Buffer.alloc(64);
      const found = Buffer.alloc(8);
      const status = Number(choose(functions)(key, record, this.#accountBuffer, this.#accountBuffer.length, found));
      if (status === ERANGE && this.#accountBuffer.length < accountBufferLimit) {
        this.#accountBuffer = Buffer.alloc(this.#accountBuffer.length * 4);
        continue;
      }
      if (found.readBigUInt64LE() !== 0n) {
        return { kind: 'found', value: read(record, new CStrings(this.#accountBuffer, koffi.address(this.#accountBuffer))) };
      }
      // POSIX lets "not found" be any of these besides 0
      if (status === 0 || ['ENOENT', 'ESRCH', 'EBADF', 'EPERM'].includes(errnoName(status))) return { kind: 'missing' };
      return failure(errnoName(status));
    }
  }

  #lockResult(result: unknown): LockResult {
    if (result === 0) return 'ok';
    const failed = this.#lastFailure();
    return failed.errno === 'EAGAIN' || failed.errno === 'EACCES' ? 'would-block' : failed;
  }

  #lastFailure(): SystemFailure {
    return failure(errnoName(this.#koffi?.errno() ?? 0));
  }

  #load(): Functions | undefined {
    if (this.#functions || this.#failed) return this.#functions;
    try {
      const koffi = this.#require('koffi') as Koffi; // its documented interface
      const libc = koffi.load(null);
      this.#functions = {
        fcntl: libc.func('int fcntl(int fd, int cmd, void *lock)'),
        flock: libc.func('int flock(int fd, int operation)'),
        getsockopt: libc.func('int getsockopt(int fd, int level, int name, void *value, void *length)'),
        getpwnam: libc.func('int getpwnam_r(const void *name, void *record, void *buffer, size_t size, void *result)'),
        getpwuid: libc.func('int getpwuid_r(uint32_t uid, void *record, void *buffer, size_t size, void *result)'),
        getgrnam: libc.func('int getgrnam_r(const void *name, void *record, void *buffer, size_t size, void *result)'),
        getgrgid: libc.func('int getgrgid_r(uint32_t gid, void *record, void *buffer, size_t size, void *result)'),
        getgrouplist: libc.func('int getgrouplist(const void *name, uint32_t gid, void *groups, void *count)'),
        socket: libc.func('int socket(int domain, int type, int protocol)'),
        sendto: libc.func('int64_t sendto(int fd, const void *bytes, size_t length, int flags, const void *address, uint32_t size)'),
      };
      this.#koffi = koffi;
    } catch {
      this.#failed = true; // not installed, or not for this platform: what needs it says so
    }
    return this.#functions;
  }

  #loadCrypt(): NativeFunction | undefined {
    if (this.#crypt || this.#cryptFailed) return this.#crypt;
    if (!this.#load() || !this.#koffi) return undefined;
    for (const name of ['libcrypt.so.1', 'libcrypt.so.2', 'libcrypt.so']) {
      try {
        this.#crypt = this.#koffi.load(name).func('const char *crypt_r(const void *password, const void *setting, void *data)');
        return this.#crypt;
      } catch {
        // the next name
      }
    }
    this.#cryptFailed = true;
    return undefined;
  }
}

/** Strings that C functions left in a buffer of ours, found by their addresses. */
class CStrings {
  readonly #buffer: Buffer;
  readonly #base: bigint;

  constructor(buffer: Buffer, base: bigint) {
    this.#buffer = buffer;
    this.#base = base;
  }

  /** The string that the pointer at `offset` of `record` points to; empty when it points elsewhere. */
  at(record: Buffer, offset: number): Octets {
    const from = this.#offset(record.readBigUInt64LE(offset));
    if (from === undefined) return '';
    const to = this.#buffer.indexOf(0, from);
    return octetsFromBytes(this.#buffer.subarray(from, to < 0 ? undefined : to));
  }

  /** A null-terminated array of strings. */
  list(record: Buffer, offset: number): readonly Octets[] {
    const from = this.#offset(record.readBigUInt64LE(offset));
    const items: Octets[] = [];
    if (from === undefined) return items;
    for (let at = from; at + 8 <= this.#buffer.length && this.#buffer.readBigUInt64LE(at) !== 0n; at += 8)
      items.push(this.at(this.#buffer, at));
    return items;
  }

  #offset(address: bigint): number | undefined {
    const offset = address - this.#base;
    return offset >= 0n && offset < BigInt(this.#buffer.length) ? Number(offset) : undefined;
  }
}

/** struct passwd of 64-bit Linux. */
function readUser(record: Buffer, strings: CStrings): UserFacts {
  return {
    name: strings.at(record, 0),
    uid: record.readUInt32LE(16),
    gid: record.readUInt32LE(20),
    gecos: strings.at(record, 24),
    home: strings.at(record, 32),
    shell: strings.at(record, 40),
  };
}

/** struct group of 64-bit Linux. */
function readGroup(record: Buffer, strings: CStrings): GroupFacts {
  return { name: strings.at(record, 0), gid: record.readUInt32LE(16), members: strings.list(record, 24) };
}

function cString(octets: Octets): Buffer {
  const end = octets.indexOf('\0');
  return Buffer.from(`${end < 0 ? octets : octets.slice(0, end)}\0`, 'latin1');
}

/** struct sockaddr_un; a leading `@` is an abstract name. */
function unixAddress(path: Octets): Buffer {
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : `${path}\0`, 'latin1');
  const address = Buffer.alloc(2 + name.length);
  address.writeUInt16LE(AF_UNIX);
  name.copy(address, 2);
  return address;
}

function errnoName(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[0] ?? `errno ${errno}`;
}
