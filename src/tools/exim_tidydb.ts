/** `exim_tidydb [-t <time>] <spool> <database>`: removes hints that nobody has renewed for long, or whose messages are gone. Spec ch. 54 "exim_tidydb". */
import { type Octets, octetsFromUnicode } from '../base/octets.ts';
import { parseTimeSpan } from '../base/time-span.ts';
import type { Clock, Files, Hints } from '../core/ports.ts';
import { CALLOUT_DATABASE, parseCalloutRecord } from '../hints/callout-record.ts';
import { parseRateRecord, RATE_DATABASE } from '../hints/rate-record.ts';
import { parseRetryRecord, RETRY_DATABASE } from '../hints/retry-record.ts';
import { parseSeenRecord, SEEN_DATABASE } from '../hints/seen-record.ts';
import { SystemClock } from '../system/clock.ts';
import type { ToolIo } from './exim_dbmbuild.ts';
import { isHintsDatabase, openSpoolHints } from './exim_dumpdb.ts';

export interface TidyParts {
  readonly open: (spoolDirectory: Octets) => Hints | undefined;
  readonly clock: Pick<Clock, 'now'>;
  /** Whether the message is in the spool. */
  readonly isQueued: (spoolDirectory: Octets, id: Octets) => boolean;
  readonly write: (text: Octets) => void;
  readonly writeError: (text: Octets) => void;
}

/** As the program. */
export async function runEximTidydbTool(args: readonly Octets[], io: ToolIo, files: Files): Promise<number> {
  return runEximTidydb(args, {
    open: openSpoolHints(io, files),
    clock: new SystemClock(),
    isQueued: (spoolDirectory, id) => isQueued(files, spoolDirectory, id),
    write: (text) => io.stdout.write(text),
    writeError: (text) => io.stdout.write(text),
  });
}

/** With `split_spool_directory` it lies below the sixth character of its id. */
function isQueued(files: Files, spoolDirectory: Octets, id: Octets): boolean {
  return ['', `${id.charAt(5)}/`].some((part) => files.stat(`${spoolDirectory}/input/${part}${id}-D`).kind === 'ok');
}

const USAGE =
  'Usage: exim_tidydb [-t <time>]  <spool-directory> <database-name>\n  <database-name> = retry | misc | wait-<transport-name> | callout | ratelimit | tls | seen\n';
const KEPT_SECONDS = 30 * 86400;

/** The exit status. */
export function runEximTidydb(args: readonly Octets[], parts: TidyParts): number {
  const hasAge = args[0] === '-t';
  const keptSeconds = hasAge ? parseTimeSpan(args[1] ?? '') : KEPT_SECONDS;
  const [spoolDirectory, database, ...excess] = hasAge ? args.slice(2) : args;
  const isWrong = spoolDirectory === undefined || database === undefined || excess.length > 0 || !isHintsDatabase(database);
  if (isWrong || keptSeconds === undefined) {
    parts.writeError(octetsFromUnicode(USAGE));
    return 1;
  }
  const oldest = parts.clock.now() / 1000 - keptSeconds;
  parts.write(`Tidying Exim hints database ${spoolDirectory}/db/${database}\n`);
  const hints = parts.open(spoolDirectory);
  if (hints === undefined) return 1;
  const isQueued = (id: Octets) => parts.isQueued(spoolDirectory, id);
  for (const key of hints.keys(database)) {
    const value = hints.get(database, key);
    if (value === undefined) continue;
    const change = tidied(database, key, value, oldest, isQueued);
    if (change === undefined) continue;
    if ('value' in change) hints.put(database, key, change.value);
    else hints.delete(database, key);
    parts.write('value' in change ? `updated ${key}\n` : `deleted ${key} (${change.why})\n`);
  }
  hints.close();
  parts.write('Tidying complete\n');
  return 0;
}

/** What becomes of a record; undefined: it stays as it is. */
function tidied(
  database: Octets,
  key: Octets,
  value: Octets,
  oldest: number,
  isQueued: (id: Octets) => boolean,
): { readonly why: string } | { readonly value: Octets } | undefined {
  const renewed = RENEWED.get(database)?.(value);
  if (renewed !== undefined && renewed < oldest) return { why: 'too old' };
  if (database.startsWith('wait-')) {
    const ids = value.split(' ').filter((id) => id !== '');
    const queued = ids.filter(isQueued);
    if (queued.length === 0) return { why: 'empty' };
    return queued.length < ids.length ? { value: queued.join(' ') } : undefined;
  }
  const id = database === RETRY_DATABASE ? MESSAGE_KEY.exec(key)?.[1] : undefined;
  return id !== undefined && !isQueued(id) ? { why: 'no message' } : undefined;
}

/** The retry record of one message with one host. */
const MESSAGE_KEY = /:([0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4})$/;

/** When a record was last written, in seconds; undefined where its form does not say. */
const RENEWED: ReadonlyMap<string, (value: Octets) => number | undefined> = new Map<string, (value: Octets) => number | undefined>([
  [RETRY_DATABASE, (value) => parseRetryRecord(value)?.lastTry],
  [RATE_DATABASE, (value) => parseRateRecord(value)?.atSeconds],
  [CALLOUT_DATABASE, (value) => parseCalloutRecord(value)?.atSeconds],
  [SEEN_DATABASE, parseSeenRecord],
]);
