/**
 * The entry for the conformance runner: settings that its setuid wrapper passes in the environment become arguments of the same `run` that the product
 * has. The shipped bundle knows none of them (DESIGN 3.11).
 */
import { octetsFromUnicode } from '../../src/base/octets.ts';
import { run as runProgram } from '../../src/cli/main.ts';
import type { HarnessSettings } from '../../src/core/build-settings.ts';
import { SystemAccounts } from '../../src/system/accounts.ts';
import { Native } from '../../src/system/native.ts';

const SEED = 42;
const CHALLENGE = '<1896.697170952@postoffice.reston.mci.net>';

function harnessSettings(environment: NodeJS.ProcessEnv): HarnessSettings {
  const accounts = new SystemAccounts(new Native());
  const userName = octetsFromUnicode(environment.EXIM_TEST_USER ?? 'exim');
  const groupName = octetsFromUnicode(environment.EXIM_TEST_GROUP ?? 'exim');
  const user = accounts.userByName(userName);
  const group = accounts.groupByName(groupName);
  const owner = Number.parseInt(environment.EXIM_CONFIGURE_OWNER ?? '', 10);
  const configureOwner = Number.isNaN(owner) ? undefined : owner;
  const whitelist = environment.EXIM_WHITELIST_D_MACROS ?? '';
  return {
    build: {
      preset: 'custom',
      eximUser: { name: userName, uid: user.kind === 'ok' ? (user.value?.uid ?? 0) : 0 },
      eximGroup: { name: groupName, gid: group.kind === 'ok' ? (group.value?.gid ?? 0) : 0 },
      spoolDirectory: '/var/spool/exim',
      logFilePath: '',
      configureOwners: configureOwner === undefined ? [] : [configureOwner],
      trustedConfigList: environment.EXIM_TRUSTED_CONFIG_LIST === undefined ? undefined : octetsFromUnicode(environment.EXIM_TRUSTED_CONFIG_LIST),
      whitelistDMacros: whitelist === '' ? [] : whitelist.split(':'),
    },
    randomSeed: SEED,
    cramMd5Challenge: CHALLENGE,
    keepsPrivilege: true,
    configureOwner,
    syslogToStderr: true,
    fakeLoadAverage: true,
    refusedIsTimeout: true,
    callerLogin: undefined,
    noDefaultSmtputf8: true,
    dnsOnly: true,
  };
}

// The runner's wrapper leaves the name the program was called by in the environment.
const calledAs = (process.env.EXIM_ARGV0 ?? 'exim').replace(/^.*\//, '');

/** What the bundle's loader calls. */
export async function run(_name: string, args: readonly string[]): Promise<void> {
  await runProgram(calledAs === 'exim_exim' ? 'exim' : calledAs, args, { harness: harnessSettings(process.env) });
}
