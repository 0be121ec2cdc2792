/** UserActions of a process that is nobody else: without root everything runs as the caller (DESIGN 3.10). */
import { KeyedQueue } from '../base/keyed-queue.ts';
import type { Octets } from '../base/octets.ts';
import type { Deadline } from '../core/deadline.ts';
import type { DeliveryBatch, DeliveryResult } from '../core/drivers.ts';
import type { FileContent, FileFacts, Files, Identity, SystemFailure, SystemResult, UserActions } from '../core/ports.ts';
import { failure } from './failure.ts';

export class DirectUserActions implements UserActions {
  readonly #files: Files;
  readonly #uid: number;
  readonly #mailboxes = new KeyedQueue<Octets>();

  /** `uid` is whose rights this process has: any other identity is refused. */
  constructor(files: Files, uid: number) {
    this.#files = files;
    this.#uid = uid;
  }

  async stat(identity: Identity | undefined, path: Octets): Promise<SystemResult<FileFacts>> {
    return this.#refusal(identity) ?? this.#files.stat(path);
  }

  async lstat(identity: Identity | undefined, path: Octets): Promise<SystemResult<FileFacts>> {
    return this.#refusal(identity) ?? this.#files.lstat(path);
  }

  async access(identity: Identity | undefined, path: Octets, mode: 'read' | 'write' | 'execute'): Promise<SystemResult<void>> {
    return this.#refusal(identity) ?? this.#files.access(path, mode);
  }

  async readFile(identity: Identity | undefined, path: Octets, limitBytes: number, until: Deadline): Promise<SystemResult<FileContent>> {
    return this.#refusal(identity) ?? readRegularFile(this.#files, path, limitBytes, until);
  }

  deliver(identity: Identity | undefined, batch: DeliveryBatch, mailbox: Octets): Promise<readonly DeliveryResult[]> {
    const refusal = this.#refusal(identity);
    if (refusal) return deferAll(batch, refusal.reason);
    return mailbox === '' ? runTransport(batch) : this.#mailboxes.run(mailbox, () => runTransport(batch));
  }

  #refusal(identity: Identity | undefined): SystemFailure | undefined {
    if (identity === undefined || identity.uid === this.#uid) return undefined;
    return failure('EPERM', `this process runs as uid ${this.#uid} and cannot become uid ${identity.uid}`);
  }
}

/** Content and facts of one and the same regular file. Synchronous: who changes its ids for it changes them back before anything else runs. */
export function readRegularFile(files: Files, path: Octets, limitBytes: number, until: Deadline): SystemResult<FileContent> {
  if (until.signal.aborted) return failure('ETIMEDOUT');
  const opened = files.open(path, 'read');
  if (opened.kind === 'error') return opened;
  const file = opened.value;
  try {
    const facts = file.facts();
    if (facts.kind === 'error') return facts;
    if (facts.value.type !== 'file') return failure(facts.value.type === 'directory' ? 'EISDIR' : 'EINVAL');
    if (facts.value.sizeBytes > limitBytes) return failure('EFBIG');
    const bytes = Buffer.alloc(facts.value.sizeBytes);
    let filled = 0;
    while (filled < bytes.length) {
      const got = file.read(bytes.subarray(filled));
      if (got.kind === 'error') return got;
      if (got.value === 0) break; // it was truncated meanwhile
      filled += got.value;
    }
    return { kind: 'ok', value: { bytes: bytes.subarray(0, filled), facts: facts.value } };
  } finally {
    file.close();
  }
}

/** Runs a batch's transport here; addresses that it leaves without a result are deferred. */
export async function runTransport(batch: DeliveryBatch): Promise<readonly DeliveryResult[]> {
  const settled = new Map<DeliveryResult['address'], DeliveryResult>();
  const recording: DeliveryBatch = {
    ...batch,
    settled: async (result) => {
      settled.set(result.address, result);
      await batch.settled(result);
    },
  };
  let reason = `the ${batch.instance.name} transport gave no result`;
  try {
    const { behaviour } = batch.instance;
    if (behaviour && batch.isQuotaCheck === true) await behaviour.checkQuota?.(recording);
    else if (behaviour) await behaviour.deliver(recording);
    else reason = `the ${batch.instance.driver} transport is not built yet`;
  } catch (error) {
    reason = `the ${batch.instance.name} transport failed: ${error instanceof Error ? error.message : String(error)}`;
  }
  return deferRest(batch, settled, reason);
}

export function deferAll(batch: DeliveryBatch, reason: string, facts: Partial<DeliveryResult> = {}): Promise<readonly DeliveryResult[]> {
  return deferRest(batch, new Map(), reason, facts);
}

/** The results of all addresses in their order; those without one are deferred (and told to `settled`). */
export async function deferRest(
  batch: DeliveryBatch,
  settled: ReadonlyMap<DeliveryResult['address'], DeliveryResult>,
  reason: Octets,
  facts: Partial<DeliveryResult> = {},
): Promise<readonly DeliveryResult[]> {
  const results: DeliveryResult[] = [];
  for (const address of batch.addresses) {
    const known = settled.get(address);
    const result: DeliveryResult = known ?? { ...facts, address, kind: 'deferred', message: reason };
    if (!known) await batch.settled(result);
    results.push(result);
  }
  return results;
}
