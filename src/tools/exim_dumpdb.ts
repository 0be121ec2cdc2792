/** `exim_dumpdb [-z] [-k] <spool> <database>`: prints a hints database. Spec ch. 54 "Hints database maintenance". */
import { type Octets, octetsFromUnicode } from '../base/octets.ts';
import type { Clock, Files, Hints } from '../core/ports.ts';
import { CALLOUT_DATABASE, dumpCalloutRecord, parseCalloutRecord } from '../hints/callout-record.ts';
import { dumpRateRecord, parseRateRecord, RATE_DATABASE } from '../hints/rate-record.ts';
import { dumpRetryRecord, parseRetryRecord, RETRY_DATABASE } from '../hints/retry-record.ts';
import { dumpSeenRecord, parseSeenRecord, SEEN_DATABASE } from '../hints/seen-record.ts';
import { dumpSerializeRecord, MISC_DATABASE, parseSerializeRecord } from '../hints/serialize-record.ts';
import { openHints } from '../hints/store.ts';
import { SystemClock } from '../system/clock.ts';
import { SystemMachine } from '../system/machine.ts';
import type { ToolIo } from './exim_dbmbuild.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

export interface DumpParts {
  /** Opens the hints of a spool directory; undefined when that failed, and was told. */
  readonly open: (spoolDirectory: Octets) => Hints | undefined;
  readonly clock: Clock;
  readonly write: (text: Octets) => void;
  readonly writeError: (text: Octets) => void;
}

/** As the program. As with Exim's tools for hints all texts go to standard output. */
export async function runEximDumpdbTool(args: readonly Octets[], io: ToolIo, files: Files): Promise<number> {
  return runEximDumpdb(args, {
    open: openSpoolHints(io, files, true),
    clock: new SystemClock(),
    write: (text) => io.stdout.write(text),
    writeError: (text) => io.stdout.write(text),
  });
}

/** Opens the hints of a spool directory, as whose its file is; undefined when that failed, and was told. */
export function openSpoolHints(io: ToolIo, files: Files, isReadOnly = false): (spoolDirectory: Octets) => Hints | undefined {
  const log = { main: (line: Octets) => io.stdout.write(`** ${line}\n`), debug: () => undefined };
  return (spoolDirectory) => {
    const path = `${spoolDirectory}/db/eximius.sqlite`;
    const found = files.stat(path);
    if (found.kind === 'error') log.main(`Failed to open database file ${path}: ${found.reason}`);
    return found.kind === 'error'
      ? undefined
      : openHints({
          files,
          machine: new SystemMachine(),
          log,
          spoolDirectory,
          owner: { uid: found.value.uid, gid: found.value.gid },
          isReadOnly,
        });
  };
}

export function isHintsDatabase(name: Octets): boolean {
  return DATABASES.test(name);
}

const DATABASES = /^(?:retry|misc|wait-.*|callout|ratelimit|tls|seen)$/s;

/** The exit status. */
export function runEximDumpdb(args: readonly Octets[], parts: DumpParts): number {
  const { flags, words } = splitFlags(args);
  const [spoolDirectory, database, ...excess] = words;
  const areKnown = [...flags].every((flag) => flag === 'z' || flag === 'k');
  if (!areKnown || spoolDirectory === undefined || database === undefined || excess.length > 0 || !isHintsDatabase(database)) {
    parts.writeError(
      octetsFromUnicode(
        'Usage: exim_dumpdb [-z] [-k]  <spool-directory> <database-name>\n  <database-name> = retry | misc | wait-<transport-name> | callout | ratelimit | tls | seen\n',
      ),
    );
    return 1;
  }
  const hints = parts.open(spoolDirectory);
  if (hints === undefined) return 1;
  for (const key of hints.keys(database)) {
    const value = hints.get(database, key);
    if (value === undefined) continue;
    parts.write(
      flags.has('k')
        ? `  ${key}\n`
        : formatRecord(database, key, value, (seconds) => formatTime(seconds, flags.has('z') ? 'UTC' : '', parts.clock)),
    );
  }
  hints.close();
  return 0;
}

/** As getopt(3) reads them: `-zk` is two, they may stand anywhere, `--` ends them. */
function splitFlags(args: readonly Octets[]): { readonly flags: ReadonlySet<string>; readonly words: readonly Octets[] } {
  const flags = new Set<string>();
  const words: Octets[] = [];
  for (const [index, arg] of args.entries()) {
    if (arg === '--') return { flags, words: [...words, ...args.slice(index + 1)] };
    if (arg.startsWith('-') && arg !== '-') for (const flag of arg.slice(1)) flags.add(flag);
    else words.push(arg);
  }
  return { flags, words };
}

type RecordDump = (key: Octets, value: Octets, time: (seconds: number) => Octets) => Octets | undefined;

const DUMPS: ReadonlyMap<string, RecordDump> = new Map<string, RecordDump>([
  [RETRY_DATABASE, dumping(parseRetryRecord, dumpRetryRecord)],
  [RATE_DATABASE, dumping(parseRateRecord, dumpRateRecord)],
  [SEEN_DATABASE, dumping(parseSeenRecord, dumpSeenRecord)],
  [CALLOUT_DATABASE, dumping(parseCalloutRecord, dumpCalloutRecord)],
  [MISC_DATABASE, dumping(parseSerializeRecord, dumpSerializeRecord)],
]);

function dumping<T>(
  parse: (value: Octets) => T | undefined,
  dump: (key: Octets, record: T, time: (seconds: number) => Octets) => Octets,
): RecordDump {
  return (key, value, time) => {
    const record = parse(value);
    return record === undefined ? undefined : dump(key, record, time);
  };
}

/** As Exim prints the database; what is not in our form as it is kept. */
function formatRecord(database: Octets, key: Octets, value: Octets, time: (seconds: number) => Octets): Octets {
  if (database.startsWith('wait-')) return `${key} ${value} \n`;
  return DUMPS.get(database)?.(key, value, time) ?? `${key} ${value}\n`;
}

/** `21-Nov-2026 13:31:19`. */
export function formatTime(seconds: number, zone: Octets, clock: Clock): Octets {
  const local = new Date((seconds + clock.localOffsetSeconds(zone, seconds * 1000)) * 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${two(local.getUTCDate())}-${MONTHS[local.getUTCMonth()] ?? ''}-${local.getUTCFullYear()}`;
  return `${date} ${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`;
}
