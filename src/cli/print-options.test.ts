/** -bP of the real drivers: defaults that depend on other options, and Exim's texts for combinations that cannot be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtin } from '../builtin.ts';
import { loadConfigText } from '../config/load.ts';
import { printOptions } from '../config/print.ts';
import { eximProblemText } from '../config/problems.ts';
import { MemoryFiles } from '../system/fakes/files.ts';
import { FakeAccounts, FakeMachine } from '../system/fakes/host.ts';
import { constantTemplate, testBuild } from '../system/fakes/services.ts';

const accounts = new FakeAccounts(['mail:x:8:8:mail:/var/mail:/bin/false'], ['mail:x:8:', 'news:x:9:']);

function load(text: string) {
  return loadConfigText(text, {
    macros: [],
    build: testBuild,
    registry: builtin,
    compiler: { template: (source) => constantTemplate(source) },
    files: new MemoryFiles(),
    accounts,
    machine: new FakeMachine(),
  });
}

type Family = 'router' | 'transport' | 'authenticator';

function configOf(family: Family, settings: string): string {
  return `primary_hostname = mx.example\nbegin ${family}s\nx:\n${settings.replace(/^/gm, '  ')}\n`;
}

// As Exim 4.96 prints them.
const shown: readonly (readonly [family: Family, settings: string, ...lines: readonly string[]])[] = [
  ['transport', 'driver = appendfile\nfile = /x\nmbx_format', 'no_use_lockfile', 'use_mbx_lock', 'use_fcntl_lock'],
  ['transport', 'driver = appendfile\nfile = /x\nmbx_format\nuse_lockfile', 'use_lockfile', 'no_use_mbx_lock', 'use_fcntl_lock'],
  ['transport', 'driver = appendfile\nfile = /x\nuse_flock_lock', 'no_use_fcntl_lock', 'use_flock_lock', 'use_lockfile'],
  ['transport', 'driver = appendfile\nfile = /x\nuse_flock_lock\nuse_fcntl_lock', 'use_fcntl_lock', 'use_flock_lock'],
  ['transport', 'driver = appendfile\nfile = /x\ncreate_file =', 'create_file = ', 'quota_warn_message = '],
  ['transport', 'driver = appendfile\nfile = /x\nmode = 3k', 'mode = 06000'],
  ['transport', 'driver = appendfile\nfile = /x\nuser = mail', 'user = mail', 'group = mail'],
  ['transport', 'driver = appendfile\nfile = /x\nheaders_add = <, a,b,,c\nheaders_add = d', 'headers_add = a\\nb,c\\nd'],
  ['transport', 'driver = appendfile\nquota_directory = /x\nmaildir_format', 'quota_directory = /x', 'maildir_format'],
  ['transport', 'driver = smtp', 'port = smtp', 'protocol = smtp'],
  ['transport', 'driver = smtp\nprotocol = lmtp', 'port = lmtp', 'protocol = lmtp'],
  ['router', 'driver = redirect\ndata = x\nset = <; a = b ; c = d\nheaders_remove = <; a ; b', 'set = a = b;c = d', 'headers_remove = a:b'],
  ['router', 'driver = redirect\ndata = x\nlocal_part_prefix =', 'retry_use_local_part'],
  ['router', 'driver = redirect\ndata = x', 'no_retry_use_local_part'],
  ['router', 'driver = queryprogram\ncommand = /x\ncommand_user = 8', 'command_user = mail', 'command_group = '],
  ['router', 'driver = queryprogram\ncommand = /x\ncommand_user = mail\ncommand_group = 9', 'command_user = mail', 'command_group = news'],
  ['router', 'driver = queryprogram\ncommand = /x\ncommand_user = mail', 'command_user = mail', 'command_group = mail'],
  ['router', 'driver = iplookup\nhosts = a\nport = 9', 'protocol = ', 'query = ', 'timeout = 5s'],
  ['authenticator', 'driver = cram_md5\nserver_secret = a', 'client_name = ', 'public_name = x'],
  ['authenticator', 'driver = cram_md5\nclient_secret = a', 'client_name = mx.example'],
  ['authenticator', 'driver = tls\nserver_param1 = a', 'server_param = a', 'server_param1 = a'],
  ['authenticator', 'driver = tls\nserver_param = a', 'server_param = a', 'server_param1 = a'],
];

for (const [family, settings, ...lines] of shown) {
  test(`-bP ${family} with ${settings.replaceAll('\n', ', ')}`, async () => {
    const loaded = await load(configOf(family, settings));
    if (loaded.kind === 'failed') assert.fail(JSON.stringify(loaded.problems));
    const [routers, transports, authenticators] = await Promise.all([builtin.routers(), builtin.transports(), builtin.authenticators()]);
    const printed = printOptions([family, 'x'], {
      config: loaded.config,
      definitions: { routers, transports, authenticators },
      accounts,
      isAdmin: true,
      isValueOnly: false,
      environment: new Map(),
      lines: [],
      version: '4.99',
    });
    for (const line of lines) assert.ok(printed.lines.includes(line), `${line} is not in\n${printed.lines.join('\n')}`);
  });
}

const refused: readonly (readonly [family: Family, settings: string, problem: string])[] = [
  [
    'transport',
    'driver = appendfile\nfile = /x\nquota_directory = /x',
    ' for x transport:\n  quota_directory must not be set without "directory"',
  ],
  ['transport', 'driver = appendfile\nfile = /x\nuser = 8', ':\n  user set without group for the x transport'],
  ['transport', 'driver = pipe\nuser = 8', ':\n  user set without group for the x transport'],
  ['transport', 'driver = smtp\nshadow_transport = y', ':\n  shadow transport not allowed on non-local transport x'],
  ['router', 'driver = iplookup\nhosts = a', ' for x router:\n  a port must be specified'],
  ['router', 'driver = iplookup\nport = 9\nprotocol = TCP', ' for x router:\n  protocol not specified as udp or tcp'],
  ['router', 'driver = iplookup\nhosts = a\nport = 9\ntransport = t', ':\n  x router:\n  a transport must not be defined for this router'],
  ['router', 'driver = queryprogram\ncommand = /x\ncommand_user = mail\nself = x', ' for x router:\n  x is not valid for the self option'],
  ['router', 'driver = queryprogram\ncommand = /x\ncommand_user = nobody', ' in line 6 of /etc/exim.conf:\n  user nobody was not found'],
  [
    'authenticator',
    'driver = spa\nclient_password = a',
    ' for x authenticator:\n  one of client_username and client_password cannot be set without the other',
  ],
];

for (const [family, settings, problem] of refused) {
  test(`refused: ${family} with ${settings.replaceAll('\n', ', ')}`, async () => {
    const loaded = await load(configOf(family, settings));
    const problems = loaded.kind === 'failed' ? loaded.problems : [];
    const texts = problems.filter(({ severity }) => severity === 'error').map(eximProblemText);
    assert.equal(texts[0], `Exim configuration error${problem}`);
  });
}
