/** `exim_tidydb [-t <time>] <spool> <database>`: removes hints that nobody has renewed for long. Spec ch. 54 "exim_tidydb". */
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
  readonly write: (text: Octets) => void;
  readonly writeError: (text: Octets) => void;
}

/** As the program. */
export async function runEximTidydbTool(args: readonly Octets[], io: ToolIo, files: Files): Promise<number> {
  return runEximTidydb(args, {
    open: openSpoolHints(io, files),
    clock: new SystemClock(),
    write: (text) => io.stdout.write(text),
    writeError: (text) => io.stderr.write(text),
  });
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
  const hints = parts.open(spoolDirectory);
  if (hints === undefined) return 1;
  parts.write(`Tidying Exim hints database ${spoolDirectory}/db/${database}\n`);
  for (const key of hints.keys(database)) {
    const value = hints.get(database, key);
    const renewed = value === undefined ? undefined : RENEWED.get(database)?.(value);
    if (renewed === undefined || renewed >= oldest) continue;
    hints.delete(database, key);
    parts.write(`deleted ${key} (too old)\n`);
  }
  hints.close();
  parts.write('Tidying complete\n');
  return 0;
}

/** When a record was last written, in seconds; undefined where its form does not say. */
const RENEWED: ReadonlyMap<string, (value: Octets) => number | undefined> = new Map<string, (value: Octets) => number | undefined>([
  [RETRY_DATABASE, (value) => parseRetryRecord(value)?.lastTry],
  [RATE_DATABASE, (value) => parseRateRecord(value)?.atSeconds],
  [CALLOUT_DATABASE, (value) => parseCalloutRecord(value)?.atSeconds],
  [SEEN_DATABASE, parseSeenRecord],
]);
