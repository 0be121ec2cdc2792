/** `exim_dbmbuild [options] <source file> <dbm file>`: makes a file for dbm lookups from an lsearch file. Spec ch. 54 "Making DBM files (exim_dbmbuild)". */
import type { Octets } from '../base/octets.ts';
import { lowerCase, octetsFromBytes } from '../base/octets.ts';
import type { Files, SystemResult } from '../core/ports.ts';
import { buildCdb } from '../lookups/cdb-file.ts';
import { dataAt, keyLines } from '../lookups/lsearch-file.ts';

export interface DbmOptions {
  /** `-nolc`: keys keep their case. */
  readonly keepsCase?: boolean;
  /** `-nozero`: for dbmnz lookups. */
  readonly omitsNul?: boolean;
  /** `-lastdup`: of several lines with one key the last counts. */
  readonly lastCounts?: boolean;
}

export interface DbmBuilt {
  readonly bytes: Buffer;
  readonly written: number;
  /** Keys that came again, each time they did. */
  readonly duplicates: readonly Octets[];
}

/** The bytes of the dbm file: our dbm format is cdb's. */
export function buildDbm(source: Octets, options: DbmOptions = {}): DbmBuilt {
  const nul = options.omitsNul ? '' : '\0';
  const records = new Map<Octets, Octets>();
  const duplicates: Octets[] = [];
  for (const line of keyLines(source)) {
    const key = options.keepsCase ? line.key : lowerCase(line.key);
    const isKnown = records.has(key + nul);
    if (isKnown) duplicates.push(key);
    if (!isKnown || options.lastCounts) records.set(key + nul, dataAt(source, line.restFrom) + nul);
  }
  return { bytes: buildCdb(records), written: records.size, duplicates };
}

export interface ToolIo {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: { write(text: Octets): void };
  readonly stderr: { write(text: Octets): void };
}

const usage = 'usage: exim_dbmbuild [-nolc] <source file> <dbm base name>\n';
const flags: ReadonlyMap<Octets, keyof typeof noFlags> = new Map([
  ['-nolc', 'keepsCase'],
  ['-nozero', 'omitsNul'],
  ['-lastdup', 'lastCounts'],
  ['-noduperr', 'allowsDuplicates'],
  ['-nowarn', 'isQuiet'],
] as const);
const noFlags = { keepsCase: false, omitsNul: false, lastCounts: false, allowsDuplicates: false, isQuiet: false };

/** The exit status: 1 after duplicates, 2 when no file was made. */
export async function runEximDbmbuild(args: readonly Octets[], io: ToolIo, files: Files): Promise<number> {
  const set = { ...noFlags };
  let at = 0;
  for (let flag = flags.get(args[at] ?? ''); flag; flag = flags.get(args[++at] ?? '')) set[flag] = true;
  const [from, to, ...excess] = args.slice(at);
  if (from === undefined || to === undefined || excess.length > 0) {
    io.stderr.write(usage);
    return 1;
  }
  if (from === to) return refuse(io, 'input and output filenames are the same');
  const source = from === '-' ? { kind: 'ok' as const, value: await readAll(io.stdin) } : files.readFile(from);
  if (source.kind !== 'ok') return refuse(io, `unable to open ${from}: ${source.reason}`);
  const built = buildDbm(octetsFromBytes(source.value), set);
  if (!set.isQuiet) for (const key of built.duplicates) io.stderr.write(`** Duplicate key "${key}"\n`);
  const temporary = `${to}.dbmbuild_temp`;
  const saved = await save(built.bytes, temporary, to, files);
  if (saved.kind !== 'ok') return refuse(io, `unable to create ${temporary}: ${saved.reason}`);
  io.stdout.write(`${built.written} ${built.written === 1 ? 'entry' : 'entries'} written\n`);
  const count = built.duplicates.length;
  if (count > 0) io.stdout.write(`${count} duplicate key${count === 1 ? '' : 's'} \n`);
  return count > 0 && !set.allowsDuplicates ? 1 : 0;
}

function refuse(io: ToolIo, reason: string): number {
  io.stderr.write(`exim_dbmbuild: ${reason}\n`);
  return 2;
}

async function readAll(stdin: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Under a temporary name first: a reader never sees half a file. */
async function save(bytes: Buffer, temporary: Octets, to: Octets, files: Files): Promise<SystemResult<void>> {
  const opened = files.open(temporary, 'create', 0o644);
  if (opened.kind !== 'ok') return opened;
  const written = await opened.value.writeAsync(bytes);
  const synced = written.kind === 'ok' ? await opened.value.fsync() : written;
  opened.value.close();
  if (synced.kind !== 'ok') {
    files.unlink(temporary);
    return synced;
  }
  return files.rename(temporary, to);
}
