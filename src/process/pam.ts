/**
 * PAM in a process of its own for each question: modules wait, and what they break is not ours. The user and the answers go to its standard input, the
 * code comes back as its status and the text as the last line of its output.
 */
import type { Octets } from '../base/octets.ts';
import { bytesFromOctets, octetsFromBytes, octetsFromUnicode } from '../base/octets.ts';
import type { Deadline, Outcome, Pam, PamVerdict, Spawner } from '../core/index.ts';
import { defer, ok } from '../core/index.ts';
import { askPam } from '../system/pam.ts';

/** The service that administrators configure. Spec ch. 11 "Expansion conditions", pam. */
const SERVICE = 'exim';
const TIME_LIMIT_MS = 60_000;
const MAX_OUTPUT = 64 << 10;
/** Beyond PAM's own codes. */
const NOT_AVAILABLE = 100;

export interface PamHelperParts {
  readonly spawner: Spawner;
  /** The program and the arguments that make it answer ({@link answerPamRequest}). */
  readonly command: readonly string[];
  readonly environment: ReadonlyMap<string, Octets>;
  /** In place of /etc/pam.d, for tests. */
  readonly configDirectory?: Octets | undefined;
}

export class PamHelper implements Pam {
  readonly #parts: PamHelperParts;

  constructor(parts: PamHelperParts) {
    this.#parts = parts;
  }

  async authenticate(user: Octets, answers: readonly Octets[], until: Deadline): Promise<Outcome<PamVerdict>> {
    const { spawner, command, environment, configDirectory } = this.#parts;
    const request = {
      argv: command.map((word) => octetsFromUnicode(word)),
      environment,
      directory: '/',
      umask: 0o77,
      timeoutMs: TIME_LIMIT_MS,
      maxOutputBytes: MAX_OUTPUT,
      separateStderr: true,
    };
    const question = JSON.stringify({ service: SERVICE, user, answers, configDirectory });
    const spawned = await spawner.run(request, bytesFromOctets(question), until);
    if (spawned.kind === 'error') return defer(`PAM cannot be asked: ${spawned.reason}`);
    const { status, isTimeout, stdout } = spawned.result;
    if (isTimeout) return defer('PAM did not answer in time');
    if (status === undefined) return defer('the process that asked PAM was ended');
    if (status === NOT_AVAILABLE) return defer('there is no PAM on this machine, or no package koffi to call it');
    return ok({ code: status, text: octetsFromBytes(stdout).split('\n').at(-1) ?? '' });
  }
}

/** What the process does: the status to end with. */
export async function answerPamRequest(input: AsyncIterable<Uint8Array>, write: (text: string) => void): Promise<number> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of input) chunks.push(chunk);
  const question = JSON.parse(Buffer.concat(chunks).toString('latin1')) as Parameters<typeof askPam>[0]; // from `authenticate`
  const verdict = askPam(question);
  if (verdict === undefined) return NOT_AVAILABLE;
  write(`\n${verdict.text}`);
  return verdict.code;
}
