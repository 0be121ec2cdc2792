/** A server that takes mail and remembers it: what a smarthost or the other side of an MX record is in the tests. Its replies can be scripted. */
import { createServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { waitFor } from './wait.ts';

export interface SunkMessage {
  readonly helo: string;
  readonly isTls: boolean;
  readonly user: string | undefined;
  readonly from: string;
  readonly recipients: readonly string[];
  /** As sent, dots undone, lines ended by LF. */
  readonly text: string;
}

export interface SinkOptions {
  readonly port?: number;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** A reply instead of the usual one; `verb` is also `connect` and `.`, the end of a message. Undefined: as usual. `close` ends the connection. */
  readonly reply?: (verb: string, line: string) => string | undefined;
  /** Key and certificate in one PEM: STARTTLS is offered. */
  readonly pem?: string;
  readonly auth?: boolean;
}

export class SmtpSink {
  readonly messages: SunkMessage[] = [];
  /** Every command line, of all connections. */
  readonly lines: string[] = [];
  readonly #server: Server;
  readonly #options: SinkOptions;
  readonly #sockets = new Set<Socket>();

  constructor(server: Server, options: SinkOptions) {
    this.#server = server;
    this.#options = options;
    server.on('connection', (socket: Socket) => this.#serve(socket));
  }

  static start(options: SinkOptions = {}): Promise<SmtpSink> {
    const server = createServer();
    const sink = new SmtpSink(server, options);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port ?? 0, options.host ?? '127.0.0.1', () => resolve(sink));
    });
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  waitForMessages(count: number, limitMs?: number): Promise<SunkMessage[]> {
    const what = () => `${count} messages in the sink; ${this.messages.length} came, after ${JSON.stringify(this.lines)}`;
    return waitFor(what, () => this.messages.length >= count && this.messages, limitMs);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {});
    new SinkSession(
      socket,
      this.#options,
      (line) => this.lines.push(line),
      (message) => this.messages.push(message),
    );
  }
}

class SinkSession {
  #socket: Socket;
  readonly #options: SinkOptions;
  readonly #onLine: (line: string) => void;
  readonly #onMessage: (message: SunkMessage) => void;
  #input = '';
  #helo = '';
  #user: string | undefined;
  #from = '';
  #recipients: string[] = [];
  #isTls = false;
  #data: string[] | undefined;

  constructor(socket: Socket, options: SinkOptions, onLine: (line: string) => void, onMessage: (message: SunkMessage) => void) {
    this.#socket = socket;
    this.#options = options;
    this.#onLine = onLine;
    this.#onMessage = onMessage;
    this.#listen();
    this.#answer('connect', '', '220 sink.test ESMTP');
  }

  #listen(): void {
    this.#socket.on('data', (bytes: Buffer) => {
      this.#input += bytes.toString('latin1');
      for (let end = this.#input.indexOf('\r\n'); end >= 0; end = this.#input.indexOf('\r\n')) {
        const line = this.#input.slice(0, end);
        this.#input = this.#input.slice(end + 2);
        if (this.#data) this.#text(line, this.#data);
        else this.#command(line);
      }
    });
  }

  #command(line: string): void {
    this.#onLine(line);
    const verb = (/^[A-Za-z]+/.exec(line)?.[0] ?? '').toUpperCase();
    if (verb === 'STARTTLS') this.#startTls(line);
    else this.#take(verb, line, this.#answer(verb, line, this.#usual(verb, line)));
  }

  #usual(verb: string, line: string): string {
    switch (verb) {
      case 'EHLO':
        return this.#ehlo();
      case 'DATA':
        return this.#recipients.length > 0 ? '354 go on' : '503 no recipients';
      case 'AUTH':
        return this.#options.auth ? '235 authenticated' : '503 not offered';
      case 'QUIT':
        return '221 bye';
      default:
        return `250 OK ${line}`;
    }
  }

  /** What an accepted command changes; `digit` is the first of the reply. */
  #take(verb: string, line: string, digit: string): void {
    const argument = /<([^>]*)>/.exec(line)?.[1] ?? '';
    if (verb === 'QUIT') this.#socket.end();
    else if (verb === 'DATA' && digit === '3') this.#data = [];
    else if (digit !== '2') return;
    else if (verb === 'EHLO' || verb === 'HELO') this.#helo = line.slice(5);
    else if (verb === 'AUTH')
      this.#user = Buffer.from(line.split(' ')[2] ?? '', 'base64')
        .toString('latin1')
        .split('\0')[1];
    else if (verb === 'RCPT') this.#recipients.push(argument);
    else if (verb === 'MAIL') {
      this.#from = argument;
      this.#recipients = [];
    }
  }

  /** Sends the reply; its first digit, empty when the connection was ended instead. */
  #answer(verb: string, line: string, usual: string): string {
    const text = this.#options.reply?.(verb, line) ?? usual;
    if (text === 'close') {
      this.#socket.destroy();
      return '';
    }
    this.#socket.write(Buffer.from(`${text}\r\n`, 'latin1'));
    return text.charAt(0);
  }

  #ehlo(): string {
    const { pem, auth } = this.#options;
    const offers = [
      'sink.test',
      'SIZE 52428800',
      '8BITMIME',
      'PIPELINING',
      ...(pem && !this.#isTls ? ['STARTTLS'] : []),
      ...(auth ? ['AUTH PLAIN'] : []),
    ];
    return offers.map((offer, index) => `250${index === offers.length - 1 ? ' ' : '-'}${offer}`).join('\r\n');
  }

  #startTls(line: string): void {
    const { pem } = this.#options;
    if (this.#answer('STARTTLS', line, pem === undefined ? '502 not offered' : '220 go on') !== '2' || pem === undefined) return;
    this.#socket.removeAllListeners('data');
    const secure = new TLSSocket(this.#socket, { isServer: true, key: pem, cert: pem });
    secure.on('error', () => {});
    this.#socket = secure;
    this.#isTls = true;
    this.#input = '';
    this.#listen();
  }

  #text(line: string, data: string[]): void {
    if (line !== '.') {
      data.push(line.startsWith('.') ? line.slice(1) : line);
      return;
    }
    this.#data = undefined;
    this.#onLine('.');
    if (this.#answer('.', line, '250 OK sunk') !== '2') return;
    this.#onMessage({
      helo: this.#helo,
      user: this.#user,
      from: this.#from,
      isTls: this.#isTls,
      recipients: [...this.#recipients],
      text: `${data.join('\n')}\n`,
    });
  }
}
