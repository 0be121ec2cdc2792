/**
 * The agent: takes calls of workers, and passes each to a child that has become the user whom it names. Children are kept, the least
 * recently used one goes for another identity; one delivery to a mailbox runs at a time unless each makes a file of its own (DESIGN 3.10).
 */
import type { Duplex } from 'node:stream';
import { KeyedQueue } from '../../base/keyed-queue.ts';
import type { Identity, SystemFailure, SystemResult } from '../../core/ports.ts';
import type { AttachedProcess } from '../../system/attached-process.ts';
import { failure, HELPER_LOST } from '../../system/failure.ts';
import { Channel, type IncomingCall } from '../channel/channel.ts';
import { ProtocolError } from '../channel/frames.ts';
import { Fields } from '../channel/values.ts';
import { type AgentPolicy, decodeIdentity, encodeIdentity, identityKey, refusal } from './policy.ts';

export interface AgentPoolParts {
  /** Starts `runAgentChild` as root; without root it stays who it is. */
  readonly startChild: () => SystemResult<AttachedProcess>;
  readonly policy: AgentPolicy;
  /** `agent_children`. */
  readonly limit?: number;
  readonly idleMs?: number;
  /** Keeps one child started for the next identity; default: yes. */
  readonly hasSpare?: boolean;
  /** Tells of children that could not be started. */
  readonly onProblem?: (reason: string) => void;
}

const defaultLimit = 20;
const defaultIdleMs = 60_000;
const waitingLimit = 1000;
const killAfterMs = 10_000;

export class AgentPool {
  readonly #parts: AgentPoolParts;
  readonly #children = new Map<string, Child>();
  /** Started and not yet anybody, so that a new identity need not wait. */
  #spare: StartedChild | undefined;
  readonly #mailboxes = new KeyedQueue<string>();
  #waiting: (() => void)[] = [];
  readonly #channels = new Set<Channel>();
  #isClosed = false;

  constructor(parts: AgentPoolParts) {
    this.#parts = parts;
  }

  /** Serves a worker until its stream ends. */
  serve(stream: Duplex): void {
    const channel = new Channel(stream, {
      onCall: (call) => void this.#answer(call),
      onClose: () => this.#channels.delete(channel),
    });
    this.#channels.add(channel);
  }

  /** Starts the process that becomes the next user, so that nobody waits for it. */
  prepare(): void {
    if (this.#isClosed || this.#spare?.channel.isOpen || this.#parts.hasSpare === false) return;
    const started = this.#start();
    if (started.kind === 'ok') this.#spare = started.value;
  }

  get childCount(): number {
    return this.#children.size;
  }

  /** After a reload: running calls end with the configuration they began with, later ones get new children. */
  retireAll(): void {
    this.#spare?.stop();
    this.#spare = undefined;
    for (const child of [...this.#children.values()]) this.#retire(child);
  }

  close(): void {
    this.#isClosed = true;
    for (const channel of [...this.#channels]) channel.close();
    this.#spare?.stop();
    for (const child of this.#children.values()) child.stop();
    this.#children.clear();
    this.#wakeWaiting();
  }

  async #answer(call: IncomingCall): Promise<void> {
    try {
      const fields = new Fields(call.request);
      const identity = decodeIdentity(fields, 'identity') ?? this.#parts.policy.exim;
      const refused = this.#refusal(fields.string('op'), identity);
      if (refused) return call.reply(refused);
      const mailbox = fields.has('mailbox') ? fields.string('mailbox') : '';
      if (mailbox === '') await this.#pass(call, identity);
      else await this.#mailboxes.run(`${identity.uid}:${mailbox}`, () => this.#pass(call, identity));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      call.reply(failure('EPROTO', error.message));
    }
  }

  #refusal(op: string, identity: Identity): SystemFailure | undefined {
    const { exim, neverUsers, mayRun } = this.#parts.policy;
    if (!['stat', 'lstat', 'access', 'read', 'run', 'deliver'].includes(op)) return failure('EPROTO', `unknown operation ${op}`);
    if (op === 'run' && identity.uid !== exim.uid && !mayRun?.(identity))
      return failure('EPERM', `no command may run as uid ${identity.uid} outside a transport`);
    return refusal(identity, neverUsers);
  }

  async #pass(call: IncomingCall, identity: Identity): Promise<void> {
    if (call.signal.aborted) return;
    const child = await this.#childFor(identity);
    if (child.kind === 'error') return call.reply(child);
    try {
      const ready = await child.value.ready;
      if (ready.kind === 'error') return call.reply(ready);
      const inner = child.value.channel.call(call.request);
      await call.passTo(inner, (reason) => failure(HELPER_LOST, `the process of the agent was lost: ${reason}`));
    } finally {
      this.#finished(child.value);
    }
  }

  /** A child that counts this call already, so that nobody retires it. */
  async #childFor(identity: Identity): Promise<SystemResult<Child>> {
    const key = identityKey(identity);
    for (;;) {
      if (this.#isClosed) return failure(HELPER_LOST, 'the agent is ending');
      const child = this.#children.get(key) ?? (this.#makeRoom() ? this.#add(key, identity) : undefined);
      if (child instanceof Child) {
        child.begin();
        return { kind: 'ok', value: child };
      }
      if (child) return child;
      if (this.#waiting.length >= waitingLimit) return failure(HELPER_LOST, 'too many deliveries wait for the agent');
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /** Whether another child may be added; the least recently used of the idle ones goes for it. */
  #makeRoom(): boolean {
    if (this.#children.size < (this.#parts.limit ?? defaultLimit)) return true;
    for (const child of this.#children.values()) {
      if (child.callCount > 0) continue;
      this.#retire(child);
      return true;
    }
    return false;
  }

  #add(key: string, identity: Identity): Child | SystemFailure {
    const started = this.#takeSpare();
    if (started.kind === 'error') {
      this.#parts.onProblem?.(`the agent cannot start a process: ${started.reason}`);
      return failure(HELPER_LOST, started.reason);
    }
    const child = new Child(key, started.value, identity, [...this.#parts.policy.neverUsers], () => this.#lost(child));
    this.#children.set(key, child);
    return child;
  }

  #takeSpare(): SystemResult<StartedChild> {
    const spare = this.#spare;
    this.#spare = undefined;
    setImmediate(() => this.prepare()); // the next one starts when there is time for it
    return spare?.channel.isOpen ? { kind: 'ok', value: spare } : this.#start();
  }

  #start(): SystemResult<StartedChild> {
    const started = this.#parts.startChild();
    return started.kind === 'ok' ? { kind: 'ok', value: new StartedChild(started.value) } : started;
  }

  #finished(child: Child): void {
    child.finish();
    if (child.callCount > 0) return;
    if (child.isRetired) {
      child.stop();
      return;
    }
    if (this.#children.get(child.key) === child) {
      this.#children.delete(child.key); // the order of the map is that of use
      this.#children.set(child.key, child);
    }
    child.stopAfter(this.#parts.idleMs ?? defaultIdleMs, () => this.#retire(child));
    this.#wakeWaiting();
  }

  #retire(child: Child): void {
    if (this.#children.get(child.key) === child) this.#children.delete(child.key);
    child.isRetired = true;
    if (child.callCount === 0) child.stop();
  }

  #lost(child: Child): void {
    if (this.#children.get(child.key) === child) this.#children.delete(child.key);
    this.#wakeWaiting();
  }

  #wakeWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waken of waiting) waken();
  }
}

/** A child process and its channel, nobody yet. */
class StartedChild {
  readonly channel: Channel;
  readonly #process: AttachedProcess;
  onLost: (() => void) | undefined;

  constructor(process: AttachedProcess) {
    this.#process = process;
    this.channel = new Channel(process.stream, { onClose: () => this.onLost?.() });
  }

  /** It ends when its stream does; if not, it is killed. */
  stop(): void {
    this.channel.close();
    const timer = setTimeout(() => this.#process.kill(), killAfterMs);
    timer.unref();
    void this.#process.exited.then(() => clearTimeout(timer));
  }
}

/** A child that is, or is becoming, somebody. */
class Child {
  readonly key: string;
  readonly channel: Channel;
  readonly ready: Promise<SystemResult<void>>;
  isRetired = false;
  callCount = 0;
  readonly #started: StartedChild;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(key: string, started: StartedChild, identity: Identity, neverUsers: readonly number[], onLost: () => void) {
    this.key = key;
    this.#started = started;
    this.channel = started.channel;
    started.onLost = onLost;
    this.ready = this.#become(identity, neverUsers);
  }

  begin(): void {
    this.callCount++;
    clearTimeout(this.#idleTimer);
  }

  finish(): void {
    this.callCount--;
  }

  stopAfter(idleMs: number, retire: () => void): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(retire, idleMs);
    this.#idleTimer.unref();
  }

  stop(): void {
    clearTimeout(this.#idleTimer);
    this.#started.stop();
  }

  async #become(identity: Identity, neverUsers: readonly number[]): Promise<SystemResult<void>> {
    const ended = await this.channel.call({ op: 'become', identity: encodeIdentity(identity), neverUsers }).ended;
    if (ended.kind === 'lost') return failure(HELPER_LOST, ended.reason);
    const fields = new Fields(ended.value);
    if (fields.string('kind') === 'ok') return { kind: 'ok', value: undefined };
    this.stop();
    return failure(fields.string('errno'), fields.string('reason'));
  }
}
