/**
 * The submission socket: command lines of users without rights, run by the daemon under the rules for their real uid. Arguments, standard input, output and
 * exit status travel over it; who calls is what the kernel says (SO_PEERCRED). DESIGN 3.11.
 */
import { Duplex, Readable, Writable } from 'node:stream';
import { bytesFromOctets, type Octets } from '../../base/octets.ts';
import type { SystemResult } from '../../core/index.ts';
import { type LocalListener, listenInherited, listenLocal } from '../../system/attached-process.ts';
import type { Native, PeerCredentials } from '../../system/native.ts';
import { Channel, type IncomingCall } from '../channel/channel.ts';
import { ProtocolError } from '../channel/frames.ts';
import { Fields } from '../channel/values.ts';

/** One command line to run. */
export interface Submission {
  readonly calledAs: string;
  readonly args: readonly Octets[];
  readonly uid: number;
  readonly gid: number;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: { write(octets: Octets): void };
  readonly stderr: { write(octets: Octets): void };
  /** Input and output as one stream, for SMTP. */
  readonly stream: Duplex;
  readonly signal: AbortSignal;
}

export type RunSubmission = (submission: Submission) => Promise<number>;

/** More at once are refused: exit status 75, try again later. */
const MAX_CALLS = 200;
const MAX_ARGUMENTS = 10_000;
export const TEMPORARY_FAILURE = 75;

export class SubmissionServer {
  readonly #run: RunSubmission;
  readonly #onProblem: (line: Octets) => void;
  readonly #listeners: LocalListener[] = [];
  #calls = 0;

  constructor(run: RunSubmission, onProblem: (line: Octets) => void) {
    this.#run = run;
    this.#onProblem = onProblem;
  }

  /** For everyone, or only for `owner` and root. */
  async listen(path: Octets, native: Native, owner?: { readonly uid: number; readonly gid: number }): Promise<SystemResult<void>> {
    return this.#keep(await listenLocal(path, owner, native, (stream, peer) => this.#serve(stream, peer)));
  }

  /** On a socket that the supervisor has bound. */
  async listenInherited(fd: number, native: Native): Promise<SystemResult<void>> {
    return this.#keep(await listenInherited(fd, native, (stream, peer) => this.#serve(stream, peer)));
  }

  #keep(listening: SystemResult<LocalListener>): SystemResult<void> {
    if (listening.kind === 'error') return listening;
    this.#listeners.push(listening.value);
    return { kind: 'ok', value: undefined };
  }

  /** Without the peer's credentials nobody knows whose rules apply. */
  #serve(stream: Duplex, peer: PeerCredentials | undefined): void {
    if (!peer) stream.destroy();
    else new Channel(stream, { onCall: (call) => void this.#answer(call, peer.uid, peer.gid) });
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }

  async #answer(call: IncomingCall, uid: number, gid: number): Promise<void> {
    if (this.#calls >= MAX_CALLS) return call.reply({ status: TEMPORARY_FAILURE });
    this.#calls += 1;
    try {
      const fields = new Fields(call.request);
      const args = fields.array('args').map((arg) => String(arg));
      if (args.length > MAX_ARGUMENTS) return call.reply({ status: 1 });
      const output = new OrderedOutput(call);
      const status = await this.#run(submissionOf(call, output, fields.string('calledAs'), args, uid, gid));
      await output.written; // the reply would overtake what waits for the caller to read
      call.reply({ status });
    } catch (error) {
      if (!(error instanceof ProtocolError))
        this.#onProblem(`submission of uid ${uid} failed: ${error instanceof Error ? error.message : String(error)}`);
      call.reply({ status: TEMPORARY_FAILURE });
    } finally {
      this.#calls -= 1;
    }
  }
}

/** What the caller reads on its standard output: pieces in order, as fast as it reads. */
class OrderedOutput {
  readonly #call: IncomingCall;
  written: Promise<unknown> = Promise.resolve();

  constructor(call: IncomingCall) {
    this.#call = call;
  }

  write(bytes: Uint8Array): Promise<unknown> {
    this.written = this.written.then(() => this.#call.write(bytes));
    return this.written;
  }
}

/** A caller that is gone has not sent the whole of it. */
async function* inputOf(call: IncomingCall): AsyncGenerator<Buffer> {
  yield* call.chunks();
  if (call.signal.aborted) throw new Error('caller lost');
}

function submissionOf(
  call: IncomingCall,
  ordered: OrderedOutput,
  calledAs: string,
  args: readonly Octets[],
  uid: number,
  gid: number,
): Submission {
  const output = (octets: Octets) => void ordered.write(bytesFromOctets(octets));
  const input = Readable.from(inputOf(call), { objectMode: false });
  input.on('error', () => {}); // who reads gets it
  const stream = Duplex.from({
    readable: input,
    writable: new Writable({ write: (chunk: Buffer, _encoding, done) => void ordered.write(chunk).then(() => done()) }),
  });
  stream.on('error', () => {});
  return {
    calledAs,
    args,
    uid,
    gid,
    stdin: input,
    stream,
    signal: call.signal,
    stdout: { write: output },
    stderr: { write: (octets) => call.sendEvent({ stderr: octets }) },
  };
}
