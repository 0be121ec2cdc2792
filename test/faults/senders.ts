/** Clients that send messages until each has its 250, whatever happens to the server; they remember what they were told. */
import { setTimeout as pause } from 'node:timers/promises';
import { SmtpClient } from '../e2e/support/smtp-client.ts';

const REPLY_MS = 20_000;
const RETRY_MS = 20;

/** What a client knows about one message. */
export interface Sent {
  readonly token: string;
  /** Ends of data that were answered with 250. */
  accepted: number;
  /** Ends of data whose answer never came: the server may have the message or not (RFC 5321 4.5.3.2.6, RFC 1047). */
  unanswered: number;
}

export interface SendersOptions {
  readonly port: number;
  readonly messages: number;
  readonly connections: number;
  readonly until: AbortSignal;
}

export class Senders {
  readonly sent: Sent[] = [];
  /** Replies that were neither 250 nor the loss of a connection. */
  readonly refusals: string[] = [];
  accepted = 0;
  readonly #options: SendersOptions;

  constructor(options: SendersOptions) {
    this.#options = options;
  }

  /** Resolves when each message was answered with 250. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.connections }, () => this.#sendAll()));
  }

  async #sendAll(): Promise<void> {
    let client: SmtpClient | undefined;
    while (this.sent.length < this.#options.messages && !this.#options.until.aborted) {
      const message: Sent = { token: `token-${this.sent.length}-end`, accepted: 0, unanswered: 0 };
      this.sent.push(message);
      while (message.accepted === 0 && !this.#options.until.aborted) {
        client ??= await this.#connect();
        if (client && !(await this.#send(client, message))) {
          client.close();
          client = undefined;
        }
        if (!client) await pause(RETRY_MS);
      }
    }
    client?.close();
  }

  async #connect(): Promise<SmtpClient | undefined> {
    try {
      const client = await SmtpClient.connect(this.#options.port);
      const isGreeted = (await client.reply(REPLY_MS)).startsWith('220') && (await client.command('EHLO client.test')).startsWith('250');
      if (isGreeted) return client;
      client.close();
    } catch {
      // Nobody listens while the daemon is started again.
    }
    return undefined;
  }

  /** Whether the connection is still good. */
  async #send(client: SmtpClient, message: Sent): Promise<boolean> {
    for (const command of ['MAIL FROM:<sender@client.test>', 'RCPT TO:<box@site.test>', 'DATA']) {
      const answer = await client.command(command);
      if (!/^[23]/.test(answer)) return this.#refused(answer);
    }
    await client.write(`Subject: ${message.token}\r\n\r\n${message.token}\r\n.\r\n`);
    const answer = await client.reply(REPLY_MS);
    if (answer === '') message.unanswered++;
    if (!answer.startsWith('250')) return this.#refused(answer);
    message.accepted++;
    this.accepted++;
    return true;
  }

  #refused(answer: string): false {
    if (answer !== '') this.refusals.push(answer);
    return false;
  }
}
