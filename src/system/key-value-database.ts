/**
 * A small key-value store in one SQLite file, for hints: WAL, single statements, synchronous=NORMAL (a write takes 12 µs; FULL stalls the
 * loop), no automatic checkpoint. SQLite is loaded when the first store is opened. DESIGN 3.9.
 */
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { Octets } from '../base/octets.ts';
import { bytesFromOctets, octetsFromBytes, unicodeFromOctets } from '../base/octets.ts';

const BUSY_TIMEOUT_MS = 20;

export type DatabaseOpening =
  | { readonly kind: 'ok'; readonly database: KeyValueDatabase }
  | { readonly kind: 'error'; readonly reason: string };

/** Opens or makes the file; its directory must be there. */
export function openKeyValueDatabase(path: Octets): DatabaseOpening {
  const name = unicodeFromOctets(path);
  if (name === undefined) return { kind: 'error', reason: `${path}: not UTF-8` };
  try {
    const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
    const database = new DatabaseSync(name, { timeout: BUSY_TIMEOUT_MS });
    database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0');
    database.exec(
      'CREATE TABLE IF NOT EXISTS hints (name TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (name, key)) WITHOUT ROWID',
    );
    return { kind: 'ok', database: new KeyValueDatabase(database) };
  } catch (error) {
    return { kind: 'error', reason: `${path}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/**
 * Opens the file of another user for reading. Without the right to write, its log can only be read when it is there with its index; else all is in the
 * file itself, which is then taken as it stands.
 */
export function openKeyValueDatabaseForReading(path: Octets): DatabaseOpening {
  const name = unicodeFromOctets(path);
  if (name === undefined) return { kind: 'error', reason: `${path}: not UTF-8` };
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  const { pathToFileURL } = process.getBuiltinModule('node:url');
  const standing = pathToFileURL(name);
  standing.search = 'immutable=1';
  let reason = '';
  for (const location of [name, standing]) {
    try {
      return { kind: 'ok', database: new KeyValueDatabase(new DatabaseSync(location, { readOnly: true, timeout: BUSY_TIMEOUT_MS })) };
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
  }
  return { kind: 'error', reason: `${path}: ${reason}` };
}

export class KeyValueDatabase {
  readonly #database: DatabaseSync;
  readonly #get: StatementSync;
  readonly #put: StatementSync;
  readonly #add: StatementSync;
  readonly #change: StatementSync;
  readonly #delete: StatementSync;
  readonly #keys: StatementSync;
  /** By the number of keys that are asked for. */
  readonly #existing = new Map<number, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#get = database.prepare('SELECT value FROM hints WHERE name = ? AND key = ?');
    this.#put = database.prepare(
      'INSERT INTO hints (name, key, value) VALUES (?, ?, ?) ON CONFLICT (name, key) DO UPDATE SET value = excluded.value',
    );
    this.#add = database.prepare('INSERT INTO hints (name, key, value) VALUES (?, ?, ?) ON CONFLICT (name, key) DO NOTHING');
    this.#change = database.prepare('UPDATE hints SET value = ? WHERE name = ? AND key = ? AND value = ?');
    this.#delete = database.prepare('DELETE FROM hints WHERE name = ? AND key = ?');
    this.#keys = database.prepare('SELECT key FROM hints WHERE name = ? ORDER BY key');
  }

  // These throw when the file is busy or broken; hints/ decides what that means.

  get(name: string, key: Octets): Octets | undefined {
    const row = this.#get.get(name, bytesFromOctets(key));
    return row?.['value'] instanceof Uint8Array ? octetsFromBytes(row['value']) : undefined;
  }

  /** Those of the keys that are there. */
  existing(name: string, keys: readonly Octets[]): Octets[] {
    let statement = this.#existing.get(keys.length);
    if (statement === undefined) {
      statement = this.#database.prepare(`SELECT key FROM hints WHERE name = ? AND key IN (${keys.map(() => '?').join(',')})`);
      this.#existing.set(keys.length, statement);
    }
    return keysOf(statement.all(name, ...keys.map(bytesFromOctets)));
  }

  put(name: string, key: Octets, value: Octets): void {
    this.#put.run(name, bytesFromOctets(key), bytesFromOctets(value));
  }

  /** Whether `known` (undefined: nothing) was still there, and `value` has taken its place. */
  replace(name: string, key: Octets, known: Octets | undefined, value: Octets): boolean {
    const [id, bytes] = [bytesFromOctets(key), bytesFromOctets(value)];
    const { changes } = known === undefined ? this.#add.run(name, id, bytes) : this.#change.run(bytes, name, id, bytesFromOctets(known));
    return Number(changes) === 1;
  }

  delete(name: string, key: Octets): void {
    this.#delete.run(name, bytesFromOctets(key));
  }

  keys(name: string): Octets[] {
    return keysOf(this.#keys.all(name));
  }

  /** Moves the write-ahead log into the file; by a timer of the queue runner or supervisor, never where sessions run. */
  checkpoint(): void {
    this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
  }

  close(): void {
    this.#database.close();
  }
}

function keysOf(rows: readonly Record<string, SQLOutputValue>[]): Octets[] {
  return rows.flatMap(({ key }) => (key instanceof Uint8Array ? [octetsFromBytes(key)] : []));
}
