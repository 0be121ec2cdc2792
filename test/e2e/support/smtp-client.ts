/** An SMTP client that does what it is told, octet by octet: for dialogues, and for what no decent client sends. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

const REPLY_MS = 30_000;

export interface ConnectOptions {
  /** TLS from the first octet. */
  readonly isTlsOnConnect?: boolean;
  readonly localAddress?: string;
}

export class SmtpClient {
  #socket: Socket;
  #received = '';
  #isClosed = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  /** Connected, and the greeting has been read. */
  static async open(port: number, options: ConnectOptions = {}): Promise<SmtpClient> {
    const client = await SmtpClient.connect(port, options);
    await client.reply();
    return client;
  }

  static connect(port: number, options: ConnectOptions = {}): Promise<SmtpClient> {
    const local = options.localAddress === undefined ? {} : { localAddress: options.localAddress };
    const socket: Socket = options.isTlsOnConnect
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...local })
      : connect({ port, host: '127.0.0.1', allowHalfOpen: true, ...local });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => socket.destroy(new Error(`not connected to port ${port} within ${REPLY_MS} ms`)), REPLY_MS);
      socket.once('error', reject).once('close', () => clearTimeout(timer));
      socket.once(options.isTlsOnConnect ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer);
        socket.off('error', reject);
        resolve(new SmtpClient(socket));
      });
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** The next whole reply, lines joined by LF; empty when the server has closed. `mayBeMissing`: what is not there in time is no error. */
  async reply(limitMs = REPLY_MS, mayBeMissing = false): Promise<string> {
    const end = performance.now() + limitMs;
    for (;;) {
      const match = /^(?:\d{3}-.*\r\n)*\d{3}(?: .*)?\r\n/.exec(this.#received);
      if (match) {
        this.#received = this.#received.slice(match[0].length);
        return match[0].slice(0, -2).replaceAll('\r\n', '\n');
      }
      if (this.#isClosed) return '';
      const left = end - performance.now();
      if (left <= 0 && mayBeMissing) return '(no reply)';
      if (left <= 0) throw new Error(`no reply within ${limitMs} ms; received: ${JSON.stringify(this.#received)}`);
      await this.#more(left);
    }
  }

  /** Octets as they are. Resolves when the socket has room for more. */
  write(octets: string | Buffer): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    const isRoomLeft = this.#socket.write(typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets);
    if (isRoomLeft) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#socket.off('drain', done);
        this.#socket.off('close', done);
        resolve();
      };
      this.#socket.once('drain', done);
      this.#socket.once('close', done);
    });
  }

  async command(line: string): Promise<string> {
    await this.write(`${line}\r\n`);
    return this.reply();
  }

  /** `alpn`: names to ask for; `pem`: key and certificate to show. */
  async startTls(hello = 'client.test', alpn: readonly string[] = [], pem?: string): Promise<string> {
    const answer = await this.command('STARTTLS');
    if (!answer.startsWith('220')) return answer;
    const plain = this.#socket;
    plain.removeAllListeners('data').removeAllListeners('close').removeAllListeners('error').removeAllListeners('end');
    const secure = connectTls({
      socket: plain,
      rejectUnauthorized: false,
      ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
      ...(pem === undefined ? {} : { key: pem, cert: pem }),
    });
    await new Promise<void>((resolve, reject) => {
      secure.once('error', reject);
      secure.once('secureConnect', resolve);
    });
    this.#socket = secure;
    this.#listen();
    return this.command(`EHLO ${hello}`);
  }

  authPlain(user: string, password: string): Promise<string> {
    return this.command(`AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`, 'latin1').toString('base64')}`);
  }

  /** One transaction; the answer to its end, or to the first command that was refused. */
  async send(message: { readonly from: string; readonly to: readonly string[]; readonly text: string }): Promise<string> {
    for (const line of [`MAIL FROM:<${message.from}>`, ...message.to.map((to) => `RCPT TO:<${to}>`), 'DATA']) {
      const answer = await this.command(line);
      if (!/^[23]/.test(answer)) return answer;
    }
    const body = message.text.replaceAll(/\r?\n/g, '\r\n').replaceAll(/^\./gm, '..');
    await this.write(`${body}${body.endsWith('\r\n') ? '' : '\r\n'}.\r\n`);
    return this.reply();
  }

  /** Whether the connection is closed by the server within the limit; what it still says is dropped. */
  async closed(limitMs: number): Promise<boolean> {
    const end = performance.now() + limitMs;
    while (!this.#isClosed && performance.now() < end) {
      this.#received = '';
      await this.#more(end - performance.now());
    }
    return this.#isClosed;
  }

  /** All that the server says before it closes the connection, or until the limit. */
  async rest(limitMs: number): Promise<string> {
    const end = performance.now() + limitMs;
    while (!this.#isClosed && performance.now() < end) await this.#more(end - performance.now());
    const rest = this.#received;
    this.#received = '';
    return this.#isClosed ? rest : `${rest}(open)`;
  }

  /** Our side ends; the server may still answer. */
  endWriting(): void {
    this.#socket.end();
  }

  async quit(): Promise<void> {
    await this.command('QUIT');
    this.close();
  }

  close(): void {
    this.#socket.destroy();
    this.#isClosed = true;
  }

  #listen(): void {
    const wake = () => this.#wake?.();
    const closed = () => {
      this.#isClosed = true;
      wake();
    };
    this.#socket
      .on('data', (bytes: Buffer) => {
        this.#received += bytes.toString('latin1');
        wake();
      })
      .on('end', closed)
      .on('close', closed)
      .on('error', closed);
  }

  #more(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}

/** One message in one connection in the clear; the answer to its end. */
export async function sendMail(
  port: number,
  from: string,
  to: readonly string[],
  text: string,
  options: ConnectOptions = {},
): Promise<string> {
  const client = await SmtpClient.open(port, options);
  try {
    await client.command('EHLO client.test');
    return await client.send({ from, to, text });
  } finally {
    client.close();
  }
}
