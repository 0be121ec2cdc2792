import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Octets } from '../base/octets.ts';
import type { Frame } from '../core/frame.ts';
import type { Session } from '../core/session.ts';
import { tainted, untainted } from '../core/text.ts';
import dsearch from '../lookups/drivers/dsearch.ts';
import iplsearch from '../lookups/drivers/iplsearch.ts';
import lsearch from '../lookups/drivers/lsearch.ts';
import passwd from '../lookups/drivers/passwd.ts';
import { createLookups } from '../lookups/lookups.ts';
import { FakeDns } from '../system/fakes/dns.ts';
import { MemoryFiles } from '../system/fakes/files.ts';
import { FakeAccounts, FakeHosts } from '../system/fakes/host.ts';
import { FakeLog } from '../system/fakes/log.ts';
import { constantTemplate, fakeServices, testConfig, testFrame, testList } from '../system/fakes/services.ts';
import { listCases } from './list-cases.ts';
import { createLists } from './lists.ts';

const zone = {
  'mx.ex': ['MX 10 self.ex', 'MX 20 other.ex'],
  'second.ex': ['MX 10 other.ex', 'MX 20 self.ex'],
  'foreign.ex': 'MX 10 other.ex',
  'treated.ex': 'MX 10 friend.ex',
  'again.ex': 'AGAIN',
  'self.ex': 'A 192.0.2.1',
  'real.ex': 'A 192.0.2.7',
  'alias.ex': 'A 192.0.2.7',
  'liar.ex': 'A 192.0.2.200',
  'other.ex': 'A 192.0.2.99',
  '7.2.0.192.in-addr.arpa': ['PTR real.ex', 'PTR alias.ex', 'PTR liar.ex'],
  '8.2.0.192.in-addr.arpa': 'PTR liar.ex',
  '9.2.0.192.in-addr.arpa': 'AGAIN',
};

const hostLines = ['192.0.2.7 real.ex', '192.0.2.7 alias.ex', '192.0.2.200 liar.ex', 'AGAIN again.ex'];

const files = {
  '/f/ls':
    'abc: one two\n*.partial.ex: part\n*@dom.ex: atdom\n10.0.0.0/8: net\n0102.0000.0000.0000.0000.0000.0000.0005: v6\nreal.ex: by name\nbad.ex: !postmaster : * : ^x\nchain.ex: one : >rest\nrest: two\nloop: >loop\nstar@x.ex: whole\n',
  '/f/ipl': '"0102::/16": v6\n10.0.0.0/8: v4\n',
  '/f/domains': '# a comment\na.ex\n*.b.ex # another\n\n  !c.b.ex\nd.ex\n',
  '/f/locals': 'with#hash # comment\n#whole line\nplain\n',
};

function makeFrame(overrides: Partial<Frame> = {}): { frame: Frame; log: FakeLog; panicLines: () => readonly Octets[] } {
  const log = new FakeLog();
  const services = fakeServices({
    log,
    dns: new FakeDns(zone),
    hosts: new FakeHosts(hostLines),
    files: new MemoryFiles({ files }),
    accounts: new FakeAccounts(['root:x:0:0:root:/root:/bin/sh']),
    lookups: createLookups([lsearch, iplsearch, dsearch, passwd]),
    lists: createLists(),
  });
  const config = testConfig({
    main: { hosts_treat_as_local: testList('domain', 'friend.ex') },
    namedLists: {
      domainlist: { d1: 'a.b : *.c', d2: '+d1 : z.z', neg: '!a.b', self: '+self', data: 'lsearch;/f/ls' },
      hostlist: { h1: '10.0.0.0/8 : *.ex' },
      addresslist: { a1: '*@d.e' },
      localpartlist: { l1: 'x : *y' },
    },
  });
  return { frame: testFrame({ services, config, ...overrides }), log, panicLines: () => log.panicLines };
}

listCases('domain', (lists, list, subject, frame) => lists.matchDomain(list, subject, frame), makeFrame, [
  { list: 'x.c', subject: 'X.C', result: 'yes', data: 'x.c', captures: ['x.c'] },
  { list: '^x', subject: 'X.C', result: 'yes', captures: ['X.C'] },
  { list: '', subject: 'x.c', result: 'no' },
  { list: ':', subject: '', result: 'yes' },
  { list: '*', subject: '', result: 'yes' },
  { list: 'a : *.c', subject: 'x.c', result: 'yes', data: '*.c', captures: ['x.c', 'x'] },
  { list: '*key.ex', subject: 'donkey.ex', result: 'yes', captures: ['donkey.ex', 'don'] },
  { list: '^x\\.(.)', subject: 'x.c', result: 'yes', data: '^x\\.(.)', captures: ['x.c', 'c'] },
  { list: '^(?-i)x', subject: 'X.c', result: 'no' },
  {
    list: '^x(',
    subject: 'x.c',
    result: { defer: '' },
    panic: ['regular expression error: missing closing parenthesis at offset 3 while compiling ^x('],
  },
  { list: '+d1', subject: 'x.c', result: 'yes', data: '*.c', captures: ['x.c', 'x'] },
  { list: '+d2', subject: 'a.B', result: 'yes' },
  { list: '+neg : *.b', subject: 'x.y', result: 'yes' },
  { list: '+self', subject: 'x', result: { defer: '' }, panic: ['too many nested domain lists: +self'] },
  { list: '+nodom', subject: 'x', result: { defer: '' }, panic: ['unknown named domain list "+nodom"'] },
  { list: '+caseful : x', subject: 'x', result: { defer: '' }, panic: ['unknown named domain list "+caseful"'] },
  { list: '!a.b', subject: 'x.c', result: 'yes' },
  { list: '!a.b : y', subject: 'x.c', result: 'no' },
  { list: '! a.b : *.b', subject: 'a.b', result: 'no' },
  { list: '!a.b : *.b', subject: 'c.b', result: 'yes' },
  { list: '<; x.c ; b', subject: 'x.c', result: 'yes' },
  { list: 'x::c', subject: 'x:c', result: 'yes', data: 'x:c' },
  { list: '@', subject: 'MAIL.test.example', result: 'yes', data: 'mail.test.example' },
  { list: '@[]', subject: '[127.0.0.1]', result: 'yes', data: '@[]' },
  { list: '@[]', subject: '[::1]', result: 'yes' },
  { list: '@[]', subject: '[IPv6:::1]', result: 'no' },
  { list: '@[]', subject: '[192.0.2.250]', result: 'no' },
  { list: '@mx_any', subject: 'mx.ex', result: 'yes', data: '@mx_any' },
  { list: '@mx_any', subject: 'second.ex', result: 'yes' },
  { list: '@mx_any', subject: 'foreign.ex', result: 'no' },
  { list: '@mx_any', subject: 'treated.ex', result: 'yes' },
  { list: '@mx_any', subject: 'none.ex', result: 'no' },
  { list: '@mx_any', subject: 'again.ex', result: { defer: 'try again' } },
  { list: '@mx_primary', subject: 'mx.ex', result: 'yes' },
  { list: '@mx_primary', subject: 'second.ex', result: 'no' },
  { list: '@mx_secondary', subject: 'mx.ex', result: 'no' },
  { list: '@mx_secondary', subject: 'second.ex', result: 'yes' },
  { list: '@mx_any/ignore=<;10.0.0.1;192.0.2.0/24', subject: 'mx.ex', result: 'no' },
  { list: '@mx_any/ignore=127.0.0.1', subject: 'mx.ex', result: 'yes', data: '@mx_any/ignore=127.0.0.1' },
  { list: 'lsearch;/f/ls', subject: 'ABC', result: 'yes', data: 'one two' },
  { list: 'partial-lsearch;/f/ls', subject: 'a.partial.ex', result: 'yes', data: 'part', captures: ['a.partial.ex', 'a', 'partial.ex'] },
  {
    list: 'lsearch; /f/none',
    subject: 'x',
    result: { defer: '' },
    panic: ['failed to open /f/none for linear search: No such file or directory'],
  },
  { list: 'nosuch;foo', subject: 'x', result: { defer: '' }, panic: ['unknown lookup type "nosuch"'] },
  { list: 'passwd;root', subject: 'x', result: 'yes', data: '*:0:0:root:/root:/bin/sh' },
  { list: '! passwd;root', subject: 'x', result: 'no' },
  { list: '/f/domains', subject: 'A.ex', result: 'yes', data: 'a.ex' },
  { list: '/f/domains', subject: 'x.b.ex', result: 'yes' },
  { list: '/f/domains : e.ex', subject: 'e.ex', result: 'yes' },
  { list: '!/f/domains : e.ex', subject: 'd.ex', result: 'no' },
  { list: '!/f/domains', subject: 'nothing.ex', result: 'yes' },
  {
    list: '/f/none',
    subject: 'x',
    result: { defer: '' },
    panic: ['failed to open /f/none when checking "/f/none": No such file or directory'],
  },
]);

listCases('local part', (lists, list, subject, frame) => lists.matchLocalPart(list, subject, frame, false), makeFrame, [
  { list: 'abc', subject: 'aBc', result: 'yes', data: 'abc' },
  { list: '*c', subject: 'aBc', result: 'yes', captures: ['abc', 'ab'] },
  { list: '+caseful : abc', subject: 'aBc', result: 'no' },
  { list: '+caseful : aBc', subject: 'aBc', result: 'yes', captures: ['aBc'] },
  { list: '+l1', subject: 'Xy', result: 'yes' },
  { list: '@', subject: 'mail.test.example', result: 'no' },
  { list: '/f/locals', subject: 'with#hash', result: 'yes' },
  { list: '/f/locals', subject: 'PLAIN', result: 'yes' },
]);

listCases('caseful local part', (lists, list, subject, frame) => lists.matchLocalPart(list, subject, frame, true), makeFrame, [
  { list: 'abc', subject: 'aBc', result: 'no' },
  { list: '*Bc', subject: 'aBc', result: 'yes', captures: ['aBc', 'a'] },
]);

const noAt = (subject: string, pattern: string) =>
  `no @ found in the subject of an address list match: subject="${subject}" pattern="${pattern}"`;

listCases('address', (lists, list, subject, frame) => lists.matchAddress(list, subject, frame), makeFrame, [
  { list: '', subject: '', result: 'no' },
  { list: ':', subject: '', result: 'yes' },
  { list: '*', subject: '', result: 'no' },
  { list: '*@*', subject: '', result: 'no' },
  { list: '^$', subject: '', result: 'yes' },
  { list: 'passwd;root', subject: '', result: 'yes', data: '*:0:0:root:/root:/bin/sh' },
  { list: '*', subject: 'a@x.c', result: 'yes' },
  { list: 'a@a.b', subject: 'a@a.b', result: 'yes', data: 'a@a.b' },
  { list: '*@*.c', subject: 'a@x.c', result: 'yes', data: '*@*.c' },
  { list: 'a@+d1', subject: 'A@x.c', result: 'yes', data: 'a@*.c' },
  { list: 'x.c', subject: 'a@x.c', result: 'yes', data: '@x.c' },
  { list: '*.c', subject: 'a@x.c', result: 'yes' },
  { list: '+a1', subject: 'q@d.e', result: 'yes', data: '*@d.e' },
  { list: '+d1', subject: 'q@a.b', result: { defer: '' }, panic: ['unknown named address list "+d1"'] },
  { list: 'a@x.C', subject: 'A@x.c', result: 'yes' },
  { list: '+caseful : a@x.C', subject: 'A@x.c', result: 'no' },
  { list: '+caseful : A@x.C', subject: 'A@x.c', result: 'no' },
  { list: '+caseful : A@x.c', subject: 'A@X.c', result: 'yes' },
  { list: '*c@x.*', subject: 'abc@x.c', result: 'no' },
  { list: '*c@x.c', subject: 'abc@x.c', result: 'yes' },
  { list: 'a*@x.c', subject: 'abc@x.c', result: 'no' },
  { list: '^a(.)c', subject: 'abc@x.c', result: 'yes' },
  { list: 'lsearch;/f/ls', subject: 'Star@X.ex', result: 'yes', data: 'whole' },
  { list: 'lsearch*@;/f/ls', subject: 'abc@dom.ex', result: 'yes', data: 'atdom' },
  { list: 'lsearch;/f/ls', subject: 'abc', result: 'no', panic: [noAt('abc', 'lsearch;/f/ls')] },
  { list: 'abc', subject: 'abc', result: 'no', panic: [noAt('abc', 'abc')] },
  {
    list: 'partial-lsearch;/f/ls',
    subject: 'one@abc',
    result: 'no',
    panic: ['partial matching is not applicable to whole-address lookups: ignored "partial-" in "partial-lsearch;/f/ls"'],
  },
  { list: '*@lsearch;/f/ls', subject: 'one@abc', result: 'yes', data: '*@one two' },
  { list: 'bozo@lsearch;/f/ls', subject: 'one@abc', result: 'no' },
  { list: 'pqr@@', subject: 'pqr@mail.test.example', result: 'yes', data: 'pqr@mail.test.example' },
  { list: 'pqr@@', subject: 'xxx@mail.test.example', result: 'no' },
  { list: '*@@mx_any', subject: 'x@mx.ex', result: 'yes' },
  { list: '@@lsearch;/f/ls', subject: 'one two@abc', result: 'yes' },
  { list: '@@lsearch;/f/ls', subject: 'one@abc', result: 'no' },
  { list: '@@lsearch;/f/ls', subject: 'postmaster@bad.ex', result: 'no' },
  { list: '@@lsearch;/f/ls', subject: 'other@bad.ex', result: 'yes' },
  { list: '@@lsearch;/f/ls', subject: 'two@chain.ex', result: 'yes' },
  { list: '@@lsearch;/f/ls', subject: 'three@chain.ex', result: 'no' },
  {
    list: '@@lsearch;/f/ls',
    subject: 'x@loop',
    result: { defer: '' },
    panic: ['Loop detected in lookup of local part of x@loop in lsearch;/f/ls'],
  },
]);

listCases(
  'host',
  (lists, list, subject, frame) =>
    lists.matchHost(list, { address: subject.octets === '' ? undefined : subject.octets, name: undefined, isSender: false }, frame),
  makeFrame,
  [
    { list: '10.0.0.0/8', subject: '10.1.2.3', result: 'yes' },
    { list: '10.1.2.4', subject: '10.1.2.3', result: 'no' },
    { list: '10.1.2.3/33', subject: '10.1.2.3', result: 'yes' },
    { list: '<; 10.1.2.4 ; 10.1.2.3', subject: '::ffff:10.1.2.3', result: 'yes' },
    { list: '3ffe::ffff::836f::::/48', subject: '3ffe:ffff:836f::9', result: 'yes' },
    { list: '+h1', subject: '10.0.0.9', result: 'yes' },
    { list: '+nohl', subject: '10.0.0.9', result: { defer: '' }, panic: ['unknown named host list "+nohl"'] },
    { list: '*', subject: '', result: 'yes' },
    { list: ':', subject: '', result: 'yes' },
    { list: ':', subject: '10.0.0.9', result: 'no' },
    { list: '0.0.0.0/0', subject: '', result: 'no' },
    { list: '@[]', subject: '192.0.2.1', result: 'yes' },
    { list: '@[]', subject: '192.0.2.2', result: 'no' },
    { list: 'real.ex', subject: '192.0.2.7', result: 'yes' },
    { list: 'real.ex', subject: '192.0.2.8', result: 'no' },
    { list: 'nosuch.ex : 192.0.2.7', subject: '192.0.2.7', result: 'no' },
    { list: '+ignore_unknown : nosuch.ex : 192.0.2.7', subject: '192.0.2.7', result: 'yes' },
    { list: '+include_unknown : nosuch.ex', subject: '192.0.2.7', result: 'yes' },
    { list: 'again.ex', subject: '192.0.2.7', result: { defer: 'DNS lookup of "again.ex" deferred' } },
    { list: '+ignore_defer : again.ex : 192.0.2.7', subject: '192.0.2.7', result: 'yes' },
    { list: '+include_defer : again.ex', subject: '192.0.2.7', result: 'yes' },
    { list: '*.ex : 10.0.0.1', subject: '10.0.0.1', result: 'yes' },
    { list: 'net8-lsearch;/f/ls', subject: '10.1.2.3', result: 'yes', data: 'net' },
    { list: 'net-lsearch;/f/ls', subject: '102::5', result: 'yes', data: 'v6' },
    { list: 'net-iplsearch;/f/ipl', subject: '102::5', result: 'yes', data: 'v6' },
    { list: 'net-iplsearch;/f/ipl', subject: '10.3.4.5', result: 'yes', data: 'v4' },
    { list: 'passwd;root', subject: '10.0.0.1', result: 'yes' },
    { list: 'net-passwd;root', subject: '10.0.0.1', result: 'yes' },
    {
      list: 'nosuch;x',
      subject: '10.0.0.1',
      result: { defer: 'unknown lookup type "nosuch"' },
      panic: ['unknown lookup type "nosuch" in host list item "nosuch;x"'],
    },
  ],
);

function sessionFrom(address: Octets): Session {
  return {
    mode: 'smtp-tcp',
    connectionNumber: 1,
    startedAtMs: 0,
    isRehearsal: false,
    until: testFrame().until,
    state: {
      origin: { hostAddress: address, isLocal: false, callerUid: 0, callerGid: 0, callerLogin: '', aclC: new Map() },
      commandHistory: [],
      messagesAccepted: 0,
      esmtp: true,
      controls: new Map(),
      results: {},
    },
  };
}

async function matchSender(list: Octets, address: Octets): Promise<{ result: string; log: FakeLog; session: Session }> {
  const session = sessionFrom(address);
  const { frame, log } = makeFrame({ session });
  const outcome = await frame.services.lists.matchHost(untainted(list), { address, name: undefined, isSender: true }, frame);
  return {
    result: outcome.kind === 'ok' ? String(outcome.value.matched) : `${outcome.kind}: ${'message' in outcome ? outcome.message : ''}`,
    log,
    session,
  };
}

test('the sending host’s names are found by PTR; those without its address are dropped', async () => {
  const { result, session, log } = await matchSender('liar.* : *alias.ex', '192.0.2.7');
  assert.equal(result, 'true');
  const { hostName, hostAliases, hostLookup } = session.state.origin;
  assert.deepEqual({ hostName, hostAliases, hostLookup }, { hostName: 'real.ex', hostAliases: ['alias.ex'], hostLookup: 'found' });
  assert.deepEqual(log.mainLines, []);
});

test('a host lookup by name, and a regex', async () => {
  assert.equal((await matchSender('lsearch;/f/ls', '192.0.2.7')).result, 'true');
  assert.equal((await matchSender('^real\\.ex$', '192.0.2.7')).result, 'true');
});

test('no name: the list does not match, and it is looked up and logged once', async () => {
  const { result, log, session } = await matchSender('+ignore_unknown : *.a : *.b', '192.0.2.77');
  assert.equal(result, 'false');
  assert.equal(session.state.origin.hostLookup, 'failed');
  assert.deepEqual(log.mainLines, ['no host name found for IP address 192.0.2.77']);
  assert.equal((await matchSender('*.a : 192.0.2.77', '192.0.2.77')).result, 'false');
  assert.deepEqual((await matchSender('+include_unknown : *.a', '192.0.2.77')).log.mainLines, [
    'no host name found for IP address 192.0.2.77',
    'failed to find host name for 192.0.2.77: accepted by +include_unknown',
  ]);
});

test('only names of others: no name, and that is remembered', async () => {
  const { result, session } = await matchSender('*.ex', '192.0.2.8');
  assert.equal(result, 'false');
  assert.equal(session.state.origin.hostNameMismatch, 'liar.ex');
});

test('a temporary DNS error is treated as a permanent one', async () => {
  assert.equal((await matchSender('*.ex', '192.0.2.9')).result, 'false');
  assert.equal((await matchSender('+include_unknown : *.ex', '192.0.2.9')).result, 'true');
});

test('results of constant named lists are kept for the connection', async () => {
  const session = sessionFrom('10.0.0.1');
  const { frame } = makeFrame({ session });
  const match = async (where: Frame) => {
    const outcome = await where.services.lists.matchDomain(untainted('+data'), untainted('abc'), where);
    return outcome.kind === 'ok' ? outcome.value.data?.octets : outcome.kind;
  };
  assert.equal(await match(frame), 'one two');
  assert.ok(frame.services.files instanceof MemoryFiles);
  frame.services.files.put('/f/ls', 'abc: changed');
  assert.equal(await match(frame), 'one two');
  assert.equal(await match({ ...frame, session: sessionFrom('10.0.0.2') }), 'changed');
});

test('a file in a list is read again when it changed', async () => {
  const { frame } = makeFrame();
  const match = async () => frame.services.lists.matchDomain(untainted('/f/domains'), untainted('new.ex'), frame);
  assert.deepEqual(await match(), { kind: 'ok', value: { matched: false } });
  assert.ok(frame.services.files instanceof MemoryFiles);
  frame.services.files.put('/f/domains', 'new.ex');
  const outcome = await match();
  assert.ok(outcome.kind === 'ok' && outcome.value.matched);
});

test('a list that cannot be expanded: forced failure is no match, others defer and are logged', async () => {
  const { frame, log } = makeFrame();
  const template = { ...constantTemplate('${if foo}'), constant: undefined };
  const list = (outcome: 'forced-fail' | 'fail') => ({
    kind: 'domain' as const,
    template: {
      ...template,
      evaluate: () => (outcome === 'fail' ? { kind: outcome, message: 'unknown condition "foo"' } : { kind: outcome }),
    },
  });
  assert.deepEqual(await frame.services.lists.matchDomain(list('forced-fail'), untainted('x'), frame), {
    kind: 'ok',
    value: { matched: false },
  });
  assert.deepEqual(await frame.services.lists.matchDomain(list('fail'), untainted('x'), frame), { kind: 'defer', message: '' });
  assert.deepEqual(log.panicLines, ['failed to expand "${if foo}" while checking a list: unknown condition "foo"']);
});

test('a lookup that failed in the expansion is what the peer’s log line tells', async () => {
  const { frame } = makeFrame();
  const template = { ...constantTemplate('${lookup{x}lsearch{/f/none}}'), constant: undefined };
  const evaluate: typeof template.evaluate = async (where) => {
    const parsed = where.services.lookups.parseType('lsearch');
    assert.ok(parsed.kind === 'ok');
    const found = await where.services.lookups.find({ type: parsed.type, file: untainted('/f/none'), key: untainted('x') }, where);
    return found.kind === 'ok' ? { kind: 'fail', message: 'unexpected' } : found;
  };
  const message = 'failed to open /f/none for linear search: No such file or directory';
  const outcome = await frame.services.lists.matchDomain({ kind: 'domain', template: { ...template, evaluate } }, untainted('x'), frame);
  assert.deepEqual(outcome, { kind: 'defer', message });
});

test('selector unknown_in_list', async () => {
  const log = new FakeLog({ selectors: ['unknown_in_list'] });
  const { frame } = makeFrame();
  const services = { ...frame.services, log };
  await services.lists.matchHost(
    untainted('nosuch.ex'),
    { address: '192.0.2.7', name: undefined, isSender: false },
    { ...frame, services },
  );
  assert.deepEqual(log.mainLines, ['list matching forced to fail: failed to find IP address for nosuch.ex']);
});

test('data of an item is tainted where the list was, not by the subject', async () => {
  const { frame } = makeFrame();
  const match = async (list: ReturnType<typeof untainted>) => {
    const outcome = await frame.services.lists.matchDomain(list, tainted('x.ex'), frame);
    return outcome.kind === 'ok' ? outcome.value.data : undefined;
  };
  assert.deepEqual(await match(untainted('a : x.ex')), untainted('x.ex'));
  assert.deepEqual(await match({ octets: 'a : x.ex', taint: [{ from: 4, to: 8 }] }), tainted('x.ex'));
  assert.deepEqual(await match({ octets: 'a : x.ex', taint: [{ from: 0, to: 1 }] }), untainted('x.ex'));
});

test('asynchronous answers give the same results', async () => {
  const { frame } = makeFrame();
  const services = { ...frame.services, dns: new FakeDns(zone, { isAsync: true }) };
  const outcome = await services.lists.matchDomain(untainted('x : @mx_primary : !@mx_any : second.ex'), untainted('second.ex'), {
    ...frame,
    services,
  });
  assert.deepEqual(outcome.kind === 'ok' && outcome.value.matched, false);
});

test('dns_ipv4_lookup and disable_ipv6: only IPv4 addresses of host names are looked up', async () => {
  const asked: string[] = [];
  const hosts = new FakeHosts();
  const byName: typeof hosts.byName = (name, family) => {
    asked.push(`${name} ${family}`);
    return { kind: 'not-found' };
  };
  const { frame } = makeFrame();
  const services = { ...frame.services, hosts: { byName, byAddress: hosts.byAddress.bind(hosts) } };
  const match = (parts: Parameters<typeof testConfig>[0]) =>
    services.lists.matchHost(
      untainted('+ignore_unknown : old.ex : new.ex'),
      { address: '192.0.2.7', name: undefined, isSender: false },
      { ...frame, services, config: testConfig(parts) },
    );
  await match({ main: { dns_ipv4_lookup: testList('domain', 'old.ex') } });
  await match({ main: { disable_ipv6: true } });
  assert.deepEqual(asked, ['old.ex 4', 'new.ex 0', 'old.ex 4', 'new.ex 4']);
});
