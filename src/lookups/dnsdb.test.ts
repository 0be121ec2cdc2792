import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTainted } from '../core/text.ts';
import { FakeDns } from '../system/fakes/dns.ts';
import { fakeServices, testConfig, testFrame } from '../system/fakes/services.ts';
import dnsdb from './drivers/dnsdb.ts';
import { lookUp, lookupCases } from './lookup-cases.ts';
import { createLookups } from './lookups.ts';

const zone = {
  'test.ex': [
    'TXT A TXT record for test.ex.',
    'NS exim.test.ex',
    'SOA exim.test.ex hostmaster.exim.test.ex 1430683638 1200 120 604800 3000',
  ],
  's/lash.test.ex': 'TXT slash',
  'long.test.ex': ['TXT "one" "two" "three"', 'TXT "Second RR"'],
  'ten-1.test.ex': 'A 10.0.0.1',
  'ten-2.test.ex': ['A 10.0.0.2', 'AAAA 2001:db8::2'],
  'again.ex': 'AGAIN',
  'mxt1.test.ex': 'MX 5 eximtesthost.test.ex',
  'mxt2.test.ex': ['MX 5 a.test.ex', 'MX 6 b.test.ex'],
  'alias.test.ex': 'CNAME ten-1.test.ex',
  '1.0.0.10.in-addr.arpa': 'PTR ten-1.test.ex',
  '8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa': 'PTR six.test.ex',
  'ptr.test.ex': 'PTR data.for.ptr.test.ex',
  '_smtp._tcp.srv.ex': 'SRV 0 0 25 ten-1.test.ex',
  '_client._smtp.csa1.test.ex': 'SRV 1 2 0 csa1.test.ex',
  '_client._smtp.csa2.test.ex': 'SRV 1 1 0 csa2.test.ex',
  '_client._smtp.strict.ex': 'SRV 1 2 1 strict.ex',
  '_25._tcp.tlsa.ex': 'TLSA 3 1 1 abcd',
  'spf.ex': ['SPF v=spf1 -all'],
};

function makeFrame(lookups: ReturnType<typeof createLookups>, isAsync = false) {
  return testFrame({ services: fakeServices({ dns: new FakeDns(zone, { isAsync, authenticated: ['ten-1.test.ex'] }), lookups }) });
}

lookupCases([dnsdb], (lookups) => testFrame({ services: fakeServices({ dns: new FakeDns(zone), lookups }) }), [
  { type: 'dnsdb', key: 'test.ex', found: 'A TXT record for test.ex.' },
  { type: 'dnsdb', key: 's/lash.test.ex', found: 'slash' },
  { type: 'dnsdb', key: 'TXT=test.ex', found: 'A TXT record for test.ex.' },
  { type: 'dnsdb', key: '     txt=long.test.ex', found: 'one\nSecond RR' },
  { type: 'dnsdb', key: '>X   txt=long.test.ex', found: 'oneXSecond RR' },
  { type: 'dnsdb', key: '>X;  txt=long.test.ex', found: 'onetwothreeXSecond RR' },
  { type: 'dnsdb', key: '>X,  txt=long.test.ex', found: 'one two threeXSecond RR' },
  { type: 'dnsdb', key: '>X,Z txt=long.test.ex', found: 'oneZtwoZthreeXSecond RR' },
  { type: 'dnsdb', key: 'xxx=test.ex', error: 'unsupported DNS record type' },
  { type: 'dnsdb', key: 'defer_foo,a=test.ex', error: 'unsupported dnsdb defer behaviour' },
  { type: 'dnsdb', key: 'defer_strict a=test.ex', error: 'dnsdb modifier syntax error' },
  { type: 'dnsdb', key: 'defer_strict', error: 'dnsdb modifier syntax error' },
  { type: 'dnsdb', key: 'retrans_x,a=test.ex', error: 'unsupported dnsdb timeout value' },
  { type: 'dnsdb', key: 'retrans_1s;a=test.ex', error: 'unsupported dnsdb timeout value' },
  { type: 'dnsdb', key: 'retry_x,a=test.ex', error: 'dnsdb modifier syntax error' },
  { type: 'dnsdb', key: 'retry_-1,a=test.ex', error: 'unsupported dnsdb retry count' },
  { type: 'dnsdb', key: 'defer_lax , dnssec_never,a=ten-1.test.ex', found: '10.0.0.1' },
  { type: 'dnsdb', key: 'cname=alias.test.ex', found: 'ten-1.test.ex' },
  { type: 'dnsdb', key: 'a=alias.test.ex', found: '10.0.0.1' },
  { type: 'dnsdb', key: 'ns=test.ex', found: 'exim.test.ex' },
  { type: 'dnsdb', key: 'zns=x.y.z.test.ex', found: 'exim.test.ex' },
  { type: 'dnsdb', key: 'ns=y.test.ex' },
  { type: 'dnsdb', key: 'mx=mxt1.test.ex', found: '5 eximtesthost.test.ex' },
  { type: 'dnsdb', key: 'mxh=mxt2.test.ex', found: 'a.test.ex\nb.test.ex' },
  { type: 'dnsdb', key: 'ptr=10.0.0.1', found: 'ten-1.test.ex' },
  { type: 'dnsdb', key: 'ptr=2001:db8::8', found: 'six.test.ex' },
  { type: 'dnsdb', key: 'ptr=ptr.test.ex', found: 'data.for.ptr.test.ex' },
  { type: 'dnsdb', key: 'srv=_smtp._tcp.srv.ex', found: '0 0 25 ten-1.test.ex' },
  { type: 'dnsdb', key: 'tlsa=_25._tcp.tlsa.ex', found: '3 1 1 abcd' },
  { type: 'dnsdb', key: 'spf=spf.ex', found: 'v=spf1 -all' },
  { type: 'dnsdb', key: 'a+=ten-2.test.ex', found: '2001:db8::2\n10.0.0.2' },
  { type: 'dnsdb', key: 'csa=csa1.test.ex', found: 'Y csa1.test.ex' },
  { type: 'dnsdb', key: 'csa=csa2.test.ex', found: 'N csa2.test.ex' },
  { type: 'dnsdb', key: 'csa=a.b.strict.ex', found: 'X strict.ex' },
  { type: 'dnsdb', key: 'csa=none.ex' },
  { type: 'dnsdb', key: 'soa=a.test.ex', found: 'exim.test.ex' },
  { type: 'dnsdb', key: '>:, soa=test.ex', found: 'exim.test.ex hostmaster.exim.test.ex 1430683638 1200 120 604800 3000' },
  { type: 'dnsdb', key: 'a=ten-1.test.ex:ten-2.test.ex', found: '10.0.0.1\n10.0.0.2' },
  { type: 'dnsdb', key: 'a=ten-1.test.ex:again.ex:ten-2.test.ex', found: '10.0.0.1\n10.0.0.2' },
  { type: 'dnsdb', key: 'a=<|ten-1.test.ex|ten-2.test.ex', found: '10.0.0.1\n10.0.0.2' },
  { type: 'dnsdb', key: '>|,:mx=<;mxt1.test.ex;mxt2.test.ex', found: '5:eximtesthost.test.ex|5:a.test.ex|6:b.test.ex' },
  { type: 'dnsdb', key: '> test.ex:test.ex', found: 'A TXT record for test.ex. A TXT record for test.ex.' },
  { type: 'dnsdb', key: ' a = ten-1.test.ex:badbad.test.ex', found: '10.0.0.1' },
  { type: 'dnsdb', key: ' a = <; badbad.test.ex ; badbad.test.ex' },
  { type: 'dnsdb', key: 'a=again.ex:again.ex', error: '' },
  { type: 'dnsdb', key: 'defer_lax,a=again.ex:ten-1.test.ex', found: '10.0.0.1' },
  { type: 'dnsdb', key: 'defer_never,a=again.ex' },
  { type: 'dnsdb', key: 'defer_strict,a=again.ex:ten-1.test.ex', error: '' },
  { type: 'dnsdb', key: 'retrans_1s,retry_2,a=ten-1.test.ex', found: '10.0.0.1' },
  { type: 'dnsdb', key: 'dnssec_strict,a=ten-2.test.ex', error: '' },
]);

test('DNSSEC: what is authenticated is said, and the result is tainted', async () => {
  const frame = makeFrame(createLookups([dnsdb]), true);
  const first = await lookUp(frame, 'dnsdb', undefined, 'dnssec_strict,a=ten-1.test.ex');
  assert.ok(first.kind === 'ok' && first.value.kind === 'found' && isTainted(first.value.value));
  assert.equal(frame.results.lookupDnssecAuthenticated, 'yes');
  await lookUp(frame, 'dnsdb', undefined, 'a=ten-2.test.ex');
  assert.equal(frame.results.lookupDnssecAuthenticated, 'no');
});

test('dns_csa_search_limit and dns_csa_use_reverse', async () => {
  const asked = async (key: string, main: { readonly dns_csa_search_limit?: number; readonly dns_csa_use_reverse?: boolean }) => {
    const dns = new FakeDns(zone);
    const services = fakeServices({ dns, lookups: createLookups([dnsdb]) });
    await lookUp(testFrame({ services, config: testConfig({ main }) }), 'dnsdb', undefined, `csa=${key}`);
    return dns.asked.map((question) => question.replace(/^_client\._smtp\.|\/SRV$/g, ''));
  };
  assert.deepEqual(await asked('a.b.c.d.ex', { dns_csa_search_limit: 0 }), ['a.b.c.d.ex']);
  assert.deepEqual(await asked('a.b.c.d.ex', { dns_csa_search_limit: 2 }), ['a.b.c.d.ex', 'b.c.d.ex', 'c.d.ex']);
  assert.deepEqual(await asked('a.b.c.d.ex', {}), ['a.b.c.d.ex', 'b.c.d.ex', 'c.d.ex', 'd.ex']);
  assert.deepEqual(await asked('192.0.2.1', { dns_csa_use_reverse: false }), []);
  assert.equal((await asked('192.0.2.1', {}))[0], '1.2.0.192.in-addr.arpa');
});
