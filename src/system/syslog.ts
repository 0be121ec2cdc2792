/** Entries for the local syslog daemon, as datagrams of RFC 3164's form. A daemon that is away or slow never holds up mail: what does not fit is counted. */

import { closeSync } from 'node:fs';
import type { Octets } from '../base/octets.ts';
import { bytesFromOctets } from '../base/octets.ts';
import type { Clock } from '../core/ports.ts';
import { attempt } from './failure.ts';
import type { Native } from './native.ts';

export interface SyslogParts {
  readonly native: Native;
  readonly clock: Clock;
  readonly pid: number;
  /** The program's name in entries: `syslog_processname`. */
  readonly tag: Octets;
  /** `syslog_pid`. */
  readonly hasPid: boolean;
  readonly path?: Octets;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const queueLimit = 1000;
const retryMs = 20;

export class SyslogWriter {
  readonly #parts: SyslogParts;
  #fd: number | undefined;
  #queue: Buffer[] = [];
  #timer: NodeJS.Timeout | undefined;
  #lost = 0;

  constructor(parts: SyslogParts) {
    this.#parts = parts;
  }

  /** Entries that were not taken by anybody. */
  get lostCount(): number {
    return this.#lost;
  }

  /** Whether entries can be sent at all here; without native calls they cannot. */
  get isAvailable(): boolean {
    return this.#parts.native.isAvailable;
  }

  /** `priority` is facility · 8 + severity. Never waits. */
  send(priority: number, text: Octets): void {
    const { tag, pid, hasPid } = this.#parts;
    const entry = bytesFromOctets(`<${priority}>${this.#timestamp()} ${tag}${hasPid ? `[${pid}]` : ''}: ${text}`);
    if (this.#queue.length > 0) this.#keep(entry);
    else if (this.#transmit(entry) === 'full') this.#keep(entry);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#lost += this.#queue.length;
    this.#queue = [];
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #transmit(entry: Buffer): 'sent' | 'full' | 'lost' {
    const sent = this.#parts.native.sendDatagram(this.#parts.path ?? '/dev/log', entry, this.#fd);
    if (sent && sent.fd >= 0) this.#fd = sent.fd;
    if (sent?.result === 'ok') return 'sent';
    if (sent && (sent.result.errno === 'EAGAIN' || sent.result.errno === 'ENOBUFS')) return 'full';
    this.#lost++;
    return 'lost';
  }

  #keep(entry: Buffer): void {
    if (this.#queue.length >= queueLimit) {
      this.#lost++;
      return;
    }
    this.#queue.push(entry);
    this.#timer ??= setTimeout(() => this.#retry(), retryMs);
  }

  #retry(): void {
    this.#timer = undefined;
    while (this.#queue[0]) {
      if (this.#transmit(this.#queue[0]) === 'full') break;
      this.#queue.shift();
    }
    if (this.#queue.length > 0) this.#timer = setTimeout(() => this.#retry(), retryMs);
  }

  /** Local time: `Nov  1 09:05:03`. */
  #timestamp(): string {
    const { clock } = this.#parts;
    const now = clock.now();
    const local = new Date(now + clock.localOffsetSeconds('', now) * 1000);
    const time = local.toISOString().slice(11, 19);
    return `${months[local.getUTCMonth()] ?? ''} ${String(local.getUTCDate()).padStart(2, ' ')} ${time}`;
  }
}

/**
 * Tells the service manager that started this process how it is: `READY=1`, `STOPPING=1`, `RELOADING=1`. sd_notify(3).
 * False when no service manager asks for it (no NOTIFY_SOCKET), or nothing can be sent.
 */
export function notifyServiceManager(native: Native, environment: ReadonlyMap<string, Octets>, state: Octets): boolean {
  const path = environment.get('NOTIFY_SOCKET');
  if (path === undefined || !(path.startsWith('/') || path.startsWith('@'))) return false;
  const sent = native.sendDatagram(path, bytesFromOctets(state));
  if (sent && sent.fd >= 0) attempt(() => closeSync(sent.fd));
  return sent?.result === 'ok';
}
