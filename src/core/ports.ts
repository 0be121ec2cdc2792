/**
 * The ports to the outside and upwards. `system/`, `hints/`, `lookups/`, … implement them; `cli/` and `process/` wire them; tests use real
 * small implementations (`FakeDns`, `FakeClock`, `MemoryFiles`). Every call that may wait takes `until`.
 */
import type { Octets } from '../base/octets.ts';
import type { BuildSettings } from './build-settings.ts';
import type { Deadline } from './deadline.ts';
import type { Frame } from './frame.ts';
import type { MaybePromise } from './maybe-promise.ts';
import type { Files } from './ports/files.ts';
import type { Hints } from './ports/hints.ts';
import type { Log } from './ports/log.ts';
import type { Clock, Machine, Random } from './ports/machine.ts';
import type { Net } from './ports/network.ts';
import type { Accounts, Crypt, Dns, Hosts } from './ports/network-names.ts';
import type { Modules, Pam, Perl, Spawner, UserActions } from './ports/processes.ts';
import type { Regexes } from './ports/regexes.ts';
import type { Acls, Lists, Lookups, Spf, SubmitReport, Verifier } from './ports/upward.ts';

export * from './ports/files.ts';
export * from './ports/hints.ts';
export * from './ports/log.ts';
export * from './ports/machine.ts';
export * from './ports/network.ts';
export * from './ports/network-names.ts';
export * from './ports/processes.ts';
export * from './ports/regexes.ts';
export * from './ports/spool.ts';
export * from './ports/upward.ts';

export interface Services {
  readonly clock: Clock;
  readonly files: Files;
  readonly dns: Dns;
  readonly hosts: Hosts;
  readonly accounts: Accounts;
  readonly net: Net;
  /** During deliveries over a connection that was turned around (ATRN): `$atrn_mode`, `$atrn_host`. */
  readonly odmr?: { readonly mode: 'P' | 'C'; readonly host: Octets } | undefined;
  readonly spawner: Spawner;
  readonly perl: Perl;
  readonly pam: Pam;
  readonly modules: Modules;
  readonly userActions: UserActions;
  readonly hints: Hints;
  readonly log: Log;
  readonly regexes: Regexes;
  readonly random: Random;
  readonly crypt: Crypt;
  readonly lookups: Lookups;
  readonly lists: Lists;
  readonly acls: Acls;
  readonly verifier: Verifier;
  readonly spf: Spf;
  readonly machine: Machine;
  /** What `keep_environment` and `add_environment` leave; programs that are run get this. */
  readonly environment: ReadonlyMap<string, Octets>;
  readonly build: BuildSettings;
  /** How many messages are queued: of a process that knows the spool, and undefined without a daemon. */
  readonly queueSize?: ((until: Deadline) => MaybePromise<number | undefined>) | undefined;
  /** Of a process that receives: how reports become messages where ACLs, `local_scan` or rewriting rules look at them. */
  readonly submitReport?: SubmitReport | undefined;
  /** What a log line about a session begins with: `H=… `, with a space behind it; '' where there is none (logging/lines/sender). */
  readonly logPrefix: (frame: Frame) => Octets;
}
