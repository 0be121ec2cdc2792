/** errno names and strerror's texts: what ports return instead of Node's errors. The texts are glibc's, because Exim prints them. */
import type { SystemFailure, SystemResult } from '../core/ports.ts';

const reasons: ReadonlyMap<string, string> = new Map([
  ['E2BIG', 'Argument list too long'],
  ['EACCES', 'Permission denied'],
  ['EADDRINUSE', 'Address already in use'],
  ['EADDRNOTAVAIL', 'Cannot assign requested address'],
  ['EAFNOSUPPORT', 'Address family not supported by protocol'],
  ['EAGAIN', 'Resource temporarily unavailable'],
  ['EALREADY', 'Operation already in progress'],
  ['EBADF', 'Bad file descriptor'],
  ['EBUSY', 'Device or resource busy'],
  ['ECANCELED', 'Operation canceled'],
  ['ECHILD', 'No child processes'],
  ['ECONNABORTED', 'Software caused connection abort'],
  ['ECONNREFUSED', 'Connection refused'],
  ['ECONNRESET', 'Connection reset by peer'],
  ['EDEADLK', 'Resource deadlock avoided'],
  ['EDESTADDRREQ', 'Destination address required'],
  ['EDQUOT', 'Disk quota exceeded'],
  ['EEXIST', 'File exists'],
  ['EFAULT', 'Bad address'],
  ['EFBIG', 'File too large'],
  ['EHOSTDOWN', 'Host is down'],
  ['EHOSTUNREACH', 'No route to host'],
  ['EINTR', 'Interrupted system call'],
  ['EINVAL', 'Invalid argument'],
  ['EIO', 'Input/output error'],
  ['EISCONN', 'Transport endpoint is already connected'],
  ['EISDIR', 'Is a directory'],
  ['ELOOP', 'Too many levels of symbolic links'],
  ['EMFILE', 'Too many open files'],
  ['EMLINK', 'Too many links'],
  ['EMSGSIZE', 'Message too long'],
  ['ENAMETOOLONG', 'File name too long'],
  ['ENETDOWN', 'Network is down'],
  ['ENETUNREACH', 'Network is unreachable'],
  ['ENFILE', 'Too many open files in system'],
  ['ENOBUFS', 'No buffer space available'],
  ['ENODEV', 'No such device'],
  ['ENOENT', 'No such file or directory'],
  ['ENOEXEC', 'Exec format error'],
  ['ENOLCK', 'No locks available'],
  ['ENOMEM', 'Cannot allocate memory'],
  ['ENOPROTOOPT', 'Protocol not available'],
  ['ENOSPC', 'No space left on device'],
  ['ENOSYS', 'Function not implemented'],
  ['ENOTCONN', 'Transport endpoint is not connected'],
  ['ENOTDIR', 'Not a directory'],
  ['ENOTEMPTY', 'Directory not empty'],
  ['ENOTSOCK', 'Socket operation on non-socket'],
  ['ENOTSUP', 'Operation not supported'],
  ['EOPNOTSUPP', 'Operation not supported'],
  ['EPERM', 'Operation not permitted'],
  ['EPIPE', 'Broken pipe'],
  ['EPROTO', 'Protocol error'],
  ['EPROTONOSUPPORT', 'Protocol not supported'],
  ['EROFS', 'Read-only file system'],
  ['ESPIPE', 'Illegal seek'],
  ['ESRCH', 'No such process'],
  ['ESTALE', 'Stale file handle'],
  ['ETIMEDOUT', 'Connection timed out'],
  ['ETXTBSY', 'Text file busy'],
  ['EXDEV', 'Invalid cross-device link'],
]);

/** strerror's text of an errno's name; of a name that is not known, the name. */
export function strerror(errno: string): string {
  return reasons.get(errno) ?? errno;
}

/** `reason` where something more is known than strerror says. */
export function failure(errno: string, reason: string = strerror(errno)): SystemFailure {
  return { kind: 'error', errno, reason };
}

/** A process of ours that should have done it is gone or overloaded, which says nothing about what was asked. */
export const HELPER_LOST = 'EAGAIN';

export const done: SystemResult<void> = Object.freeze({ kind: 'ok', value: undefined });

/** What Node threw, as a value; a NUL in a path and other refused arguments are EINVAL. A bug (no code at all) is thrown on. */
export function failureOf(error: unknown): SystemFailure {
  const code = errorCode(error);
  if (code === undefined) throw error;
  if (code.startsWith('ERR_INVALID_ARG') || code === 'ERR_OUT_OF_RANGE') return failure('EINVAL');
  if (code === 'ERR_STREAM_DESTROYED' || code === 'ERR_STREAM_WRITE_AFTER_END' || code === 'ERR_STREAM_PREMATURE_CLOSE')
    return failure('EPIPE');
  return failure(code);
}

/** Node's `code` of an error: an errno's name or `ERR_…`. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The value of a call, or its failure. */
export function attempt<T>(call: () => T): SystemResult<T> {
  try {
    return { kind: 'ok', value: call() };
  } catch (error) {
    return failureOf(error);
  }
}
