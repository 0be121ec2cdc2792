import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lowerCase } from '../base/octets.ts';
import type { Frame } from '../core/frame.ts';
import { tainted, untainted } from '../core/text.ts';
import { MemoryFiles } from '../system/fakes/files.ts';
import { FakeAccounts } from '../system/fakes/host.ts';
import { FakeLog } from '../system/fakes/log.ts';
import { fakeServices, testConfig, testFrame } from '../system/fakes/services.ts';
import dsearch from './drivers/dsearch.ts';
import iplsearch from './drivers/iplsearch.ts';
import json from './drivers/json.ts';
import lsearch from './drivers/lsearch.ts';
import nwildlsearch from './drivers/nwildlsearch.ts';
import passwd from './drivers/passwd.ts';
import testdb from './drivers/testdb.ts';
import { lookUp, lookupCases } from './lookup-cases.ts';
import { createLookups } from './lookups.ts';
import { keyLines } from './lsearch-file.ts';

const aliases = `# comment
abc: one
  two
# in between

   three
def   data with spaces   
"quoted key": qd
"q\\"uo\\x41": esc
ghi : : x
empty
empty2:
*: star
*@dom.ex: atdom
*.partial.ex: part
mno:
 continued
CaseKey: cased
colon::two
abc: second
`;

const networks = `1.2.3.4: one
192.168.0.0/16:  net
"abcd::cdab":  v6
"abcd:abcd::/32"  v6net
0.0.0.0/0: all
`;

const patterns = `*.a.b  ends
^\\d+\\.x$  digits
"^sp ace"  spaced
lsearch;/f/aliases  nested
plain.ex: literal
`;

const definitions = [lsearch, iplsearch, nwildlsearch, dsearch, passwd];

function makeFrame(lookups: Frame['services']['lookups']): Frame {
  const files = new MemoryFiles({
    uid: 93,
    files: { '/f/aliases': aliases, '/f/networks': networks, '/f/patterns': patterns, '/dir/sub/x': '' },
  });
  files.put('/f/private', 'a: b', 0);
  const accounts = new FakeAccounts(['root:x:0:0:root:/root:/bin/bash']);
  return testFrame({ services: fakeServices({ files, lookups, accounts }) });
}

const file = '/f/aliases';

lookupCases(definitions, makeFrame, [
  { type: 'lsearch', file, key: 'abc', found: 'one two three' },
  { type: 'lsearch', file, key: 'def', found: 'data with spaces' },
  { type: 'lsearch', file, key: 'quoted key', found: 'qd' },
  { type: 'lsearch', file, key: 'q"uoA', found: 'esc' },
  { type: 'lsearch', file, key: 'ghi', found: ': x' },
  { type: 'lsearch', file, key: 'empty', found: '' },
  { type: 'lsearch', file, key: 'empty2', found: '' },
  { type: 'lsearch', file, key: 'mno', found: ' continued' },
  { type: 'lsearch', file, key: 'casekey', found: 'cased' },
  { type: 'lsearch', file, key: 'colon', found: ':two' },
  { type: 'lsearch', file, key: '' },
  { type: 'lsearch', file, key: 'nothing' },
  { type: 'lsearch*', file, key: '', found: 'star' },
  { type: 'lsearch*@', file, key: 'x@dom.ex', found: 'atdom', captures: ['', 'x', ''] },
  { type: 'lsearch*@', file, key: 'x@domy.ex', found: 'star', captures: ['', 'x@domy.ex', ''] },
  { type: 'lsearch*', file, key: 'x@dom.ex', found: 'star' },
  { type: 'partial-lsearch', file, key: 'a.b.partial.ex', found: 'part', captures: ['', 'a.b', 'partial.ex'] },
  { type: 'partial-lsearch', file, key: 'partial.ex', found: 'part', captures: ['', '', 'partial.ex'] },
  { type: 'partial3-lsearch', file, key: 'a.b.partial.ex' },
  { type: 'partial-lsearch', file, key: 'abc', found: 'one two three', captures: ['', '', 'abc'] },
  { type: 'partial-lsearch', file, key: 'a.b.c' },
  { type: 'partial0-lsearch', file, key: 'a.b.c', found: 'star' },
  { type: 'partial0(.)lsearch*', file, key: 'a.b.c', found: 'star', captures: ['', 'a.b.c', ''] },
  { type: 'lsearch,ret=full', file, key: 'abc', found: 'abc: one two three' },
  { type: 'lsearch,ret=full', file, key: 'quoted key', found: 'quoted key: qd' },
  { type: 'lsearch,ret=full', file, key: 'def', found: 'def   data with spaces' },
  { type: 'lsearch,ret=key', file, key: 'CASEKEY', found: 'CASEKEY' },
  { type: 'lsearch*@,ret=key', file, key: 'x@dom.ex', found: 'x@dom.ex' },
  { type: 'lsearch', file: '/f/none', key: 'x', error: 'failed to open /f/none for linear search: No such file or directory' },
  {
    type: 'lsearch',
    file: '/f/private',
    key: 'x',
    error: 'failed to open /f/private for linear search: Permission denied (euid=93 egid=93)',
  },
  { type: 'lsearch', file: '/f', key: 'x', error: '/f is not a regular file (lsearch lookup)' },
  { type: 'nosuch', file, key: 'x', error: 'unknown lookup type "nosuch"' },
  { type: 'partial-nosuch', file, key: 'x', error: 'unknown lookup type "nosuch"' },
  { type: 'partial-passwd', key: 'x', error: '"partial" is not permitted for lookup type "passwd"' },
  { type: 'passwd*', key: 'x', error: 'defaults using "*" or "*@" are not permitted for lookup type "passwd*"' },
  { type: 'partial(lsearch', file, key: 'x', error: 'format error in lookup type "partial(lsearch"' },
  { type: 'partialx-lsearch', file, key: 'x', error: 'format error in lookup type "partialx-lsearch"' },

  { type: 'iplsearch', file: '/f/networks', key: '1.2.3.4', found: 'one' },
  { type: 'iplsearch', file: '/f/networks', key: '192.168.7.7', found: 'net' },
  { type: 'iplsearch', file: '/f/networks', key: 'abcd:0:0:0:0:0:0:cdab', found: 'v6' },
  { type: 'iplsearch', file: '/f/networks', key: 'abcd:abcd::9', found: 'v6net' },
  { type: 'iplsearch', file: '/f/networks', key: '9.9.9.9', found: 'all' },
  {
    type: 'iplsearch',
    file: '/f/networks',
    key: 'a.b',
    error:
      '"a.b" is not a valid iplsearch key (an IP address, with optional CIDR mask, is wanted): in a host list, use net-iplsearch as the search type',
  },

  { type: 'nwildlsearch', file: '/f/patterns', key: 'X.A.B', found: 'ends' },
  { type: 'nwildlsearch', file: '/f/patterns', key: '12.X', found: 'digits' },
  { type: 'nwildlsearch', file: '/f/patterns', key: 'sp aced', found: 'spaced' },
  { type: 'nwildlsearch', file: '/f/patterns', key: 'ghi', found: 'nested' },
  { type: 'nwildlsearch', file: '/f/patterns', key: 'PLAIN.ex', found: 'literal' },
  { type: 'nwildlsearch', file: '/f/patterns', key: 'none' },

  { type: 'dsearch', file: '/f', key: 'aliases', found: 'aliases' },
  { type: 'dsearch,ret=full,filter=file', file: '/f', key: 'aliases', found: '/f/aliases' },
  { type: 'dsearch,filter=dir', file: '/f', key: 'aliases' },
  { type: 'dsearch,filter=dir', file: '/dir', key: '..', found: '..' },
  { type: 'dsearch,filter=subdir', file: '/dir', key: '..' },
  { type: 'dsearch,filter=subdir', file: '/dir', key: 'sub', found: 'sub' },
  { type: 'dsearch', file: '/f', key: 'none' },
  { type: 'dsearch', file: '/f', key: 'a/b', error: 'key for dsearch lookup contains a slash: a/b' },
  { type: 'dsearch', file: '/nowhere', key: 'x', error: 'failed to open /nowhere for directory search: No such file or directory' },
  { type: 'dsearch', file: '/f/aliases', key: 'x', error: 'failed to open /f/aliases for directory search: Not a directory' },

  { type: 'passwd', key: 'root', found: '*:0:0:root:/root:/bin/bash' },
  { type: 'passwd', key: 'nosuch' },
]);

test('a changed file is read again, an unchanged one is not', async () => {
  const files = new MemoryFiles({ files: { '/a': 'k: one' } });
  let opened = 0;
  const counted = {
    ...lsearch,
    open: (...args: Parameters<NonNullable<typeof lsearch.open>>) => {
      opened++;
      return lsearch.open?.(...args) ?? assert.fail();
    },
  };
  const frame = testFrame({ services: fakeServices({ files, lookups: createLookups([counted]) }) });
  const value = async () => {
    const result = await lookUp(frame, 'lsearch', '/a', 'k');
    return result.kind === 'ok' && result.value.kind === 'found' ? result.value.value.octets : undefined;
  };
  assert.equal(await value(), 'one');
  assert.equal(await value(), 'one');
  assert.equal(opened, 1);
  files.put('/a', 'k: two');
  assert.equal(await value(), 'two');
  files.unlink('/a');
  assert.equal((await lookUp(frame, 'lsearch', '/a', 'k')).kind, 'fail');
});

test('results of queries are kept for the connection, not for the next one, and not read with cache=no_rd', async () => {
  let calls = 0;
  const counting = {
    ...passwd,
    name: 'counting',
    optionNames: [],
    open: () => ({
      kind: 'ok' as const,
      value: {
        find: () => ({ kind: 'ok' as const, value: { kind: 'found' as const, value: untainted(String(++calls)) } }),
        close: () => undefined,
      },
    }),
  };
  const lookups = createLookups([counting]);
  const frame = testFrame({ services: fakeServices({ lookups }) });
  const value = async (where: Frame, type = 'counting') => {
    const result = await lookUp(where, type, undefined, 'q');
    return result.kind === 'ok' && result.value.kind === 'found' ? result.value.value.octets : undefined;
  };
  assert.equal(await value(frame), '1');
  assert.equal(await value(frame), '1');
  assert.equal(await value(frame, 'counting,cache=no_rd'), '2');
  assert.equal(await value({ ...frame, results: {} }), '3');
  assert.equal(await value(frame, 'counting,cache=no_wr'), '4');
  assert.equal(await value(frame, 'counting,cache=no_wr'), '5');
  assert.equal(await value(frame, 'counting,cache=no'), '6');
});

test('at most lookup_open_max files stay open; other sources stay', async () => {
  const files = new MemoryFiles({ files: { '/a': 'k: a', '/b': 'k: b', '/c': 'k: c' } });
  const closed: string[] = [];
  const told = (name: string, isFile: boolean) => ({
    ...lsearch,
    name,
    isFile,
    isQueryStyle: !isFile,
    open: (file: string) => ({
      kind: 'ok' as const,
      value: {
        find: () => ({ kind: 'ok' as const, value: { kind: 'not-found' as const } }),
        close: () => void closed.push(`${name}${file}`),
      },
    }),
  });
  const lookups = createLookups([told('file', true), told('service', false)]);
  const frame = testFrame({ services: fakeServices({ files, lookups }), config: testConfig({ main: { lookup_open_max: 2 } }) });
  await lookUp(frame, 'service', undefined, 'q');
  for (const file of ['/a', '/b', '/a', '/c']) await lookUp(frame, 'file', file, 'k');
  assert.deepEqual(closed, ['file/b']);
  lookups.close();
  assert.deepEqual(closed, ['file/b', 'file/a', 'file/c', 'service']);
});

test('a tainted file name: contained in one component, or refused', async () => {
  const files = new MemoryFiles({ files: { '/f/user': 'k: v' } });
  const log = new FakeLog();
  const services = fakeServices({ files, log, lookups: createLookups([lsearch]) });
  const find = async (name: string, mode: string) => {
    const parsed = services.lookups.parseType('lsearch');
    assert.ok(parsed.kind === 'ok');
    const path = { octets: `/f/${name}`, taint: tainted(name).taint.map((span) => ({ ...span, from: span.from + 3, to: span.to + 3 })) };
    const frame = testFrame({ services, config: testConfig({ main: { taint_mode: mode } }) });
    return (await services.lookups.find({ type: parsed.type, file: path, key: untainted('k') }, frame)).kind;
  };
  assert.equal(await find('user', 'contain'), 'ok');
  assert.equal(await find('../f/user', 'contain'), 'defer');
  assert.equal(await find('user', 'strict'), 'fail');
  assert.equal(log.panicLines.length, 2);
});

test('a type without behaviour defers and says so', async () => {
  const log = new FakeLog();
  const { open: _open, ...declared } = passwd;
  const frame = testFrame({ services: fakeServices({ log, lookups: createLookups([declared]) }) });
  assert.equal((await lookUp(frame, 'passwd', undefined, 'x')).kind, 'defer');
  assert.deepEqual(log.panicLines, ['lookup type "passwd" is not built yet']);
});

test('any text is read, and the index finds the first line of every key', () => {
  const octets = fc.string({ unit: fc.constantFrom('a', 'B', ':', ' ', '\t', '\n', '"', '\\', 'x', '4', '#', '\xa0') });
  fc.assert(
    fc.property(octets, (text) => {
      const seen = new Set<string>();
      let last = -1;
      for (const line of keyLines(text)) {
        assert.ok(line.restFrom > last && line.restFrom <= text.length);
        last = line.restFrom;
        seen.add(lowerCase(line.key));
      }
      return true;
    }),
  );
});

lookupCases(
  [json, testdb],
  (lookups) =>
    testFrame({
      services: fakeServices({
        lookups,
        files: new MemoryFiles({
          files: { '/j': '{"a": {"b": [1, "t\\u00e9xt", 12345678901234567890]}, "__proto__": {"x": true}, "n": null}', '/bad': '{' },
        }),
      }),
    }),
  [
    { type: 'json', file: '/j', key: 'a : b : 1', found: 't\xc3\xa9xt' },
    { type: 'json', file: '/j', key: 'a:b:2', found: '12345678901234567890' },
    { type: 'json', file: '/j', key: 'a', found: '{"b": [1, "t\xc3\xa9xt", 12345678901234567890]}' },
    { type: 'json', file: '/j', key: '__proto__:x', found: 'true' },
    { type: 'json', file: '/j', key: 'n', found: 'null' },
    { type: 'json', file: '/j', key: 'a:b:x' },
    { type: 'json', file: '/j', key: 'constructor' },
    { type: 'json', file: '/j', key: 'a:b:1:0' },
    { type: 'json', file: '/bad', key: 'a', error: '/bad is not JSON (json lookup)' },
    { type: 'testdb', key: 'something', found: 'something' },
    { type: 'testdb', key: 'fail' },
    { type: 'testdb', key: 'defer', error: 'testdb lookup forced DEFER' },
  ],
);
