/** Every option of Exim 4.99 is declared, typed and defaulted as docs/inventory/options.tsv says, and can be set; also of drivers that are not built. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { formatTimeSpan } from '../../src/base/time-span.ts';
import { builtin } from '../../src/builtin.ts';
import { genericTable } from '../../src/config/driver-section.ts';
import { loadConfigText } from '../../src/config/load.ts';
import { mainOptions } from '../../src/core/main-options.ts';
import type { OptionKind, OptionSpec, OptionTable } from '../../src/core/option.ts';
import { MemoryFiles } from '../../src/system/fakes/files.ts';
import { FakeAccounts, FakeMachine } from '../../src/system/fakes/host.ts';
import { constantTemplate, testBuild } from '../../src/system/fakes/services.ts';

const root = dirname(dirname(import.meta.dirname));
const rows = readFileSync(join(root, 'docs/inventory/options.tsv'), 'utf8')
  .split('\n')
  .slice(1)
  .filter((line) => line !== '')
  .map((line) => line.split('\t'));

const [routers, transports, authenticators] = await Promise.all([builtin.routers(), builtin.transports(), builtin.authenticators()]);
const families = { router: routers, transport: transports, authenticator: authenticators } as const;
const tables = new Map<string, OptionTable>([
  ['main', mainOptions],
  ['routers', genericTable(routers)],
  ['transports', genericTable(transports)],
  ['authenticators', genericTable(authenticators)],
  ...[...routers, ...transports, ...authenticators].map(({ name, options }): [string, OptionTable] => [name, options]),
]);

function specOf(owner: string, name: string): OptionSpec<unknown> | undefined {
  const table = tables.get(owner) ?? {};
  return table[name] ?? Object.values(table).find((spec) => spec.synonyms?.includes(name));
}

/** What the manual's types are here: accounts are strings to it, and some of its strings are lists. */
const KINDS: Readonly<Record<string, readonly OptionKind[]>> = {
  boolean: ['boolean', 'expanded-boolean'],
  bool: ['boolean'],
  integer: ['integer', 'size', 'kib', 'expanded-string'],
  'octal integer': ['octal'],
  'fixed-point': ['fixed'],
  time: ['time', 'integer', 'expanded-time', 'expanded-string'],
  'time list': ['time-list'],
  string: ['string', 'expanded-string', 'repeatable-string', 'user', 'group', 'list'],
  'string list': ['string', 'expanded-string', 'string-list', 'repeatable-string', 'user-list', 'group-list', 'list'],
  'string list, comma separated': ['string'],
  'integer list': ['string'],
  list: ['repeatable-string'],
  'domain list': ['list', 'expanded-string'],
  'host list': ['list'],
  host: ['list'],
  'address list': ['list'],
  'local part list': ['list'],
};

test('every option is declared, of its type', () => {
  const wrong = rows.filter(([owner = '', name = '', type = '']) => {
    const kind = specOf(owner, name)?.kind;
    return kind === undefined || !KINDS[type]?.includes(kind);
  });
  assert.deepEqual(
    wrong.map((row) => row.slice(0, 3).join(' ')),
    [],
  );
});

test('what the manual expands is expanded', () => {
  const expanded: readonly OptionKind[] = [
    'expanded-string',
    'expanded-boolean',
    'expanded-time',
    'list',
    'repeatable-string',
    'user',
    'group',
  ];
  const lists: readonly OptionKind[] = ['user-list', 'group-list'];
  const wrong = rows.filter(([owner = '', name = '', , isExpanded]) => {
    const spec = specOf(owner, name);
    return isExpanded === 'yes' && (spec?.isNeverExpanded || ![...expanded, ...lists].includes(spec?.kind ?? 'string'));
  });
  assert.deepEqual(
    wrong.map((row) => row.slice(0, 3).join(' ')),
    [],
  );
});

test('no option is there that Exim does not have, but extensions', () => {
  const known = new Set(rows.map(([owner, name]) => `${owner} ${name}`));
  const strange = [...tables].flatMap(([owner, table]) =>
    Object.entries(table)
      .filter(([name, spec]) => !spec.isExtension && !known.has(`${owner} ${name}`))
      .map(([name]) => `${owner} ${name}`),
  );
  assert.deepEqual(strange, []);
});

/** What the table says in words, or as Exim prints it otherwise. */
const DEFAULTS_OF_THEIR_OWN: ReadonlySet<string> = new Set([
  // -bP of Exim shows these
  'main check_log_inodes',
  'main check_log_space',
  'main check_spool_inodes',
  'main check_spool_space',
  'main uucp_from_pattern',
  // made of another option, or of the build
  'main exim_group',
  'main exim_user',
  'main log_file_path',
  'main pid_file_path',
  'main spool_directory',
  'transports group',
  'transports user',
  // the behaviour when it is unset
  'iplookup protocol',
  'appendfile quota_filecount',
  'appendfile quota_warn_threshold',
  'autoreply once_repeat',
  'transports message_size_limit',
  'smtp dkim_sign_headers',
  'cram_md5 client_name',
  // misprints of the table
  'main tls_early_banner_hosts',
  'main tls_eccurve',
  'dnslookup check_srv',
  'redirect sieve_enotify_mailto_owner',
]);

function shownDefault(spec: OptionSpec<unknown>): string {
  const value = spec.defaultText ?? spec.default;
  if (typeof value !== 'number')
    return Array.isArray(value)
      ? value.map((item) => (typeof item === 'number' ? formatTimeSpan(item) : item)).join(':')
      : String(value ?? 'unset');
  if (spec.kind === 'time') return formatTimeSpan(value);
  if (spec.kind === 'octal') return `0${value.toString(8)}`;
  if (spec.kind === 'fixed') return value < 0 ? 'unset' : String(value);
  return String(value);
}

/** Spellings of one value that are the same. */
function plain(text: string): string {
  const sizes: Readonly<Record<string, string>> = {
    '100K': '102400',
    '20K': '20480',
    '24h': '1d',
    '7d': '1w',
    '4d': '4d',
    '5s': '5',
    false: 'unset',
    '-1': 'unset',
    '': 'unset',
    empty: 'unset',
  };
  const value = text.replaceAll(' ', '').replace(/\.$/, '');
  return sizes[value] ?? value;
}

test('every option has the default of the manual', () => {
  const wrong = rows.flatMap(([owner = '', name = '', , , stated = '']) => {
    const spec = specOf(owner, name);
    const isStated = stated !== '' && !/^(?:see below|current version)$/i.test(stated);
    if (!spec || spec.derive || !isStated || DEFAULTS_OF_THEIR_OWN.has(`${owner} ${name}`)) return [];
    const shown = shownDefault(spec);
    return plain(shown) === plain(stated) ? [] : [`${owner} ${name}: ${stated}, here ${shown}`];
  });
  assert.deepEqual(wrong, []);
});

/** A value that each kind of option takes. */
const SAMPLES: Readonly<Record<OptionKind, string>> = {
  boolean: 'true',
  'expanded-boolean': 'false',
  integer: '1100',
  octal: '0640',
  size: '20K',
  kib: '20M',
  time: '5m',
  'time-list': '1h:2h',
  fixed: '1.5',
  string: 'abc',
  'expanded-string': 'abc',
  'expanded-time': '5m',
  'string-list': 'abc',
  list: '*',
  user: 'mail',
  group: 'mail',
  'user-list': 'mail',
  'group-list': 'mail',
  'driver-name': 'abc',
  'repeatable-string': 'abc',
};

/** Options that take only some values. */
const SPECIAL: Readonly<Record<string, string>> = {
  headers_rewrite: '*@a b@c',
  errors_reply_to: 'a@b.example',
  local_from_check: 'false',
  localhost_number: '3',
  log_file_path: '/var/log/%slog',
  smtp_ratelimit_mail: '2,0.5s,1.05,4m',
  smtp_ratelimit_rcpt: '2,0.5s,1.05,4m',
  taint_mode: 'strict',
  message_id_format: 'short',
};

function setting(name: string, spec: OptionSpec<unknown>): string {
  return `  ${name} = ${SPECIAL[name] ?? SAMPLES[spec.kind]}\n`;
}

function settings(table: OptionTable): string {
  return Object.entries(table)
    .filter(([name, spec]) => name !== 'driver' && spec.sets === undefined)
    .map(([name, spec]) => setting(name, spec))
    .join('');
}

async function load(text: string) {
  return loadConfigText(text, {
    macros: [],
    build: testBuild,
    registry: builtin,
    compiler: { template: (source) => constantTemplate(source) },
    files: new MemoryFiles(),
    accounts: new FakeAccounts(['root:x:0:0:root:/root:/bin/sh', 'mail:x:8:8:mail:/var/mail:/bin/false'], ['root:x:0:', 'mail:x:8:']),
    machine: new FakeMachine(),
  });
}

test('every main option can be set', async () => {
  const loaded = await load(settings(mainOptions));
  assert.deepEqual(loaded.kind === 'ok' ? [] : loaded.problems.filter(({ severity }) => severity === 'error'), []);
  if (loaded.kind === 'ok') for (const name of Object.keys(mainOptions)) assert.ok(loaded.config.mainSettings.has(name), name);
});

for (const [family, definitions] of Object.entries(families)) {
  for (const { name, options, create } of definitions) {
    test(`every option of ${family} ${name} can be set; the driver ${create ? 'is built' : 'is named as not built yet'}`, async () => {
      // One instance an option: some exclude each other, and each is read whether or not the whole makes sense.
      const table = { ...genericTable(definitions), ...options };
      const lines = Object.entries(table).filter(([option, spec]) => option !== 'driver' && spec.sets === undefined);
      const text = lines.map(([option, spec]) => `x_${option}:\n  driver = ${name}\n${setting(option, spec)}`).join('');
      const loaded = await load(`begin ${family}s\n${text}`);
      const problems = loaded.kind === 'ok' ? loaded.config.problems : loaded.problems;
      const ofValues = problems.filter(
        ({ severity, isWithoutLine, concerns }) => severity === 'error' && !isWithoutLine && concerns === undefined,
      );
      assert.deepEqual(ofValues, []);
      const named = problems.filter(({ severity, subject }) => severity === 'not-yet' && subject === name);
      assert.equal(named.length, create ? 0 : lines.length);
    });
  }
}
