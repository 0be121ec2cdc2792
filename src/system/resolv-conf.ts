/** The system's resolver settings, resolv.conf(5): read again when the file changed, looked at once a second at most. */
import { isIp } from '../base/ip.ts';
import type { Octets } from '../base/octets.ts';
import { octetsFromBytes, parseDecimal } from '../base/octets.ts';
import type { Clock, Files } from '../core/ports.ts';

export interface NameServer {
  readonly address: Octets;
  readonly port: number;
}

export interface ResolvConf {
  readonly servers: readonly NameServer[];
  readonly search: readonly Octets[];
  readonly timeoutMs: number;
  readonly attempts: number;
}

const defaults: ResolvConf = { servers: [{ address: '127.0.0.1', port: 53 }], search: [], timeoutMs: 5000, attempts: 2 };
const maxServers = 3;
const maxSearch = 6;
const lookAgainMs = 1000;

export function parseResolvConf(text: Octets): ResolvConf {
  const servers: NameServer[] = [];
  let { search, timeoutMs, attempts } = defaults;
  for (const line of text.split('\n')) {
    const [keyword = '', ...words] = line.split(/[ \t\r]+/).filter((word) => word !== '');
    const [first = ''] = words;
    if (keyword === 'nameserver' && isIp(first) && servers.length < maxServers) servers.push({ address: first, port: 53 });
    else if (keyword === 'search' || keyword === 'domain') search = words.slice(0, maxSearch).map(withoutFinalDot);
    else if (keyword === 'options') {
      timeoutMs = 1000 * (optionValue(words, 'timeout', 30) ?? timeoutMs / 1000);
      attempts = optionValue(words, 'attempts', 5) ?? attempts;
    }
  }
  return { servers: servers.length > 0 ? servers : defaults.servers, search, timeoutMs, attempts };
}

function withoutFinalDot(name: Octets): Octets {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

function optionValue(words: readonly Octets[], name: string, limit: number): number | undefined {
  const word = words.find((one) => one.startsWith(`${name}:`));
  const value = word === undefined ? undefined : parseDecimal(word.slice(name.length + 1));
  return value !== undefined && value > 0 ? Math.min(value, limit) : undefined;
}

/** `1.2.3.4`, `::1`, `[1.2.3.4]:5353`; undefined when it is none of these. */
export function parseNameServer(text: Octets): NameServer | undefined {
  const bracketed = /^\[([^\]]+)\](?::([0-9]{1,5}))?$/.exec(text);
  const address = bracketed?.[1] ?? text;
  return isIp(address) ? { address, port: bracketed?.[2] === undefined ? 53 : Number.parseInt(bracketed[2], 10) } : undefined;
}

export class ResolvConfFile {
  readonly #files: Pick<Files, 'stat' | 'readFile'>;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #path: Octets;
  #current = defaults;
  #stamp: string | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(files: Pick<Files, 'stat' | 'readFile'>, clock: Pick<Clock, 'monotonicMs'>, path: Octets = '/etc/resolv.conf') {
    this.#files = files;
    this.#clock = clock;
    this.#path = path;
  }

  get(): ResolvConf {
    const now = this.#clock.monotonicMs();
    if (now - this.#lookedAtMs < lookAgainMs) return this.#current;
    this.#lookedAtMs = now;
    const facts = this.#files.stat(this.#path);
    const stamp = facts.kind === 'ok' ? `${facts.value.inode} ${facts.value.mtimeNs} ${facts.value.sizeBytes}` : 'none';
    if (stamp === this.#stamp) return this.#current;
    this.#stamp = stamp;
    const content = this.#files.readFile(this.#path, 64 << 10);
    this.#current = content.kind === 'ok' ? parseResolvConf(octetsFromBytes(content.value)) : defaults;
    return this.#current;
  }
}
