import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { SystemAccounts } from './accounts.ts';
import { SystemCrypt } from './crypt.ts';
import { SystemMachine } from './machine.ts';
import { Native } from './native.ts';
import { SeededRandom, SystemRandom } from './random.ts';
import { testDirectory } from './test-directory.ts';

const native = new Native();
const withoutNative = new Native(() => {
  throw new Error('not installed');
});
const noNative = !native.isAvailable && 'koffi is not installed';

test('the C library, the files and both together give the same accounts', { skip: noNative }, (context) => {
  const nsswitch = `${testDirectory(context)}/nsswitch.conf`;
  writeFileSync(nsswitch, 'passwd: sss files\ngroup: [success=return] sss files # comment\n');
  const etc = { passwd: '/etc/passwd', group: '/etc/group', nsswitch };
  const [library, files, both] = [new SystemAccounts(native, etc), new SystemAccounts(withoutNative), new SystemAccounts(native)];
  for (const name of ['root', 'nobody', 'daemon', 'mail', 'no-such-user', '', '-n', 'a:b', 'x'.repeat(10_000), 'nul\0']) {
    for (const other of [library, both]) {
      assert.deepEqual(other.userByName(name), files.userByName(name), name);
      assert.deepEqual(other.groupByName(name), files.groupByName(name), name);
    }
  }
  for (const id of [0, 1, 8, 65534, 4_000_000_000]) {
    for (const other of [library, both]) {
      assert.deepEqual(other.userById(id), files.userById(id), String(id));
      assert.deepEqual(other.groupById(id), files.groupById(id), String(id));
    }
  }
  const root = library.userByName('root');
  assert.equal(root.kind === 'ok' && root.value?.uid, 0);
});

test('an account that is added is found, one that goes is not', (context) => {
  const dir = testDirectory(context);
  const paths = { passwd: `${dir}/passwd`, group: `${dir}/group`, nsswitch: `${dir}/none` };
  const accounts = new SystemAccounts(native, paths);
  const line = 'new:x:1:1::/:/bin/sh\n';
  writeFileSync(paths.passwd, '');
  assert.deepEqual(accounts.userByName('new'), { kind: 'ok', value: undefined });
  writeFileSync(paths.passwd, `${line}new:x:2:2::/:\n`);
  const found = accounts.userByName('new');
  assert.equal(found.kind === 'ok' && found.value?.uid, 1, 'the first line counts');
  writeFileSync(paths.passwd, '');
  assert.deepEqual(accounts.userByName('new'), { kind: 'ok', value: undefined });
});

test('files: octets, members, supplementary groups, malformed lines', (context) => {
  const dir = testDirectory(context);
  const paths = { passwd: `${dir}/passwd`, group: `${dir}/group`, nsswitch: `${dir}/none` };
  writeFileSync(paths.passwd, 'broken line\nj\xf6rg:x:1001:1002:J\xf6rg,,,:/home/j\xf6rg:/bin/sh\nbad:x:one:2::/:\n', 'latin1');
  writeFileSync(paths.group, 'own:x:1002:\nmail:x:8:other,j\xf6rg\nadm:x:4:j\xf6rg\nno:x:9:other\n', 'latin1');
  const accounts = new SystemAccounts(withoutNative, paths);
  assert.deepEqual(accounts.userByName('j\xf6rg'), {
    kind: 'ok',
    value: { name: 'j\xf6rg', uid: 1001, gid: 1002, gecos: 'J\xf6rg,,,', home: '/home/j\xf6rg', shell: '/bin/sh' },
  });
  assert.deepEqual(accounts.userByName('bad'), { kind: 'ok', value: undefined });
  assert.deepEqual(accounts.groupById(8), { kind: 'ok', value: { name: 'mail', gid: 8, members: ['other', 'j\xf6rg'] } });
  assert.deepEqual(accounts.groupsOf('j\xf6rg', 1002), { kind: 'ok', value: [1002, 8, 4] });
  const broken = new SystemAccounts(withoutNative, { ...paths, passwd: `${dir}/none` });
  assert.deepEqual(broken.userByName('root'), { kind: 'defer', message: `failed to read ${dir}/none: No such file or directory` });
});

test('koffi is not loaded for a record in files that are the first source', (context) => {
  const dir = testDirectory(context);
  const paths = { passwd: `${dir}/passwd`, group: `${dir}/group`, nsswitch: `${dir}/nsswitch` };
  writeFileSync(paths.passwd, 'only-here:x:1001:1002::/:\n');
  writeFileSync(paths.group, '');
  const cases: readonly (readonly [sources: string, name: string, isLoaded: boolean])[] = [
    ['passwd: files systemd\n', 'only-here', false],
    ['passwd:\tcompat ldap\n', 'only-here', false],
    ['group: files\n', 'only-here', false],
    ['passwd: files\n', 'not-there', false],
    ['passwd: files systemd\n', 'not-there', true],
    ['passwd: ldap files\n', 'only-here', true],
  ];
  for (const [sources, name, isLoaded] of cases) {
    writeFileSync(paths.nsswitch, sources);
    let asked = false;
    const watched = new Native(() => {
      asked = true;
      throw new Error('not installed');
    });
    new SystemAccounts(watched, paths).userByName(name);
    assert.equal(asked, isLoaded, sources);
  }
});

test('supplementary groups through the C library hold the primary one', { skip: noNative }, () => {
  const groups = new SystemAccounts(native).groupsOf('nobody', 65534);
  assert.equal(groups.kind === 'ok' && groups.value.includes(65534), true);
});

test('crypt(3): known vectors, an unknown scheme, no native calls', { skip: noNative }, async () => {
  const crypt = new SystemCrypt(native);
  // vectors of the SHA-crypt specification, and of `openssl passwd -1`
  const cases: readonly (readonly [string, string, string])[] = [
    [
      'Hello world!',
      '$6$saltstring',
      '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
    ],
    ['Hello world!', '$5$saltstring', '$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5'],
    ['test', '$1$abcdefgh$', '$1$abcdefgh$irWbblnpmw.5z7wgBnprh0'],
  ];
  for (const [password, setting, expected] of cases)
    assert.deepEqual(await crypt.crypt(password, setting), { kind: 'ok', value: expected });
  assert.equal((await crypt.crypt('x', '$nosuch$')).kind, 'fail');
  assert.equal((await crypt.crypt('x'.repeat(5000), '$6$saltstring')).kind, 'fail');
  assert.equal((await new SystemCrypt(withoutNative).crypt('x', '$6$saltstring')).kind, 'defer');
});

test('the machine: free space, environment, addresses', () => {
  const machine = new SystemMachine();
  assert.ok(machine.freeSpace('/tmp').kib > 0);
  assert.deepEqual(machine.freeSpace('/no/such/place'), { kib: -1, inodes: -1 });
  assert.equal(machine.environment().get('PATH'), process.env['PATH']);
  assert.ok(machine.interfaceAddresses().includes('127.0.0.1'));
  assert.equal(machine.hostName.length > 0 && machine.loadAverage() >= 0, true);
});

test('chance stays below its limit and is not constant; the seeded generator is the contract’s', () => {
  const random = new SystemRandom();
  const drawn = new Set(Array.from({ length: 5000 }, () => random.below(10)));
  assert.deepEqual([...drawn].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual([random.below(1), random.below(0)], [0, 0]);
  assert.equal(random.bytes(10_000).length, 10_000);
  // 42·1103515245 + 12345 mod 2^32 = 3392888543; bits 16–31 are 51771
  const first = Math.floor(Number((42n * 1_103_515_245n + 12_345n) % 4_294_967_296n) / 65_536);
  assert.equal(new SeededRandom(42).below(65_536), first);
});
