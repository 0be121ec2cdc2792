/** The date and time at the beginning of a log line. Spec ch. 53 "Log files". */
import type { Octets } from '../base/octets.ts';
import type { Clock } from '../core/ports.ts';

export interface StampSettings {
  /** `timezone`; '' is the system's. */
  readonly timezone: Octets;
  /** `log_timezone`: `+0100` after the time. */
  readonly showsZone: boolean;
  /** Log selector `millisec`. */
  readonly showsMilliseconds: boolean;
}

/** Formats times, remembering the last second's text: a busy log has hundreds of lines a second. */
export class Stamper {
  readonly #clock: Clock;
  readonly #settings: StampSettings;
  #second = Number.NaN;
  #text = '';
  #zone = '';

  constructor(clock: Clock, settings: StampSettings) {
    this.#clock = clock;
    this.#settings = settings;
  }

  /** `2003-04-25 11:17:07.123 +0100`. */
  stamp(atMs: number): Octets {
    this.#prepare(atMs);
    const milliseconds = this.#settings.showsMilliseconds ? `.${String(Math.floor(atMs) % 1000).padStart(3, '0')}` : '';
    return `${this.#text}${milliseconds}${this.#zone}`;
  }

  /** yyyymmdd, for datestamped file names. */
  day(atMs: number): Octets {
    this.#prepare(atMs);
    return this.#text.slice(0, 10).replaceAll('-', '');
  }

  #prepare(atMs: number): void {
    const second = Math.floor(atMs / 1000);
    if (second === this.#second) return;
    const offset = this.#clock.localOffsetSeconds(this.#settings.timezone, atMs);
    this.#second = second;
    this.#text = new Date((second + offset) * 1000).toISOString().slice(0, 19).replace('T', ' ');
    this.#zone = this.#settings.showsZone ? ` ${formatOffset(offset)}` : '';
  }
}

/** `+0100`. */
export function formatOffset(seconds: number): Octets {
  const minutes = Math.trunc(Math.abs(seconds) / 60);
  const digits = (value: number) => String(value).padStart(2, '0');
  return `${seconds < 0 ? '-' : '+'}${digits(Math.floor(minutes / 60))}${digits(minutes % 60)}`;
}
