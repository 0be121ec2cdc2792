import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadText, testAccounts, testDefinitions } from './load-cases.ts';
import { printOptions } from './print.ts';

const text = `MAC   =   a   b
hide smtp_banner = secret
queue_only_load = 1.2345
never_users = root:7
auto_thaw = 90m
delay_warning = 1h:2d
check_spool_space = 20M
check_log_space = 1500
check_log_inodes = 3K
message_body_visible = 2M
retry_interval_max = 3d
remote_max_parallel = -1
bounce_return_size_limit = 1536
exim_user = 8
received_header_text = "a\\n\\tb\\xe9"
host_lookup_order =  bydns :byaddr
smtp_receive_timeout = 165s
hide domainlist x = y
hostlist x = "z	"
begin routers
r:
  driver = redirect
  hide data = x
  condition = a
  condition = b
  condition = c
  headers_remove = a : b
  headers_remove = c
  set = r_a = b ; r_c = d
  set = r_e = f
  modemask = 7
  more = \${if x}
  user = 8
  hide local_part_prefix = a- : b-
s:
  driver = redirect
  data = "y
  unseen_text = z
`.replace('  data = "y\n  unseen_text = z\n', '  data = y\n');

async function print(
  names: readonly string[],
  options: { readonly isAdmin?: boolean; readonly isValueOnly?: boolean } = {},
): Promise<{ lines: readonly string[]; errors: readonly string[]; status: number }> {
  const loaded = await loadText(text, { keepsLines: true, macros: [['QQ', '1']] });
  if (loaded.kind === 'failed') assert.fail(JSON.stringify(loaded.problems));
  const { isAdmin = true, isValueOnly = false } = options;
  return printOptions(names, {
    config: loaded.config,
    definitions: testDefinitions,
    accounts: testAccounts,
    isAdmin,
    isValueOnly,
    environment: new Map([
      ['B', '1'],
      ['A', '2'],
    ]),
    lines: loaded.lines ?? [],
    version: '4.99',
  });
}

// As Exim 4.96 prints them.
const cases: readonly (readonly [names: string, ...lines: readonly string[]])[] = [
  ['queue_only_load smtp_load_reserve', 'queue_only_load = 1.234', 'smtp_load_reserve ='],
  ['queue_only smtp_enforce_sync', 'no_queue_only', 'smtp_enforce_sync'],
  ['never_users trusted_users', 'never_users = root:7', 'trusted_users ='],
  ['auto_thaw delay_warning', 'auto_thaw = 1h30m', 'delay_warning = 1h:2d'],
  [
    'check_spool_space check_log_space bounce_return_size_limit return_size_limit',
    'check_spool_space = 20M',
    'check_log_space = 1500K',
    'bounce_return_size_limit = 1536',
    'return_size_limit = 1536',
  ],
  ['check_log_inodes message_body_visible', 'check_log_inodes = 3072', 'message_body_visible = 2M'],
  ['retry_interval_max remote_max_parallel', 'retry_interval_max = 1d', 'remote_max_parallel = 1'],
  ['exim_user exim_group', 'exim_user = mail', 'exim_group = exim'],
  ['received_header_text timezone', 'received_header_text = a\\n\\tb\\351', 'timezone = '],
  ['host_lookup_order smtp_receive_timeout', 'host_lookup_order = bydns :byaddr', 'smtp_receive_timeout = 2m45s'],
  [
    'spool_directory process_log_path exim_path',
    'spool_directory = /var/spool/exim',
    'process_log_path = /var/spool/exim/exim-process.info',
    'exim_path = /usr/sbin/exim',
  ],
  ['exim_version config_file configure_file', 'exim_version = 4.99', '/etc/exim.conf', '/etc/exim.conf'],
  ['+x', 'domainlist x = <value not displayable>', 'hostlist x = z\t'],
  ['macro MAC macro QQ', 'MAC=a   b', 'QQ=1'],
  ['router_list transport_list', 'r', 's'],
  ['environment', 'A=2', 'B=1'],
  ['router_list config', 'r', 's'],
  [
    'router r',
    'condition = ${if and{{bool_lax{${if and{{bool_lax{a}}{bool_lax{b}}}}}}{bool_lax{c}}}}',
    'domains = ',
    'driver = redirect',
    'no_fail_verify_recipient',
    'no_fail_verify_sender',
    'headers_remove = a:b:c',
    'local_part_prefix = a- : b-',
    'more = ${if x}',
    'pass_router = ',
    'set = r_a = b;r_c = d;r_e = f',
    'transport = ',
    'user = mail',
    'no_verify_only',
    'data = x',
    'file = ',
    'modemask = 07',
    'sieve_inbox = inbox',
  ],
  [
    'config',
    '# Exim Configuration (4.99)',
    '# 1 "/etc/exim.conf"',
    'MAC = a b',
    'hide smtp_banner = secret',
    'queue_only_load = 1.2345',
    'never_users = root:7',
    'auto_thaw = 90m',
    'delay_warning = 1h:2d',
    'check_spool_space = 20M',
    'check_log_space = 1500',
    'check_log_inodes = 3K',
    'message_body_visible = 2M',
    'retry_interval_max = 3d',
    'remote_max_parallel = -1',
    'bounce_return_size_limit = 1536',
    'exim_user = 8',
    'received_header_text = "a\\n\\tb\\xe9"',
    'host_lookup_order = bydns :byaddr',
    'smtp_receive_timeout = 165s',
    'hide domainlist x = y',
    'hostlist x = "z "',
    '',
    'begin routers',
    '',
    '  r:',
    '    driver = redirect',
    '    hide data = x',
    '    condition = a',
    '    condition = b',
    '    condition = c',
    '    headers_remove = a : b',
    '    headers_remove = c',
    '    set = r_a = b ; r_c = d',
    '    set = r_e = f',
    '    modemask = 7',
    '    more = ${if x}',
    '    user = 8',
    '    hide local_part_prefix = a- : b-',
    '',
    '  s:',
    '    driver = redirect',
    '    data = y',
  ],
];

for (const [names, ...lines] of cases) {
  test(`-bP ${names}`, async () => {
    assert.deepEqual(await print(names.split(' ')), { lines, errors: [], status: 0 });
  });
}

test('-bP without names prints every main option in order', async () => {
  const { lines } = await print([]);
  assert.deepEqual(lines.slice(0, 3), ['accept_8bitmime', 'acl_not_smtp = ', 'acl_not_smtp_mime = ']);
  assert.equal(lines.at(-1), 'write_rejectlog');
  assert.ok(!lines.some((line) => line.startsWith('taint_mode')), 'an extension is printed only when it is set');
});

test('-bP of all drivers names each', async () => {
  const { lines } = await print(['routers'], { isValueOnly: true });
  assert.deepEqual(lines.slice(0, 2), ['', 'r router:']);
  assert.equal(lines[lines.indexOf('s router:') - 1], '');
});

test('-bP of what does not exist', async () => {
  assert.deepEqual(await print(['zork']), { lines: ['zork is not a known option'], errors: [], status: 1 });
  assert.deepEqual(await print(['router', 'zork', 'queue_only']), {
    lines: ['router zork not found', 'no_queue_only'],
    errors: [],
    status: 0,
  });
  assert.deepEqual(await print(['router']), { lines: ['router is not a known option'], errors: [], status: 1 });
  assert.deepEqual(await print(['local_scan']), { lines: ['local_scan() options are not supported'], errors: [], status: 1 });
  assert.deepEqual(await print(['macro', 'ZORK']), { lines: ['macro ZORK not found'], errors: [], status: 1 });
  assert.deepEqual((await print(['+zork'])).lines, ['no address, domain, host, or local part list called "zork" exists']);
});

test('-bP -n prints values only', async () => {
  assert.deepEqual(
    (await print(['smtp_banner', 'queue_only', 'never_users', 'auto_thaw', '+x', 'environment'], { isValueOnly: true })).lines,
    ['secret', 'no_queue_only', 'root:7', '1h30m', '<value not displayable>', 'z\t', 'A', 'B'],
  );
  assert.deepEqual((await print(['macros'], { isValueOnly: true })).lines.slice(-2), ['1', 'a   b']);
  assert.deepEqual((await print(['smtp_load_reserve'], { isValueOnly: true })).lines, ['smtp_load_reserve =']);
});

test('others than administrators do not see hidden values and macros', async () => {
  const hidden = '<value not displayable>';
  const { lines: options } = await print(['smtp_banner', '+x'], { isAdmin: false });
  assert.deepEqual(options, [`smtp_banner = ${hidden}`, `domainlist x = ${hidden}`, 'hostlist x = z\t']);
  const { lines } = await print(['config', 'smtp_banner'], { isAdmin: false });
  assert.deepEqual(lines.slice(0, 4), [
    '# Exim Configuration (4.99)',
    '# 1 "/etc/exim.conf"',
    `MAC = ${hidden}`,
    `hide smtp_banner = ${hidden}`,
  ]);
  assert.ok(lines.includes(`    hide data = ${hidden}`) && lines.includes(`hide domainlist x = ${hidden}`));
  const { lines: other } = await print(['router', 's'], { isAdmin: false });
  assert.ok(other.includes(`data = ${hidden}`) && other.includes(`local_part_prefix = ${hidden}`), 'hidden in one instance, hidden in all');
  assert.deepEqual(await print(['macros'], { isAdmin: false }), { lines: [], errors: ['exim: permission denied'], status: 1 });
});
