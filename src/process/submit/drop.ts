/**
 * The drop directory: messages of local users while no daemon runs. Everyone may put files into it and nobody but Exim's user may list it (mode 1733). Who
 * owns a file sent it. DESIGN 3.11.
 */
import { bytesFromOctets, type Octets, octetsFromBytes } from '../../base/octets.ts';
import type { Clock, FileFacts, Files, Machine, Random, SystemResult } from '../../core/index.ts';

/** First line: JSON of the arguments; then the message as it was on standard input. */
export interface Dropped {
  readonly path: Octets;
  readonly uid: number;
  readonly gid: number;
  readonly calledAs: string;
  readonly args: readonly Octets[];
  readonly message: Buffer;
}

const MAX_DROPPED_BYTES = 50 * 1024 * 1024;
const DROP_SUFFIX = '.msg';
const BEGUN_SUFFIX = '.tmp';
/** After this nobody writes any more what was begun. */
const BEGUN_AGE_MS = 3600_000;

export interface DropParts {
  readonly files: Files;
  readonly directory: Octets;
}

/** Writes the message under a name that nobody can guess; durable when it resolves with ok. */
export async function dropMessage(
  { files, directory }: DropParts,
  { random, machine }: { readonly random: Random; readonly machine: Machine },
  command: { readonly calledAs: string; readonly args: readonly Octets[] },
  input: AsyncIterable<Uint8Array>,
): Promise<SystemResult<void>> {
  const name = `${directory}/${machine.pid}.${Buffer.from(random.bytes(16)).toString('hex')}`;
  const begun = `${name}${BEGUN_SUFFIX}`;
  const opened = files.open(begun, 'create-exclusive', 0o644);
  if (opened.kind === 'error') return opened;
  const file = opened.value;
  try {
    const written = await writeAll(file, command, input);
    if (written.kind === 'error') {
      files.unlink(begun);
      return written;
    }
    const renamed = files.rename(begun, `${name}${DROP_SUFFIX}`);
    // The caller may not open the directory to make the new name durable; the file's next fsync takes the rename along.
    return renamed.kind === 'error' ? renamed : await file.fsync();
  } finally {
    file.close();
  }
}

async function writeAll(
  file: { write(bytes: Uint8Array): SystemResult<void>; fsync(): Promise<SystemResult<void>> },
  command: { readonly calledAs: string; readonly args: readonly Octets[] },
  input: AsyncIterable<Uint8Array>,
): Promise<SystemResult<void>> {
  let size = 0;
  const head = file.write(bytesFromOctets(`${escapeHigh(JSON.stringify(command))}\n`));
  if (head.kind === 'error') return head;
  for await (const chunk of input) {
    size += chunk.length;
    if (size > MAX_DROPPED_BYTES) return { kind: 'error', errno: 'EFBIG', reason: 'File too large' };
    const written = file.write(chunk);
    if (written.kind === 'error') return written;
  }
  return file.fsync();
}

function escapeHigh(json: string): string {
  return json.replace(/[\x7f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Takes up what waits, now and again. */
export class DropDirectory {
  readonly #parts: DropParts & { readonly clock: Clock };
  readonly #handlers: DropHandlers;
  /** Told already: once is enough for the panic log. */
  #told: ReadonlySet<Octets> = new Set();
  #isBusy = false;

  constructor(parts: DropParts & { readonly clock: Clock }, handlers: DropHandlers) {
    this.#parts = parts;
    this.#handlers = handlers;
  }

  /** One pass; nothing where the last one has not ended, so that no message is taken twice. */
  async takeUp(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      this.#removeBegun();
      const problems = new Set<Octets>();
      for (const dropped of droppedMessages(this.#parts, (line) => problems.add(line)))
        if (await this.#handlers.submit(dropped)) this.#parts.files.unlink(dropped.path);
      for (const line of problems) if (!this.#told.has(line)) this.#handlers.onProblem(line);
      this.#told = problems;
    } finally {
      this.#isBusy = false;
    }
  }

  /** What a caller that was killed left half written. */
  #removeBegun(): void {
    const { files, directory, clock } = this.#parts;
    const names = files.list(directory);
    if (names.kind === 'error') return;
    for (const name of names.value) {
      if (!name.endsWith(BEGUN_SUFFIX)) continue;
      const path = `${directory}/${name}`;
      const facts = files.lstat(path);
      if (facts.kind === 'ok' && isAbandoned(facts.value, clock.now())) files.unlink(path);
    }
  }
}

export interface DropHandlers {
  /** Whether the message is settled: taken or refused for good. */
  submit(dropped: Dropped): Promise<boolean>;
  onProblem(line: Octets): void;
}

function isAbandoned({ type, mtimeMs }: FileFacts, now: number): boolean {
  return type !== 'directory' && now - mtimeMs > BEGUN_AGE_MS;
}

/** What waits; files that are no regular file with one link, or that cannot be read, are passed over and told. */
export function* droppedMessages({ files, directory }: DropParts, onProblem: (line: Octets) => void): Generator<Dropped> {
  const names = files.list(directory);
  if (names.kind === 'error') return;
  for (const name of names.value) {
    if (!name.endsWith(DROP_SUFFIX)) continue;
    const path = `${directory}/${name}`;
    const dropped = readDropped(files, path);
    if (typeof dropped === 'string') onProblem(`${path}: ${dropped}`);
    else yield dropped;
  }
}

function readDropped(files: Files, path: Octets): Dropped | string {
  const opened = files.open(path, 'read', 0, true);
  if (opened.kind === 'error') return opened.reason;
  const file = opened.value;
  try {
    const facts = file.facts();
    if (facts.kind === 'error') return facts.reason;
    const { type, links, sizeBytes, uid, gid } = facts.value;
    if (type !== 'file' || links !== 1) return 'not a regular file with one name';
    if (sizeBytes > MAX_DROPPED_BYTES + 1_000_000) return 'too large';
    const bytes = Buffer.alloc(sizeBytes);
    const read = file.read(bytes, 0);
    if (read.kind === 'error') return read.reason;
    const end = bytes.indexOf(0x0a);
    const command = parseCommand(octetsFromBytes(bytes.subarray(0, Math.max(0, end))));
    return command ? { path, uid, gid, ...command, message: bytes.subarray(end + 1) } : 'malformed';
  } finally {
    file.close();
  }
}

function parseCommand(json: string): { readonly calledAs: string; readonly args: readonly Octets[] } | undefined {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value !== 'object' || value === null || !('args' in value) || !('calledAs' in value)) return undefined;
    if (!Array.isArray(value.args) || typeof value.calledAs !== 'string') return undefined;
    return { calledAs: value.calledAs, args: value.args.map((arg) => String(arg)) };
  } catch {
    return undefined;
  }
}
