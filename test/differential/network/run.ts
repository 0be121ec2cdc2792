/** Runs a case on a server. */
import { type Bench, leftBehind, prepare } from './bench.ts';
import type { NetworkCase } from './case.ts';
import { hold, type Server } from './dialogue.ts';
import { transcript } from './transcript.ts';

export interface RunningServer extends Server {
  /** Behind what it is doing. */
  stop(): Promise<void>;
}

/** A server on the bench's configuration, or why there is none. */
export type Start = (bench: Bench) => Promise<RunningServer | string>;

export async function showCase(bench: Bench, start: Start, one: NetworkCase): Promise<string> {
  prepare(bench, one);
  const server = await start(bench);
  if (typeof server === 'string') return transcript({ dialogue: refusal(server), logs: {}, headers: [] }, bench);
  let dialogue: string;
  try {
    dialogue = await hold(one.script, server);
    await server.idle();
  } catch (cause) {
    throw new Error(`case "${one.name}"`, { cause });
  } finally {
    await server.stop();
  }
  return transcript({ dialogue, ...leftBehind(bench) }, bench);
}

/** Of a configuration: the first problem, which is the only one that Exim tells. */
function refusal(text: string): string {
  const [first = ''] = text.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /, '').split(/\n(?! {2})/);
  return `not started: ${first}`;
}
