/** Where `-bh` puts messages: nowhere. Bodies are held until the session's next message. */
import type { AcceptedMessage, Body, MessageEnvelope, MessageSink, MessageStore, SystemFailure, SystemResult } from '../core/index.ts';
import { memoryBody } from '../spool/body.ts';
import { headersSize } from '../spool/header-file.ts';

const DONE: SystemResult<void> = { kind: 'ok', value: undefined };
const LIMIT_BYTES = 256 * 1024 * 1024;

export class RehearsalStore implements MessageStore {
  readonly #newId: () => string;

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  begin(): { readonly kind: 'ok'; readonly sink: MessageSink } {
    return { kind: 'ok', sink: new RehearsalSink(this.#newId()) };
  }
}

class RehearsalSink implements MessageSink {
  readonly id: string;
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(id: string) {
    this.id = id;
  }

  write(bytes: Uint8Array): SystemResult<void> {
    if (this.#bytes + bytes.length > LIMIT_BYTES) return TOO_LARGE;
    this.#bytes += bytes.length;
    this.#chunks.push(Uint8Array.from(bytes));
    return DONE;
  }

  body(): Body {
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return memoryBody(joined);
  }

  async commit(envelope: MessageEnvelope): Promise<SystemResult<AcceptedMessage>> {
    const body = this.body();
    const message = { ...envelope, id: this.id, size: headersSize(envelope.headers) + body.sizeBytes, body };
    return { kind: 'ok', value: { message, claim: { id: this.id, release: () => {} } } };
  }

  abort(): void {
    this.#chunks = [];
  }
}

const TOO_LARGE: SystemFailure = { kind: 'error', errno: 'EFBIG', reason: 'File too large' };
