import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lowerCase } from '../base/octets.ts';
import { parseAddress, parseAddressList, quoteLocalPart, unquoteLocalPart } from './address.ts';

/** Input, unquoted local part and domain in lower case. */
const accepted: readonly (readonly [string, string, string])[] = [
  ['a@b', 'a', 'b'],
  ['<a@b>', 'a', 'b'],
  ['a.b@x', 'a.b', 'x'],
  ['a..b@x', 'a..b', 'x'],
  ['.a@x', '.a', 'x'],
  ['a.@x', 'a.', 'x'],
  ['"a b"@x', 'a b', 'x'],
  ['"a\\"b"@x', 'a"b', 'x'],
  ['a."b c".d@x', 'a.b c.d', 'x'],
  ['(c)a(d)@(e)x(f)', 'a', 'x'],
  ['a (comment (nested)) @ x . y', 'a', 'x.y'],
  ['a@x (unclosed', 'a', 'x'],
  ['a@[1.2.3.4]', 'a', '[1.2.3.4]'],
  ['a@[IPv6:::1]', 'a', '[ipv6:::1]'],
  ['a@[foo]', 'a', '[foo]'],
  ['a@[]', 'a', '[]'],
  ['a@b-.c', 'a', 'b-.c'],
  ['<@a,@b:c@d>', 'c', 'd'],
  ['<@a:c@d>', 'c', 'd'],
  ['@a,@b:c@d', 'c', 'd'],
  ['@a:c@d', 'c', 'd'],
  ['<@a,:c@d>', 'c', 'd'],
  ['Joe <a@b>', 'a', 'b'],
  ['Joe Q. Public <a@b>', 'a', 'b'],
  ['"Joe" <a@b>', 'a', 'b'],
  ['postmaster', 'postmaster', ''],
  ['<postmaster>', 'postmaster', ''],
  ['POSTMASTER', 'postmaster', ''],
  ['a\\@b@c', 'a@b', 'c'],
  ['a\\ b@c', 'a b', 'c'],
  ['a%b@c', 'a%b', 'c'],
  ['a/b@c', 'a/b', 'c'],
  ['a!b@c', 'a!b', 'c'],
  ['a|b@c', 'a|b', 'c'],
  ['a=b@c', 'a=b', 'c'],
  ['a`b@c', 'a`b', 'c'],
  ['\xc3\xa9@x', '\xc3\xa9', 'x'],
  ['"\xc3\xa9"@x', '\xc3\xa9', 'x'],
  ['""@x', '', 'x'],
  ['"" <a@b>', 'a', 'b'],
  ['a@(c)b', 'a', 'b'],
  ['<(c)a@b>', 'a', 'b'],
  ['<a@b >', 'a', 'b'],
  ['< a@b>', 'a', 'b'],
  ['<a @ b>', 'a', 'b'],
  ['A@B.C', 'a', 'b.c'],
  ['"A"@B', 'a', 'b'],
  ['"a.b"@c', 'a.b', 'c'],
  ['"a b".c@d', 'a b.c', 'd'],
  ['<"a b"@c>', 'a b', 'c'],
  ['"a\tb"@c', 'a\tb', 'c'],
  ['"a\\\tb"@c', 'a\tb', 'c'],
  ['"a".b."c"@d', 'a.b.c', 'd'],
  ['a. b@c', 'a.b', 'c'],
  ['a .b@c', 'a.b', 'c'],
  ['a. .b@c', 'a..b', 'c'],
  ['Joe. <a@b>', 'a', 'b'],
  ['.Joe <a@b>', 'a', 'b'],
  ['(a) <b@c>', 'b', 'c'],
  ['(a)<b@c>(d)', 'b', 'c'],
  ['Joe (x) "y" z <b@c>', 'b', 'c'],
  ['<a@b> (comment)', 'a', 'b'],
  ['<(x)a.(y)b@(z)c>', 'a.b', 'c'],
  ['<@a,@b,@c:d@e>', 'd', 'e'],
  ['@a,@b,@c:d@e (foo)', 'd', 'e'],
  ['a@[IPv6:1::2]', 'a', '[ipv6:1::2]'],
  ['a@[IPv4:1.2.3.4]', 'a', '[ipv4:1.2.3.4]'],
  ['a@[1.2.3.4567]', 'a', '[1.2.3.4567]'],
  ['a@xn--abc', 'a', 'xn--abc'],
  ['a@b--c', 'a', 'b--c'],
  ['a@1.2.3.4', 'a', '1.2.3.4'],
  ['a@1', 'a', '1'],
  ['a@b (', 'a', 'b'],
  ['"@"@b', '@', 'b'],
  ['"a@b"@c', 'a@b', 'c'],
  ['..@b', '..', 'b'],
  ['a....b@c', 'a....b', 'c'],
  ['-a@b', '-a', 'b'],
  ['+@b', '+', 'b'],
  ['a@b . c', 'a', 'b.c'],
  ['a@b. c', 'a', 'b.c'],
  ['a@b .c', 'a', 'b.c'],
  ['a@(x)b(y).(z)c(w)', 'a', 'b.c'],
  ['<""@b>', '', 'b'],
  ["a''b@c", "a''b", 'c'],
  ["'a'@b", "'a'", 'b'],
  ['`a`@b', '`a`', 'b'],
  ['a~!#$%^&*_-+={}|/?b@c', 'a~!#$%^&*_-+={}|/?b', 'c'],
  ['a?b@c', 'a?b', 'c'],
  ['a{b}@c', 'a{b}', 'c'],
  ['<a @b>', 'a', 'b'],
  ['<a. b@c>', 'a.b', 'c'],
  ['a b c <x@y>', 'x', 'y'],
  ['a.b.c. <x@y>', 'x', 'y'],
  ['<\ta@b\t>', 'a', 'b'],
];

/** Input and error text. */
const refused: readonly (readonly [string, string])[] = [
  ['a b@x.y', 'missing or malformed local part (expected word or "<")'],
  ['<a b@x.y>', '"@" or "." expected after "a"'],
  ['"a@x', 'unmatched doublequote in local part'],
  ['a@x"', 'malformed address: " may not follow a@x'],
  ['"a"b@x', 'missing or malformed local part (expected word or "<")'],
  ['a"b"@x', 'missing or malformed local part (expected word or "<")'],
  ['<a@b', "'>' missing at end of address"],
  ['a@b>', 'malformed address: > may not follow a@b'],
  ['<<a@b>>', 'missing or malformed local part'],
  ['<a@b> x', 'malformed address: x may not follow <a@b> '],
  ['a@b x', 'malformed address: x may not follow a@b '],
  ['a@', 'domain missing or malformed'],
  ['@x', 'no local part'],
  ['@', 'domain missing or malformed'],
  ['a@@b', 'domain missing or malformed'],
  ['a@b@c', 'malformed address: @c may not follow a@b'],
  ['a@.b', 'domain missing or malformed'],
  ['a@b.', 'domain missing or malformed'],
  ['a@b..c', 'domain missing or malformed'],
  ['a@b.c.', 'domain missing or malformed'],
  ['a@[1.2.3.4', 'malformed domain literal'],
  ['a@1.2.3.4]', 'malformed address: ] may not follow a@1.2.3.4'],
  ['a@-b.c', 'domain missing or malformed'],
  ['a@b_c.d', 'malformed address: _c.d may not follow a@b'],
  ['a@b,c', 'malformed address: ,c may not follow a@b'],
  ['a@b;', 'malformed address: ; may not follow a@b'],
  ['a:b@c', 'missing or malformed local part (expected word or "<")'],
  ['a@b c', 'malformed address: c may not follow a@b '],
  ['<@a c@d>', 'no local part'],
  ['<@a,@b>', 'colon expected after route list'],
  ['Joe@x <a@b>', 'malformed address: <a@b> may not follow Joe@x '],
  ['Joe, Q <a@b>', 'missing or malformed local part (expected word or "<")'],
  ['group: a@b, c@d;', 'missing or malformed local part (expected word or "<")'],
  ['group:;', 'missing or malformed local part (expected word or "<")'],
  ['<a@b.\\>', 'domain missing or malformed'],
  ['a[b@c', 'missing or malformed local part (expected word or "<")'],
  ['a;b@c', 'malformed address: ;b@c may not follow a'],
  ['a@b!c', 'malformed address: !c may not follow a@b'],
  ['a@b%c', 'malformed address: %c may not follow a@b'],
  ['a@b/c', 'malformed address: /c may not follow a@b'],
  ['a@\xc3\xa9.x', 'domain missing or malformed'],
  ['a@"b"', 'domain missing or malformed'],
  ['a@b<c@d>', 'malformed address: <c@d> may not follow a@b'],
  ['<a@b><c@d>', 'malformed address: <c@d> may not follow <a@b>'],
  ['a@b <c@d> e', 'malformed address: <c@d> e may not follow a@b '],
  ['<a@b>,', 'malformed address: , may not follow <a@b>'],
  ['a@b,', 'malformed address: , may not follow a@b'],
  ['( a@b', 'empty address'],
  ['a)@b', 'missing or malformed local part (expected word or "<")'],
  ['a@b)', 'malformed address: ) may not follow a@b'],
  ['"a', 'unmatched doublequote in local part'],
  ['"', 'unmatched doublequote in local part'],
  ['<', 'missing or malformed local part'],
  ['>', 'missing or malformed local part (expected word or "<")'],
  [',', 'missing or malformed local part (expected word or "<")'],
  [':', 'missing or malformed local part (expected word or "<")'],
  ['a:', 'missing or malformed local part (expected word or "<")'],
  ['a:b', 'missing or malformed local part (expected word or "<")'],
  ['user@[10.1.2.3].x', 'malformed address: .x may not follow user@[10.1.2.3]'],
  ['user@x.[10.1.2.3]', 'domain missing or malformed'],
  ['a@b.(c)', 'domain missing or malformed'],
  ['a@#123', 'domain missing or malformed'],
  ['a@\\x', 'domain missing or malformed'],
  ['a\tb@c', 'missing or malformed local part (expected word or "<")'],
  ['<@a:b>', 'domain missing in source-routed address'],
  ['<@a:>', 'missing or malformed local part'],
  ['<"a"@b.c> NOTIFY=NEVER', 'malformed address: NOTIFY=NEVER may not follow <"a"@b.c> '],
  ['a@b FOO=BAR', 'malformed address: FOO=BAR may not follow a@b '],
  ['a"b"c@d', 'missing or malformed local part (expected word or "<")'],
  ['a.b"c"@d', 'missing or malformed local part (expected word or "<")'],
  ['"a" "b"@c', 'missing or malformed local part (expected word or "<")'],
  ['Joe,<a@b>', 'missing or malformed local part (expected word or "<")'],
  ['Joe:<a@b>', 'missing or malformed local part (expected word or "<")'],
  ['Joe "x <b@c>', 'unmatched doublequote in local part (expected word or "<")'],
  ['Joe [x] <b@c>', 'missing or malformed local part (expected word or "<")'],
  ['Joe @x <b@c>', 'malformed address: <b@c> may not follow Joe @x '],
  ['<a@b>(comment) x', 'malformed address: x may not follow <a@b>(comment) '],
  ['<@a:@b:c@d>', 'missing or malformed local part'],
  ['<@[1.2.3.4]:a@b>', 'domain literals not allowed'],
  ['<a@[1.2.3.4]>', 'domain literals not allowed'],
  ['X <a@[]>', 'domain literals not allowed'],
  ['a@[1.2.3.4]b', 'malformed address: b may not follow a@[1.2.3.4]'],
  ['a@[ 1.2.3.4 ]', 'malformed domain literal'],
  ['a@[1.2.3.4 ]', 'malformed domain literal'],
  ['a@[1.2\\.3.4]', 'malformed domain literal'],
  ['a@x_y', 'malformed address: _y may not follow a@x'],
  ['a@b.-c', 'domain missing or malformed'],
  ['a@b.(', 'domain missing or malformed'],
  ['"a\\', 'unmatched doublequote in local part'],
  ['"a\\"', 'unmatched doublequote in local part'],
  ['"a\\"@b', 'unmatched doublequote in local part'],
  ['"a"@', 'domain missing or malformed'],
  ['a@a b.c', 'malformed address: b.c may not follow a@a '],
  ['<>x', 'missing or malformed local part'],
  ['< >', 'missing or malformed local part'],
  ['(x)', 'empty address'],
  ['()', 'empty address'],
  ['((', 'empty address'],
  [')', 'missing or malformed local part (expected word or "<")'],
  ['@@', 'domain missing or malformed'],
  ['@:', 'domain missing or malformed'],
  ['@a', 'no local part'],
  ['@a:', 'missing or malformed local part'],
  ['@a:b', 'domain missing in source-routed address'],
  ['@a,b:c@d', 'colon expected after route list'],
  ['Joe@b.c <a@d>', 'malformed address: <a@d> may not follow Joe@b.c '],
  ['Joe.x@b.c <a@d>', 'malformed address: <a@d> may not follow Joe.x@b.c '],
  ['"Joe" x@b.c', 'missing or malformed local part (expected word or "<")'],
  ['<"">@b', 'malformed address: @b may not follow <"">'],
  ['a@b{c}', 'malformed address: {c} may not follow a@b'],
  ['<a@b>>', 'malformed address: > may not follow <a@b>'],
  ['<a@b> >', 'malformed address: > may not follow <a@b> '],
  ['<a@b (c)', "'>' missing at end of address"],
  ['<a@b x>', 'malformed address: x> may not follow <a@b '],
  ['<a@b"x">', 'malformed address: "x"> may not follow <a@b'],
  ['<a b>', '"@" or "." expected after "a"'],
  ['a b', 'missing or malformed local part (expected word or "<")'],
  ['a.b,c <x@y>', 'missing or malformed local part (expected word or "<")'],
  [`${'x'.repeat(300)}@y`, `address is ridiculously long: ${'x'.repeat(64)}...`],
  ['', 'empty address'],
  ['<>', 'missing or malformed local part'],
];

const unqualified: readonly string[] = ['a', '<a>', 'Joe (x <b@c>', 'a(@b', '"a"', 'a\\', 'a\\@', '\\', '""'];

test('addresses that are accepted', () => {
  for (const [text, localPart, domain] of accepted) {
    const parsed = parseAddress(text);
    assert.equal(parsed.kind, 'ok', text);
    if (parsed.kind !== 'ok') continue;
    assert.deepEqual([lowerCase(unquoteLocalPart(parsed.localPart)), lowerCase(parsed.domain)], [localPart, domain], text);
  }
});

test('addresses that are refused, with the reason', () => {
  for (const [text, message] of refused) assert.deepEqual(parseAddress(text), { kind: 'error', message }, text);
});

test('addresses without a domain', () => {
  for (const text of unqualified) {
    const parsed = parseAddress(text);
    assert.ok(parsed.kind === 'ok' && parsed.domain === '', text);
  }
});

test('the options of the syntax', () => {
  assert.deepEqual(parseAddress('<>', { allowsEmpty: true }), { kind: 'ok', address: '', localPart: '', domain: '', from: 1, to: 1 });
  assert.equal(parseAddress('<<a@b>>', { stripsExcessAngleBrackets: true }).kind, 'ok');
  const dotted = parseAddress('a@b.c.', { stripsTrailingDot: true });
  assert.ok(dotted.kind === 'ok' && dotted.address === 'a@b.c');
  assert.equal(parseAddress('a@\xc3\xa9.x', { allowsUtf8Domains: true }).kind, 'ok');
  for (const domain of ['\xc3.x', 'a\xe9.x', '\xc2', '\xff.x', '\xff\x80\x80\x80\x80\x80\x80.x', 'a\xe9\x80'])
    assert.deepEqual(
      parseAddress(`<a@${domain}>`, { allowsUtf8Domains: true }),
      { kind: 'error', message: 'invalid UTF-8 byte sequence' },
      domain,
    );
  assert.equal(parseAddress('<a@\xfc\x88\x80\x80\x80\x80.x>', { allowsUtf8Domains: true }).kind, 'ok');
  assert.deepEqual(parseAddress('<a@\x80.x>', { allowsUtf8Domains: true }), { kind: 'error', message: 'domain missing or malformed' });
  assert.equal(parseAddress('<@[1.2.3.4]:a@b>', { allowsDomainLiterals: true }).kind, 'ok');
});

test('the span of the address is what rewriting replaces', () => {
  for (const [text, span] of [
    ['Joe (x) <@r:a@b> (y)', '@r:a@b'],
    [' a . b@c (x)', 'a . b@c'],
    ['<"a b"@c >', '"a b"@c'],
    ['user', 'user'],
  ] as const) {
    const parsed = parseAddress(text);
    assert.ok(parsed.kind === 'ok');
    assert.equal(text.slice(parsed.from, parsed.to), span);
  }
});

test('address lists of header lines', () => {
  const addresses = (value: string) => parseAddressList(value).map((item) => (item.kind === 'ok' ? item.address : `!${item.text}`));
  assert.deepEqual(addresses('a@b, c@d, group: e@f, g@h;, i@j'), ['a@b', 'c@d', 'e@f', 'g@h', 'i@j']);
  const literals = parseAddressList('a@[IPv6:::1], b@[192.0.2.1], c: d@[IPv6:2001:db8::1], e@f;, [g', { allowsDomainLiterals: true });
  assert.deepEqual(
    literals.map((item) => (item.kind === 'ok' ? item.address : `!${item.text}`)),
    ['a@[IPv6:::1]', 'b@[192.0.2.1]', 'd@[IPv6:2001:db8::1]', 'e@f', '![g'],
  );
  assert.deepEqual(addresses('a@b,, c@d,'), ['a@b', 'c@d']);
  assert.deepEqual(addresses('Joe, Q <a@b>, "x, y" <c@d>, (a, b) e@f'), ['Joe', 'a@b', 'c@d', 'e@f']);
  assert.deepEqual(addresses('undisclosed-recipients:;'), []);
  assert.deepEqual(addresses(' (nobody) '), []);
  assert.deepEqual(addresses('<@x,@y:a@b>, @x,@y:c@d, e@f'), ['a@b', 'c@d', 'e@f']);
  assert.deepEqual(addresses('a@b c@d, e@f'), ['!a@b c@d', 'e@f']);
  assert.deepEqual(addresses('g: a@b; h: c@d;'), ['a@b', 'c@d']);
  assert.deepEqual(addresses('g: (a,b) x y, c@d;'), ['!g: (a,b) x y', 'c@d']);
  assert.deepEqual(addresses('<a@b, c@d>, e f'), ['!<a@b, c@d>', '!e f']);
  assert.deepEqual(addresses('"a, b'), ['!"a, b']);
});

test('quoting a local part and taking the quotes away are inverse', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (text) => {
      const localPart = Buffer.from(text).toString('latin1');
      assert.equal(unquoteLocalPart(quoteLocalPart(localPart)), localPart);
    }),
  );
});

test('any octets are parsed without an exception, in linear time', () => {
  const chars = fc.constantFrom(...'<>()@,;:\\".[] \t\nab\x00\xff');
  fc.assert(
    fc.property(fc.array(chars, { maxLength: 60 }), (list) => {
      const text = list.join('');
      const parsed = parseAddress(text);
      if (parsed.kind === 'ok') {
        assert.ok(parsed.from >= 0 && parsed.to <= text.length && parsed.from <= parsed.to);
        // What was found parses to itself.
        if (parsed.address !== '') assert.deepEqual({ ...parseAddress(parsed.address), from: 0, to: 0 }, { ...parsed, from: 0, to: 0 });
      }
      parseAddressList(text);
    }),
    { numRuns: 2000 },
  );
  const started = performance.now();
  for (const hostile of ['(', '<', '"', '@', '@a,', ',', '\\', 'a.', '(a)', ':', 'g:;']) {
    parseAddress(hostile.repeat(100_000));
    parseAddressList(hostile.repeat(100_000));
  }
  assert.ok(performance.now() - started < 5_000);
});
