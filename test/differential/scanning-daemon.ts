/** A daemon that follows a script: it waits until something has come, sends, and closes, waits or breaks off. */

import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** What the other side still says when it is done comes at once. */
const LAST_WORDS_MS = 1000;

/** Waits until `after` has come since the last step, then does this. */
export interface DaemonStep {
  readonly after: string;
  readonly send?: string;
  /** `end`: closes. `hang`: says nothing more. `reset`: breaks the connection. */
  readonly ending?: undefined | 'end' | 'hang' | 'reset';
}

/** What each connection gets, one after another; the last script is for all that follow. */
export type DaemonScript = readonly (readonly DaemonStep[])[];

export class ScriptedDaemon {
  readonly #script: DaemonScript;
  readonly #server: Server;
  #isClosed = false;
  readonly #sockets = new Set<Socket>();
  /** Until the other side has closed. */
  readonly #ends: Promise<void>[] = [];
  #connections = 0;
  #isLocal = false;
  /** Everything that came. */
  received = '';
  /** Its port, or the path of its socket. */
  place = '';

  constructor(script: DaemonScript) {
    this.#script = script;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
  }

  listen(path?: string): Promise<void> {
    this.#isLocal = path !== undefined;
    return new Promise((resolve) => {
      const isUp = () => {
        const address = this.#server.address();
        this.place = typeof address === 'string' ? address : String(address?.port);
        resolve();
      };
      if (path === undefined) this.#server.listen(0, '127.0.0.1', isUp);
      else this.#server.listen({ path, readableAll: true, writableAll: true }, isUp);
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.race([Promise.all(this.#ends), setTimeout(LAST_WORDS_MS, undefined, { ref: false })]);
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    this.#ends.push(new Promise((resolve) => void socket.once('end', resolve).once('close', () => resolve())));
    const steps = [...(this.#script[Math.min(this.#connections++, this.#script.length - 1)] ?? [])];
    let waiting = '';
    const goOn = () => {
      for (let step = steps[0]; step !== undefined && waiting.includes(step.after); step = steps[0]) {
        steps.shift();
        waiting = waiting.slice(waiting.indexOf(step.after) + step.after.length);
        if (step.send !== undefined) socket.write(Buffer.from(step.send, 'latin1'));
        if (step.ending === 'end') socket.end();
        if (step.ending === 'reset') this.#breakOff(socket);
      }
    };
    socket.on('data', (part: Buffer) => {
      this.received += part.toString('latin1');
      waiting += part.toString('latin1');
      goOn();
    });
    socket.on('error', () => socket.destroy());
    goOn();
  }

  #breakOff(socket: Socket): void {
    if (this.#isLocal) socket.destroy();
    else socket.resetAndDestroy();
  }
}
