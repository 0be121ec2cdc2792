/** Time, chance and the machine: what varies from run to run, so that tests can fix it. */
import type { Octets } from '../../base/octets.ts';
import type { Deadline } from '../deadline.ts';

export interface Clock {
  /** Milliseconds since the epoch, with fraction where known. */
  now(): number;
  /** For deadlines and durations. */
  monotonicMs(): number;
  /** Seconds east of UTC of zone at the instant; zone '' is the system's (IANA names and POSIX rules). */
  localOffsetSeconds(zone: Octets, atMs: number): number;
  /** Resolves when the time is over or the deadline ends (never rejects). */
  sleep(ms: number, until: Deadline): Promise<void>;
}

export interface Random {
  /** 0 <= n < limit. */
  below(limit: number): number;
  bytes(count: number): Uint8Array;
}

export interface Machine {
  readonly pid: number;
  /** uname's node name. */
  readonly hostName: Octets;
  loadAverage(): number;
  /** Processors that this process may use. */
  processors(): number;
  /** Addresses of the local interfaces. */
  interfaceAddresses(): readonly Octets[];
  environment(): ReadonlyMap<string, Octets>;
  realUid(): number;
  effectiveUid(): number;
  effectiveGid(): number;
  /** Free space in KiB and free inodes of the file system that holds path; -1 when unknown. */
  freeSpace(path: Octets): { readonly kib: number; readonly inodes: number };
}
