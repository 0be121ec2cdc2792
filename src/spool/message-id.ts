/** Message ids: 4.97's 23 characters, and the 16 of before. Spec ch. 3 "Message identification"; DESIGN 3.8. */
import { fromBase62, toBase62 } from '../base/base62.ts';
import type { Clock, Machine } from '../core/ports.ts';

export type MessageIdFormat = 'long' | 'short';

const LONG = /^[0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4}$/;
const SHORT = /^[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}$/;

export function isMessageId(text: string): boolean {
  return LONG.test(text) || SHORT.test(text);
}

/** The second in which the message was begun, from its id. */
export function secondsOfId(id: string): number {
  return Number(fromBase62(id.slice(0, 6)) ?? 0n); // octets: a number already
}

/** Ticks a second, and what `localhost_number` n adds to the last part, for each format. */
const RESOLUTIONS = {
  long: { alone: 1_000_000, numbered: 500_000, pidWidth: 11, fractionWidth: 4 },
  short: { alone: 2_000, numbered: 200, pidWidth: 6, fractionWidth: 2 },
} as const;

/** Gives ids of one process: never the same one twice, whatever the clock does. */
export class MessageIds {
  readonly #clock: Clock;
  readonly #machine: Machine;
  readonly #format: MessageIdFormat;
  readonly #localhostNumber: number | undefined;
  #lastTick = 0;

  constructor(clock: Clock, machine: Machine, format: MessageIdFormat = 'long', localhostNumber?: number) {
    this.#clock = clock;
    this.#machine = machine;
    this.#format = format;
    this.#localhostNumber = localhostNumber;
  }

  next(): string {
    const { alone, numbered, pidWidth, fractionWidth } = RESOLUTIONS[this.#format];
    const ticksPerSecond = this.#localhostNumber === undefined ? alone : numbered;
    const tick = Math.max(Math.floor((this.#clock.now() / 1000) * ticksPerSecond), this.#lastTick + 1);
    this.#lastTick = tick;
    const fraction = (tick % ticksPerSecond) + (this.#localhostNumber ?? 0) * numbered;
    return `${toBase62(Math.floor(tick / ticksPerSecond), 6)}-${toBase62(this.#machine.pid, pidWidth)}-${toBase62(fraction, fractionWidth)}`;
  }
}
