/** A host that says what a script tells it: each reply when the octets it waits for have come, so that what a client sends together, or too early, shows. */
import { createServer, type Server, type Socket } from 'node:net';
import { waitFor } from './wait.ts';

/**
 * `until` ends what is waited for: the beginning of a line, `.` for the end of DATA, `BDAT` for a command with its octets; several, by spaces, one after
 * another. `say` are whole lines, joined by LF; `close` ends the connection.
 */
export type HostStep = readonly [until: string, say: string];

export class ScriptedHost {
  readonly #server: Server;
  readonly #scripts: HostStep[][];
  readonly #sockets = new Set<Socket>();
  /** What each connection got at each step. */
  readonly heard: string[][] = [];
  #open = 0;

  /** A script for each connection. */
  constructor(scripts: readonly (readonly HostStep[])[]) {
    this.#scripts = scripts.map((script) => [...script]);
    this.#server = createServer((socket) => this.#serve(socket));
  }

  listen(port: number, address = '127.0.0.1'): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, address, resolve);
    });
  }

  /** All scripts have been said, and their connections are closed. */
  async done(): Promise<void> {
    const what = () => `the scripts come to their end; left: ${JSON.stringify(this.#scripts)}; heard: ${JSON.stringify(this.heard)}`;
    await waitFor(what, () => this.#open === 0 && this.#scripts.every((script) => script.length === 0));
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    const script = this.#scripts[this.heard.length] ?? [];
    const heard: string[] = [];
    this.heard.push(heard);
    this.#open++;
    let input = '';
    const step = (): void => {
      for (;;) {
        const [until, say] = script[0] ?? [];
        if (until === undefined || say === undefined) return;
        const end = endOf(until, input);
        if (end < 0) return;
        script.shift();
        if (until !== '') heard.push(input.slice(0, end));
        input = input.slice(end);
        if (say === 'close') return void socket.destroy();
        if (say !== '') socket.write(`${say.replaceAll('\n', '\r\n')}\r\n`, 'latin1');
      }
    };
    this.#sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.#open--);
    socket.setEncoding('latin1').on('data', (octets) => {
      input += String(octets);
      step();
    });
    step();
  }
}

/** Behind what `until` names; -1: it has not come yet. */
function endOf(until: string, input: string): number {
  let at = 0;
  for (const word of until.split(' ')) {
    if (word === '') continue;
    at = endOfOne(word, input, at);
    if (at < 0) return -1;
  }
  return at;
}

function endOfOne(word: string, input: string, from: number): number {
  if (word === '.') return behind(input.indexOf('\r\n.\r\n', from), 5);
  const lineEnd = behind(input.indexOf('\r\n', from), 2);
  if (lineEnd < 0) return -1;
  const line = input.slice(from, lineEnd);
  if (!line.startsWith(word)) throw new Error(`${JSON.stringify(line)} came where ${word} should`);
  if (word !== 'BDAT') return lineEnd;
  const end = lineEnd + Number.parseInt(line.slice(5), 10);
  return input.length < end ? -1 : end;
}

function behind(at: number, length: number): number {
  return at < 0 ? -1 : at + length;
}
