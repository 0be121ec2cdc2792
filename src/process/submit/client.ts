/** A command line of a user without rights: the daemon runs it; without a daemon a message waits in the drop directory. DESIGN 3.11. */
import { type Octets, octetsFromBytes } from '../../base/octets.ts';
import { connectLocal } from '../../system/attached-process.ts';
import { Channel } from '../channel/channel.ts';
import { Fields } from '../channel/values.ts';
import { TEMPORARY_FAILURE } from './server.ts';

export interface SubmissionCall {
  readonly calledAs: string;
  readonly args: readonly Octets[];
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: { write(octets: Octets): void };
  readonly stderr: { write(octets: Octets): void };
}

/** The exit status; undefined when no daemon listens. */
export async function submitToDaemon(socket: Octets, call: SubmissionCall): Promise<number | undefined> {
  const connected = await connectLocal(socket);
  if (connected.kind === 'error') return undefined;
  const channel = new Channel(connected.value);
  const running = channel.call({ calledAs: call.calledAs, args: call.args });
  running.onEvent = (value) => {
    const fields = new Fields(value);
    if (fields.has('stderr')) call.stderr.write(fields.string('stderr'));
  };
  const input = sendInput(call.stdin, running);
  const output = showOutput(running.chunks(), call.stdout);
  const ended = await running.ended;
  await output;
  channel.close();
  void input;
  if (ended.kind === 'lost') return TEMPORARY_FAILURE;
  const status = new Fields(ended.value).get('status');
  return typeof status === 'number' ? status : TEMPORARY_FAILURE;
}

/** Until the input ends or the call is over. */
async function sendInput(
  stdin: AsyncIterable<Uint8Array>,
  call: { write(bytes: Uint8Array): Promise<boolean>; end(): void },
): Promise<void> {
  for await (const chunk of stdin) if (!(await call.write(chunk))) return;
  call.end();
}

async function showOutput(chunks: AsyncIterable<Buffer>, stdout: { write(octets: Octets): void }): Promise<void> {
  for await (const chunk of chunks) stdout.write(octetsFromBytes(chunk));
}
