import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Octets } from '../../base/octets.ts';
import { type CommentFacts, expandComment, usesHostName } from './comment-macros.ts';

const facts: CommentFacts = {
  sender: 'User+x.y-z@Sub.fail.test',
  domain: 'Sub.fail.test',
  address: '192.0.2.1',
  heloName: 'helo.test',
  receiver: 'mail.example.test',
  hostName: 'h.sub.fail.test',
  seconds: 1795305938,
};

const DEFAULT = 'Please see http://www.openspf.org/Why?id=User%2bx.y-z%40Sub.fail.test&ip=192.0.2.1&receiver=mail.example.test';

/** As Exim 4.96 with libspf2 answers. */
const cases: readonly (readonly [template: Octets, text: Octets, facts?: Partial<CommentFacts>])[] = [
  ['Please%_see%_http://www.open-spf.org/Why', 'Please see http://www.open-spf.org/Why'],
  ['', ''],
  ['a%_b%%c%-d', 'a b%c%20d'],
  ['%{L}', 'User%2bx.y-z'],
  ['%{l}', 'User+x.y-z'],
  ['%{S}', 'User%2bx.y-z%40Sub.fail.test'],
  ['%{s}', 'User+x.y-z@Sub.fail.test'],
  ['%{O}', 'Sub.fail.test'],
  ['%{D}', 'Sub.fail.test'],
  ['%{I}', '192.0.2.1'],
  ['%{C}', '192.0.2.1'],
  ['%{T}', '1795305938'],
  ['%{P}', 'h.sub.fail.test'],
  ['%{p}', 'unknown', { hostName: undefined }],
  ['%{V}', 'in-addr'],
  ['%{H}', 'helo.test'],
  ['%{R}', 'mail.example.test'],
  ['%{d1}', 'test'],
  ['%{dr}', 'test.fail.Sub'],
  ['%{d2r}', 'fail.Sub'],
  ['%{l1r+}', 'User'],
  ['%{lr-.}', 'z.y.User+x'],
  ['%{X}', DEFAULT],
  ['%{d0}', DEFAULT],
  ['%{__proto__}', DEFAULT],
  ['%{', DEFAULT],
  ['%{S', DEFAULT],
  ['%{}', DEFAULT],
  ['%', '%'],
  ['%z', '%z'],
  ['x:y;<z>"q', 'x:y;<z>"q'],
  ['http://x/?s=%{S}&i=%{I}', 'http://x/?s=User%2bx.y-z%40Sub.fail.test&i=192.0.2.1'],
  ['%{I}', '2.0.0.1.0.d.b.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1', { address: '2001:db8::1' }],
  ['%{C}', '2001%3adb8%3a%3a1', { address: '2001:db8::1' }],
  ['%{V}', 'ip6', { address: '2001:db8::1' }],
  ['%{ir}', '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2', { address: '2001:db8::1' }],
  ['%{L}', "a!%23%24%25%26'*%2b-%2f%3d%3f%5e_%60%7b%7c%7d~b", { sender: "a!#$%&'*+-/=?^_`{|}~b@fail.test" }],
  ['%{l}', '%{s}', { sender: '%{s}@fail.test' }],
];

test('macros in spf_smtp_comment_template', () => {
  for (const [template, text, special] of cases) assert.equal(expandComment(template, { ...facts, ...special }), text, template);
});

test('the name of the host is looked up only where it is used', () => {
  for (const template of ['%{P}', 'a%{pr}']) assert.equal(usesHostName(template), true, template);
  for (const template of ['', '%{S}', 'P', '%P']) assert.equal(usesHostName(template), false, template);
});
