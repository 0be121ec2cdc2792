/**
 * The files of dbm, dbmnz and dbmjz lookups: our own format is cdb's, as our exim_dbmbuild writes it; files that Berkeley DB or GDBM has
 * written are read too.
 */
import type { Octets } from '../base/octets.ts';
import type { LookupFound, LookupHandle } from '../core/define/lookup.ts';
import type { Frame } from '../core/frame.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import { chain } from '../core/maybe-promise.ts';
import type { Outcome } from '../core/outcome.ts';
import { defer, fail, ok } from '../core/outcome.ts';
import type { OpenFile } from '../core/ports.ts';
import type { Text } from '../core/text.ts';
import { untainted } from '../core/text.ts';
import { isBerkeleyDb, readBerkeleyDb } from './berkeley-db.ts';
import type { ReadAt } from './cdb-file.ts';
import { findInCdb } from './cdb-file.ts';
import { isGdbm, readGdbm } from './gdbm.ts';
import { openFailure } from './lsearch-file.ts';

const headBytes = 2048;

export type FindRaw = (key: Octets) => Outcome<Octets | undefined>;

/** Opens a cdb file for look-ups that read a few bytes each; the caller closes. */
export function openCdb(file: Octets, frame: Frame): Outcome<{ readonly find: FindRaw; close(): void }> {
  const opened = frame.services.files.open(file, 'read');
  if (opened.kind !== 'ok') return fail(openFailure(file, 'cdb lookup', opened.errno, opened.reason, frame));
  const facts = opened.value.facts();
  if (facts.kind !== 'ok' || facts.value.type === 'directory' || facts.value.sizeBytes < headBytes) {
    opened.value.close();
    if (facts.kind === 'ok' && facts.value.type === 'directory') {
      return fail(`failed to open cannot read header from ${file} for cdb lookup: Is a directory`);
    }
    return fail(`failed to open ${file} too short for cdb lookup: Success`); // so in Exim, with the last error of the system
  }
  return ok({ find: cdbFinder(file, facts.value.sizeBytes, opened.value), close: () => opened.value.close() });
}

function cdbFinder(file: Octets, sizeBytes: number, open: OpenFile): FindRaw {
  const read: ReadAt = (position, length) => {
    if (position + length > sizeBytes) return undefined;
    const buffer = Buffer.alloc(length);
    const result = open.read(buffer, position);
    return result.kind === 'ok' && result.value === length ? buffer : undefined;
  };
  return (key) => {
    const found = findInCdb(key, sizeBytes, read);
    if (found.kind === 'damaged') return defer(`cdb: corrupt cdb file ${file} (too short)`);
    return ok(found.kind === 'found' ? found.value : undefined);
  };
}

/** In the words of an Exim with Berkeley DB, as Debian's. */
function dbmFailure(file: Octets, reason: string): string {
  return `failed to open ${file} as a db (v4.1+) file: ${reason}`;
}

/** `toKey` makes the stored key of a lookup's: with a final NUL for dbm. */
export function openDbm(file: Octets, frame: Frame, toKey: (key: Text) => Octets): MaybePromise<Outcome<LookupHandle>> {
  const opened = frame.services.files.open(file, 'read');
  if (opened.kind !== 'ok') return fail(dbmFailure(file, opened.reason));
  const head = Buffer.alloc(headBytes);
  const got = opened.value.read(head, 0);
  opened.value.close();
  if (got.kind !== 'ok') return fail(dbmFailure(file, got.reason));
  const bytes = head.subarray(0, got.value);
  if (isBerkeleyDb(bytes)) return openWhole(file, 'Berkeley DB', readBerkeleyDb, frame, toKey);
  if (isGdbm(bytes)) return openWhole(file, 'GDBM', readGdbm, frame, toKey);
  const cdb = openCdb(file, frame);
  if (cdb.kind !== 'ok') return fail(dbmFailure(file, 'it has no known format'));
  return ok({ find: (key) => findValue(cdb.value.find, toKey(key)), close: () => cdb.value.close() });
}

/** A file of another library, read into memory. */
function openWhole(
  file: Octets,
  library: string,
  read: (bytes: Buffer) => ReadonlyMap<Octets, Octets> | undefined,
  frame: Frame,
  toKey: (key: Text) => Octets,
): MaybePromise<Outcome<LookupHandle>> {
  return chain(frame.services.files.readFileAsync(file), (content) => {
    if (content.kind !== 'ok') return fail(dbmFailure(file, content.reason));
    const records = read(content.value);
    if (!records) return fail(dbmFailure(file, `damaged ${library} file`));
    return ok({ find: (key) => findValue((stored) => ok(records.get(stored)), toKey(key)), close: () => undefined });
  });
}

/** Values end at a NUL, which is stored with them unless exim_dbmbuild got -nozero. */
function findValue(find: FindRaw, key: Octets): Outcome<LookupFound> {
  const found = find(key);
  if (found.kind !== 'ok') return found;
  if (found.value === undefined) return ok({ kind: 'not-found' });
  const nul = found.value.indexOf('\0');
  return ok({ kind: 'found', value: untainted(nul < 0 ? found.value : found.value.slice(0, nul)) });
}
