/** The per-message log: kept in memory, written when the message survives its attempt. Spec ch. 53 "Message log"; DESIGN 3.8. */
import type { Octets } from '../base/octets.ts';
import type { Frame, Message } from '../core/index.ts';
import { receivedFromLine } from '../logging/lines/arrival.ts';
import { Stamper } from '../logging/stamp.ts';
import type { Claim } from '../spool/claims.ts';
import type { Spool } from '../spool/spool.ts';

export class MessageLog {
  readonly #spool: Spool;
  readonly #claim: Claim;
  readonly #stamper: Stamper;
  readonly #now: () => number;
  #lines: Octets[] = [];

  constructor(spool: Spool, claim: Claim, frame: Frame) {
    const { services, config } = frame;
    this.#spool = spool;
    this.#claim = claim;
    this.#now = () => services.clock.now();
    this.#stamper = new Stamper(services.clock, {
      timezone: config.main.timezone ?? '',
      showsZone: config.main.log_timezone,
      showsMilliseconds: services.log.selected('millisec'),
    });
  }

  add(line: Octets): void {
    this.#lines.push(`${this.#stamper.stamp(this.#now())} ${line}\n`);
  }

  /** `*** Frozen …`, without a date. */
  addPlain(line: Octets): void {
    this.#lines.push(`${line}\n`);
  }

  /** Writes what was collected; the first time with the line that says where the message came from. */
  write(message: Message, frame: Frame): void {
    if (this.#lines.length === 0 && !message.isFirstDelivery) return;
    const isNew = !this.#spool.hasMessageLog(this.#claim);
    const first = isNew
      ? [
          `${this.#stamper.stamp(message.receivedAtMs)} ${receivedFromLine({ sender: message.sender, origin: message.origin, sizeBytes: message.size }, frame.services.log)}\n`,
        ]
      : [];
    this.#spool.appendMessageLog(this.#claim, [...first, ...this.#lines]);
    this.#lines = [];
  }
}
