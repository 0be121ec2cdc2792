/** For tests of the reader: loads a text with a few small drivers, files in memory, and constant templates. */

import type { Config } from '../core/config.ts';
import type { AuthenticatorDefinition, RouterDefinition, TransportDefinition } from '../core/drivers.ts';
import { defineRouter, defineTransport } from '../core/drivers.ts';
import { option } from '../core/option.ts';
import type { Registry } from '../core/registry.ts';
import type { Problem } from '../core/source.ts';
import { MemoryFiles } from '../system/fakes/files.ts';
import { FakeAccounts, FakeMachine } from '../system/fakes/host.ts';
import { constantTemplate, testBuild } from '../system/fakes/services.ts';
import { type LoadRequest, type LoadResult, loadConfigText } from './load.ts';
import { eximProblemText } from './problems.ts';

const genericRouter = {
  condition: option.repeatable({ joiner: 'and', doc: 'A condition.' }),
  domains: option.domainList({ doc: 'Domains.' }),
  driver: option.string({ doc: 'The driver.' }),
  fail_verify: option.boolean({ default: false, sets: ['fail_verify_recipient', 'fail_verify_sender'], doc: 'Both.' }),
  fail_verify_recipient: option.boolean({ default: false, doc: 'Recipients.' }),
  fail_verify_sender: option.boolean({ default: false, doc: 'Senders.' }),
  headers_remove: option.repeatable({ joiner: ':', doc: 'Names.' }),
  local_part_prefix: option.stringList({ default: [], doc: 'Prefixes.' }),
  more: option.expandedBoolean({ default: true, doc: 'Go on.' }),
  pass_router: option.string({ doc: 'A router.' }),
  set: option.repeatable({ joiner: ';', doc: 'Variables.' }),
  transport: option.expanded({ doc: 'A transport.' }),
  user: option.user({ doc: 'A user.' }),
  verify_only: option.boolean({ default: false, doc: 'No delivery.' }),
};

const routers: readonly RouterDefinition[] = [
  defineRouter({
    name: 'accept',
    summary: '',
    spec: '',
    generic: genericRouter,
    options: {},
    needsTransport: true,
    create: () => ({ route: async () => ({ kind: 'decline' }) }),
  }),
  defineRouter({
    name: 'redirect',
    summary: '',
    spec: '',
    generic: genericRouter,
    needsTransport: false,
    options: {
      data: option.expanded({ doc: 'Addresses.' }),
      file: option.expanded({ doc: 'A file.' }),
      modemask: option.octal({ default: 0o22, doc: 'Bits.' }),
      sieve_inbox: option.string({ default: 'inbox', notYet: 'instance', doc: 'Not built.' }),
    },
    validate: (own) => (own['data'] === undefined && own['file'] === undefined ? ['one of "file" or "data" must be specified'] : []),
    create: () => ({ route: async () => ({ kind: 'decline' }) }),
  }) as unknown as RouterDefinition, // config/ hands each definition the values of its own table
  defineRouter({ name: 'iplookup', summary: '', spec: '', generic: genericRouter, options: {}, needsTransport: false }),
];

const transports: readonly TransportDefinition[] = [
  defineTransport({
    name: 'smtp',
    summary: '',
    spec: '',
    isRemote: true,
    generic: { driver: option.string({ doc: 'The driver.' }) },
    options: {
      port: option.expanded({ default: 'smtp', doc: 'The port.' }),
      command_timeout: option.time({ default: 300, doc: 'A time.' }),
    },
    create: () => ({ deliver: async () => [] }),
  }) as unknown as TransportDefinition, // as above
];

const authenticators: readonly AuthenticatorDefinition[] = [];

const registry: Registry = {
  expansion: async () => ({ items: [], operators: [], conditions: [], variables: [] }),
  lookups: async () => [],
  acl: async () => ({ conditions: [], modifiers: [], controls: [] }),
  routers: async () => routers,
  transports: async () => transports,
  authenticators: async () => authenticators,
};

export const testDefinitions = { routers, transports, authenticators };
export const testAccounts = new FakeAccounts(
  ['root:x:0:0:root:/root:/bin/sh', 'mail:x:8:12:mail:/var/mail:/bin/false', 'exim:x:93:93:Exim:/var/spool/exim:/bin/false'],
  ['root:x:0:', 'mail:x:12:', 'exim:x:93:'],
);

export function loadText(
  text: string,
  extra: Partial<LoadRequest> & { readonly contents?: Readonly<Record<string, string>> } = {},
): Promise<LoadResult> {
  const { contents = {}, ...rest } = extra;
  return loadConfigText(
    text,
    {
      macros: [],
      build: testBuild,
      registry,
      files: new MemoryFiles({ files: contents }),
      accounts: testAccounts,
      machine: new FakeMachine(),
      compiler: { template: (source, at, what) => ({ ...constantTemplate(source, what), at }) },
      ...rest,
    },
    '/etc/exim.conf',
  );
}

/** The configuration; a test that gets problems instead fails with them. */
export async function loadedText(text: string, extra: Parameters<typeof loadText>[1] = {}): Promise<Config> {
  const result = await loadText(text, extra);
  if (result.kind === 'failed') throw new Error(result.problems.map(eximProblemText).join('\n'));
  return result.config;
}

export async function problemsOf(text: string, extra: Parameters<typeof loadText>[1] = {}): Promise<readonly Problem[]> {
  const result = await loadText(text, extra);
  return result.kind === 'failed' ? result.problems : result.config.problems;
}
