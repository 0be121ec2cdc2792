/**
 * What every process that handles mail holds: a configuration with the services that work by it. Made anew by a reload; sessions and deliveries keep the
 * one they began with (DESIGN 3.17).
 */

import { createLazyAcls } from '../acl/acls.ts';
import { lazy } from '../base/lazy.ts';
import type { Octets } from '../base/octets.ts';
import { SpfChecker } from '../checks/spf/spf.ts';
import { keptEnvironment } from '../config/environment.ts';
import type { ReadLine } from '../config/lines.ts';
import { type LoadRequest, type LoadResult, loadConfig } from '../config/load.ts';
import { eximProblemText } from '../config/problems.ts';
import type {
  Config,
  Deadline,
  Frame,
  Hints,
  ListSource,
  Log,
  Problem,
  Registry,
  ReportRequest,
  Results,
  Services,
  Spawner,
  UserActions,
  Verifier,
} from '../core/index.ts';
import { tainted, untilAborted } from '../core/index.ts';
import { createExpander, type Expander } from '../expand/expander.ts';
import { openHints } from '../hints/store.ts';
import { createLists } from '../lists/lists.ts';
import { logPrefix } from '../logging/lines/sender.ts';
import { createLog, type DebugSink, earlyLogSettings, type LogParts, logSettings } from '../logging/log.ts';
import { parseLogSelector, SELECTOR_NAMES } from '../logging/selectors.ts';
import { SYSLOG_FACILITIES } from '../logging/syslog.ts';
import { createLookups } from '../lookups/lookups.ts';
import { submitReport } from '../receive/report.ts';
import { Spool, spoolSettings } from '../spool/spool.ts';
import type { SystemPorts } from '../system/create-system.ts';
import { Resolver } from '../system/dns.ts';
import { SystemHosts } from '../system/hosts.ts';
import { asUser } from '../system/own-ids.ts';
import { roleCommand } from '../system/processes.ts';
import { SystemRandom } from '../system/random.ts';
import { SyslogWriter } from '../system/syslog.ts';
import { PamHelper } from './pam.ts';
import { LazyPerl } from './perl.ts';
import { queueSizeFrom } from './queue-size.ts';
import { CONTROL_SOCKET } from './spool-directory.ts';

export interface RuntimeParts {
  readonly system: SystemPorts;
  readonly registry: Registry;
  readonly load: Omit<LoadRequest, 'registry' | 'compiler' | 'compileText' | 'logSelectors' | 'checkAcl' | 'frameFor'>;
  /** Who does what needs another user's rights, and who forks. */
  readonly userActions: UserActions;
  readonly spawner: Spawner;
  readonly debug?: DebugSink | undefined;
  readonly writeStderr?: ((text: Octets) => void) | undefined;
  /** The program, which answers for PAM in a process of its own; default: the running one. */
  readonly script?: string | undefined;
  /** `-bh`: what is wrong with the configuration goes to no log. */
  readonly keepsNoLog?: boolean;
  /** `-bh` shows its log. */
  readonly replaceLog?: ((log: Log) => Log) | undefined;
  /** `-L`: in place of `syslog_processname`, and syslog in place of the log files. */
  readonly logTag?: Octets | undefined;
}

export type OpeningRuntime =
  | { readonly kind: 'ok'; readonly runtime: Runtime }
  | { readonly kind: 'failed'; readonly problems: readonly Problem[] };

export class Runtime {
  readonly config: Config;
  readonly services: Services;
  readonly expander: Expander;
  readonly registry: Registry;
  /** The lines of the files, for `-bP config`; empty unless they were asked for. */
  readonly lines: readonly ReadLine[];
  readonly #spool: () => Spool;
  readonly #close: () => void;

  constructor(parts: {
    config: Config;
    services: Services;
    expander: Expander;
    spool: () => Spool;
    registry: Registry;
    lines: readonly ReadLine[];
    close: () => void;
  }) {
    this.config = parts.config;
    this.services = parts.services;
    this.expander = parts.expander;
    this.#spool = parts.spool;
    this.registry = parts.registry;
    this.lines = parts.lines;
    this.#close = parts.close;
  }

  get spool(): Spool {
    return this.#spool();
  }

  /** A frame with nothing but the configuration: command-line expansions, main options. */
  frame(until: Deadline, results: Results = {}): Frame {
    return { config: this.config, services: this.services, results, captures: [], until };
  }

  /** The same at work on a named queue; '' is the default queue. */
  inQueue(name: Octets): Runtime {
    if (name === '') return this;
    const { config, services, expander, registry, lines } = this;
    const [spool, close] = [() => this.#spool().inQueue(name), this.#close];
    return new Runtime({ config, services, expander, spool, registry, lines, close });
  }

  /** The same with another log; closing one closes the other. */
  withLog(log: Log): Runtime {
    const { config, services, expander, registry, lines } = this;
    const [spool, close] = [this.#spool, this.#close];
    return new Runtime({ config, services: { ...services, log }, expander, spool, registry, lines, close });
  }

  close(): void {
    this.#close();
  }
}

/** What is the same for every configuration of a process, and the reading of one. */
async function readWith(parts: RuntimeParts) {
  const { system, registry } = parts;
  const [expansion, lookupDefinitions] = await Promise.all([registry.expansion(), registry.lookups()]);
  const lookups = createLookups(lookupDefinitions);
  const expander = createExpander(expansion, {
    lookupTypeProblem: (type) => {
      const parsed = lookups.parseType(type);
      return parsed.kind === 'ok' ? undefined : parsed.message;
    },
    lookupNames: lookupDefinitions.map(({ name }) => name),
    isQueryLookup: (type) => {
      const parsed = lookups.parseType(type);
      return parsed.kind === 'ok' && parsed.type.isQueryStyle;
    },
    unbuiltLookup: (type) => {
      const parsed = lookups.parseType(type);
      const name = parsed.kind === 'ok' ? parsed.type.name : undefined;
      return lookupDefinitions.some((definition) => definition.name === name && !definition.open) ? name : undefined;
    },
  });
  const machine = system.machine;
  const { files, clock } = system;
  const { build } = parts.load;
  const logParts = {
    files,
    clock,
    machine,
    asOwner: asUser,
    sendSyslog: build.adaptations?.sendSyslog,
    debug: parts.debug,
    writeStderr: parts.writeStderr,
  };
  const lists = createLists();
  const { acls, check: checkAcl } = createLazyAcls(() => registry.acl(), expander);
  const verifier = lazyVerifier();
  const resolvers: Resolver[] = [];
  const perls: LazyPerl[] = [];
  /** Options that are expanded while the configuration is read see the same services; hints and the configured log come after. */
  const makeServices = (config: Config, log: Log, hints: Hints): Services => {
    const { main } = config;
    const isIn = (list: ListSource | undefined) => async (name: Octets) => {
      if (!list) return false;
      const outcome = await lists.matchDomain(list, tainted(name), {
        config,
        services,
        results: {},
        captures: [],
        until: untilAborted(new AbortController().signal),
      });
      return outcome.kind === 'ok' && outcome.value.matched;
    };
    const dns = lazy(() => {
      const resolver = new Resolver({
        files,
        clock,
        random: new SystemRandom(), // ids of questions are never to be guessed, whatever the seed
        main,
        regexes: system.regexes,
        ...(main.dns_again_means_nonexist ? { isAgainNonexistent: isIn(main.dns_again_means_nonexist) } : {}),
        ...(main.dns_trust_aa ? { isAuthoritativeTrusted: isIn(main.dns_trust_aa) } : {}),
      });
      resolvers.push(resolver);
      return resolver;
    });
    const hosts = lazy(() => new SystemHosts({ files, dns: dns() }));
    const spf = lazy(() => new SpfChecker(dns(), clock));
    const environment = keptEnvironment(main, machine.environment(), system.regexes);
    const perl = new LazyPerl({ config, files, spawner: parts.spawner, environment });
    perls.push(perl);
    const services: Services = {
      clock,
      files,
      get dns() {
        return dns();
      },
      get hosts() {
        return hosts();
      },
      accounts: system.accounts,
      get net() {
        return system.net;
      },
      spawner: parts.spawner,
      perl,
      pam: new PamHelper({ spawner: parts.spawner, command: roleCommand(parts.script ?? process.argv[1] ?? '', 'pam'), environment }),
      modules: system.modules,
      userActions: parts.userActions,
      hints,
      log,
      regexes: system.regexes,
      random: system.random,
      crypt: system.crypt,
      lookups,
      lists,
      acls,
      verifier,
      get spf() {
        return spf();
      },
      machine,
      environment,
      build,
      logPrefix,
    };
    return services;
  };
  const earlyLog = createLog({ ...logParts, settings: earlyLogSettings(build) });
  const loaded = await loadConfig({
    ...parts.load,
    registry,
    compiler: expander,
    compileText: (text, what) => expander.runtime(text, what),
    logSelectors: { names: SELECTOR_NAMES, problemOf: (value) => selectorProblem(value) },
    syslogFacilities: SYSLOG_FACILITIES,
    compileRegex: (pattern) => system.regexes.compile(pattern),
    checkAcl,
    frameFor: (config) => ({
      config,
      services: makeServices(config, earlyLog, NO_HINTS),
      results: {},
      captures: [],
      until: untilAborted(new AbortController().signal),
    }),
  });
  return { loaded, expander, lookups, resolvers, perls, makeServices, logParts, machine };
}

/** Only reads: for `eximius check`. */
export async function readForCheck(parts: RuntimeParts): Promise<{ readonly loaded: LoadResult; readonly expander: Expander }> {
  const { loaded, expander, lookups, resolvers, perls } = await readWith(parts);
  lookups.close();
  for (const resource of [...resolvers, ...perls]) resource.close();
  return { loaded, expander };
}

/** Errors go to the panic log that the configuration names, as far as it was read. */
function logRefusal(
  { problems, partial, isBeforeLogPath }: LoadResult & { readonly kind: 'failed' },
  { load }: RuntimeParts,
  logParts: Omit<LogParts, 'settings'>,
): void {
  const { build } = load;
  const settings =
    partial && !isBeforeLogPath
      ? logSettings(partial.main, build, partial.startup.logFilePath, partial.startup.spoolDirectory, {
          uid: partial.startup.eximUid,
          gid: partial.startup.eximGid,
        })
      : earlyLogSettings(build);
  const log = createLog({ ...logParts, settings });
  for (const problem of problems) if (problem.severity === 'error') log.panicOnly?.(eximProblemText(problem));
}

/** Reads and checks the configuration and wires the services. All problems are told at once. */
export async function openRuntime(parts: RuntimeParts): Promise<OpeningRuntime> {
  const { loaded, expander, lookups, resolvers, perls, makeServices, logParts, machine } = await readWith(parts);
  if (loaded.kind === 'failed') {
    if (!parts.keepsNoLog) logRefusal(loaded, parts, logParts);
    return loaded;
  }
  const { registry } = parts;
  const { adaptations } = parts.load.build;
  const config = adaptations?.adaptConfig?.(loaded.config) ?? loaded.config;
  const { files, clock } = parts.system;
  const { build } = parts.load;
  const { startup } = config;
  const owner = { uid: startup.eximUid, gid: startup.eximGid };
  const { main } = config;
  const syslog = new SyslogWriter({
    native: parts.system.native,
    clock,
    pid: machine.pid,
    tag: parts.logTag ?? main.syslog_processname ?? 'exim',
    hasPid: main.syslog_pid,
  });
  const fileLog = createLog({
    ...logParts,
    sendSyslog: adaptations?.sendSyslog ?? ((priority, text) => syslog.send(priority, text)),
    settings: logSettings(config.main, build, parts.logTag === undefined ? startup.logFilePath : 'syslog', startup.spoolDirectory, owner),
  });
  const log = parts.replaceLog?.(fileLog) ?? fileLog;
  const hints = openHints({ files, machine, log, spoolDirectory: startup.spoolDirectory, owner });
  const made = makeServices(config, log, hints);
  const spool = lazy(() => new Spool({ files, clock, machine, log, settings: spoolSettings(config) }));
  const queueSize = queueSizeFrom({
    net: made.net,
    clock,
    controlSocket: `${startup.spoolDirectory}/${CONTROL_SOCKET}`,
    count: () => spool().scan().length,
  });
  const services = {
    ...(adaptations?.adaptServices?.(made) ?? made),
    queueSize,
    submitReport: (request: ReportRequest) => submitReport(request),
  };
  return {
    kind: 'ok',
    runtime: new Runtime({
      config,
      services,
      expander,
      spool,
      registry,
      lines: loaded.lines ?? [],
      close: () => {
        lookups.close();
        hints.close();
        for (const resource of [...resolvers, ...perls]) resource.close();
        log.flush();
        syslog.close();
      },
    }),
  };
}

/** Routers are not loaded before an address is verified. */
function lazyVerifier(): Verifier {
  let verifier: Verifier | undefined;
  const load = async (): Promise<Verifier> => {
    verifier ??= (await import('../verify/verifier.ts')).createVerifier();
    return verifier;
  };
  return {
    verify: async (request, frame) => (await load()).verify(request, frame),
    cutThrough: async (recipient, frame) => (await load()).cutThrough(recipient, frame),
  };
}

function selectorProblem(value: Octets): string | undefined {
  const parsed = parseLogSelector(value);
  return parsed.kind === 'ok' ? undefined : parsed.message;
}

/** While the configuration is read there is no hints store yet. */
const NO_HINTS: Hints = {
  get: () => undefined,
  put: () => {},
  replace: () => true,
  delete: () => {},
  forget: () => {},
  keys: () => [],
  close: () => {},
};
