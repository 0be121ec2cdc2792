/** What the routers make of addresses: one table per driver. Each row is an address, and what becomes of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Octets } from '../../src/base/octets.ts';
import type { Address, RouteContext } from '../../src/core/index.ts';
import { newTransaction } from '../../src/receive/transaction.ts';
import { makeAddress } from '../../src/routers/address.ts';
import type { Routed } from '../../src/routers/chain.ts';
import { routeAddress } from '../../src/routers/chain.ts';
import { FakeDns } from '../../src/system/fakes/dns.ts';
import { FakeAccounts, FakeHosts } from '../../src/system/fakes/host.ts';
import { FakeConnection, FakeNet } from '../../src/system/fakes/net.ts';
import type { World } from './world.ts';
import { makeWorld } from './world.ts';

const TRANSPORTS = `
begin transports
local:
  driver = appendfile
  file = /var/mail/box
remote:
  driver = smtp
piped:
  driver = pipe
`;

async function route(world: World, address: Octets, verify: RouteContext['verify'] = 'no'): Promise<Routed> {
  return routeAddress(makeAddress({ address, recipientIndex: 0 }), { frame: world.frame, verify });
}

/** One line for each thing that came out, in a fixed order. */
function summary(routed: Routed): string[] {
  const hosts = (address: Address) =>
    (address.state.hosts ?? [])
      .map(
        (host) => ` ${host.name}${host.address === undefined ? '' : `[${host.address}]`}${host.port === undefined ? '' : `:${host.port}`}`,
      )
      .join('');
  return [
    ...routed.deliveries.map(
      (address) =>
        `deliver ${address.address} ${address.state.router?.name ?? ''} ${address.state.transport?.name ?? 'none'}${hosts(address)}`,
    ),
    ...routed.children.map(
      (address) => `child ${address.address}${address.startRouter === undefined ? '' : ` from ${address.startRouter}`}`,
    ),
    ...routed.discarded.map((address) => `discard ${address.address}`),
    ...routed.problems.map(
      ({ address, kind, message, isFreeze }) => `${kind} ${address.address}: ${message}${isFreeze ? ' (freeze)' : ''}`,
    ),
  ];
}

async function table(
  routers: Octets,
  rows: readonly (readonly [address: Octets, expected: readonly string[]])[],
  prepare?: (world: World) => void,
  dns?: FakeDns,
): Promise<World> {
  const world = await makeWorld(`begin routers\n${routers}\n${TRANSPORTS}`, dns === undefined ? {} : { dns });
  prepare?.(world);
  for (const [address, expected] of rows) assert.deepEqual(summary(await route(world, address)), expected, `${address}: ${routers}`);
  return world;
}

test('the local part of variables is unquoted once', async () => {
  await table(
    `up:\n driver = redirect\n domains = up.ex\n data = \${quote_local_part:q$local_part}@down.ex
said:\n driver = redirect\n allow_fail\n local_part_prefix = p-\n local_part_prefix_optional
 data = :fail: $local_part, $original_local_part`,
    [
      [String.raw`"a\"b"@c.ex`, [String.raw`failed "a\"b"@c.ex: a"b, a"b`]],
      [String.raw`a\\b@c.ex`, [String.raw`failed a\\b@c.ex: a\b, a\b`]],
      [String.raw`"p-\"\\z"@c.ex`, [String.raw`failed "p-\"\\z"@c.ex: "\z, p-"\z`]],
      [String.raw`"x\"y"@up.ex`, [String.raw`child "qx\"y"@down.ex`]],
    ],
  );
});

test('a router takes what passes its preconditions', async () => {
  await table(
    'a:\n driver = accept\n domains = a.ex\n transport = local\nb:\n driver = accept\n local_parts = b : ^x\n transport = local',
    [
      ['one@a.ex', ['deliver one@a.ex a local']],
      ['One@A.EX', ['deliver One@A.EX a local']],
      ['b@b.ex', ['deliver b@b.ex b local']],
      ['xyz@b.ex', ['deliver xyz@b.ex b local']],
      ['c@b.ex', ['failed c@b.ex: Unrouteable address']],
    ],
  );
  await table('a:\n driver = accept\n check_local_user\n transport = local\n cannot_route_message = nobody is $local_part', [
    ['ann@a.ex', ['deliver ann@a.ex a local']],
    ['ANN@a.ex', ['deliver ANN@a.ex a local']],
    ['bob@a.ex', ['failed bob@a.ex: nobody is bob']],
  ]);
  await table('a:\n driver = accept\n condition = ${if eq{$local_part}{yes}}\n condition = ${if eq{$domain}{a.ex}}\n transport = local', [
    ['yes@a.ex', ['deliver yes@a.ex a local']],
    ['yes@b.ex', ['failed yes@b.ex: Unrouteable address']],
    ['no@a.ex', ['failed no@a.ex: Unrouteable address']],
  ]);
  await table(
    'a:\n driver = accept\n require_files = /etc/there : !/etc/missing\n transport = local',
    [['a@a.ex', ['deliver a@a.ex a local']]],
    (world) => world.files.put('/etc/there', ''),
  );
  await table('a:\n driver = accept\n require_files = relative/path\n transport = local', [
    ['a@a.ex', ['deferred a@a.ex: require_files: "relative/path" is not absolute']],
  ]);
});

test('affixes are taken off and kept as variables', async () => {
  const world = await makeWorld(
    `begin routers\na:\n driver = accept\n local_part_prefix = real-\n local_part_suffix = +*\n local_part_suffix_optional\n local_parts = ann\n transport = local\n${TRANSPORTS}`,
  );
  const [delivery] = (await route(world, 'Real-Ann+list@a.ex')).deliveries;
  assert.equal(delivery?.localPart, 'ann');
  assert.deepEqual([delivery?.state.prefix, delivery?.state.suffix, delivery?.state.suffixVariable], ['real-', '+list', 'list']);
  assert.deepEqual(summary(await route(world, 'ann@a.ex')), ['failed ann@a.ex: Unrouteable address']);
});

test('more, unseen, set and address_data', async () => {
  await table('a:\n driver = redirect\n data =\n no_more\nb:\n driver = accept\n transport = local', [
    ['x@a.ex', ['failed x@a.ex: Unrouteable address']],
  ]);
  await table('a:\n driver = redirect\n data =\n more = ${if eq{$local_part}{x}}\nb:\n driver = accept\n transport = local', [
    ['x@a.ex', ['deliver x@a.ex b local']],
    ['y@a.ex', ['deferred y@a.ex: "" is not a valid value for the "more" option in the a router']],
  ]);
  await table('a:\n driver = accept\n unseen\n transport = local\nb:\n driver = accept\n transport = remote', [
    ['x@a.ex', ['deliver x@a.ex a local', 'child x@a.ex from b']],
  ]);
  await table(
    'a:\n driver = accept\n set = r_one = 1 ; r_two = ${r_one}2\n address_data = $r_two\n condition = yes\n transport = ${if eq{$address_data}{12}{local}{remote}}',
    [['x@a.ex', ['deliver x@a.ex a local']]],
  );
  await table('a:\n driver = accept\n address_data = ${if eq{a}{b}{}fail}\n transport = local\nb:\n driver = accept\n transport = remote', [
    ['x@a.ex', ['deliver x@a.ex b remote']],
  ]);
});

test('verification modes', async () => {
  const world = await makeWorld(
    `begin routers\na:\n driver = accept\n local_parts = a\n no_verify\n transport = local\nb:\n driver = accept\n local_parts = b\n no_verify_sender\n transport = local\nc:\n driver = accept\n local_parts = c\n verify_only\nd:\n driver = accept\n local_parts = d\n fail_verify_recipient\n transport = local\n${TRANSPORTS}`,
  );
  const kinds = async (address: Octets) =>
    Promise.all(
      (['no', 'recipient', 'sender'] as const).map(async (verify) => summary(await route(world, address, verify))[0]?.split(' ')[0]),
    );
  assert.deepEqual(await kinds('a@x.ex'), ['deliver', 'failed', 'failed']);
  assert.deepEqual(await kinds('b@x.ex'), ['deliver', 'deliver', 'failed']);
  assert.deepEqual(await kinds('c@x.ex'), ['failed', 'deliver', 'deliver']);
  assert.deepEqual(await kinds('d@x.ex'), ['deliver', 'failed', 'deliver']);
});

test('redirect: a mistake in the data has its own number', async () => {
  for (const [data, expected] of [
    ['a@@b', -17],
    [':include:/none', -17],
    [':defer: later', -1],
  ] as const) {
    const world = await makeWorld(`begin routers\na:\n driver = redirect\n allow_defer\n data = ${data}\n${TRANSPORTS}`);
    const { problems } = await route(world, 'x@a.ex');
    assert.deepEqual(
      problems.map(({ kind, errorNumber }) => [kind, errorNumber]),
      [['deferred', expected]],
      data,
    );
  }
});

test('redirect: addresses, files, pipes and special items', async () => {
  const rows = (data: Octets, expected: readonly string[], more = '') =>
    table(
      `a:\n driver = redirect\n data = ${data}\n file_transport = local\n directory_transport = local\n pipe_transport = piped\n allow_fail\n allow_defer\n${more}\nb:\n driver = accept\n transport = local`,
      [['x@a.ex', expected]],
    );
  await rows('one, two@b.ex', ['child one@test.ex', 'child two@b.ex']);
  await rows('\\\\one', ['child one@a.ex']);
  await rows('/var/mail/x, /dir/, |/bin/cmd a b', [
    'deliver /var/mail/x a local',
    'deliver /dir/ a local',
    'deliver |/bin/cmd a b a piped',
  ]);
  await rows(':blackhole:', ['discard x@a.ex']);
  await rows(':fail: 550 5.1.1 gone, away', ['failed x@a.ex: 550 5.1.1 gone, away']);
  await rows(':fail: 550 5.1.1 gone', ['failed x@a.ex: gone'], ' forbid_smtp_code');
  await rows(':fail: 5501 gone', ['failed x@a.ex: 5501 gone'], ' forbid_smtp_code');
  await rows(':defer: later', ['deferred x@a.ex: later']);
  await rows(':defer: 451 later', ['deferred x@a.ex: later'], ' forbid_smtp_code');
  await rows(':unknown:', ['deliver x@a.ex b local']);
  await rows('a@@b', ['deferred x@a.ex: error in redirect data: domain missing or malformed in "a@@b"']);
  await rows('a@@b, good@b.ex', ['child good@b.ex'], ' skip_syntax_errors');
  await rows('/var/mail/x', ['failed /var/mail/x: delivery to file forbidden'], ' forbid_file');
  await rows('# Exim filter', ['deferred x@a.ex: error in filter data: filtering not enabled']);
  await rows(':include:/lists/none', [
    'deferred x@a.ex: error in redirect data: failed to open included file /lists/none: No such file or directory',
  ]);
});

test('redirect: a forward file is read as its user, checked, and may be missing', async () => {
  const accounts = new FakeAccounts(
    ['ann:x:93:93:Ann:/home/ann:/bin/sh', 'bob:x:1002:1002:Bob:/home/bob:/bin/sh'],
    ['ann:x:93:', 'bob:x:1002:'],
  );
  const world = await makeWorld(
    `begin routers\nf:\n driver = redirect\n check_local_user\n file = $home/.forward\n no_check_owner\nb:\n driver = accept\n transport = local\n${TRANSPORTS}`,
    { accounts },
  );
  const becomes = async (address: Octets) => summary(await route(world, address));
  assert.deepEqual(await becomes('ann@a.ex'), ['deferred ann@a.ex: failed to stat /home/ann/. (No such file or directory)']);
  world.files.makeDirectory('/home/ann');
  assert.deepEqual(await becomes('ann@a.ex'), ['deliver ann@a.ex b local']);
  world.files.put('/home/ann/.forward', '# my list\none@b.ex,\n two@b.ex\n', 0o644);
  assert.deepEqual(await becomes('ann@a.ex'), ['child one@b.ex', 'child two@b.ex']);
  world.files.chmod('/home/ann/.forward', 0o666);
  assert.deepEqual(await becomes('ann@a.ex'), ['deferred ann@a.ex: bad mode (0100666) for /home/ann/.forward: 022 bit(s) unexpected']);
  assert.deepEqual(await becomes('bob@a.ex'), [
    'deferred bob@a.ex: failed to open /home/bob/.forward: this process runs as uid 93 and cannot become uid 1002',
  ]);
});

test('redirect: files and pipes keep what is tainted in them', async () => {
  const world = await makeWorld(
    `begin routers\na:\n driver = redirect\n data = "/var/mail/$local_part,\\n|/bin/cmd -a $local_part"\n file_transport = local\n pipe_transport = piped\n${TRANSPORTS}`,
  );
  const { deliveries } = await route(world, 'ann@a.ex');
  assert.deepEqual(
    deliveries.map(({ state }) => state.fileName),
    [
      { octets: '/var/mail/ann', taint: [{ from: 10, to: 13 }] },
      { octets: '/bin/cmd -a ann', taint: [{ from: 12, to: 15 }] },
    ],
  );
});

test('redirect: a tainted name of an included file is one component, or refused', async () => {
  const routers = 'a:\n driver = redirect\n data = :include:/lists/$local_part';
  const prepare = (world: World) => world.files.put('/lists/ann', 'one@b.ex\n');
  await table(routers, [['ann@a.ex', ['child one@b.ex']]], prepare);
  await table(routers, [
    ['"../etc"@a.ex', ['deferred "../etc"@a.ex: error in redirect data: Tainted name \'/lists/../etc\' for file read not permitted']],
  ]);
});

test('redirect: data that is a filter is known to be missing before it is used', async () => {
  const routers = ['"# Exim filter\\nfinish"', '"#sieve filter\\nkeep;"', '$local_part', ':fail: # Exim filter'].map(
    (data, index) => `r${index}:\n driver = redirect\n allow_filter\n allow_fail\n check_local_user\n data = ${data}`,
  );
  const world = await makeWorld(`begin routers\n${routers.join('\n')}\n${TRANSPORTS}`);
  assert.deepEqual(
    world.frame.config.routers.map(({ notYet }) => notYet),
    [['allow_filter'], ['allow_filter'], [], []],
  );
});

test('redirect: one_time forbids files, pipes and replies', async () => {
  const forbidden = async (option: Octets) => {
    const { frame } = await makeWorld(`begin routers\nr:\n driver = redirect\n data = x\n${option}`);
    const own = frame.config.routers[0]?.own ?? {};
    return [own['forbid_file'], own['forbid_pipe'], own['forbid_filter_reply']];
  };
  assert.deepEqual(await forbidden(''), [false, false, false]);
  assert.deepEqual(await forbidden(' one_time'), [true, true, true]);
});

test('redirect: loops end', async () => {
  const world = await makeWorld(
    `begin routers\na:\n driver = redirect\n data = ${'${if eq{$local_part}{one}{two}{one}}'}\n check_ancestor\nb:\n driver = accept\n transport = local\n${TRANSPORTS}`,
  );
  const [two] = (await route(world, 'one@test.ex')).children;
  assert.equal(two?.address, 'two@test.ex');
  assert.ok(two !== undefined);
  const [again] = (await routeAddress(two, { frame: world.frame, verify: 'no' })).children;
  assert.equal(again?.address, 'two@test.ex');
  assert.equal(again?.unique, '\\0\\two@test.ex');
  assert.ok(again !== undefined);
  assert.deepEqual(summary(await routeAddress(again, { frame: world.frame, verify: 'no' })), ['deliver two@test.ex b local']);
});

const ZONE = {
  'mx.ex': ['MX 10 one.ex', 'MX 20 two.ex'],
  'one.ex': 'A 198.51.100.1',
  'two.ex': ['A 198.51.100.2', 'AAAA 2001:db8::2'],
  'self.ex': ['MX 10 here.ex', 'MX 20 one.ex'],
  'backup.ex': ['MX 10 one.ex', 'MX 20 here.ex', 'MX 30 two.ex'],
  'here.ex': 'A 192.0.2.1',
  'nohosts.ex': 'MX 5 missing.ex',
  'later.ex': 'AGAIN',
  'null.ex': 'MX 0 .',
  'ipmx.ex': 'MX 1 198.51.100.9',
  'same.ex': ['MX 1 one.ex', 'MX 2 alias.ex'],
  'alias.ex': 'A 198.51.100.1',
};

test('dnslookup: an MX record with an IP address is explained to who asks by SMTP', async () => {
  const world = await makeWorld('begin routers\nd:\n driver = dnslookup\n transport = remote\n', { dns: new FakeDns(ZONE) });
  const [problem] = (await route(world, 'a@ipmx.ex')).problems;
  assert.equal(
    problem?.userMessage,
    'It appears that the DNS operator for ipmx.ex\nhas installed an invalid MX record with an IP address\ninstead of a domain name on the right hand side.',
  );
});

test('dnslookup: hosts are secure when the MX record and the address are', async () => {
  const zone = { 'a.ex': 'MX 1 h.ex', 'b.ex': 'MX 1 i.ex', 'h.ex': 'A 198.51.100.1', 'i.ex': 'A 198.51.100.2' };
  const routers = 'begin routers\nd:\n driver = dnslookup\n transport = remote\n dnssec_request_domains = *\n';
  for (const [authenticated, expected] of [
    [[], [false, false]],
    [['a.ex'], [false, false]],
    [['h.ex'], [false, false]],
    [
      ['a.ex', 'h.ex'],
      [true, false],
    ],
  ] as const) {
    const world = await makeWorld(`${routers}${TRANSPORTS}`, { dns: new FakeDns(zone, { authenticated }) });
    const secure: unknown[] = [];
    for (const address of ['x@a.ex', 'x@b.ex']) {
      const { deliveries } = await route(world, address);
      secure.push(deliveries[0]?.state.hosts?.[0]?.isDnsSecure);
    }
    assert.deepEqual(secure, expected);
  }
});

test('dnssec_require_domains: what was not validated defers', async () => {
  const zone = { 'a.ex': 'MX 1 h.ex', 'b.ex': 'MX 1 i.ex', 'c.ex': 'MX 1 h.ex', 'h.ex': 'A 198.51.100.1', 'i.ex': 'A 198.51.100.2' };
  const dns = new FakeDns(zone, { authenticated: ['a.ex', 'b.ex', 'h.ex'] });
  const delivered = 'h.ex[198.51.100.1]';
  await table(
    'd:\n driver = dnslookup\n transport = remote\n dnssec_require_domains = !open.ex : *',
    [
      ['x@a.ex', [`deliver x@a.ex d remote ${delivered}`]],
      ['x@b.ex', ['deferred x@b.ex: host lookup done insecurely']],
      ['x@c.ex', ['deferred x@c.ex: host lookup done insecurely']],
      ['x@none.ex', ['failed x@none.ex: Unrouteable address']],
    ],
    undefined,
    dns,
  );
  await table(
    'm:\n driver = manualroute\n transport = remote\n route_list = a.ex h.ex bydns ; b.ex i.ex bydns ; c.ex 192.0.2.9\n dnssec_require_domains = *',
    [
      ['x@a.ex', [`deliver x@a.ex m remote ${delivered}`]],
      ['x@b.ex', ['deferred x@b.ex: host i.ex lookup done insecurely']],
      ['x@c.ex', ['deliver x@c.ex m remote 192.0.2.9[192.0.2.9]']],
    ],
    undefined,
    dns,
  );
});

test('ipliteral: with disable_ipv6 no host has an IPv6 address', async () => {
  const world = (more: string) => makeWorld(`${more}begin routers\nl:\n driver = ipliteral\n transport = remote\n${TRANSPORTS}`, {});
  const outcome = async (more: string) => summary(await route(await world(more), 'x@[2001:db8::9]'));
  assert.deepEqual(await outcome(''), ['deliver x@[2001:db8::9] l remote [2001:db8::9][2001:db8::9]']);
  assert.deepEqual(await outcome('disable_ipv6\n'), ['failed x@[2001:db8::9]: Unrouteable address']);
});

test('dnslookup: MX, addresses, this host', async () => {
  const dns = () => new FakeDns(ZONE);
  const router = (more = '') => `d:\n driver = dnslookup\n transport = remote\n${more}`;
  await table(
    router(),
    [
      ['a@mx.ex', ['deliver a@mx.ex d remote one.ex[198.51.100.1] two.ex[2001:db8::2] two.ex[198.51.100.2]']],
      ['a@one.ex', ['deliver a@one.ex d remote one.ex[198.51.100.1]']],
      ['a@none.ex', ['failed a@none.ex: Unrouteable address']],
      ['a@self.ex', ['deferred a@self.ex: lowest numbered MX record points to local host (freeze)']],
      ['a@backup.ex', ['deliver a@backup.ex d remote one.ex[198.51.100.1]']],
      ['a@nohosts.ex', ['failed a@nohosts.ex: all relevant MX records point to non-existent hosts']],
      ['a@ipmx.ex', ['failed a@ipmx.ex: all relevant MX records point to non-existent hosts or (invalidly) to IP addresses']],
      ['a@later.ex', ['deferred a@later.ex: host lookup did not complete']],
      ['a@null.ex', ['failed a@null.ex: Unrouteable address']],
      ['a@same.ex', ['deliver a@same.ex d remote one.ex[198.51.100.1]']],
    ],
    undefined,
    dns(),
  );
  await table(
    router(' cannot_route_message = no way to $domain'),
    [['a@ipmx.ex', ['failed a@ipmx.ex: no way to ipmx.ex']]],
    undefined,
    dns(),
  );
  await table(
    router(),
    [['a@b\xc3\xbcro.ex', ['deliver a@b\xc3\xbcro.ex d remote xn--bro-hoa.ex[198.51.100.7]']]],
    undefined,
    new FakeDns({ 'xn--bro-hoa.ex': ['MX 1 xn--bro-hoa.ex', 'A 198.51.100.7'] }),
  );
  await table(router(' mx_domains = *'), [['a@one.ex', ['failed a@one.ex: Unrouteable address']]], undefined, dns());
  await table(
    router(' mx_domains = testdb;defer'),
    [
      ['a@one.ex', ['deferred a@one.ex: lookup defer for mx_domains']],
      ['a@backup.ex', ['deliver a@backup.ex d remote one.ex[198.51.100.1]']],
    ],
    undefined,
    dns(),
  );
  await table(
    router(' check_secondary_mx'),
    [
      ['a@backup.ex', ['deliver a@backup.ex d remote one.ex[198.51.100.1]']],
      ['a@mx.ex', ['failed a@mx.ex: Unrouteable address']],
    ],
    undefined,
    dns(),
  );
  await table(
    router(' ignore_target_hosts = 198.51.100.0/24 : <; 2001:db8::/32'),
    [['a@one.ex', ['failed a@one.ex: Unrouteable address']]],
    undefined,
    dns(),
  );
  await table(router(' ipv4_only = yes'), [['a@two.ex', ['deliver a@two.ex d remote two.ex[198.51.100.2]']]], undefined, dns());
  await table(router(' self = reroute: other.ex'), [['a@self.ex', ['child a@other.ex']]], undefined, dns());
  await table(router(' self = send'), [['a@here.ex', ['deliver a@here.ex d remote here.ex[192.0.2.1]']]], undefined, dns());
  await table(
    `${router(' self = pass\n pass_router = l')}\nk:\n driver = accept\n transport = remote\nl:\n driver = accept\n transport = local`,
    [['a@self.ex', ['deliver a@self.ex l local']]],
    undefined,
    dns(),
  );
  await table(
    `${router(' pass_on_timeout\n no_more')}\nl:\n driver = accept\n transport = local`,
    [['a@later.ex', ['deliver a@later.ex l local']]],
    undefined,
    dns(),
  );
  const searched = () =>
    new FakeDns(
      { 'mx.own.ex': 'A 198.51.100.7', 'mx.far.ex': 'A 198.51.100.8', 'a.b.far.ex': 'A 198.51.100.9' },
      { search: ['own.ex', 'far.ex'] },
    );
  await table(
    router(),
    [
      ['a@mx', ['child a@mx.own.ex']],
      ['a@a.b', ['failed a@a.b: Unrouteable address']],
    ],
    undefined,
    searched(),
  );
  await table(router(' no_qualify_single'), [['a@mx', ['failed a@mx: Unrouteable address']]], undefined, searched());
  await table(router(' search_parents'), [['a@a.b', ['child a@a.b.far.ex']]], undefined, searched());
  await table(router(' widen_domains = ex'), [['a@mx', ['child a@mx.ex']]], undefined, dns());
  await table(router(' widen_domains = ex'), [['a@self', ['child a@self.ex']]], undefined, dns());
});

test('manualroute: rules, hosts, options', async () => {
  const rows = (rules: Octets, expected: readonly string[], more = '') =>
    table(
      `m:\n driver = manualroute\n transport = remote\n route_list = ${rules}\n${more}\nl:\n driver = accept\n transport = local`,
      [['a@b.ex', expected]],
      undefined,
      new FakeDns(ZONE),
    );
  await rows('* one.ex', ['deliver a@b.ex m remote one.ex[198.51.100.1]']);
  await rows('* one.ex::26', ['deliver a@b.ex m remote one.ex[198.51.100.1]:26']);
  await rows('* "<+ one.ex:26 + 198.51.100.7:27"', ['deliver a@b.ex m remote one.ex[198.51.100.1]:26 198.51.100.7[198.51.100.7]:27']);
  await rows('* mx.ex/MX', ['deliver a@b.ex m remote one.ex[198.51.100.1] two.ex[2001:db8::2] two.ex[198.51.100.2]']);
  await rows('c.ex one.ex ; *.ex $domain.host.ex local', ['deliver a@b.ex m local b.ex.host.ex']);
  await rows('^b\\\\.(ex)\\$ 198.51.100.7$1', ['deferred a@b.ex: lookup of host "198.51.100.7ex" failed in m router (freeze)']);
  await rows('x.ex one.ex', ['deliver a@b.ex l local']);
  await rows('* smtp.myisp.com # change to the server', ['deferred a@b.ex: error in router: unknown routing option or transport name "#"']);
  await rows('* missing.ex', ['deferred a@b.ex: lookup of host "missing.ex" failed in m router (freeze)']);
  await rows('* missing.ex', ['deliver a@b.ex l local'], ' host_find_failed = pass\n no_more');
  await rows('* missing.ex', ['failed a@b.ex: Unrouteable address'], ' host_find_failed = decline\n no_more');
  await rows('* missing.ex:one.ex', ['deliver a@b.ex m remote one.ex[198.51.100.1]'], ' host_find_failed = ignore');
  await rows('* here.ex', ['deferred a@b.ex: remote host address is the local host (freeze)']);
  await rows('* one.ex:here.ex:two.ex', ['deliver a@b.ex m remote one.ex[198.51.100.1]']);
  await rows('* ""', ['deferred a@b.ex: error in m router: no host(s) specified for domain b.ex']);
});

test('expansions that name a database are not shown', async () => {
  const query = '${lookup sqlite{/none/x.db select 1}}';
  const cases: readonly (readonly [option: Octets, expected: Octets])[] = [
    [`driver = redirect\n data = ${query}`, 'Temporary internal error'],
    [`driver = accept\n address_data = ${query}\n transport = local`, 'Temporary internal error'],
    [`driver = accept\n transport = ${query}`, 'Temporary internal error'],
    ['driver = redirect\n data = ${bad}', 'failed to expand "${bad}": unknown variable in "${bad}"'],
    ['driver = redirect\n allow_defer\n data = :defer: about mysql', 'about mysql'],
  ];
  for (const [router, expected] of cases) await table(`r:\n ${router}`, [['a@b.ex', [`deferred a@b.ex: ${expected}`]]]);
});

test('manualroute: of a host that the system knows, IPv6 comes first', async () => {
  const hosts = new FakeHosts(['198.51.100.1 both.ex', '2001:db8::1 both.ex']);
  const world = await makeWorld(
    `begin routers\nm:\n driver = manualroute\n transport = remote\n route_list = * both.ex byname\n${TRANSPORTS}`,
    { hosts },
  );
  assert.deepEqual(summary(await route(world, 'a@b.ex')), ['deliver a@b.ex m remote both.ex[2001:db8::1] both.ex[198.51.100.1]']);
});

test('manualroute: a host without an address is logged, but not when an address is only tested', async () => {
  const world = await makeWorld(
    `begin routers\nm:\n driver = manualroute\n transport = remote\n route_list = * missing.ex byname\n${TRANSPORTS}`,
  );
  const address = () => makeAddress({ address: 'a@b.ex', recipientIndex: 0 });
  await routeAddress(address(), { frame: world.frame, verify: 'no' });
  assert.deepEqual(world.log.mainLines, []);
  await routeAddress(address(), { frame: { ...world.frame, transaction: newTransaction(1, 0) }, verify: 'recipient' });
  assert.deepEqual(world.log.mainLines, ['no IP address found for host missing.ex']);
});

test('options that are not built, or a transport that is not there, defer', async () => {
  await table('a:\n driver = accept\n transport = ${local_part}', [['gone@a.ex', ['deferred gone@a.ex: internal configuration error']]]);
  const world = await table('a:\n driver = iplookup\n hosts = 1.2.3.4\n port = 9', [
    ['x@a.ex', ['deferred x@a.ex: a router: the iplookup router is not built yet']],
  ]);
  assert.deepEqual(world.log.panicLines, ['a router: the iplookup router is not built yet']);
});

test("callouts ask the address's host", async () => {
  const world = (answers: Readonly<Record<string, Octets>>) => {
    const peer = (written: Octets) =>
      written === ''
        ? '220 mx\r\n'
        : written
            .split('\r\n')
            .slice(0, -1)
            .map((line) => Object.entries(answers).find(([start]) => line.startsWith(start))?.[1] ?? '250 OK\r\n')
            .join('');
    const net = new FakeNet({ '198.51.100.1:25': () => new FakeConnection(peer) });
    return makeWorld(`begin routers\nr:\n driver = manualroute\n transport = remote\n route_list = * 198.51.100.1\n${TRANSPORTS}`, { net });
  };
  const callout = {
    connectTimeoutMs: 1000,
    commandTimeoutMs: 1000,
    totalTimeoutMs: 5000,
    isRandom: false,
    isPostmaster: false,
    isFullPostmaster: false,
    postmasterSender: undefined,
    mailFrom: '',
    useSender: false,
    usePostmaster: false,
    noCache: true,
    deferOk: false,
    hold: false,
  };
  const ask = async (answers: Readonly<Record<string, Octets>>, isSender = true) => {
    const { frame, services } = await world(answers);
    const result = await services.verifier.verify({ address: 'a@b.ex', isSender, callout }, frame);
    return result.kind === 'ok' ? ['ok'] : [result.kind, result.userMessage, result.logMessage];
  };
  assert.deepEqual(await ask({}), ['ok']);
  assert.deepEqual(await ask({ 'RCPT TO:<a@b.ex>': '550 unknown\r\n' }), [
    'fail',
    'Called:   198.51.100.1\nSent:     RCPT TO:<a@b.ex>\nResponse: 550 unknown',
    '198.51.100.1 [198.51.100.1] : SMTP error from remote mail server after RCPT TO:<a@b.ex>: 550 unknown',
  ]);
  assert.deepEqual(await ask({ 'RCPT TO:<a@b.ex>': '550 unknown\r\n' }, false), [
    'fail',
    'Callout verification failed:\n550 unknown',
    '198.51.100.1 [198.51.100.1] : SMTP error from remote mail server after RCPT TO:<a@b.ex>: 550 unknown',
  ]);
  assert.deepEqual(await ask({ 'MAIL FROM:<>': '451 busy\r\n' }), [
    'defer',
    undefined,
    'Could not complete sender verify callout: 198.51.100.1 [198.51.100.1] : SMTP error from remote mail server after MAIL FROM:<>: 451 busy',
  ]);
});

test('percent_hack_domains: the address that is meant is routed as a child', async () => {
  const hacked = 'percent_hack_domains = hack.ex : testdb;defer\nbegin routers\nb:\n driver = accept\n transport = local\n';
  const world = await makeWorld(`${hacked}${TRANSPORTS}`);
  const rows: readonly (readonly [Octets, readonly string[]])[] = [
    ['u%hack.ex@HACK.ex', ['child u@hack.ex']],
    ['A%b%hack.ex@hack.ex', ['deferred A%b%hack.ex@hack.ex: defer in percent_hack_domains check']],
    ['u@hack.ex', ['deliver u@hack.ex b local']],
    ['u@other.ex', ['deliver u@other.ex b local']],
  ];
  for (const [address, expected] of rows) assert.deepEqual(summary(await route(world, address)), expected, address);
  const one = await makeWorld(`${hacked.replace(' : testdb;defer', '')}${TRANSPORTS}`);
  assert.deepEqual(summary(await route(one, 'A%B.ex%hack.ex@hack.ex')), ['child A@B.ex']);
  assert.deepEqual(summary(await route(one, 'a%b.ex@other.ex')), ['deliver a%b.ex@other.ex b local']);
});

test('local_parts: +caseful, also in a named list, sees the case that was written', async () => {
  const world = await makeWorld(
    `localpartlist names = joe : +caseful : Ann\nbegin routers\nb:\n driver = accept\n local_part_suffix = -*\n local_part_suffix_optional\n local_parts = +names\n transport = local\n${TRANSPORTS}`,
  );
  const rows: readonly (readonly [Octets, boolean])[] = [
    ['JOE@a.ex', true],
    ['Ann@a.ex', true],
    ['Ann-X@a.ex', true],
    ['ann@a.ex', false],
  ];
  for (const [address, isTaken] of rows) assert.equal((await route(world, address)).deliveries.length === 1, isTaken, address);
});
