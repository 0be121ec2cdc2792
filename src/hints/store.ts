/**
 * The hints databases in one file, `spool/db/eximius.sqlite`. Hints only speed things up: a store that is missing, busy or broken reads as
 * empty, skips writes and counts them. DESIGN 3.9.
 */
import type { Octets } from '../base/octets.ts';
import type { Files, Hints, HintsName, Log, Machine } from '../core/index.ts';
import { type KeyValueDatabase, openKeyValueDatabase, openKeyValueDatabaseForReading } from '../system/key-value-database.ts';

export interface HintsParts {
  readonly files: Files;
  readonly machine: Machine;
  readonly log: Pick<Log, 'main' | 'debug'>;
  readonly spoolDirectory: Octets;
  readonly owner: { readonly uid: number; readonly gid: number };
  /** Nothing will be written: whoever may read the file can open it. */
  readonly isReadOnly?: boolean;
}

export interface HintsStore extends Hints {
  /** Reads and writes that did not happen because the store was busy or broken. */
  readonly skipped: number;
  checkpoint(): void;
}

/** The file is opened, and made, at the first read or write. */
export function openHints(parts: HintsParts): HintsStore {
  return new SqliteHints(parts);
}

const DIRECTORY_MODE = 0o750;
const FILE_MODE = 0o640;

class SqliteHints implements HintsStore {
  readonly #parts: HintsParts;
  #database: KeyValueDatabase | undefined;
  #isClosed = false;
  #failures = 0;
  skipped = 0;

  constructor(parts: HintsParts) {
    this.#parts = parts;
  }

  get(database: HintsName, key: Octets): Octets | undefined {
    return this.#attempt((store) => store.get(database, key));
  }

  put(database: HintsName, key: Octets, value: Octets): void {
    this.#attempt((store) => store.put(database, key, value));
  }

  replace(database: HintsName, key: Octets, known: Octets | undefined, value: Octets): boolean {
    return this.#attempt((store) => store.replace(database, key, known, value)) ?? true; // what cannot be written is not tried again
  }

  delete(database: HintsName, key: Octets): void {
    this.#attempt((store) => store.delete(database, key));
  }

  forget(database: HintsName, keys: readonly Octets[]): void {
    this.#attempt((store) => {
      for (const key of store.existing(database, keys)) store.delete(database, key);
    });
  }

  keys(database: HintsName): readonly Octets[] {
    return this.#attempt((store) => store.keys(database)) ?? [];
  }

  checkpoint(): void {
    this.#attempt((store) => store.checkpoint());
  }

  close(): void {
    this.#isClosed = true;
    this.#database?.close();
    this.#database = undefined;
  }

  #attempt<T>(action: (store: KeyValueDatabase) => T): T | undefined {
    const store = this.#store();
    if (store === undefined) {
      this.skipped++;
      return undefined;
    }
    try {
      return action(store);
    } catch (error) {
      this.skipped++;
      this.#parts.log.debug('hints_lookup', () => `hints skipped: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  #store(): KeyValueDatabase | undefined {
    if (this.#database !== undefined || this.#isClosed || this.#failures >= 3) return this.#database;
    const opened =
      this.#parts.isReadOnly === true ? openKeyValueDatabaseForReading(this.#path()) : openKeyValueDatabase(this.#preparedPath());
    if (opened.kind === 'ok') {
      this.#failures = 0;
      this.#database = opened.database;
      return opened.database;
    }
    this.#failures++;
    this.#parts.log.main(`Failed to open hints database: ${opened.reason}`);
    return undefined;
  }

  #path(): Octets {
    return `${this.#parts.spoolDirectory}/db/eximius.sqlite`;
  }

  /** Directory and file are Exim's, whoever makes them. */
  #preparedPath(): Octets {
    const { files, machine, owner, spoolDirectory } = this.#parts;
    const directory = `${spoolDirectory}/db`;
    const path = this.#path();
    const isRoot = machine.effectiveUid() === 0;
    if (files.mkdir(directory, DIRECTORY_MODE).kind === 'ok' && isRoot) files.chown(directory, owner.uid, owner.gid);
    for (const suffix of ['', '-wal', '-shm']) {
      const made = files.open(`${path}${suffix}`, 'create-exclusive', FILE_MODE);
      if (made.kind !== 'ok') continue;
      if (isRoot) made.value.chown(owner.uid, owner.gid);
      made.value.close();
    }
    return path;
  }
}
