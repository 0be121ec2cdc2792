/**
 * The spool: accepting, loading, changing and removing messages in Exim's format so that every crash point leaves a message either not accepted
 * or whole in the queue, and no delivery forgotten. Spec ch. 57 "Format of spool files"; DESIGN 3.8.
 */
import { bytesFromOctets, type Octets, octetsFromBytes } from '../base/octets.ts';
import type {
  Clock,
  Config,
  Files,
  Log,
  Machine,
  Message,
  MessageSink,
  MessageStore,
  OpenFile,
  SystemFailure,
  SystemResult,
} from '../core/index.ts';
import { FileBody } from './body.ts';
import { type Claim, type Claiming, Claims, firstLineLength } from './claims.ts';
import { formatHeaderFile, type HeaderFile, parseHeaderFile } from './header-file.ts';
import { isMessageId, type MessageIdFormat, MessageIds } from './message-id.ts';
import { NewMessage } from './new-message.ts';
import { isQueueName, type MessagePaths, SPOOL_FILE_MODE, type SpoolOwner, SpoolPlaces } from './places.ts';

export interface SpoolSettings {
  readonly directory: Octets;
  /** Of a named queue, whose files are below a directory of that name. */
  readonly queueName?: Octets;
  readonly split: boolean;
  readonly idFormat: MessageIdFormat;
  readonly localhostNumber?: number | undefined;
  readonly owner: SpoolOwner;
  /** `message_logs`, `preserve_message_logs`. */
  readonly writesMessageLogs: boolean;
  readonly preservesMessageLogs: boolean;
  /** How long a removal may wait for others to share its fsync. */
  readonly removalDelayMs?: number;
}

/** The settings of a loaded configuration. */
export function spoolSettings(config: Config): SpoolSettings {
  const { main, startup } = config;
  return {
    directory: startup.spoolDirectory,
    split: main.split_spool_directory,
    idFormat: main.message_id_format === 'short' ? 'short' : 'long',
    localhostNumber: startup.localhostNumber,
    owner: { uid: startup.eximUid, gid: startup.eximGid },
    writesMessageLogs: main.message_logs,
    preservesMessageLogs: main.preserve_message_logs,
  };
}

export interface SpoolParts {
  readonly files: Files;
  readonly clock: Clock;
  readonly machine: Machine;
  readonly log: Log;
  readonly settings: SpoolSettings;
}

export type Loading =
  | { readonly kind: 'ok'; readonly message: Message }
  | { readonly kind: 'gone' }
  | { readonly kind: 'malformed'; readonly reason: string }
  | SystemFailure;

/** -H alone, as queue listings need it. */
export type Peeking =
  | { readonly kind: 'ok'; readonly message: HeaderFile; readonly bodySizeBytes: number }
  | Exclude<Loading, { kind: 'ok' }>;

/** A message as a listing sees it. */
export interface QueuedMessage {
  readonly message: HeaderFile;
  readonly bodySizeBytes: number;
}

/** With what its directory tells: a journal means that it is being delivered, or that its delivery was cut off. */
export interface ListedMessage extends QueuedMessage {
  readonly hasJournal: boolean;
}

const HEADER_FILE_LIMIT = 64 * 1024 * 1024;
const JOURNAL_LIMIT = 64 * 1024 * 1024;
const NOTHING_JOURNALLED: SystemResult<readonly Octets[]> = { kind: 'ok', value: [] };
const MEMORY_FOR_BODIES = 32 * 1024 * 1024;
const ORPHAN_AGE_MS = 3600_000;
/** Anybody may ask for one of any name (`mailq -qG…`): they are forgotten then, and made anew. */
const MAX_KNOWN_QUEUES = 1000;
const EXISTS: SystemResult<void> = { kind: 'ok', value: undefined };

/** What all queues of a spool have together: an id is given once, a message held once, and the memory for bodies is for all of them. */
class SharedByQueues {
  readonly queues = new Map<Octets, Spool>();
  /** Removals that are not durable yet, and what ends their waiting for others. */
  readonly pending = new Set<Promise<void>>();
  hurry = new AbortController();
  readonly ids: MessageIds;
  readonly claims: Claims;
  bodyBytes = 0;

  constructor({ files, clock, machine, settings }: SpoolParts) {
    this.ids = new MessageIds(clock, machine, settings.idFormat, settings.localhostNumber);
    this.claims = new Claims(files, machine, settings.directory, (claim) => {
      this.bodyBytes -= claim.bodyBytes;
    });
  }
}

export class Spool implements MessageStore {
  readonly directory: Octets;
  /** Empty for the default queue. */
  readonly queueName: Octets;
  readonly #parts: SpoolParts;
  readonly #places: SpoolPlaces;
  readonly #shared: SharedByQueues;
  readonly #removals = new Map<Octets, Claim[]>();

  /** `shared` is for other queues of a spool: ask that for them. */
  constructor(parts: SpoolParts, shared = new SharedByQueues(parts)) {
    const { files, machine, settings } = parts;
    this.#parts = parts;
    this.#shared = shared;
    this.directory = settings.directory;
    this.queueName = settings.queueName ?? '';
    this.#places = new SpoolPlaces(settings.directory, this.queueName, files, machine, settings.split, settings.owner);
    if (shared.queues.size >= MAX_KNOWN_QUEUES) for (const name of [...shared.queues.keys()].slice(1)) shared.queues.delete(name);
    shared.queues.set(this.queueName, this);
  }

  // ------------------------------------------------------------ named queues

  /** Another queue in the same spool directory; '' is the default one. Closing one closes all. Spec ch. 3 "Named queues". */
  inQueue(name: Octets): Spool {
    const known = this.#shared.queues.get(name);
    if (known !== undefined) return known;
    const { settings, ...parts } = this.#parts;
    return new Spool({ ...parts, settings: { ...settings, queueName: name } }, this.#shared);
  }

  /** All queues that the spool directory has, the default one first. */
  *queues(): Generator<Spool> {
    yield this.inQueue('');
    const { files } = this.#parts;
    const names = files.list(this.directory);
    if (names.kind === 'error') return;
    for (const name of names.value) {
      if (isQueueName(name) && files.stat(`${this.directory}/${name}/input`).kind === 'ok') yield this.inQueue(name);
    }
  }

  /**
   * Into another queue. -H moves last and at once: whatever happens the message is whole in one of them. What is linked there before keeps the lock, which is on
   * the file and not on its name.
   */
  async move(claim: Claim, name: Octets): Promise<SystemResult<void>> {
    const { files } = this.#parts;
    const { paths: from } = claim;
    const places = this.inQueue(name).#places;
    const to = places.forNew(claim.id);
    if (files.lstat(to.header).kind === 'ok') return { kind: 'error', errno: 'EEXIST', reason: 'File exists' };
    for (const path of [to.header, to.log]) places.makeDirectory(path.slice(0, path.lastIndexOf('/')));
    const pairs = [[from.data, to.data] as const, [from.journal, to.journal] as const, [from.log, to.log] as const];
    for (const [old, link] of pairs) {
      files.unlink(link); // of a move that was cut off
      const linked = files.link(old, link);
      if (linked.kind === 'error' && (old === from.data || linked.errno !== 'ENOENT')) return this.#moveBack(to, linked);
    }
    const reachable = await places.makeDirectoriesDurable();
    const synced = reachable.kind === 'ok' ? await files.fsyncDirectory(to.directory) : reachable;
    const moved = synced.kind === 'ok' ? files.rename(from.header, to.header) : synced;
    if (moved.kind === 'error') return this.#moveBack(to, moved);
    const both = await Promise.all([files.fsyncDirectory(to.directory), files.fsyncDirectory(from.directory)]);
    for (const [old] of pairs) files.unlink(old);
    return firstFailure(both);
  }

  #moveBack(to: MessagePaths, failed: SystemFailure): SystemFailure {
    for (const path of [to.log, to.journal, to.data]) this.#parts.files.unlink(path);
    return failed;
  }

  // ------------------------------------------------------------ accepting

  /** An id for what needs one without a message (log lines of a rejection before DATA). */
  newId(): string {
    return this.#shared.ids.next();
  }

  begin(queueName = this.queueName): { readonly kind: 'ok'; readonly sink: MessageSink } | SystemFailure {
    if (queueName !== this.queueName) return this.inQueue(queueName).begin();
    for (;;) {
      const id = this.#shared.ids.next();
      const paths = this.#places.forNew(id);
      const made = this.#places.withDirectory(paths.directory, () =>
        this.#parts.files.open(paths.data, 'create-exclusive', SPOOL_FILE_MODE),
      );
      if (made.kind === 'error') {
        if (made.errno === 'EEXIST') continue;
        return made;
      }
      if (this.#places.isRoot()) made.value.chown(this.#places.owner.uid, this.#places.owner.gid);
      const claiming = this.#shared.claims.hold(id, paths, made.value);
      if (claiming.kind === 'ok') {
        const { claim } = claiming;
        claim.mayHaveMore = false;
        return { kind: 'ok', sink: new NewMessage(claim, this.#parts.files, this.#places, (bytes) => this.#reserve(claim, bytes)) };
      }
      this.#parts.files.unlink(paths.data);
      return claiming.kind === 'error' ? claiming : { kind: 'error', errno: 'EAGAIN', reason: 'the spool is locked by another process' };
    }
  }

  /** Whether a body of this size may stay in memory. */
  #reserve(claim: Claim, bytes: number): boolean {
    if (this.#shared.bodyBytes + bytes > MEMORY_FOR_BODIES) return false;
    this.#shared.bodyBytes += bytes;
    claim.bodyBytes = bytes;
    return true;
  }

  // ------------------------------------------------------------ finding and reading

  /** Ids of all messages that have a -H, oldest first. */
  scan(): string[] {
    const ids: string[] = [];
    for (const { names } of this.#places.list()) {
      for (const name of names) if (name.endsWith('-H') && isMessageId(name.slice(0, -2))) ids.push(name.slice(0, -2));
    }
    return ids.sort();
  }

  /** What listings need of every message, oldest first unless `isSorted` is false; one that cannot be read is left out. */
  *overview(isSorted = true): Generator<ListedMessage> {
    const found: { readonly id: string; readonly directory: Octets; readonly hasJournal: boolean }[] = [];
    for (const { directory, names } of this.#places.list()) {
      const journals = new Set(names.filter((name) => name.endsWith('-J')));
      for (const name of names) {
        if (!name.endsWith('-H')) continue;
        const id = name.slice(0, -2);
        if (isMessageId(id)) found.push({ id, directory, hasJournal: journals.has(`${id}-J`) });
      }
    }
    if (isSorted) found.sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const { id, directory, hasJournal } of found) {
      const paths = this.#places.inDirectory(id, directory);
      const read = this.#read(id, paths, hasJournal);
      if (read.kind !== 'ok') continue;
      const facts = this.#parts.files.stat(paths.data);
      const bodySizeBytes = facts.kind === 'ok' ? Math.max(0, facts.value.sizeBytes - firstLineLength(id)) : 0;
      yield { message: read.message, hasJournal, bodySizeBytes };
    }
  }

  exists(id: string): boolean {
    return isMessageId(id) && this.#parts.files.lstat(this.#places.find(id).header).kind === 'ok';
  }

  claim(id: string): Claiming {
    if (!isMessageId(id)) return { kind: 'gone' };
    return this.#shared.claims.take(id, this.#places.find(id, 'D'));
  }

  /** Held by a task of this process. */
  isHeldHere(id: string): boolean {
    return this.#shared.claims.isHeld(id);
  }

  /** The message with what its journal says; read only while it is claimed. */
  load(claim: Claim): Loading {
    const read = this.#read(claim.id, claim.paths);
    if (read.kind !== 'ok') return read;
    const facts = claim.data.facts();
    if (facts.kind === 'error') return facts;
    const { isWireFormat, ...message } = read.message;
    const offset = firstLineLength(claim.id);
    const sizeBytes = Math.max(0, facts.value.sizeBytes - offset);
    const body = new FileBody(this.#parts.files, claim.paths.data, offset, sizeBytes, isWireFormat);
    return { kind: 'ok', message: { ...message, size: message.size + sizeBytes, body } };
  }

  /** Without a claim, for listings: what it says may be old the next moment. */
  peek(id: string): Peeking {
    const paths = this.#places.find(id);
    const read = this.#read(id, paths);
    if (read.kind !== 'ok') return read;
    const facts = this.#parts.files.stat(paths.data);
    return {
      kind: 'ok',
      message: read.message,
      bodySizeBytes: facts.kind === 'ok' ? Math.max(0, facts.value.sizeBytes - firstLineLength(id)) : 0,
    };
  }

  #read(
    id: string,
    paths: MessagePaths,
    hasJournal = true,
  ): Exclude<Peeking, { kind: 'ok' }> | { readonly kind: 'ok'; readonly message: HeaderFile } {
    const bytes = this.#parts.files.readFile(paths.header, HEADER_FILE_LIMIT);
    if (bytes.kind === 'error') return bytes.errno === 'ENOENT' ? { kind: 'gone' } : bytes;
    const parsed = parseHeaderFile(id, bytes.value);
    if (parsed.kind === 'error') return { kind: 'malformed', reason: parsed.message };
    const journalled = hasJournal ? this.#journalled(paths) : NOTHING_JOURNALLED;
    if (journalled.kind === 'error') return journalled;
    const message = this.queueName === '' ? parsed.message : { ...parsed.message, queueName: this.queueName };
    if (journalled.value.length === 0) return { kind: 'ok', message };
    const nonRecipients = new Set([...message.nonRecipients, ...journalled.value]);
    return { kind: 'ok', message: { ...message, nonRecipients } };
  }

  /** A last line without its end was not finished: its fsync cannot have returned. What cannot be read may say that all was delivered: the message waits. */
  #journalled(paths: MessagePaths): SystemResult<readonly Octets[]> {
    const bytes = this.#parts.files.readFile(paths.journal, JOURNAL_LIMIT);
    if (bytes.kind === 'error') return bytes.errno === 'ENOENT' ? NOTHING_JOURNALLED : { ...bytes, reason: `journal: ${bytes.reason}` };
    const lines = octetsFromBytes(bytes.value).split('\n').slice(0, -1);
    return { kind: 'ok', value: lines.filter((line) => line !== '') };
  }

  /** The raw file, for -Mvh, -Mvb, -Mvl. The caller closes it. */
  openRaw(id: string, what: 'header' | 'data' | 'log'): SystemResult<OpenFile> {
    const paths = this.#places.find(id);
    return this.#parts.files.open(paths[what], 'read');
  }

  // ------------------------------------------------------------ changing

  /** Unique addresses that were delivered; durable when it resolves. */
  async journal(claim: Claim, addresses: readonly Octets[]): Promise<SystemResult<void>> {
    const isNew = claim.journal === undefined;
    const opened = claim.journal === undefined ? this.#openJournal(claim) : { kind: 'ok' as const, value: claim.journal };
    if (opened.kind === 'error') return opened;
    claim.journal = opened.value;
    const written = opened.value.write(bytesFromOctets(addresses.map((address) => `${address.replaceAll('\n', ' ')}\n`).join('')));
    if (written.kind === 'error') return written;
    const syncs = [opened.value.fsync(), ...(isNew ? [this.#parts.files.fsyncDirectory(claim.paths.directory)] : [])];
    return firstFailure(await Promise.all(syncs));
  }

  #openJournal(claim: Claim): SystemResult<OpenFile> {
    const before = this.#parts.files.readFile(claim.paths.journal, JOURNAL_LIMIT);
    const opened = this.#parts.files.open(claim.paths.journal, 'append', SPOOL_FILE_MODE);
    if (opened.kind === 'error') return opened;
    claim.mayHaveMore = true;
    if (this.#places.isRoot()) opened.value.chown(this.#places.owner.uid, this.#places.owner.gid);
    const isTorn = before.kind === 'ok' && before.value.length > 0 && before.value[before.value.length - 1] !== 0x0a;
    if (isTorn) opened.value.write(Buffer.from('\n'));
    return opened;
  }

  /** Writes a new -H and then drops the journal, which it contains. Durable when it resolves. */
  async rewrite(claim: Claim, message: Omit<Message, 'body'>): Promise<SystemResult<void>> {
    const { files } = this.#parts;
    const { paths } = claim;
    const written = await this.#writeHeader(paths, message);
    if (written.kind === 'error') return written;
    const renamed = files.rename(paths.newHeader, paths.header);
    if (renamed.kind === 'error') return renamed;
    const synced = await files.fsyncDirectory(paths.directory);
    if (synced.kind === 'error') return synced;
    claim.journal?.close();
    claim.journal = undefined;
    files.unlink(paths.journal);
    return EXISTS;
  }

  async #writeHeader(paths: MessagePaths, message: Omit<Message, 'body'>): Promise<SystemResult<void>> {
    const opened = this.#parts.files.open(paths.newHeader, 'create', SPOOL_FILE_MODE);
    if (opened.kind === 'error') return opened;
    if (this.#places.isRoot()) opened.value.chown(this.#places.owner.uid, this.#places.owner.gid);
    const written = opened.value.write(bytesFromOctets(formatHeaderFile(message)));
    const synced = written.kind === 'ok' ? await opened.value.fsync() : written;
    opened.value.close();
    return synced;
  }

  /**
   * The message is done: without -H it is not on the queue any more. The rest (fsync of the directory, then -D, msglog, -J, the claim) follows within
   * the removal delay, shared with other removals; `settle` waits for it.
   */
  remove(claim: Claim): SystemResult<void> {
    const unlinked = this.#parts.files.unlink(claim.paths.header);
    if (unlinked.kind === 'error' && unlinked.errno !== 'ENOENT') return unlinked;
    const waiting = this.#removals.get(claim.paths.directory);
    if (waiting) waiting.push(claim);
    else {
      this.#removals.set(claim.paths.directory, [claim]);
      const finished = this.#finishRemovals(claim.paths.directory);
      this.#shared.pending.add(finished);
      const forget = () => this.#shared.pending.delete(finished);
      void finished.then(forget, forget); // `settle` sees a rejection
    }
    return EXISTS;
  }

  async #finishRemovals(directory: Octets): Promise<void> {
    const { files, clock, settings } = this.#parts;
    await clock.sleep(settings.removalDelayMs ?? 50, { endMs: Number.POSITIVE_INFINITY, signal: this.#shared.hurry.signal });
    const claims = this.#removals.get(directory) ?? [];
    this.#removals.delete(directory);
    const synced = await files.fsyncDirectory(directory);
    for (const claim of claims) {
      if (synced.kind === 'ok') this.#unlinkRest(claim);
      claim.release();
    }
  }

  #unlinkRest(claim: Claim): void {
    if (claim.mayHaveMore) this.#unlinkMore(claim);
    this.#parts.files.unlink(claim.paths.data); // last: an orphan -D tells that there may be more
  }

  #unlinkMore(claim: Claim): void {
    const { files, settings } = this.#parts;
    if (settings.preservesMessageLogs) this.#keepMessageLog(claim);
    else files.unlink(claim.paths.log);
    files.unlink(claim.paths.journal);
  }

  #keepMessageLog(claim: Claim): void {
    const kept = `${this.#places.root}/msglog.OLD`;
    this.#places.makeDirectory(kept);
    this.#parts.files.rename(claim.paths.log, `${kept}/${claim.id}`);
  }

  /** Finishes what removals still have to do, in all queues, at once. */
  async settle(): Promise<void> {
    const shared = this.#shared;
    while (shared.pending.size > 0) {
      shared.hurry.abort();
      await Promise.all(shared.pending);
    }
    shared.hurry = new AbortController();
  }

  async close(): Promise<void> {
    await this.settle();
    this.#shared.claims.close();
  }

  // ------------------------------------------------------------ message log, tidying

  /** Lines end with \n. A failure is told to the panic log only: the message log is a convenience. */
  appendMessageLog(claim: Claim, lines: readonly Octets[]): void {
    if (!this.#parts.settings.writesMessageLogs || lines.length === 0) return;
    const path = claim.paths.log;
    const opened = this.#places.withDirectory(path.slice(0, path.lastIndexOf('/')), () =>
      this.#parts.files.open(path, 'append', SPOOL_FILE_MODE),
    );
    if (opened.kind === 'error') {
      this.#parts.log.panic(`Couldn't open message log ${path}: ${opened.reason}`, claim.id);
      return;
    }
    claim.mayHaveMore = true;
    if (this.#places.isRoot()) opened.value.chown(this.#places.owner.uid, this.#places.owner.gid);
    opened.value.write(bytesFromOctets(lines.join('')));
    opened.value.close();
  }

  hasMessageLog(claim: Claim): boolean {
    return claim.mayHaveMore && this.#parts.files.lstat(claim.paths.log).kind === 'ok';
  }

  /** Files that a crash left without a -H, an hour old, not locked. The number removed. */
  removeOrphans(): number {
    let removed = 0;
    for (const { directory, names } of this.#places.list()) {
      const known = new Set(names);
      for (const name of names) {
        const id = name.startsWith('hdr.') ? name.slice(4) : name.slice(0, -2);
        if (!isMessageId(id) || known.has(`${id}-H`) || !this.#isOld(`${directory}/${name}`)) continue;
        if (this.#removeOrphan(id, `${directory}/${name}`, known.has(`${id}-D`))) removed++;
      }
    }
    return removed;
  }

  #isOld(path: Octets): boolean {
    const facts = this.#parts.files.lstat(path);
    return facts.kind === 'ok' && this.#parts.clock.now() - facts.value.mtimeMs > ORPHAN_AGE_MS;
  }

  #removeOrphan(id: string, path: Octets, hasData: boolean): boolean {
    const claiming = hasData ? this.claim(id) : undefined;
    if (claiming?.kind === 'busy' || claiming?.kind === 'error') return false;
    const claim = claiming?.kind === 'ok' ? claiming.claim : undefined; // -D may have gone a moment ago, as an orphan
    const isStillOrphan = !this.exists(id);
    if (isStillOrphan && claim) this.#unlinkMore(claim);
    const isRemoved = isStillOrphan && this.#parts.files.unlink(path).kind === 'ok';
    claim?.release();
    return isRemoved;
  }
}

function firstFailure(results: readonly SystemResult<void>[]): SystemResult<void> {
  return results.find((result) => result.kind === 'error') ?? EXISTS;
}
