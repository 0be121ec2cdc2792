/** Reading redirection data and included lists with the rights of the user they belong to. Spec ch. 22 `file`, `check_owner`, `modemask`. */

import type { Octets } from '../../base/octets.ts';
import { octetsFromBytes } from '../../base/octets.ts';
import type { Deadline } from '../../core/deadline.ts';
import type { Frame } from '../../core/frame.ts';
import type { Outcome } from '../../core/outcome.ts';
import { defer, ok } from '../../core/outcome.ts';
import type { FileFacts, Identity, SystemFailure } from '../../core/ports.ts';

export const MAX_REDIRECT_BYTES = 1_048_576;

export interface RedirectFile {
  readonly path: Octets;
  readonly identity: Identity | undefined;
  readonly ignoresEacces: boolean;
  readonly ignoresEnotdir: boolean;
  readonly modemask: number;
  /** Permitted owners; undefined: any. */
  readonly owners: readonly number[] | undefined;
  readonly groups: readonly number[] | undefined;
}

/** Undefined: there is no such file, the router declines. */
export async function readRedirectFile(file: RedirectFile, frame: Frame, until: Deadline): Promise<Outcome<Octets | undefined>> {
  const { path } = file;
  if (!path.startsWith('/')) return defer(`"${path}" is not an absolute path`);
  const read = await frame.services.userActions.readFile(file.identity, path, MAX_REDIRECT_BYTES, until);
  if (read.kind === 'ok') {
    const bad = findBadFacts(file, read.value.facts);
    return bad === undefined ? ok(octetsFromBytes(read.value.bytes)) : defer(bad);
  }
  switch (read.errno) {
    case 'ENOENT':
      return file.ignoresEnotdir ? ok(undefined) : checkDirectory(file, frame, until);
    case 'ENOTDIR':
      if (file.ignoresEnotdir) return ok(undefined);
      break;
    case 'EACCES':
      if (file.ignoresEacces) return ok(undefined);
      break;
    case 'EISDIR':
    case 'EINVAL':
      return defer(`${path} is not a regular file`);
    case 'EFBIG':
      return defer(`${path} is too big (max ${MAX_REDIRECT_BYTES})`);
    default:
      break;
  }
  return defer(`failed to open ${path}: ${reasonOf(read, file.identity, frame)}`);
}

/** Whose rights were not enough is told with a refusal. */
function reasonOf({ errno, reason }: SystemFailure, identity: Identity | undefined, { services: { machine } }: Frame): string {
  if (errno !== 'EACCES') return reason;
  return `${reason} (euid=${identity?.uid ?? machine.effectiveUid()} egid=${identity?.gid ?? machine.effectiveGid()})`;
}

/** A directory that is not there may be a file system that is not mounted. */
async function checkDirectory({ path, identity }: RedirectFile, frame: Frame, until: Deadline): Promise<Outcome<undefined>> {
  const directory = `${path.slice(0, path.lastIndexOf('/'))}/.`;
  const found = await frame.services.userActions.stat(identity, directory, until);
  return found.kind === 'ok' ? ok(undefined) : defer(`failed to stat ${directory} (${found.reason})`);
}

function findBadFacts({ path, modemask, owners, groups }: RedirectFile, facts: FileFacts): Octets | undefined {
  const unexpected = facts.mode & modemask;
  if (unexpected !== 0)
    return `bad mode (0100${facts.mode.toString(8).padStart(3, '0')}) for ${path}: 0${unexpected.toString(8)} bit(s) unexpected`;
  if (owners !== undefined && !owners.includes(facts.uid)) return `bad owner for ${path}`;
  if (groups !== undefined && !groups.includes(facts.gid)) return `bad group for ${path}`;
  return undefined;
}

/** The list in an `:include:` file; texts as Exim's `error in redirect data: …`. */
export async function readIncludedFile(
  path: Octets,
  directory: Octets | undefined,
  identity: Identity | undefined,
  frame: Frame,
  until: Deadline,
): Promise<Outcome<Octets>> {
  if (!path.startsWith('/')) return defer(`included file "${path}" is not an absolute path`);
  if (directory !== undefined && !isInside(path, directory)) return defer(`included file ${path} is not in directory ${directory}`);
  const read = await frame.services.userActions.readFile(identity, path, MAX_REDIRECT_BYTES, until);
  if (read.kind === 'ok') return ok(octetsFromBytes(read.value.bytes));
  if (read.errno === 'EFBIG') return defer(`included file ${path} is too big (max ${MAX_REDIRECT_BYTES})`);
  if (read.errno === 'EISDIR') return defer(`error while reading included file ${path}: ${read.reason}`);
  return defer(`failed to open included file ${path}: ${reasonOf(read, identity, frame)}`);
}

/** Below the directory, without a `..` on the way out of it. */
function isInside(path: Octets, directory: Octets): boolean {
  const base = directory.endsWith('/') ? directory : `${directory}/`;
  return path.startsWith(base) && !path.slice(base.length).split('/').includes('..');
}
