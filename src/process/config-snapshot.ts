/**
 * The files of a configuration as the daemon read them: workers and agent's children that start later load these, so that an edited file has no effect before
 * a reload, and none at all when it is broken (DESIGN 3.17). Written by the supervisor, which may read what they may not.
 */
import { bytesFromOctets, type Octets, octetsFromBytes } from '../base/octets.ts';
import type { Files, SystemFailure, SystemResult } from '../core/index.ts';

/** What reading a configuration needs of the file system. */
export type ConfigFiles = Pick<Files, 'stat' | 'readFile'>;

/** Contents by path; undefined for what was looked for and not there. */
export type ConfigSnapshot = ReadonlyMap<Octets, Octets | undefined>;

/** Passes on to `files` and keeps what was read. */
export function recordingFiles(files: ConfigFiles): { readonly files: ConfigFiles; readonly snapshot: ConfigSnapshot } {
  const snapshot = new Map<Octets, Octets | undefined>();
  return {
    snapshot,
    files: {
      stat: (path) => {
        const facts = files.stat(path);
        if (facts.kind === 'error' && !snapshot.has(path)) snapshot.set(path, undefined);
        return facts;
      },
      readFile: (path, limitBytes) => {
        const content = files.readFile(path, limitBytes);
        snapshot.set(path, content.kind === 'ok' ? octetsFromBytes(content.value) : undefined);
        return content;
      },
    },
  };
}

const MISSING: SystemFailure = { kind: 'error', errno: 'ENOENT', reason: 'No such file or directory' };

/** Reads from the snapshot; what is not in it from `files`. Facts of a file in it are those of the file system, as far as they can be seen. */
export function filesOfSnapshot(snapshot: ConfigSnapshot, files: ConfigFiles): ConfigFiles {
  return {
    stat: (path) => {
      if (!snapshot.has(path)) return files.stat(path);
      const content = snapshot.get(path);
      return content === undefined ? MISSING : factsOf(content);
    },
    readFile: (path, limitBytes) => {
      if (!snapshot.has(path)) return files.readFile(path, limitBytes);
      const content = snapshot.get(path);
      return content === undefined ? MISSING : { kind: 'ok', value: bytesFromOctets(content) };
    },
  };
}

function factsOf(content: Octets): ReturnType<ConfigFiles['stat']> {
  return {
    kind: 'ok',
    value: {
      type: 'file',
      mode: 0o600,
      uid: 0,
      gid: 0,
      sizeBytes: content.length,
      links: 1,
      device: 0n,
      inode: 0n,
      atimeMs: 0,
      mtimeMs: 0,
      mtimeNs: 0n,
      ctimeNs: 0n,
    },
  };
}

/** Root's, and readable for Exim's group: it may hold secrets, and who may change it could change what the agent's children do. */
const SNAPSHOT_MODE = 0o640;
const SNAPSHOT_LIMIT_BYTES = 64 * 1024 * 1024;

/** Takes the place of an older one at once. */
export function writeSnapshot(
  files: Files,
  path: Octets,
  snapshot: ConfigSnapshot,
  owner: { readonly gid: number; readonly isRoot: boolean },
): SystemResult<void> {
  const temporary = `${path}.new`;
  files.unlink(temporary);
  const opened = files.open(temporary, 'create-exclusive', SNAPSHOT_MODE, true);
  if (opened.kind === 'error') return opened;
  if (owner.isRoot) opened.value.chown(0, owner.gid);
  const written = opened.value.write(Buffer.from(JSON.stringify([...snapshot]), 'utf8'));
  opened.value.close();
  return written.kind === 'error' ? written : files.rename(temporary, path);
}

/** Only our supervisor writes it; a file of somebody else is refused. */
export function readSnapshot(files: Files, path: Octets, ownerUid: number): SystemResult<ConfigSnapshot> {
  const content = readOwned(files, path, ownerUid);
  if (content.kind === 'error') return content;
  const entries = JSON.parse(content.value.toString('utf8')) as [Octets, Octets | null][]; // written by writeSnapshot
  return { kind: 'ok', value: new Map(entries.map(([name, text]) => [name, text ?? undefined])) };
}

/** What is asked and what is read are one open file: the directory belongs to Exim's user, who could put another in its place. */
function readOwned(files: Files, path: Octets, ownerUid: number): SystemResult<Buffer> {
  const opened = files.open(path, 'read', 0, true);
  if (opened.kind === 'error') return opened;
  const file = opened.value;
  try {
    const facts = file.facts();
    if (facts.kind === 'error') return facts;
    const { type, uid, sizeBytes } = facts.value;
    if (type !== 'file' || uid !== ownerUid) return { kind: 'error', errno: 'EPERM', reason: 'it is not the supervisor’s' };
    if (sizeBytes > SNAPSHOT_LIMIT_BYTES) return { kind: 'error', errno: 'EFBIG', reason: 'File too large' };
    const bytes = Buffer.alloc(sizeBytes);
    const read = file.read(bytes, 0);
    return read.kind === 'error' ? read : { kind: 'ok', value: bytes.subarray(0, read.value) };
  } finally {
    file.close();
  }
}
