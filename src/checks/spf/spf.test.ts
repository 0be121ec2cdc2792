import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Octets } from '../../base/octets.ts';
import { untilAborted } from '../../core/deadline.ts';
import type { SpfFinding } from '../../core/ports.ts';
import { FakeClock } from '../../system/fakes/clock.ts';
import { FakeDns, type FakeZone } from '../../system/fakes/dns.ts';
import { SpfChecker } from './spf.ts';

const CLIENT = '192.0.2.1';
const CLIENT6 = '2001:db8::1';

interface Asked {
  readonly zone: FakeZone;
  readonly address?: Octets;
  readonly sender?: Octets;
  readonly heloName?: Octets;
  readonly guess?: Octets;
}

async function check({ zone, address = CLIENT, sender = 'user@d.test', heloName = 'helo.test', guess }: Asked) {
  const dns = new FakeDns(zone);
  const spf = new SpfChecker(dns, new FakeClock());
  const question = { address, sender, heloName, receiver: 'mx.test', guess };
  const finding = await spf.check(question, untilAborted(new AbortController().signal));
  return { finding, asked: dns.asked };
}

function words(finding: SpfFinding | undefined): Octets {
  if (!finding) return 'no address';
  const { result, reason, problem, isGuessed } = finding;
  return [result, reason, problem, isGuessed && 'guessed'].filter(Boolean).join(' ');
}

interface Case extends Partial<Asked> {
  /** Of d.test. */
  readonly record?: Octets;
  readonly result: Octets;
}

/** What the records below refer to. */
const others: FakeZone = {
  'pass.test': 'TXT v=spf1 ip4:192.0.2.1 ip6:2001:db8::/32 -all',
  'fail.test': 'TXT v=spf1 -all',
  'soft.test': 'TXT v=spf1 ~all',
  'bad.test': 'TXT v=spf1 foo -all',
  'none.test': 'TXT something else',
  'again.test': 'AGAIN',
  'refused.test': 'FAIL',
  'host.test': ['A 192.0.2.1', 'AAAA 2001:db8::1'],
  'near.test': ['A 192.0.2.77', 'AAAA 2001:db8:0:1::77'],
  'four.test': 'A 203.0.113.4',
  'mail.test': ['MX 10 far.test', 'MX 20 host.test'],
  'far.test': 'A 203.0.113.9',
  'nullmx.test': 'MX 0 .',
};

function tenNames(type: string, count: number): FakeZone {
  const names = Array.from({ length: count }, (_, i) => `${type === 'MX' ? `MX ${i} ` : 'PTR '}n${i}.many.test`);
  const own = type === 'MX' ? 'many.test' : '1.2.0.192.in-addr.arpa';
  const addresses = Array.from({ length: count }, (_, i) => [`n${i}.many.test`, i === count - 1 ? 'A 192.0.2.1' : `A 203.0.113.${i}`]);
  return { [own]: names, ...Object.fromEntries(addresses) };
}

const cases: Readonly<Record<string, readonly Case[]>> = {
  's4.3 initial processing': [
    { sender: 'user@single', result: 'none' },
    { sender: 'user@[192.0.2.1]', result: 'none' },
    { sender: `user@${'a'.repeat(64)}.test`, result: 'none' },
    { sender: 'user@a..test', result: 'none' },
    { sender: 'user@', result: 'invalid' },
    { sender: '', heloName: '', result: 'invalid' },
    { sender: '', heloName: '[192.0.2.1]', result: 'none' },
    { sender: '', heloName: 'pass.test', result: 'pass mechanism' },
    { sender: '', heloName: 'fail.test', result: 'fail mechanism' },
    { sender: '@fail.test', result: 'fail mechanism' },
    { sender: '"a@pass.test"@fail.test', result: 'fail mechanism' },
    { sender: 'user@PASS.Test', result: 'pass mechanism' },
    { sender: 'user@pass.test.', result: 'pass mechanism' },
    { address: 'garbage', result: 'no address' },
    { address: '127.0.0.7', record: 'v=spf1 -all', result: 'pass localhost' },
    { address: '::1', record: 'v=spf1 -all', result: 'pass localhost' },
  ],
  's4.4 record lookup': [
    { sender: 'user@again.test', result: 'temperror' },
    { sender: 'user@refused.test', result: 'temperror' },
    { sender: 'user@nothing.test', result: 'none' },
    { sender: 'user@none.test', result: 'none' },
  ],
  's4.5 selecting records': [
    { zone: { 'd.test': ['TXT v=spf1 -all', 'TXT v=spf1 +all'] }, result: 'permerror several-records' },
    { zone: { 'd.test': ['TXT v=spf1 -all', 'TXT v=spf10 +all', 'TXT spf2.0/pra +all'] }, result: 'fail mechanism' },
    { zone: { 'd.test': 'TXT "v=spf1 ip4:192." "0.2.1 -all"' }, result: 'pass mechanism' },
    { record: 'V=SPF1 IP4:192.0.2.1 -ALL', result: 'pass mechanism' },
    { record: 'v=spf1', result: 'neutral default' },
    { record: 'v=spf1   ', result: 'neutral default' },
    { record: ' v=spf1 -all', result: 'none' },
    { record: 'v=spf1\t-all', result: 'none' },
    { record: 'v=spf1-all', result: 'none' },
    { record: 'v=spf1   -all  ', result: 'fail mechanism' },
  ],
  's4.6 evaluation: the syntax of the whole record first': [
    { record: 'v=spf1 ip4:192.0.2.1 foo', result: 'permerror record' },
    { record: 'v=spf1 ip4:192.0.2.1 -all:x', result: 'permerror record' },
    { record: 'v=spf1 \xff\xfe -all', result: 'permerror record' },
    { record: 'v=spf1 a:caf\xc3\xa9.test -all', result: 'permerror record' },
    { record: 'v=spf1 redirect=fail.test redirect=pass.test', result: 'permerror record' },
    { record: 'v=spf1 -all exp=a.test exp=b.test', result: 'permerror record' },
    { record: 'v=spf1 foo=bar moo= -all', result: 'fail mechanism' },
    { record: 'v=spf1 __proto__=x constructor=y -all', result: 'permerror record' },
    { record: 'v=spf1 constructor=y -all', result: 'fail mechanism' },
    { record: 'v=spf1 -a%_b=1 -all', result: 'permerror record' },
    { record: 'v=spf1 constructor -all', result: 'permerror record' },
    { record: 'v=spf1 __proto__ -all', result: 'permerror record' },
    { record: `v=spf1 ${'ip4:203.0.113.1 '.repeat(1100)}+all`, result: 'permerror record' },
  ],
  's4.6.4 limits': [
    { record: `v=spf1 ${'a:far.test '.repeat(10)}-all`, result: 'fail mechanism' },
    { record: `v=spf1 ${'a:far.test '.repeat(11)}-all`, result: 'permerror lookups' },
    { record: `v=spf1 ${'a:far.test '.repeat(10)}a:host.test -all`, result: 'permerror lookups' },
    { record: 'v=spf1 include:d.test -all', result: 'permerror lookups' },
    { record: 'v=spf1 redirect=d.test', result: 'permerror lookups' },
    { record: 'v=spf1 a:v1.none.test a:v2.none.test -all', result: 'fail mechanism' },
    { record: 'v=spf1 a:v1.none.test a:v2.none.test a:v3.none.test -all', result: 'permerror void-lookups' },
    { record: 'v=spf1 mx:none.test mx:none.test exists:v.none.test ?all', result: 'permerror void-lookups' },
    { address: CLIENT6, record: 'v=spf1 a:four.test a:four.test a:four.test -all', result: 'fail mechanism' },
    { zone: tenNames('MX', 10), record: 'v=spf1 mx:many.test -all', result: 'pass mechanism' },
    { zone: tenNames('MX', 11), record: 'v=spf1 mx:many.test -all', result: 'permerror lookups' },
    { zone: tenNames('PTR', 10), record: 'v=spf1 ptr:many.test -all', result: 'pass mechanism' },
    { zone: tenNames('PTR', 11), record: 'v=spf1 ptr:many.test -all', result: 'fail mechanism' },
  ],
  's5.1 all, s4.6.2 qualifiers': [
    { record: 'v=spf1 all', result: 'pass mechanism' },
    { record: 'v=spf1 ?all', result: 'neutral mechanism' },
    { record: 'v=spf1 ~all', result: 'softfail mechanism' },
    { record: 'v=spf1 -all ip4:192.0.2.1', result: 'fail mechanism' },
    { record: 'v=spf1 all/8', result: 'permerror record' },
  ],
  's5.2 include': [
    { record: 'v=spf1 include:pass.test -all', result: 'pass mechanism' },
    { record: 'v=spf1 ~include:pass.test -all', result: 'softfail mechanism' },
    { record: 'v=spf1 include:fail.test ~all', result: 'softfail mechanism' },
    { record: 'v=spf1 include:soft.test ?all', result: 'neutral mechanism' },
    { record: 'v=spf1 include:none.test -all', result: 'permerror record' },
    { record: 'v=spf1 include:nothing.test -all', result: 'permerror record' },
    { record: 'v=spf1 include:bad.test -all', result: 'permerror record' },
    { record: 'v=spf1 include:again.test -all', result: 'temperror' },
    { record: 'v=spf1 include -all', result: 'permerror record' },
    { record: 'v=spf1 include: -all', result: 'permerror record' },
    { record: 'v=spf1 include:pass.test/24 -all', result: 'permerror record' },
    { record: 'v=spf1 include:__proto__.test -all', result: 'permerror record' },
  ],
  's5.3 a': [
    { record: 'v=spf1 a:host.test -all', result: 'pass mechanism' },
    { address: CLIENT6, record: 'v=spf1 a:host.test -all', result: 'pass mechanism' },
    { zone: { 'd.test': ['TXT v=spf1 a -all', 'A 192.0.2.1'] }, result: 'pass mechanism' },
    { record: 'v=spf1 a:near.test -all', result: 'fail mechanism' },
    { record: 'v=spf1 a:near.test/24 -all', result: 'pass mechanism' },
    { record: 'v=spf1 a:near.test/24//64 -all', address: CLIENT6, result: 'fail mechanism' },
    { record: 'v=spf1 a:near.test/24//48 -all', address: CLIENT6, result: 'pass mechanism' },
    { record: 'v=spf1 a:near.test//48 -all', result: 'fail mechanism' },
    { record: 'v=spf1 a:far.test/0 -all', result: 'pass mechanism' },
    { record: 'v=spf1 a:far.test/33 -all', result: 'permerror record' },
    { record: 'v=spf1 a:far.test//129 -all', result: 'permerror record' },
    { record: 'v=spf1 a:far.test/024 -all', result: 'permerror record' },
    { record: 'v=spf1 a:192.0.2.1 -all', result: 'permerror record' },
    { record: 'v=spf1 a:again.test -all', result: 'temperror' },
    { record: 'v=spf1 a: -all', result: 'permerror record' },
    { record: 'v=spf1 a:host -all', result: 'permerror record' },
  ],
  's5.4 mx': [
    { record: 'v=spf1 mx:mail.test -all', result: 'pass mechanism' },
    { address: CLIENT6, record: 'v=spf1 mx:mail.test//128 -all', result: 'pass mechanism' },
    { record: 'v=spf1 mx:nullmx.test -all', result: 'fail mechanism' },
    { record: 'v=spf1 mx:again.test -all', result: 'temperror' },
  ],
  's5.5 ptr': [
    { zone: { '1.2.0.192.in-addr.arpa': 'PTR x.d.test', 'x.d.test': 'A 192.0.2.1' }, record: 'v=spf1 ptr -all', result: 'pass mechanism' },
    { zone: { '1.2.0.192.in-addr.arpa': 'PTR x.d.test', 'x.d.test': 'A 192.0.2.2' }, record: 'v=spf1 ptr -all', result: 'fail mechanism' },
    {
      zone: { '1.2.0.192.in-addr.arpa': 'PTR x.ad.test', 'x.ad.test': 'A 192.0.2.1' },
      record: 'v=spf1 ptr -all',
      result: 'fail mechanism',
    },
    { zone: { '1.2.0.192.in-addr.arpa': 'AGAIN' }, record: 'v=spf1 ptr -all', result: 'fail mechanism' },
    { record: 'v=spf1 ptr:d.test/0 -all', result: 'permerror record' },
  ],
  's5.6 ip4 and ip6': [
    { record: 'v=spf1 ip4:192.0.2.0/24 -all', result: 'pass mechanism' },
    { record: 'v=spf1 ip4:192.0.2.0/31 -all', result: 'pass mechanism' },
    { record: 'v=spf1 ip4:192.0.2.0/32 -all', result: 'fail mechanism' },
    { record: 'v=spf1 ip4:1.1.1.1/0 -all', result: 'pass mechanism' },
    { record: 'v=spf1 ip4:192.0.2.1/33 -all', result: 'permerror record' },
    { record: 'v=spf1 ip4:192.0.2 -all', result: 'permerror record' },
    { record: 'v=spf1 ip4:192.0.2.01 -all', result: 'permerror record' },
    { record: 'v=spf1 ip4:192.0.2.1//32 -all', result: 'permerror record' },
    { record: 'v=spf1 ip4 -all', result: 'permerror record' },
    { record: 'v=spf1 ip6:2001:db8::/32 -all', result: 'fail mechanism' },
    { address: CLIENT6, record: 'v=spf1 ip6:2001:DB8::/32 -all', result: 'pass mechanism' },
    { address: CLIENT6, record: 'v=spf1 ip6:::/0 -all', result: 'pass mechanism' },
    { address: CLIENT6, record: 'v=spf1 ip4:0.0.0.0/0 -all', result: 'fail mechanism' },
    { address: CLIENT6, record: 'v=spf1 ip6:2001:db8::1%eth0 -all', result: 'permerror record' },
    { address: '::ffff:192.0.2.1', record: 'v=spf1 ip4:192.0.2.1 -all', result: 'pass mechanism' },
    { address: '::ffff:192.0.2.1', record: 'v=spf1 ip6:::ffff:192.0.2.1 -all', result: 'fail mechanism' },
  ],
  's5.7 exists, s7 macros': [
    { record: 'v=spf1 exists:%{i}.x.test -all', zone: { '192.0.2.1.x.test': 'A 127.0.0.2' }, result: 'pass mechanism' },
    {
      record: 'v=spf1 exists:%{ir}.%{v}.%{l}.%{d2}.x.test -all',
      zone: { '1.2.0.192.in-addr.user.d.test.x.test': 'A 127.0.0.2' },
      result: 'pass mechanism',
    },
    {
      address: CLIENT6,
      record: 'v=spf1 exists:%{i}.%{v}.x.test -all',
      zone: { '2.0.0.1.0.d.b.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.ip6.x.test': 'A 127.0.0.2' },
      result: 'pass mechanism',
    },
    { sender: 'a-b+c@d.test', record: 'v=spf1 exists:%{l1r+-}.x.test -all', zone: { 'a.x.test': 'A 127.0.0.2' }, result: 'pass mechanism' },
    {
      sender: 'a-b+c@d.test',
      record: 'v=spf1 exists:%{lr-+}.x.test -all',
      zone: { 'c.b.a.x.test': 'A 127.0.0.2' },
      result: 'pass mechanism',
    },
    // A hyphen between other delimiters is itself, no range.
    {
      sender: 'a-B_c+1@d.test',
      record: 'v=spf1 exists:%{lr+-_}.x.test -all',
      zone: { '1.c.b.a.x.test': 'A 127.0.0.2' },
      result: 'pass mechanism',
    },
    {
      sender: 'a.b-c@d.test',
      record: 'v=spf1 exists:%{l1R.-+,/_=}.x.test -all',
      zone: { 'a.x.test': 'A 127.0.0.2' },
      result: 'pass mechanism',
    },
    { record: 'v=spf1 exists:%{h1}.%{o1}.%{d1}.x.test -all', zone: { 'test.test.test.x.test': 'A 127.0.0.2' }, result: 'pass mechanism' },
    { record: 'v=spf1 exists:%{S}.x.test -all', zone: { 'user%40d.test.x.test': 'A 127.0.0.2' }, result: 'pass mechanism' },
    { record: 'v=spf1 exists:a%_b%%c%-d.x.test -all', zone: { 'a b%c%20d.x.test': 'A 127.0.0.2' }, result: 'pass mechanism' },
    { record: 'v=spf1 exists:%{p}.x.test -all', zone: { 'unknown.x.test': 'A 127.0.0.2' }, result: 'pass mechanism' },
    {
      record: 'v=spf1 include:%{d}.sub.test -all',
      zone: { 'd.test.sub.test': 'TXT v=spf1 exists:%{d}.y.test -all', 'd.test.sub.test.y.test': 'A 127.0.0.2' },
      result: 'pass mechanism',
    },
    { record: 'v=spf1 exists:%{d0}.x.test -all', result: 'permerror record' },
    { record: 'v=spf1 exists:%{x}.x.test -all', result: 'permerror record' },
    { record: 'v=spf1 exists:%{c}.x.test -all', result: 'permerror record' },
    { record: 'v=spf1 exists:%{d.x.test -all', result: 'permerror record' },
    { record: 'v=spf1 exists:%d.x.test -all', result: 'permerror record' },
    { record: 'v=spf1 exists:%{__proto__}.x.test -all', result: 'permerror record' },
    { record: 'v=spf1 exists:%{d}% -all', result: 'permerror record' },
    { record: `v=spf1 exists:${'%{d}'.repeat(2000)}.x.test -all`, result: 'fail mechanism' },
    { sender: 'caf\xc3\xa9@d.test', record: 'v=spf1 exists:%{l}.x.test -all', result: 'fail mechanism' },
    {
      sender: 'user@caf\xc3\xa9.test',
      zone: { 'xn--caf-dma.test': 'TXT v=spf1 exists:%{o}.x.test -all', 'xn--caf-dma.test.x.test': 'A 127.0.0.2' },
      result: 'pass mechanism',
    },
  ],
  's6.1 redirect': [
    { record: 'v=spf1 redirect=pass.test', result: 'pass mechanism' },
    { record: 'v=spf1 redirect=fail.test ip4:192.0.2.1', result: 'pass mechanism' },
    { record: 'v=spf1 redirect=pass.test -all', result: 'fail mechanism' },
    { record: 'v=spf1 redirect=none.test', result: 'permerror record' },
    { record: 'v=spf1 redirect=nothing.test', result: 'permerror record' },
    { record: 'v=spf1 redirect=bad.test', result: 'permerror record' },
    { record: 'v=spf1 redirect=again.test', result: 'temperror' },
    { record: 'v=spf1 redirect=', result: 'permerror record' },
    { record: 'v=spf1 redirect=pass.test/8', result: 'permerror record' },
  ],
  's6.2 exp does not change the result': [
    { record: 'v=spf1 -all exp=again.test', result: 'fail mechanism' },
    { record: 'v=spf1 -all exp=%{x}.test', result: 'permerror record' },
  ],
  'the record of spf_guess': [
    { guess: 'v=spf1 a/24 mx/24 ptr ?all', sender: 'user@nothing.test', result: 'neutral mechanism guessed' },
    { guess: 'v=spf1 a/24 mx/24 ptr ?all', sender: 'user@near.test', result: 'pass mechanism guessed' },
    { guess: 'v=spf1 redirect=fail.test', sender: 'user@none.test', result: 'fail mechanism guessed' },
    { guess: 'v=spf1 +all', sender: 'user@fail.test', result: 'fail mechanism' },
    { guess: 'v=spf1 +all', sender: 'user@again.test', result: 'temperror' },
    { guess: 'v=spf1 foo', sender: 'user@none.test', result: 'invalid guessed' },
    { guess: '', sender: 'user@none.test', result: 'invalid guessed' },
    { guess: 'nonsense', sender: 'user@none.test', result: 'invalid guessed' },
  ],
};

for (const [name, list] of Object.entries(cases)) {
  test(`RFC 7208: ${name}`, async () => {
    for (const { record, result, zone, ...asked } of list) {
      const own = record === undefined ? {} : { 'd.test': `TXT ${record}` };
      const { finding } = await check({ ...asked, zone: { ...others, ...own, ...zone } });
      assert.equal(words(finding), result, JSON.stringify({ record, zone, ...asked }).slice(0, 200));
    }
  });
}

test('no query is made for what has no domain, and none for an explanation', async () => {
  assert.deepEqual((await check({ zone: {}, sender: 'user@single' })).asked, []);
  const zone = { 'd.test': 'TXT v=spf1 -all exp=why.test', 'why.test': 'TXT because' };
  assert.deepEqual((await check({ zone })).asked, ['d.test/TXT']);
});

test('what is found names the client, and the identity that was checked', async () => {
  const { finding } = await check({ zone: others, sender: '', heloName: 'PASS.test', address: '2001:0db8:0000::0001' });
  assert.deepEqual([finding?.address, finding?.sender, finding?.domain], ['2001:db8::1', 'postmaster@PASS.test', 'PASS.test']);
});

test('it ends when the time is over, and when the session does', async () => {
  const clock = new FakeClock();
  const dns = new FakeDns({ 'd.test': `TXT v=spf1 ${'a:far.test '.repeat(5)}-all`, 'far.test': 'A 203.0.113.9' });
  const slow = {
    resolve: async (...args: Parameters<FakeDns['resolve']>) => {
      await clock.advance(7000);
      return dns.resolve(...args);
    },
  };
  const question = { address: CLIENT, sender: 'user@d.test', heloName: '', receiver: 'mx.test' };
  const ending = new AbortController();
  assert.equal((await new SpfChecker(slow, clock).check(question, untilAborted(ending.signal)))?.result, 'temperror');
  assert.equal(dns.asked.length, 3);
  ending.abort();
  assert.equal((await new SpfChecker(dns, clock).check(question, untilAborted(ending.signal)))?.result, 'temperror');
  assert.equal(dns.asked.length, 3);
});
