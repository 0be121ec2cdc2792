/** Where the files of a message are: `input` and `msglog`, flat or split by the sixth character of the id. Spec ch. 14 "split_spool_directory". */
import type { Octets } from '../base/octets.ts';
import type { Files, Machine, SystemResult } from '../core/ports.ts';

export const SPOOL_FILE_MODE = 0o640;
const SPOOL_DIRECTORY_MODE = 0o750;

export interface SpoolOwner {
  readonly uid: number;
  readonly gid: number;
}

/** Paths of one message in one directory. */
export interface MessagePaths {
  readonly directory: Octets;
  readonly header: Octets;
  readonly data: Octets;
  readonly journal: Octets;
  /** What will be -H. */
  readonly newHeader: Octets;
  readonly log: Octets;
}

/** Whether a directory of this name may hold a queue; '' stands for the default queue. Spec ch. 5 "-qG<name>". */
export function isQueueName(name: Octets): boolean {
  return !name.includes('/') && !name.includes('\0') && !name.startsWith('.');
}

export class SpoolPlaces {
  readonly queueName: Octets;
  readonly root: Octets;
  readonly #files: Files;
  readonly #machine: Machine;
  readonly #isSplit: boolean;
  readonly #owner: SpoolOwner;
  /** Directories with new directories in them that are not durable yet, and how many there have been. */
  readonly #unsynced = new Map<Octets, number>();

  constructor(spoolDirectory: Octets, queueName: Octets, files: Files, machine: Machine, isSplit: boolean, owner: SpoolOwner) {
    this.queueName = queueName;
    this.root = queueName === '' ? spoolDirectory : `${spoolDirectory}/${queueName}`;
    // another process may have made those of a named queue a moment ago
    if (queueName !== '') this.#unsynced.set(spoolDirectory, 0).set(this.root, 0);
    this.#files = files;
    this.#machine = machine;
    this.#isSplit = isSplit;
    this.#owner = owner;
  }

  /** For a new message. */
  forNew(id: string): MessagePaths {
    return this.#paths(id, this.#isSplit);
  }

  /** Where the file of a message with this suffix is, however the directory was split when it came; for new messages when there is none. */
  find(id: string, suffix: 'H' | 'D' = 'H'): MessagePaths {
    for (const isSplit of [this.#isSplit, !this.#isSplit]) {
      const paths = this.#paths(id, isSplit);
      if (this.#files.lstat(suffix === 'H' ? paths.header : paths.data).kind === 'ok') return paths;
    }
    return this.forNew(id);
  }

  /** Of a message that was found in this directory. */
  inDirectory(id: string, directory: Octets): MessagePaths {
    return this.#paths(id, directory !== `${this.root}/input`);
  }

  /** Names in `input` and its subdirectories of one character. */
  list(): { readonly directory: Octets; readonly names: readonly Octets[] }[] {
    const input = `${this.root}/input`;
    const top = this.#files.list(input);
    if (top.kind === 'error') return [];
    const found = [{ directory: input, names: top.value }];
    for (const name of top.value) {
      if (!/^[0-9A-Za-z]$/.test(name)) continue;
      const below = this.#files.list(`${input}/${name}`);
      if (below.kind === 'ok') found.push({ directory: `${input}/${name}`, names: below.value });
    }
    return found;
  }

  /** Runs `action`; when a directory is missing it is made and the action run once more. */
  withDirectory<T>(directory: Octets, action: () => SystemResult<T>): SystemResult<T> {
    const result = action();
    if (result.kind === 'ok' || result.errno !== 'ENOENT') return result;
    this.makeDirectory(directory);
    return action();
  }

  makeDirectory(path: Octets): void {
    if (path === '' || this.#files.stat(path).kind === 'ok') return;
    const parent = path.slice(0, path.lastIndexOf('/'));
    this.makeDirectory(parent);
    if (this.#files.mkdir(path, SPOOL_DIRECTORY_MODE).kind !== 'ok') return;
    this.#unsynced.set(parent, (this.#unsynced.get(parent) ?? 0) + 1);
    if (this.isRoot()) this.#files.chown(path, this.#owner.uid, this.#owner.gid);
  }

  /** What lies in a new directory is durable when that itself is; resolves when all are. */
  async makeDirectoriesDurable(): Promise<SystemResult<void>> {
    for (const [parent, count] of [...this.#unsynced]) {
      const synced = await this.#files.fsyncDirectory(parent === '' ? '/' : parent);
      if (synced.kind === 'error') return synced;
      if (this.#unsynced.get(parent) === count) this.#unsynced.delete(parent); // else there is one more by now
    }
    return { kind: 'ok', value: undefined };
  }

  /** Files made by root are given to Exim's user. */
  isRoot(): boolean {
    return this.#machine.effectiveUid() === 0;
  }

  get owner(): SpoolOwner {
    return this.#owner;
  }

  #paths(id: string, isSplit: boolean): MessagePaths {
    const below = isSplit ? `/${id[5] ?? ''}` : '';
    const directory = `${this.root}/input${below}`;
    return {
      directory,
      header: `${directory}/${id}-H`,
      data: `${directory}/${id}-D`,
      journal: `${directory}/${id}-J`,
      newHeader: `${directory}/hdr.${id}`,
      log: `${this.root}/msglog${below}/${id}`,
    };
  }
}
