import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Origin } from '../core/session.ts';
import { fullHost, receivedHost } from './host-text.ts';

const base: Origin = {
  isLocal: false,
  callerUid: 0,
  callerGid: 0,
  callerLogin: '',
  aclC: new Map(),
  hostAddress: '192.0.2.1',
  hostPort: 99,
};

const cases: readonly (readonly [Partial<Origin>, boolean, string, string])[] = [
  [{}, false, '[192.0.2.1]', '[192.0.2.1]'],
  [{ heloName: 'foo' }, false, '(foo) [192.0.2.1]', '[192.0.2.1] (helo=foo)'],
  [{ heloName: '[192.0.2.1]' }, false, '([192.0.2.1]) [192.0.2.1]', '[192.0.2.1]'],
  [{ heloName: '[IPV4:192.0.2.1]' }, false, '([IPV4:192.0.2.1]) [192.0.2.1]', '[192.0.2.1]'],
  [{ heloName: '[192.0.2.2]' }, false, '([192.0.2.2]) [192.0.2.1]', '[192.0.2.1] (helo=[192.0.2.2])'],
  [{ heloName: 'foo', ident: 'me' }, true, '(foo) [192.0.2.1]:99', '[192.0.2.1] (port=99 helo=foo ident=me)'],
  [{ hostName: 'a.example', heloName: 'A.example' }, false, 'a.example [192.0.2.1]', 'a.example ([192.0.2.1])'],
  [{ hostName: 'a.example', heloName: 'foo' }, true, 'a.example (foo) [192.0.2.1]:99', 'a.example ([192.0.2.1]:99 helo=foo)'],
  [
    { hostName: 'a.example', heloName: 'foo', ident: 'me' },
    false,
    'a.example (foo) [192.0.2.1]',
    'a.example ([192.0.2.1]\n\thelo=foo ident=me)',
  ],
];

test('the sending host', () => {
  for (const [parts, showsPort, full, received] of cases) {
    const origin = { ...base, ...parts };
    assert.equal(fullHost(origin, showsPort), full);
    assert.equal(receivedHost(origin, showsPort), received);
  }
});
