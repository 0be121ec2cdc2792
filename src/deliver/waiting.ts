/**
 * Messages that wait for the hosts of one transport, and the next of them for a connection that has carried one. Spec ch. 49 "Outgoing SMTP and LMTP
 * over TCP/IP"; ch. 5 "-qq".
 */
import type { HeldLink, HostItem, Message, WaitingPort } from '../core/index.ts';
import { WaitingMessages } from '../hints/wait.ts';
import type { Claim } from '../spool/claims.ts';
import type { Spool } from '../spool/spool.ts';
import type { Attempt } from './attempt.ts';

/** A message that goes out next on a connection that is open already. */
export interface CarriedMessage {
  readonly claim: Claim;
  readonly message: Message;
  readonly link: HeldLink;
}

/** For one batch of an attempt. */
export class Waiting implements WaitingPort {
  readonly #attempt: Attempt;
  readonly #messages: WaitingMessages;

  constructor(attempt: Attempt, transportName: string) {
    this.#attempt = attempt;
    this.#messages = new WaitingMessages(attempt.parts.services.hints, transportName);
  }

  mayContinue({ name }: HostItem): boolean {
    const { id } = this.#attempt.message;
    const ids = this.#messages.of(name);
    if (ids.includes(id)) this.#messages.remove(name, id);
    return ids.some((other) => other !== id);
  }

  /** What is gone, frozen, or in other hands is forgotten. */
  async carryOn({ name }: HostItem, link: HeldLink, fits: (message: Message) => Promise<boolean>): Promise<boolean> {
    const seen = new Set<string>();
    for (let ids = this.#messages.of(name); ids.some((id) => !seen.has(id)); ids = this.#messages.of(name)) {
      for (const id of ids) {
        if (this.#attempt.frame.until?.signal.aborted === true) return false;
        if (seen.has(id)) continue;
        seen.add(id);
        const taken = takeMessage(this.#attempt.parts.spool, id);
        if (taken !== undefined && !(await fits(taken.message))) {
          taken.claim.release();
          continue;
        }
        this.#messages.remove(name, id);
        if (taken === undefined) continue;
        this.#attempt.carried.push({ ...taken, link });
        return true;
      }
    }
    return false;
  }

  wait(hosts: readonly HostItem[]): void {
    for (const name of new Set(hosts.map((host) => host.name))) this.#messages.add(name, this.#attempt.message.id);
  }
}

function takeMessage(spool: Spool, id: string): Omit<CarriedMessage, 'link'> | undefined {
  const claiming = spool.claim(id);
  if (claiming.kind !== 'ok') return undefined;
  const { claim } = claiming;
  const loading = spool.load(claim);
  if (loading.kind === 'ok' && loading.message.frozenAt === undefined) return { claim, message: loading.message };
  claim.release();
  return undefined;
}
