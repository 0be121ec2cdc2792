/** Commands for tests: functions by program path, no process. */
import type { Octets } from '../../base/octets.ts';
import { bytesFromOctets, octetsFromBytes } from '../../base/octets.ts';
import type { Deadline } from '../../core/deadline.ts';
import type { Spawner, SpawnRequest, SpawnResult, SystemFailure } from '../../core/ports.ts';

export type FakeProgram = (
  request: SpawnRequest,
  input: Octets,
) => Octets | (Partial<Omit<SpawnResult, 'stdout'>> & { readonly output?: Octets });

export class FakeSpawner implements Spawner {
  readonly #programs: ReadonlyMap<string, FakeProgram>;
  readonly requests: SpawnRequest[] = [];
  readonly inputs: Octets[] = [];

  constructor(programs: Readonly<Record<string, FakeProgram>> = {}) {
    this.#programs = new Map(Object.entries(programs));
  }

  async run(
    request: SpawnRequest,
    input: AsyncIterable<Uint8Array> | Uint8Array,
    _until: Deadline,
  ): Promise<{ readonly kind: 'ok'; readonly result: SpawnResult } | SystemFailure> {
    const program = this.#programs.get(request.argv[0] ?? '');
    if (!program) return { kind: 'error', errno: 'ENOENT', reason: 'No such file or directory' };
    const text = await collect(input);
    this.requests.push(request);
    this.inputs.push(text);
    const made = program(request, text);
    const { output = '', ...rest } = typeof made === 'string' ? { output: made } : made;
    const plain: SpawnResult = {
      status: 0,
      signal: undefined,
      isTimeout: false,
      stdout: bytesFromOctets(output),
      stderr: Buffer.alloc(0),
      isTruncated: false,
      inputFailure: undefined,
    };
    return { kind: 'ok', result: { ...plain, ...rest } };
  }
}

async function collect(input: AsyncIterable<Uint8Array> | Uint8Array): Promise<Octets> {
  if (input instanceof Uint8Array) return octetsFromBytes(input);
  let text = '';
  for await (const chunk of input) text += octetsFromBytes(chunk);
  return text;
}
