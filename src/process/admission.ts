/**
 * Global connection limits (smtp_accept_max and per host) over several workers: a worker counts its own connections and asks the supervisor before the
 * banner only when the last known total is near a limit (DESIGN 3.10). Spec ch. 14 "smtp_accept_max".
 */
import type { Octets } from '../base/octets.ts';
import type { ToSupervisor } from './messages.ts';

/** What is open now, the new connection included. */
export interface Counts {
  readonly open: number;
  readonly fromHost: number;
}

export interface Admission {
  /** Counts a new connection; its numbers are exact where a limit is near. */
  enter(host: Octets, limits: { readonly total: number; readonly perHost: number }): Promise<Counts> | Counts;
  leave(host: Octets): void;
  readonly open: number;
}

/** In one process: nobody to ask. */
export class LocalAdmission implements Admission {
  readonly #byHost = new Map<Octets, number>();
  #open = 0;

  get open(): number {
    return this.#open;
  }

  enter(host: Octets): Counts {
    this.#open += 1;
    const fromHost = (this.#byHost.get(host) ?? 0) + 1;
    this.#byHost.set(host, fromHost);
    return { open: this.#open, fromHost };
  }

  leave(host: Octets): void {
    this.#open -= 1;
    const left = (this.#byHost.get(host) ?? 1) - 1;
    if (left > 0) this.#byHost.set(host, left);
    else this.#byHost.delete(host);
  }

  counts(): ReadonlyMap<Octets, number> {
    return this.#byHost;
  }
}

/** How far the known total may lag behind: asked for when a limit could be reached within this many connections. */
const MARGIN = 50;

/** A worker's side: the supervisor knows the sums. */
export class WorkerAdmission implements Admission {
  readonly #own = new LocalAdmission();
  readonly #send: (message: ToSupervisor) => void;
  readonly #waiting = new Map<number, (counts: Counts) => void>();
  #elsewhere = 0;
  #request = 0;
  #reportDue = false;
  #isOrphan = false;

  constructor(send: (message: ToSupervisor) => void) {
    this.#send = send;
  }

  get open(): number {
    return this.#own.open;
  }

  enter(host: Octets, limits: { readonly total: number; readonly perHost: number }): Promise<Counts> | Counts {
    const own = this.#own.enter(host);
    this.#reportSoon();
    const known = own.open + this.#elsewhere;
    const isNearTotal = limits.total > 0 && known + MARGIN >= limits.total;
    if (this.#isOrphan || (!isNearTotal && limits.perHost <= 0)) return { open: known, fromHost: own.fromHost };
    const request = this.#request++;
    return new Promise((resolve) => {
      this.#waiting.set(request, resolve);
      this.#report();
      this.#send({ kind: 'admit', request, host });
    });
  }

  leave(host: Octets): void {
    this.#own.leave(host);
    this.#reportSoon();
  }

  totals(open: number): void {
    this.#elsewhere = Math.max(0, open - this.#own.open);
  }

  admitted(request: number, counts: Counts): void {
    this.#waiting.get(request)?.(counts);
    this.#waiting.delete(request);
  }

  /** The supervisor is gone: who waits for its answer gets what is known here. */
  orphaned(): void {
    const known = { open: this.#own.open + this.#elsewhere, fromHost: 0 };
    for (const resolve of this.#waiting.values()) resolve(known);
    this.#waiting.clear();
    this.#isOrphan = true;
  }

  /** One report a turn of the event loop, whatever happened in it. */
  #reportSoon(): void {
    if (this.#reportDue) return;
    this.#reportDue = true;
    setImmediate(() => {
      if (this.#reportDue) this.#report();
    });
  }

  #report(): void {
    this.#reportDue = false;
    this.#send({ kind: 'connections', open: this.#own.open, byHost: Object.fromEntries(this.#own.counts()) });
  }
}

/** The supervisor's side: the last report of each worker. */
export class AdmissionLedger<Worker> {
  readonly #reports = new Map<Worker, { readonly open: number; readonly byHost: ReadonlyMap<string, number> }>();

  report(worker: Worker, open: number, byHost: Readonly<Record<string, number>>): void {
    this.#reports.set(worker, { open, byHost: new Map(Object.entries(byHost)) });
  }

  forget(worker: Worker): void {
    this.#reports.delete(worker);
  }

  counts(host: string): Counts {
    let open = 0;
    let fromHost = 0;
    for (const report of this.#reports.values()) {
      open += report.open;
      fromHost += report.byHost.get(host) ?? 0;
    }
    return { open, fromHost };
  }
}
