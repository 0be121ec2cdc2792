/** Our server inside this process: a worker as the daemon starts them, with the supervisor's counts beside it. */
import { join } from 'node:path';
import { builtin } from '../../../src/builtin.ts';
import { readBuildSettings } from '../../../src/cli/build.ts';
import { eximProblemText } from '../../../src/config/problems.ts';
import { AdmissionLedger, WorkerAdmission } from '../../../src/process/admission.ts';
import { type ListenAddress, type ListenAddresses, listenAddresses } from '../../../src/process/listen.ts';
import { openRuntime, type Runtime } from '../../../src/process/runtime.ts';
import { Worker } from '../../../src/process/worker.ts';
import { createSystem, type SystemPorts } from '../../../src/system/create-system.ts';
import { DirectSpawner } from '../../../src/system/direct-spawner.ts';
import { SystemMachine } from '../../../src/system/machine.ts';
import { SystemNet } from '../../../src/system/net.ts';
import { TlsEngine } from '../../../src/system/tls.ts';
import { waitFor } from '../../e2e/support/wait.ts';
import type { Bench } from './bench.ts';
import type { RunningServer } from './run.ts';

/** Always busy a little, so that limits of the load below and above it can be tried. */
class BusyMachine extends SystemMachine {
  override loadAverage(): number {
    return 1.5;
  }
}

/** Listens at addresses where a worker has bound descriptors: within one process nobody else would close those. */
class ListeningNet extends SystemNet {
  readonly #addresses: readonly ListenAddress[];

  constructor(tls: TlsEngine, addresses: readonly ListenAddress[]) {
    super(tls);
    this.#addresses = addresses;
  }

  override listen(...[target, onConnection, options]: Parameters<SystemNet['listen']>): ReturnType<SystemNet['listen']> {
    const at = target.kind === 'descriptor' ? this.#addresses[target.fd] : undefined;
    if (at === undefined) return super.listen(target, onConnection, options);
    const { address, port } = at;
    return super.listen({ kind: 'address', address, port, isIpv6Only: address.includes(':') }, onConnection, options);
  }
}

export async function startOurs({ folder, ports }: Bench): Promise<RunningServer | string> {
  const made = createSystem();
  const system: SystemPorts = { ...made, machine: new BusyMachine() };
  const build = await readBuildSettings(system, undefined);
  const opened = await openRuntime({
    system,
    registry: builtin,
    userActions: system.userActions,
    spawner: new DirectSpawner(),
    load: {
      paths: [join(folder, 'etc/exim4.conf')],
      macros: [],
      build,
      files: system.files,
      accounts: system.accounts,
      machine: system.machine,
    },
  });
  if (opened.kind === 'failed') return opened.problems.map((problem) => eximProblemText(problem)).join('\n');
  const { runtime } = opened;
  const wanted = addressesOf(runtime);
  if (wanted.kind === 'error') return wanted.message;
  const tls = new TlsEngine({ files: system.files, hostName: () => system.machine.hostName, nowMs: () => system.clock.now() });
  const ledger = new AdmissionLedger<string>();
  const admission = new WorkerAdmission((message) => {
    if (message.kind === 'connections') ledger.report('worker', message.changes);
    else if (message.kind === 'admit') {
      const { request, host } = message;
      queueMicrotask(() => admission.admitted(request, { ...ledger.admit('worker', host, message) }));
    }
  });
  let open = 0;
  const worker = new Worker({
    runtime,
    net: new ListeningNet(tls, wanted.addresses),
    sockets: wanted.addresses.map(({ isTlsOnConnect }, fd) => ({ fd, isTlsOnConnect })),
    admission: {
      enter: async (host, limits) => {
        const entered = await admission.enter(host, limits);
        if (entered.verdict === 'admitted') open++;
        return entered;
      },
      leave: (host) => {
        open--;
        admission.leave(host);
      },
    },
    queueRuns: [],
    isQueueRunner: true,
    deliveryMode: undefined,
    reload: async () => ({ kind: 'ok', runtime }),
  });
  const failure = await worker.start();
  if (failure !== undefined) return failure.message;
  return {
    ports,
    idle: async () => void (await waitFor('no connection', () => open === 0)),
    stop: async () => {
      await waitFor('no connection', () => open === 0);
      await worker.stop();
      runtime.close();
      system.close();
    },
  };
}

function addressesOf({ config, services }: Runtime): ListenAddresses {
  const { main } = config;
  const split = (list: string | undefined) => services.lists.split(list ?? '');
  return listenAddresses({
    localInterfaces: split(main.local_interfaces),
    smtpPorts: split(main.daemon_smtp_ports),
    tlsOnConnectPorts: split(main.tls_on_connect_ports),
    overriding: undefined,
    tlsOnConnect: false,
    isIpv6Disabled: main.disable_ipv6,
  });
}
