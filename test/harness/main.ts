/**
 * The entry for the conformance runner: settings that its setuid wrapper passes in the environment become arguments of the same `run` that the product
 * has. The shipped bundle knows none of them (DESIGN 3.11).
 */
import { type Octets, octetsFromUnicode } from '../../src/base/octets.ts';
import { run as runProgram } from '../../src/cli/main.ts';
import type { Adaptations, Config, Dns, Machine, Net } from '../../src/core/index.ts';
import { SystemAccounts } from '../../src/system/accounts.ts';
import { SystemHosts } from '../../src/system/hosts.ts';
import { Native } from '../../src/system/native.ts';
import { standardOutput } from '../../src/system/standard-streams.ts';
import { withFiles } from './hint-files.ts';

const SEED = 42;
const SINGLE_LABELS_BELOW = 'test.ex';
const CHALLENGE = '<1896.697170952@postoffice.reston.mci.net>';

function adaptations(environment: NodeJS.ProcessEnv): Adaptations {
  const accounts = new SystemAccounts(new Native());
  const userName = octetsFromUnicode(environment.EXIM_TEST_USER ?? 'exim');
  const groupName = octetsFromUnicode(environment.EXIM_TEST_GROUP ?? 'exim');
  const user = accounts.userByName(userName);
  const group = accounts.groupByName(groupName);
  const owner = Number.parseInt(environment.EXIM_CONFIGURE_OWNER ?? '', 10);
  const whitelist = environment.EXIM_WHITELIST_D_MACROS ?? '';
  let spoolDirectory: Octets = '/var/spool/exim';
  return {
    build: {
      preset: 'custom',
      eximUser: { name: userName, uid: user.kind === 'ok' ? (user.value?.uid ?? 0) : 0 },
      eximGroup: { name: groupName, gid: group.kind === 'ok' ? (group.value?.gid ?? 0) : 0 },
      spoolDirectory: '/var/spool/exim',
      logFilePath: '',
      submitSocket: '',
      configureOwners: Number.isNaN(owner) ? [] : [owner],
      trustedConfigList:
        environment.EXIM_TRUSTED_CONFIG_LIST === undefined ? undefined : octetsFromUnicode(environment.EXIM_TRUSTED_CONFIG_LIST),
      whitelistDMacros: whitelist === '' ? [] : whitelist.split(':'),
    },
    randomSeed: SEED,
    challenge: CHALLENGE,
    keepsPrivilege: true,
    prefersUnknownLogin: true,
    deliversInForeground: true,
    adaptConfig: (config) => {
      spoolDirectory = config.main.spool_directory?.constant ?? spoolDirectory;
      return withOneWorker(withoutSmtputf8(config));
    },
    adaptServices: (services) => {
      const dns = withSuiteNames(services.dns);
      return {
        ...services,
        machine: risingLoad(services.machine),
        net: refusalsAsTimeouts(services.net),
        dns,
        hints: withFiles(services.hints, services.files, () => spoolDirectory),
        hosts: new SystemHosts({ files: services.files, dns }),
      };
    },
    headingVersion: 'X',
    sendSyslog: (_priority, text) => standardOutput(2).write(`SYSLOG: '${text}'\n`),
  };
}

/** SMTPUTF8 is offered to nobody unless the configuration says so. */
function withoutSmtputf8(config: Config): Config {
  if (config.mainSettings.has('smtputf8_advertise_hosts')) return config;
  return { ...config, main: { ...config.main, smtputf8_advertise_hosts: undefined } };
}

/** Within a second the ids of one process tell the order of arrival, those of several do not. */
function withOneWorker(config: Config): Config {
  return config.mainSettings.has('workers') ? config : { ...config, main: { ...config.main, workers: 1 } };
}

/** Each look at the load average sees it 0.01 higher. */
function risingLoad(machine: Machine): Machine {
  let load = 0;
  return new Proxy(machine, {
    get: (target, name) => {
      if (name === 'loadAverage') return () => (load += 0.01);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const ENDLESS_TIMEOUT_MS = 999_999_000;

function refusalsAsTimeouts(net: Net): Net {
  return {
    exchange: (request, until) => net.exchange(request, until),
    sendDatagram: (request) => net.sendDatagram(request),
    connect: async (request, until) => {
      const connected = await net.connect(request, until);
      if (connected.kind === 'ok' || connected.errno !== 'ECONNREFUSED' || request.timeoutMs !== ENDLESS_TIMEOUT_MS) return connected;
      return { kind: 'error', errno: 'ETIMEDOUT', reason: 'Connection timed out', isTimeout: true };
    },
  };
}

/**
 * One name fails for a time. The suite's name server finds single-label names below one domain and answers under the whole name, which is no answer to
 * the question that was asked.
 */
function withSuiteNames(dns: Dns): Dns {
  return {
    resolve: (name, type, until, options) => {
      if (name === '99.99.99.99.in-addr.arpa') return { kind: 'again', message: 'host lookup did not complete' };
      return dns.resolve(
        name === '' || name === 'dontqualify' || name.includes('.') ? name : `${name}.${SINGLE_LABELS_BELOW}`,
        type,
        until,
        options,
      );
    },
    searchDomains: () => [SINGLE_LABELS_BELOW],
  };
}

// The runner's wrapper leaves the name the program was called by in the environment.
const calledAs = (process.env.EXIM_ARGV0 ?? 'exim').replace(/^.*\//, '');

/** What the bundle's loader calls. */
export async function run(_name: string, args: readonly string[]): Promise<void> {
  await runProgram(calledAs === 'exim_exim' ? 'exim' : calledAs, args, { adaptations: adaptations(process.env) });
}
