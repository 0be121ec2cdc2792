/** A complete Services, Config and Frame of fakes, each part replaceable: what most unit tests start from. */

import { invariant } from '../../base/invariant.ts';
import type { Octets } from '../../base/octets.ts';
import type { BuildSettings } from '../../core/build-settings.ts';
import type { Config, ListKind, ListSource, NamedList, NamedListKind, Template, TemplateCompiler } from '../../core/config.ts';
import { untilAborted } from '../../core/deadline.ts';
import type { Frame } from '../../core/frame.ts';
import type { MainOptions } from '../../core/main-options.ts';
import { mainOptions } from '../../core/main-options.ts';
import type { OptionSpec } from '../../core/option.ts';
import { fail, ok } from '../../core/outcome.ts';
import type { Services } from '../../core/ports.ts';
import type { SourceLocation } from '../../core/source.ts';
import { untainted } from '../../core/text.ts';
import { RegexEngine } from '../regex.ts';
import { FakeClock } from './clock.ts';
import { FakeDns } from './dns.ts';
import { MemoryFiles } from './files.ts';
import { MemoryHints } from './hints.ts';
import { FakeAccounts, FakeHosts, FakeMachine, FakeRandom, fakeCrypt } from './host.ts';
import { FakeLog } from './log.ts';
import { FakeNet } from './net.ts';
import { FakeSpawner } from './spawner.ts';

export const testLocation: SourceLocation = { file: 'test', line: 1, column: 1 };

export const testBuild: BuildSettings = {
  preset: 'embedded',
  configureFiles: ['/etc/exim.conf'],
  spoolDirectory: '/var/spool/exim',
  logFilePath: '/var/log/exim/%slog',
  eximUser: { name: 'exim', uid: 93 },
  eximGroup: { name: 'exim', gid: 93 },
  configureOwners: [],
  configureGroups: [],
  fixedNeverUsers: [0],
  trustedConfigList: undefined,
  whitelistDMacros: [],
  eximPath: '/usr/sbin/exim',
  submitSocket: '/run/eximius/submit',
  dropDirectory: '/var/spool/eximius-drop',
};

/** A template without expansions; with `$` or a backslash its evaluation fails, for want of a compiler. */
export function constantTemplate(source: Octets, what = 'test'): Template {
  const isConstant = !/[$\\]/.test(source);
  return {
    source,
    at: testLocation,
    what,
    constant: isConstant ? source : undefined,
    evaluate: () => (isConstant ? ok(untainted(source)) : fail(`test configuration has no compiler for "${source}"`)),
    problems: () => [],
  };
}

/** A list option's value, for tests of what takes one. */
export function testList(kind: ListKind, source: Octets, compiler?: TemplateCompiler): ListSource {
  return { kind, template: compiler ? compiler.template(source, testLocation, `${kind} list`) : constantTemplate(source) };
}

export interface TestConfigParts extends Partial<Omit<Config, 'main' | 'namedLists'>> {
  readonly main?: Partial<MainOptions>;
  /** `{ domainlist: { local: 'a.example : b.example' } }`. */
  readonly namedLists?: Readonly<Partial<Record<NamedListKind, Readonly<Record<string, Octets>>>>>;
  /** Compiles defaults and named lists that have expansions; without it only constant ones can be evaluated. */
  readonly compiler?: TemplateCompiler;
}

/** An empty configuration with Exim's defaults; `primary_hostname` and `qualify_domain` are mail.test.example. */
export function testConfig(parts: TestConfigParts = {}): Config {
  const { main, namedLists, compiler, ...rest } = parts;
  const template = (source: Octets, what: string): Template =>
    compiler?.template(source, testLocation, what) ?? constantTemplate(source, what);
  const empty: Config = {
    build: testBuild,
    files: [],
    main: {
      ...mainDefaults(template),
      primary_hostname: 'mail.test.example',
      qualify_domain: 'mail.test.example',
      qualify_recipient: 'mail.test.example',
      ...main,
    },
    startup: {
      spoolDirectory: testBuild.spoolDirectory,
      logFilePath: testBuild.logFilePath,
      pidFilePath: '',
      localhostNumber: undefined,
      eximUid: testBuild.eximUser.uid,
      eximGid: testBuild.eximGroup.gid,
      eximLogin: testBuild.eximUser.name,
    },
    mainSettings: new Map(),
    mainNotYet: new Map(),
    macros: [],
    namedLists: {
      domainlist: makeNamedLists('domainlist', namedLists?.domainlist, template),
      hostlist: makeNamedLists('hostlist', namedLists?.hostlist, template),
      addresslist: makeNamedLists('addresslist', namedLists?.addresslist, template),
      localpartlist: makeNamedLists('localpartlist', namedLists?.localpartlist, template),
    },
    acls: new Map(),
    routers: [],
    transports: new Map(),
    authenticators: [],
    retryRules: [],
    rewriteRules: [],
    problems: [],
    compile: template,
  };
  return { ...empty, ...rest };
}

function mainDefaults(template: (source: Octets, what: string) => Template): MainOptions {
  const values = new Map<string, unknown>();
  for (const [name, spec] of Object.entries<OptionSpec<unknown>>(mainOptions)) {
    const made = spec.defaultText === undefined ? undefined : template(spec.defaultText, `${name} option`);
    if (made && spec.kind === 'list') values.set(name, { kind: spec.listKind ?? 'string', template: made });
    else values.set(name, made ?? spec.default);
  }
  return Object.fromEntries(values) as unknown as MainOptions; // every option of the table is there with its default
}

function makeNamedLists(
  kind: NamedListKind,
  lists: Readonly<Record<string, Octets>> | undefined,
  template: (source: Octets, what: string) => Template,
): ReadonlyMap<string, NamedList> {
  return new Map(
    Object.entries(lists ?? {}).map(([name, source]) => [
      name,
      { kind, name, template: template(source, `${kind} "${name}"`), isHidden: false, forceCache: false },
    ]),
  );
}

/** Using one that the test did not give is a mistake of the test. */
function missing<K extends keyof Services>(name: K): Services[K] {
  return new Proxy({} as object as Services[K] & object, {
    get: (_target, property) => {
      invariant(false, `the test gives fakeServices a "${name}" before ${String(property)} of it is used`);
    },
  }) as Services[K]; // every property throws before a wrong type could be seen
}

/** Every port as a fake; lookups, lists, acls, verifier and userActions must be given by who needs them. */
export function fakeServices(overrides: Partial<Services> = {}): Services {
  const clock = overrides.clock ?? new FakeClock();
  return {
    clock,
    files: new MemoryFiles({ clock }),
    dns: new FakeDns(),
    hosts: new FakeHosts(),
    accounts: new FakeAccounts(),
    net: new FakeNet(),
    spawner: new FakeSpawner(),
    perl: missing('perl'),
    pam: missing('pam'),
    modules: missing('modules'),
    hints: new MemoryHints(),
    log: new FakeLog(),
    regexes: new RegexEngine(),
    random: new FakeRandom(),
    crypt: fakeCrypt,
    lookups: missing('lookups'),
    lists: missing('lists'),
    acls: missing('acls'),
    verifier: missing('verifier'),
    spf: missing('spf'),
    userActions: missing('userActions'),
    machine: new FakeMachine(),
    environment: new Map(),
    build: testBuild,
    logPrefix: () => '',
    ...overrides,
  };
}

/** A frame with nothing but a configuration and services; its deadline never ends. */
export function testFrame(overrides: Partial<Frame> = {}): Frame {
  return {
    config: overrides.config ?? testConfig(),
    services: overrides.services ?? fakeServices(),
    results: {},
    captures: [],
    until: untilAborted(new AbortController().signal),
    ...overrides,
  };
}
