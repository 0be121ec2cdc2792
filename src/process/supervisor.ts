/**
 * The supervisor: binds the ports, starts workers and the agent (or, without root, the spawner) and starts them again when they end, sums what is needed
 * for connection limits. It knows nothing of SMTP and never sees a connection (DESIGN 3.10).
 */

import { assertNever } from '../base/invariant.ts';
import type { Octets } from '../base/octets.ts';
import type { ChildExit, OwnProcess } from '../system/processes.ts';
import { AdmissionLedger } from './admission.ts';
import type { ToSupervisor, ToWorker } from './messages.ts';
import { parseToSupervisor, STARTED_AGAIN, WORKER_GRACE_MS } from './messages.ts';

export interface SupervisorParts {
  readonly workerCount: number;
  /** Starts worker `index` with the listening descriptors inherited. */
  readonly startWorker: (index: number) => OwnProcess;
  /** Starts the helper that forks for the workers; they connect to it by themselves. */
  readonly startHelper: (() => OwnProcess) | undefined;
  readonly log: (line: Octets) => void;
  readonly panic: (line: Octets) => void;
  /** Keeps the process alive until then; returns what calls it off. */
  readonly delay: (ms: number, then: () => void) => () => void;
}

/** A process that ends within this time of its start is started again only after a pause, which doubles. */
const QUICK_END_MS = 10_000;
const MAX_PAUSE_MS = 60_000;
/** Longer than workers give themselves, shorter than service managers wait (systemd: 90 s). */
const STOP_WAIT_MS = WORKER_GRACE_MS + 15_000;
const URGENT_WAIT_MS = 2_000;
const HELPER_WAIT_MS = 5_000;

interface Slot {
  readonly name: string;
  readonly start: () => OwnProcess;
  process: OwnProcess | undefined;
  startedAtMs: number;
  pauseMs: number;
  /** Calls off the start that waits for the pause. */
  cancelStart: () => void;
}

export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #workers: Slot[];
  #hasBegun = false;
  readonly #helper: Slot | undefined;
  readonly #ledger = new AdmissionLedger<Slot>();
  #isStopping = false;
  #stopped: Promise<boolean> | undefined;
  #ready = 0;
  /** When a connection was last seen to begin or to end. */
  #lastConnectionMs = performance.now();
  #onReady: ((failure: string | undefined) => void) | undefined;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    const slot = (name: string, start: () => OwnProcess): Slot => ({
      name,
      start,
      process: undefined,
      startedAtMs: 0,
      pauseMs: 0,
      cancelStart: () => {},
    });
    this.#workers = Array.from({ length: parts.workerCount }, (_, index) => slot(`worker ${index}`, () => parts.startWorker(index)));
    this.#helper = parts.startHelper ? slot('agent', parts.startHelper) : undefined;
  }

  /** Resolves when every worker accepts, with what went wrong when one could not start. */
  start(): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#onReady = (failure) => {
        this.#onReady = undefined;
        resolve(failure);
      };
      if (this.#helper) this.#run(this.#helper);
      for (const worker of this.#workers) this.#run(worker);
    });
  }

  /** When the log has told that the daemon has started. */
  begin(): void {
    this.#hasBegun = true;
    for (const worker of this.#workers) this.#send(worker, { kind: 'begin' });
  }

  /** For how long nobody was connected. */
  idleMs(): number {
    return this.#ledger.open > 0 ? 0 : performance.now() - this.#lastConnectionMs;
  }

  /** A new snapshot of the configuration is there, and was found good. */
  reload(): void {
    for (const worker of this.#workers) this.#send(worker, { kind: 'reload' });
    this.#helper?.process?.send({ kind: 'reload' });
  }

  /**
   * Workers finish what they are doing, then the helper goes; what does not end in time is killed. Called again: they end at once. False when something was
   * cut off: what the spool holds of it is then to be taken up at the next start.
   */
  stop(): Promise<boolean> {
    if (this.#stopped) this.#hurry();
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #stopAll(): Promise<boolean> {
    this.#isStopping = true;
    for (const slot of this.#slots()) slot.cancelStart();
    for (const slot of this.#workers) this.#send(slot, { kind: 'stop', isUrgent: false });
    const exits = await this.#ended(this.#workers, STOP_WAIT_MS);
    const helpers = this.#helper ? [this.#helper] : [];
    for (const slot of helpers) this.#send(slot, { kind: 'stop', isUrgent: false });
    await this.#ended(helpers, HELPER_WAIT_MS);
    return exits.every(({ status }) => status === 0);
  }

  /** Those that do not end within the time are killed. */
  async #ended(slots: readonly Slot[], waitMs: number): Promise<readonly ChildExit[]> {
    const running = slots.flatMap((slot) => (slot.process ? [slot.process] : []));
    const cancelKill = this.#parts.delay(waitMs, () => {
      for (const process of running) process.kill('SIGKILL');
    });
    const exits = await Promise.all(running.map((process) => process.exited));
    cancelKill();
    return exits;
  }

  #hurry(): void {
    for (const slot of this.#workers) this.#send(slot, { kind: 'stop', isUrgent: true });
    this.#parts.delay(URGENT_WAIT_MS, () => {
      for (const slot of this.#workers) slot.process?.kill('SIGKILL');
    });
  }

  #slots(): readonly Slot[] {
    return this.#helper ? [...this.#workers, this.#helper] : this.#workers;
  }

  #run(slot: Slot): void {
    const started = slot.start();
    slot.process = started;
    slot.startedAtMs = performance.now();
    started.onMessage((value) => {
      const message = parseToSupervisor(value);
      if (message) this.#receive(slot, message);
    });
    void started.exited.then((exit) => this.#lost(slot, exit));
  }

  #lost(slot: Slot, exit: ChildExit): void {
    slot.process = undefined;
    this.#ledger.forget(slot);
    if (this.#isStopping) return;
    const how = exit.signal === undefined ? `status ${exit.status ?? '?'}` : `signal ${exit.signal}`;
    // One that fails by itself would fail again; SIGKILL comes from outside.
    const mayWork = exit.signal === 'SIGKILL' || (exit.status === STARTED_AGAIN && slot.pauseMs < MAX_PAUSE_MS);
    if (this.#onReady && !mayWork) {
      this.#onReady(`${slot.name} ended with ${how} while the daemon started`);
      return;
    }
    this.#parts.panic(`${slot.name} ended with ${how}: it is started again`);
    slot.pauseMs = performance.now() - slot.startedAtMs < QUICK_END_MS ? Math.min(Math.max(slot.pauseMs * 2, 100), MAX_PAUSE_MS) : 0;
    slot.cancelStart = this.#parts.delay(slot.pauseMs, () => {
      this.#run(slot);
      for (const worker of this.#workers) this.#send(worker, { kind: 'take-up' });
    });
  }

  #receive(slot: Slot, message: ToSupervisor): void {
    switch (message.kind) {
      case 'ready':
        if (this.#hasBegun) this.#send(slot, { kind: 'begin' });
        this.#ready += 1;
        if (this.#ready >= this.#workers.length) this.#onReady?.(undefined);
        return;
      case 'failed':
        this.#onReady?.(message.message);
        return;
      case 'connections':
        this.#ledger.report(slot, message.changes);
        this.#lastConnectionMs = performance.now();
        for (const worker of this.#workers) if (worker !== slot) this.#send(worker, { kind: 'totals', open: this.#ledger.open });
        return;
      case 'admit':
        this.#send(slot, { kind: 'admitted', request: message.request, ...this.#ledger.admit(slot, message.host, message) });
        return;
      case 'reloaded':
        if (message.problem !== undefined) this.#parts.panic(`configuration not reloaded: ${message.problem}`);
        return;
      default:
        assertNever(message);
    }
  }

  #send(slot: Slot, message: ToWorker): void {
    slot.process?.send(message);
  }
}
