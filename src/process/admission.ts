/**
 * Global connection limits (smtp_accept_max, its reserve, the limit for one host) over several workers: a worker takes connections by itself, and asks the supervisor for
 * a place only where a limit may be near (DESIGN 3.10). The supervisor gives out each place once. Spec ch. 14 "smtp_accept_max".
 */
import type { Octets } from '../base/octets.ts';
import type { ToSupervisor } from './messages.ts';

/** 0: no limit. */
export interface AdmissionLimits {
  /** `smtp_accept_max`. */
  readonly total: number;
  /** Of them, kept for other hosts: `smtp_accept_reserve`, 0 for a host that may have these too. */
  readonly reserve: number;
  readonly perHost: number;
}

export type Verdict = 'admitted' | 'total' | 'host' | 'reserve';

/** `admitted`: the connection has a place until `leave`. Else: the limit that left none. */
export interface Admittance {
  readonly verdict: Verdict;
  /** Open connections, with this one when it is admitted. */
  readonly open: number;
}

export interface Admission {
  enter(host: Octets, limits: AdmissionLimits): Promise<Admittance> | Admittance;
  /** Of an admitted connection. */
  leave(host: Octets): void;
}

/** Whether there is a place for one more; the order is Exim's. */
function verdictOn(open: number, fromHost: number, limits: AdmissionLimits): Verdict {
  if (limits.total > 0 && open >= limits.total) return 'total';
  if (limits.perHost > 0 && fromHost >= limits.perHost) return 'host';
  if (limits.total > 0 && limits.reserve > 0 && open >= limits.total - limits.reserve) return 'reserve';
  return 'admitted';
}

/** Open connections by host. */
class HostCounts {
  readonly #byHost = new Map<Octets, number>();
  #open = 0;

  get open(): number {
    return this.#open;
  }

  of(host: Octets): number {
    return this.#byHost.get(host) ?? 0;
  }

  change(host: Octets, by: number): void {
    const count = Math.max(0, this.of(host) + by);
    this.#open += count - this.of(host);
    if (count > 0) this.#byHost.set(host, count);
    else this.#byHost.delete(host);
  }

  entries(): Iterable<[Octets, number]> {
    return this.#byHost.entries();
  }
}

/** In how many connections a limit could be reached when the supervisor is asked: fewer begin while a report of another worker is on its way. */
const MARGIN = 1000;

/** A worker's side. */
export class WorkerAdmission implements Admission {
  readonly #own = new HostCounts();
  readonly #send: (message: ToSupervisor) => void;
  readonly #waiting = new Map<number, { readonly host: Octets; readonly resolve: (admittance: Admittance) => void }>();
  /** What the supervisor has not been told. */
  readonly #changes = new Map<Octets, number>();
  #elsewhere = 0;
  #request = 0;
  #reportDue = false;
  #isOrphan = false;

  constructor(send: (message: ToSupervisor) => void) {
    this.#send = send;
  }

  enter(host: Octets, limits: AdmissionLimits): Promise<Admittance> | Admittance {
    const isNear = limits.perHost > 0 || (limits.total > 0 && this.#own.open + this.#elsewhere + limits.reserve + MARGIN >= limits.total);
    if (!isNear) {
      this.#reportSoon(host, 1);
      return this.#admit(host);
    }
    if (this.#isOrphan) return this.#admit(host);
    this.#report();
    const request = this.#request++;
    return new Promise((resolve) => {
      this.#waiting.set(request, { host, resolve });
      this.#send({ kind: 'admit', request, host, ...limits });
    });
  }

  leave(host: Octets): void {
    this.#own.change(host, -1);
    this.#reportSoon(host, -1);
  }

  /** Of all workers. */
  totals(open: number): void {
    this.#elsewhere = Math.max(0, open - this.#own.open);
  }

  /** The supervisor has counted it when it is admitted. */
  admitted(request: number, admittance: Admittance): void {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    if (waiting === undefined) return;
    if (admittance.verdict === 'admitted') this.#own.change(waiting.host, 1);
    this.totals(admittance.open);
    waiting.resolve(admittance);
  }

  /** The supervisor is gone, and this process will be soon: who waits for its answer is let in. */
  orphaned(): void {
    this.#isOrphan = true;
    for (const { host, resolve } of this.#waiting.values()) resolve(this.#admit(host));
    this.#waiting.clear();
  }

  #admit(host: Octets): Admittance {
    this.#own.change(host, 1);
    return { verdict: 'admitted', open: this.#own.open + this.#elsewhere };
  }

  /** One report a turn of the event loop, whatever happened in it. */
  #reportSoon(host: Octets, by: number): void {
    this.#changes.set(host, (this.#changes.get(host) ?? 0) + by);
    if (this.#reportDue) return;
    this.#reportDue = true;
    setImmediate(() => this.#report());
  }

  #report(): void {
    if (!this.#reportDue) return;
    this.#reportDue = false;
    const changes = [...this.#changes].filter(([, by]) => by !== 0);
    this.#changes.clear();
    if (changes.length > 0) this.#send({ kind: 'connections', changes });
  }
}

/** The supervisor's side: what each worker has open. */
export class AdmissionLedger<Worker> {
  readonly #all = new HostCounts();
  readonly #byWorker = new Map<Worker, HostCounts>();

  get open(): number {
    return this.#all.open;
  }

  /** Gives a place to a connection, if there is one. */
  admit(worker: Worker, host: Octets, limits: AdmissionLimits): Admittance {
    const verdict = verdictOn(this.#all.open, this.#all.of(host), limits);
    if (verdict === 'admitted') this.report(worker, [[host, 1]]);
    return { verdict, open: this.#all.open };
  }

  report(worker: Worker, changes: Iterable<readonly [Octets, number]>): void {
    const own = this.#byWorker.get(worker) ?? new HostCounts();
    this.#byWorker.set(worker, own);
    for (const [host, by] of changes) {
      const before = own.of(host);
      own.change(host, by);
      this.#all.change(host, own.of(host) - before);
    }
  }

  /** It has ended, and its connections with it. */
  forget(worker: Worker): void {
    for (const [host, count] of this.#byWorker.get(worker)?.entries() ?? []) this.#all.change(host, -count);
    this.#byWorker.delete(worker);
  }
}
