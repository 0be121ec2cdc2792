/**
 * What clients do, as text: a line each, said by the connection that was opened last, or by the one that the line begins with (`@b NOOP`).
 *
 * - `TEXT` is sent with CRLF, and a reply is awaited; `ONE || TWO` are sent in one write, and two replies are awaited
 * - `> TEXT` is sent, and nothing is awaited
 * - `!raw TEXT` is sent without a line end; `\r`, `\n`, `\0`, `\xHH` stand for octets, `\{x*100}` for many of them
 * - `!open [NAME] [from=ADDRESS] [to=PORT] [silent]` connects and awaits the greeting, unless `silent`
 * - `!data` is DATA, and where that is wanted a message; `!data TEXT` one that is written as in `!raw`
 * - `!read` awaits a reply, `!end` all until the server closes
 * - `!half` ends our sending, `!close` the connection, `!reset` breaks it; `!pause MS` waits; `!idle` waits until the server has no connections
 *
 * At the end every connection that is still there sends its end and reads until the server's.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { SmtpClient } from '../../e2e/support/smtp-client.ts';

export interface Server {
  /** By the number that scripts know them by. */
  readonly ports: readonly number[];
  /** Returns when no connection is open and nothing is being done. */
  idle(): Promise<void>;
}

const REPLY_MS = 12_000;
const USUAL_MESSAGE = 'Subject: test\r\n\r\nbody\r\n';
const CLIENT = '127.0.0.2';

/** What the clients saw. */
export async function hold(script: string, server: Server): Promise<string> {
  const dialogue = new Conversation(server);
  try {
    for (const line of script.split('\n')) if (line !== '') await dialogue.step(line);
    await dialogue.finish();
  } finally {
    dialogue.close();
  }
  return dialogue.shown.join('\n');
}

class Conversation {
  readonly shown: string[] = [];
  readonly #server: Server;
  readonly #clients = new Map<string, SmtpClient>();
  #current = '';

  constructor(server: Server) {
    this.#server = server;
  }

  async step(line: string): Promise<void> {
    const [, name, text = ''] = /^(?:@(\w+) )?(.*)$/s.exec(line) ?? [];
    if (name !== undefined) this.#current = name;
    if (text.startsWith('!')) return this.#command(text.slice(1));
    if (text.startsWith('>')) return this.#client().write(`${text.replace(/^> ?/, '')}\r\n`);
    const lines = text.split(' || ');
    await this.#client().write(lines.map((each) => `${each}\r\n`).join(''));
    for (const each of lines) {
      this.#show(`C: ${each}`);
      await this.#read();
    }
  }

  async #command(text: string): Promise<void> {
    const [verb = '', ...words] = text.split(' ');
    switch (verb) {
      case 'open':
        return this.#open(words);
      case 'raw':
        return this.#client().write(octets(text.slice(4)));
      case 'data':
        return this.#data(text.slice(5));
      case 'read':
        return this.#read();
      case 'end':
        return this.#show(`S: ${await this.#client().rest(REPLY_MS)}(end)`);
      case 'half':
        return this.#client().endWriting();
      case 'close':
        return this.#client().close();
      case 'reset':
        this.#client().socket.resetAndDestroy();
        return;
      case 'pause':
        return pause(Number(words[0]));
      case 'idle':
        return this.#server.idle();
      default:
        throw new Error(`unknown step: ${text}`);
    }
  }

  async #data(text: string): Promise<void> {
    await this.step('DATA');
    if (!/S: (?:\d{3}-.*\n)*354/.test(this.shown.at(-1) ?? '')) return;
    await this.#client().write(`${text === '' ? USUAL_MESSAGE : octets(text)}.\r\n`);
    await this.#read();
  }

  async #open(words: readonly string[]): Promise<void> {
    const value = (key: string) => words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1);
    this.#current = words.find((word) => !word.includes('=') && word !== 'silent') ?? '';
    const port = this.#server.ports[Number(value('to') ?? '1') - 1] ?? 0;
    const client = await SmtpClient.connect(port, { localAddress: value('from') ?? CLIENT });
    this.#clients.set(this.#current, client);
    if (!words.includes('silent')) await this.#read();
  }

  #client(): SmtpClient {
    const client = this.#clients.get(this.#current);
    if (client === undefined) throw new Error(`there is no connection "${this.#current}"`);
    return client;
  }

  async #read(): Promise<void> {
    const reply = await this.#client().reply(REPLY_MS, true);
    this.#show(reply === '' ? 'S: (closed)' : `S: ${reply}`);
  }

  #show(text: string): void {
    const who = this.#current === '' ? '' : `${this.#current} `;
    this.shown.push(text.replaceAll(/^/gm, who));
  }

  async finish(): Promise<void> {
    for (const [name, client] of this.#clients) {
      this.#current = name;
      client.endWriting();
      const rest = await client.rest(REPLY_MS);
      if (rest !== '') this.#show(`S: ${rest}(end)`);
    }
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }
}

function octets(text: string): string {
  return text.replaceAll(/\\(?:([rn0])|x([0-9a-f]{2})|\{(.+?)\*(\d+)\})/g, (_, letter, code, what, count) => {
    if (letter !== undefined) return { r: '\r', n: '\n' }[String(letter)] ?? '\0';
    return code !== undefined ? String.fromCharCode(Number.parseInt(code, 16)) : octets(String(what)).repeat(Number(count));
  });
}
