/** A message on its way into the spool: its body in memory or in -D, then -D and -H made durable side by side. DESIGN 3.8 "Accepting". */
import { bytesFromOctets } from '../base/octets.ts';
import type { AcceptedMessage, Body, Files, Message, MessageEnvelope, MessageSink, OpenFile, SystemResult } from '../core/index.ts';
import { FileBody, MEMORY_BODY_LIMIT, memoryBody } from './body.ts';
import { type Claim, firstLineLength } from './claims.ts';
import { formatHeaderFile, headersSize } from './header-file.ts';
import { SPOOL_FILE_MODE, type SpoolPlaces } from './places.ts';

/** What comes in more pieces is put together: each costs hundreds of octets beside its own. */
const MAX_PIECES = 64;

const DONE: SystemResult<void> = { kind: 'ok', value: undefined };

export class NewMessage implements MessageSink {
  readonly id: string;
  readonly #claim: Claim;
  readonly #files: Files;
  readonly #places: SpoolPlaces;
  readonly #reserve: (bytes: number) => boolean;
  /** Of -D, until it is written together with what follows. */
  #firstLine: Buffer | undefined;
  /** What -D does not have yet. */
  #chunks: Uint8Array[] = [];
  #chunkBytes = 0;
  /** Octets of the body in -D. */
  #inFile = 0;

  /** `reserve` asks whether a body of this size may stay in memory. */
  constructor(claim: Claim, files: Files, places: SpoolPlaces, reserve: (bytes: number) => boolean) {
    this.id = claim.id;
    this.#claim = claim;
    this.#files = files;
    this.#places = places;
    this.#reserve = reserve;
    this.#firstLine = bytesFromOctets(`${claim.id}-D\n`);
  }

  write(bytes: Uint8Array): SystemResult<void> | Promise<SystemResult<void>> {
    this.#chunks.push(bytes);
    this.#chunkBytes += bytes.length;
    if (this.#chunks.length > MAX_PIECES) this.#chunks = [this.#joined()];
    return this.#inFile + this.#chunkBytes > MEMORY_BODY_LIMIT && this.#chunkBytes >= MEMORY_BODY_LIMIT ? this.#spill() : DONE;
  }

  async #spill(): Promise<SystemResult<void>> {
    const bytes = this.#takeChunks();
    const written = await this.#claim.data.writeAsync(this.#behindFirstLine(bytes));
    if (written.kind === 'ok') this.#inFile += bytes.length;
    return written;
  }

  /** With the first line before what is written first. */
  #behindFirstLine(bytes: Buffer): Buffer {
    const first = this.#firstLine;
    this.#firstLine = undefined;
    return first === undefined ? bytes : Buffer.concat([first, bytes]);
  }

  #takeChunks(): Buffer {
    const bytes = this.#joined();
    this.#chunks = [];
    this.#chunkBytes = 0;
    return bytes;
  }

  #joined(): Buffer {
    const [only] = this.#chunks;
    if (only !== undefined && this.#chunks.length === 1) return Buffer.from(only.buffer, only.byteOffset, only.length);
    return Buffer.concat(this.#chunks);
  }

  body(): Body {
    if (this.#inFile === 0) {
      const bytes = this.#joined();
      this.#chunks = bytes.length === 0 ? [] : [bytes];
      return memoryBody(bytes);
    }
    const bytes = this.#takeChunks();
    if (bytes.length > 0 && this.#claim.data.write(this.#behindFirstLine(bytes)).kind === 'ok') this.#inFile += bytes.length;
    return this.#fileBody();
  }

  #fileBody(): Body {
    return new FileBody(this.#files, this.#claim.paths.data, firstLineLength(this.id), this.#inFile);
  }

  async commit(envelope: MessageEnvelope): Promise<SystemResult<AcceptedMessage>> {
    const body = this.#finishBody();
    if (body.kind === 'error') return this.#fail(body);
    const { queueName } = this.#places; // where -D is, whatever was asked for since
    const size = headersSize(envelope.headers) + body.value.sizeBytes;
    const message: Message = { ...envelope, queueName, id: this.id, size, body: body.value };
    const durable = await this.#makeDurable(message);
    return durable.kind === 'error' ? this.#fail(durable) : { kind: 'ok', value: { message, claim: this.#claim } };
  }

  #finishBody(): SystemResult<Body> {
    const bytes = this.#takeChunks();
    const rest = this.#behindFirstLine(bytes);
    const written = rest.length === 0 ? DONE : this.#claim.data.write(rest);
    if (written.kind === 'error') return written;
    const isWhole = this.#inFile === 0;
    this.#inFile += bytes.length;
    const staysInMemory = isWhole && bytes.length <= MEMORY_BODY_LIMIT && this.#reserve(bytes.length);
    return { kind: 'ok', value: staysInMemory ? memoryBody(bytes) : this.#fileBody() };
  }

  /** -D and -H fsynced side by side, rename of -H, fsync of the directory. */
  async #makeDurable(message: Message): Promise<SystemResult<void>> {
    const { paths, data } = this.#claim;
    const header = this.#files.open(paths.newHeader, 'create', SPOOL_FILE_MODE);
    if (header.kind === 'error') return header;
    const synced = await this.#syncBoth(header.value, data, message);
    header.value.close();
    if (synced.kind === 'error') return synced;
    const reachable = await this.#places.makeDirectoriesDurable();
    if (reachable.kind === 'error') return reachable;
    const renamed = this.#files.rename(paths.newHeader, paths.header);
    return renamed.kind === 'error' ? renamed : this.#files.fsyncDirectory(paths.directory);
  }

  async #syncBoth(header: OpenFile, data: OpenFile, message: Message): Promise<SystemResult<void>> {
    if (this.#places.isRoot()) header.chown(this.#places.owner.uid, this.#places.owner.gid);
    const written = header.write(bytesFromOctets(formatHeaderFile(message)));
    if (written.kind === 'error') return written;
    const [first, second] = await Promise.all([header.fsync(), data.fsync()]);
    return first.kind === 'error' ? first : second;
  }

  #fail(failure: Extract<SystemResult<void>, { kind: 'error' }>): typeof failure {
    this.abort();
    return failure;
  }

  abort(): void {
    const { paths } = this.#claim;
    this.#files.unlink(paths.newHeader);
    this.#files.unlink(paths.header);
    this.#files.unlink(paths.data);
    this.#claim.release();
  }
}
