/** The real ports to the outside, made once per process. */
import { lazy } from '../base/lazy.ts';
import type { Octets } from '../base/octets.ts';
import type { Accounts, Clock, Crypt, Machine, Modules, Random, Regexes } from '../core/ports.ts';
import { SystemAccounts } from './accounts.ts';
import { SystemClock } from './clock.ts';
import { SystemCrypt } from './crypt.ts';
import { DirectUserActions } from './direct-user-actions.ts';
import { SystemFiles } from './files.ts';
import { SystemMachine } from './machine.ts';
import { SystemModules } from './modules.ts';
import { Native } from './native.ts';
import { SystemNet } from './net.ts';
import { SeededRandom, SystemRandom } from './random.ts';
import { RegexEngine } from './regex.ts';
import { TlsEngine } from './tls.ts';

export interface SystemOptions {
  /** The conformance runner's: a predictable generator. */
  readonly randomSeed?: number | undefined;
  /** The name in a self-made certificate; default: the machine's. */
  readonly certificateName?: (() => Octets) | undefined;
  /** Shared with other processes, for TLS sessions that are resumed. */
  readonly ticketSecret?: Buffer | undefined;
}

export interface SystemPorts {
  readonly native: Native;
  readonly clock: Clock;
  readonly files: SystemFiles;
  readonly accounts: Accounts;
  readonly machine: Machine;
  readonly modules: Modules;
  readonly random: Random;
  readonly crypt: Crypt;
  readonly net: SystemNet;
  readonly regexes: Regexes;
  /** As the process itself; a process with an agent uses its client instead. */
  readonly userActions: DirectUserActions;
  close(): void;
}

/** Nothing is loaded or opened before it is used. */
export function createSystem(options: SystemOptions = {}): SystemPorts {
  const native = new Native();
  const clock = new SystemClock();
  const files = new SystemFiles(native);
  const machine = new SystemMachine();
  const regexes = new RegexEngine();
  const hostName = options.certificateName ?? (() => machine.hostName);
  const net = lazy(() => new SystemNet(new TlsEngine({ files, hostName, nowMs: () => clock.now(), ticketSecret: options.ticketSecret })));
  return {
    native,
    clock,
    files,
    accounts: new SystemAccounts(native),
    machine,
    modules: new SystemModules(files),
    random: options.randomSeed === undefined ? new SystemRandom() : new SeededRandom(options.randomSeed),
    crypt: new SystemCrypt(native),
    get net() {
      return net();
    },
    regexes,
    userActions: new DirectUserActions(files, machine.effectiveUid()),
    close: () => {
      files.close();
      regexes.close();
    },
  };
}
