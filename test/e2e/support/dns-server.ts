/** A name server on the loopback interface that knows what a test tells it (option `dns_servers`). */
import { createSocket, type Socket } from 'node:dgram';
import { type Answer, decode, encode, type Packet, type Question } from 'dns-packet';

/**
 * Records by name, as short texts: `A 127.0.0.2`, `AAAA ::1`, `MX 10 mail.test`, `PTR host.test`, `CNAME other.test`, `TXT words`, `TXT "one string" "another"`, `NS host.test`; `SERVFAIL` instead of an answer;
 * `SOA 60` at the top of a domain says for how many seconds what is not there may be remembered.
 */
export type Zone = Readonly<Record<string, readonly string[]>>;

export class DnsServer {
  readonly #socket: Socket;
  readonly #zone = new Map<string, readonly string[]>();
  /** `name/TYPE` of each question. */
  readonly asked: string[] = [];

  constructor(socket: Socket, zone: Zone) {
    this.#socket = socket;
    this.set(zone);
    socket.on('message', (bytes, from) => socket.send(this.#answer(decode(bytes)), from.port, from.address));
  }

  /** On a free port, or on the one that is given. */
  static start(zone: Zone, port = 0): Promise<DnsServer> {
    const socket = createSocket('udp4');
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, '127.0.0.1', () => resolve(new DnsServer(socket, zone)));
    });
  }

  set(zone: Zone): void {
    for (const [name, records] of Object.entries(zone)) this.#zone.set(name.toLowerCase(), records);
  }

  /** As an item of option `dns_servers`. */
  get server(): string {
    return `<; [127.0.0.1]:${this.#socket.address().port}`;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  #answer(query: Packet): Buffer {
    const question = query.questions?.[0];
    const answers: Answer[] = [];
    const code = question ? this.#find(question, answers) : 1;
    // RD, RA, and the code
    const authorities = question && answers.length === 0 ? this.#startOfAuthority(question.name.toLowerCase()) : [];
    return encode({ type: 'response', id: query.id ?? 0, flags: 0x0180 | code, questions: query.questions ?? [], answers, authorities });
  }

  /** Of the domain with a record `SOA` that the name is in. */
  #startOfAuthority(name: string): Answer[] {
    for (const [domain, records] of this.#zone) {
      const seconds = Number(/^SOA (\d+)$/.exec(records.find((record) => record.startsWith('SOA')) ?? '')?.[1]);
      if (Number.isNaN(seconds) || (name !== domain && !name.endsWith(`.${domain}`))) continue;
      const times = { serial: 1, refresh: 3600, retry: 600, expire: 86400, minimum: seconds };
      return [{ type: 'SOA', name: domain, ttl: seconds, data: { mname: `ns.${domain}`, rname: `root.${domain}`, ...times } }];
    }
    return [];
  }

  /** Adds the answers; the response code. */
  #find(question: Question, answers: Answer[]): number {
    const name = question.name.toLowerCase();
    this.asked.push(`${name}/${question.type}`);
    const records = this.#zone.get(name);
    if (!records) return [...this.#zone.keys()].some((known) => known.endsWith(`.${name}`)) ? 0 : 3;
    if (records.includes('SERVFAIL')) return 2;
    for (const record of records) {
      const [type = '', ...words] = record.split(' ');
      if (type === 'CNAME' && question.type !== 'CNAME') {
        answers.push({ type, name: question.name, ttl: 60, data: words[0] ?? '' });
        return this.#find({ ...question, name: words[0] ?? '' }, answers);
      }
      if (type === question.type) answers.push(makeAnswer(type, question.name, words));
    }
    return 0;
  }
}

/** Words are one string; `"a" "b"` are two, of octets. */
function characterStrings(text: string): Buffer[] {
  const strings = text.startsWith('"') ? [...text.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? '') : [text];
  return strings.map((string) => Buffer.from(string, 'latin1'));
}

function makeAnswer(type: string, name: string, words: readonly string[]): Answer {
  const [first = '', second = ''] = words;
  switch (type) {
    case 'A':
    case 'AAAA':
    case 'PTR':
    case 'CNAME':
    case 'NS':
      return { type, name, ttl: 60, data: first };
    case 'MX':
      return { type, name, ttl: 60, data: { preference: Number(first), exchange: second } };
    case 'TXT':
      return { type, name, ttl: 60, data: characterStrings(words.join(' ')) };
    default:
      throw new Error(`the test's zone has a record of type ${type}`);
  }
}
