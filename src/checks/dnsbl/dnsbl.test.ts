import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Octets } from '../../base/octets.ts';
import { untainted } from '../../core/text.ts';
import { FakeDns } from '../../system/fakes/dns.ts';
import { FakeLog } from '../../system/fakes/log.ts';
import { fakeServices, testFrame } from '../../system/fakes/services.ts';
import { checkDnslists } from './dnsbl.ts';

const zone = {
  '1.2.0.192.rbl.ex': ['A 127.0.0.2', 'TXT "listed because" " of this"'],
  '1.2.0.192.two.ex': ['A 127.0.0.1', 'A 127.0.0.2'],
  '1.2.0.192.odd.ex': 'A 127.0.0.7',
  '1.2.0.192.gone.ex': 'A 192.0.2.66',
  '1.2.0.192.mixed.ex': ['A 192.0.2.66', 'A 127.0.0.4'],
  '1.2.0.192.again.ex': 'AGAIN',
  '1.2.0.192.text.ex': ['A 127.0.0.9', 'TXT "from text"'],
  'dom.ex.name.ex': 'A 127.0.0.2',
  '9.9.9.9.rbl.ex': 'A 127.0.0.3',
  '8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.six.ex': 'A 127.0.0.6',
  'tmp.rbl.ex': 'AGAIN',
};

interface Case {
  readonly list: Octets;
  readonly result: 'yes' | 'no' | 'defer';
  readonly domain?: Octets;
  readonly matched?: Octets;
  readonly value?: Octets;
  readonly text?: Octets;
  readonly log?: readonly Octets[];
  readonly address?: Octets;
}

const cases: readonly Case[] = [
  { list: 'rbl.ex', result: 'yes', domain: 'rbl.ex', matched: '192.0.2.1', value: '127.0.0.2', text: 'listed because' },
  { list: 'none.ex : rbl.ex', result: 'yes', domain: 'rbl.ex' },
  { list: 'none.ex', result: 'no' },
  { list: '', result: 'no' },
  { list: 'rbl.ex=127.0.0.2', result: 'yes' },
  { list: 'rbl.ex=127.0.0.3', result: 'no' },
  { list: 'rbl.ex=127.0.0.3,127.0.0.2', result: 'yes' },
  { list: 'rbl.ex!=127.0.0.2', result: 'no' },
  { list: 'rbl.ex!=127.0.0.3', result: 'yes' },
  { list: 'two.ex=127.0.0.1', result: 'yes', value: '127.0.0.1, 127.0.0.2', text: '' },
  { list: 'two.ex==127.0.0.1', result: 'no' },
  { list: 'two.ex==127.0.0.1,127.0.0.2', result: 'yes' },
  { list: 'two.ex!=127.0.0.1', result: 'no' },
  { list: 'two.ex!==127.0.0.1', result: 'yes' },
  { list: 'odd.ex&0.0.0.3', result: 'yes' },
  { list: 'odd.ex&0.0.0.8', result: 'no' },
  { list: 'odd.ex&0.0.0.8,0.0.0.1', result: 'yes' },
  { list: 'two.ex=&0.0.0.1', result: 'no' },
  { list: 'two.ex!&0.0.0.1', result: 'no' },
  { list: 'two.ex!=&0.0.0.1', result: 'yes' },
  { list: 'two.ex!=&0.0.0.1,0.0.0.2', result: 'no' },
  { list: 'gone.ex', result: 'no', log: ['DNS list lookup for 192.0.2.1 at gone.ex returned 192.0.2.66; not in 127.0/8 and discarded'] },
  { list: 'gone.ex=192.0.2.66', result: 'yes', value: '192.0.2.66' },
  { list: 'mixed.ex', result: 'yes', log: ['DNS list lookup for 192.0.2.1 at mixed.ex returned 192.0.2.66; not in 127.0/8 and discarded'] },
  { list: 'text.ex,rbl.ex=127.0.0.2', result: 'yes', domain: 'text.ex', value: '127.0.0.9', text: 'from text' },
  { list: 'text.ex,rbl.ex=127.0.0.3', result: 'no' },
  { list: 'none.ex,rbl.ex', result: 'no' },
  { list: 'name.ex/dom.ex', result: 'yes', domain: 'name.ex', matched: 'dom.ex' },
  { list: 'rbl.ex/<;1.1.1.1;9.9.9.9', result: 'yes', matched: '9.9.9.9', value: '127.0.0.3' },
  { list: 'rbl.ex/1.1.1.1::9.9.9.9', result: 'yes', matched: '9.9.9.9' },
  { list: 'rbl.ex=127.0.0.2/9.9.9.9', result: 'no' },
  { list: 'rbl.ex/', result: 'no' },
  { list: 'six.ex', address: '2001:db8::8', result: 'yes', matched: '2001:db8::8' },
  { list: 'again.ex', result: 'no', log: ['DNS list lookup defer (probably timeout) for 1.2.0.192.again.ex: assumed not in list'] },
  {
    list: '+include_unknown : again.ex',
    result: 'yes',
    domain: 'again.ex',
    log: ['DNS list lookup defer (probably timeout) for 1.2.0.192.again.ex: assumed in list'],
  },
  {
    list: '+defer_unknown : again.ex : rbl.ex',
    result: 'defer',
    log: ['DNS list lookup defer (probably timeout) for 1.2.0.192.again.ex: returned DEFER'],
  },
  {
    list: '+defer_unknown : +exclude_unknown : again.ex : rbl.ex',
    result: 'yes',
    log: ['DNS list lookup defer (probably timeout) for 1.2.0.192.again.ex: assumed not in list'],
  },
  {
    list: '+defer_unknown : rbl.ex/tmp::9.9.9.9',
    result: 'yes',
    log: ['DNS list lookup defer (probably timeout) for tmp.rbl.ex: returned DEFER'],
  },
  { list: '+foo : rbl.ex', result: 'yes', log: ['unknown item in dnslist (ignored): +foo'] },
  { list: 'a b', result: 'no', log: ['dnslists domain "a b" contains strange characters - is this right?'] },
  { list: `rbl.ex/${'y'.repeat(250)}`, result: 'no', log: [`dnslist query is too long (ignored): ${'y'.repeat(250)}.rbl.ex...`] },
  { list: 'rbl.ex', address: '', result: 'no' },
];

for (const isAsync of [false, true]) {
  for (const { list, result, domain, matched, value, text, log: lines, address = '192.0.2.1' } of cases) {
    test(`dnslists = ${list.slice(0, 60)} from "${address}"${isAsync ? ', asynchronously' : ''}`, async () => {
      const log = new FakeLog();
      const frame = testFrame({
        services: fakeServices({ dns: new FakeDns(zone, { isAsync }), log }),
        session: {
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
        },
      });
      const outcome = await checkDnslists(untainted(list), frame);
      assert.equal(outcome.kind === 'ok' ? (outcome.value.matched ? 'yes' : 'no') : outcome.kind, result);
      const { results } = frame;
      if (domain !== undefined) assert.equal(results.dnslistDomain?.octets, domain);
      if (matched !== undefined) assert.equal(results.dnslistMatched?.octets, matched);
      if (value !== undefined) assert.equal(results.dnslistValue?.octets, value);
      if (text !== undefined) assert.equal(results.dnslistText?.octets, text);
      assert.deepEqual(log.mainLines, lines ?? []);
    });
  }
}
