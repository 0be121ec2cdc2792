import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import type { Octets } from '../base/octets.ts';
import type { RegexMatchOptions, RegexOptions, RegexResult } from '../core/ports.ts';
import { assetPath } from './assets.ts';
import { RegexEngine } from './regex.ts';

type Captures = (Octets | undefined)[];

function compile(engine: RegexEngine, source: Octets, flags: RegexOptions = {}) {
  const result = engine.compile(source, flags);
  assert.equal(result.kind, 'ok', `${source} compiles`);
  assert.ok(result.kind === 'ok');
  return result.regex;
}

function captures(result: RegexResult): Captures | string {
  return result.kind === 'match' ? [...result.captures] : result.kind;
}

test('vendor/pcre2/pcre2.wasm is what its checksum says and imports nothing', () => {
  const bytes = readFileSync(assetPath('vendor/pcre2/pcre2.wasm'));
  const [wanted] = readFileSync(assetPath('vendor/pcre2/SHA256SUMS'), 'latin1').split(' ');
  assert.equal(createHash('sha256').update(bytes).digest('hex'), wanted);
  assert.deepEqual(WebAssembly.Module.imports(new WebAssembly.Module(bytes)), []);
});

test('patterns match as in Perl', () => {
  const engine = new RegexEngine();
  const cases: [source: Octets, subject: Octets, expected: Captures | 'no-match', flags?: RegexOptions][] = [
    ['^([^@]+)@(.+)$', 'user@example.com', ['user@example.com', 'user', 'example.com']],
    ['b', 'abc', ['b']],
    ['x', 'abc', 'no-match'],
    ['', '', ['']],
    ['(a)|(b)', 'b', ['b', undefined, 'b']],
    ['ABC', 'abc', 'no-match'],
    ['ABC', 'xabcx', ['abc'], { caseless: true }],
    ['(?i)ABC', 'abc', ['abc']],
    ['a(?i)B(?-i)c', 'aBc', ['aBc']],
    ['a(?i)B(?-i)c', 'abC', 'no-match'],
    ['a++ab', 'aaab', 'no-match'],
    ['(?>a+)ab', 'aaab', 'no-match'],
    ['a+ab', 'aaab', ['aaab']],
    ['(?<user>\\w+)@(?P<host>\\w+)', 'x@y', ['x@y', 'x', 'y']],
    ['(?P<a>.)(?P=a)\\k<a>', 'baaa', ['aaa', 'a']],
    ['(?|a(.)|b(.))', 'bz', ['bz', 'z']],
    ['^(\\((?:[^()]|(?1))*\\))$', '(a(b)c)', ['(a(b)c)', '(a(b)c)']],
    ['^[[:alpha:]]+[[:digit:]]+[[:^space:]]$', 'ab12!', ['ab12!']],
    ['\\N+', 'ab\ncd', ['ab']],
    ['a\\Rb', 'a\r\nb', ['a\r\nb']],
    ['a\\Kb', 'ab', ['b']],
    ['\\h+', 'a \tb', [' \t']],
    ['\\Aab\\z', 'ab\n', 'no-match'],
    ['ab$', 'ab\n', ['ab']],
    ['\\Q.*\\E', 'a.*', ['.*']],
    ['(?<=a)b(?!c)', 'abc ab', ['b']],
    ['(?#comment)a', 'a', ['a']],
    ['(a)?(?(1)b|c)', 'c', ['c', undefined]],
    ['^b', 'a\nb', 'no-match'],
    ['^b', 'a\nb', ['b'], { multiline: true }],
    ['a.b', 'a\nb', 'no-match'],
    ['a.b', 'a\nb', ['a\nb'], { dotAll: true }],
    ['a b # c', 'ab', ['ab'], { extended: true }],
    ['^.$', '\xc3\xa9', 'no-match'],
    ['^.$', '\xc3\xa9', ['\xc3\xa9'], { utf: true }],
    ['^\\p{Lu}$', '\xc3\x89', ['\xc3\x89'], { utf: true }],
    ['.', '\xff', 'no-match', { utf: true }],
    ['^[\\xe0-\\xff]$', '\xe9', ['\xe9']],
    ['\\w', '\xe9', 'no-match'],
    ['\xe9', '\xc9', 'no-match', { caseless: true }],
    ['\\s', '\xa0', 'no-match'],
    ['a\0b', 'xa\0by', ['a\0b']],
    ['b{2,3}?', 'abbb', ['bb']],
  ];
  for (const [source, subject, expected, flags] of cases) {
    assert.deepEqual(captures(compile(engine, source, flags).match(subject)), expected, `${source} on ${JSON.stringify(subject)}`);
  }
});

test('a pattern knows its groups and their names', () => {
  const pattern = compile(new RegexEngine(), '(?<year>\\d+)-(\\d+)-(?<day>\\d+)');
  assert.equal(pattern.groupCount, 3);
  assert.deepEqual([...pattern.names].sort(), [
    ['day', 3],
    ['year', 1],
  ]);
});

test('a match has offsets and starts where it is told', () => {
  const pattern = compile(new RegexEngine(), '(b)?c');
  assert.deepEqual(pattern.match('abc c'), { kind: 'match', captures: ['bc', 'b'], from: 1, to: 3 });
  assert.deepEqual(pattern.match('abc c', 3), { kind: 'match', captures: ['c', undefined], from: 4, to: 5 });
  assert.deepEqual(pattern.match('abc c', 5), { kind: 'no-match' });
  assert.equal(pattern.match('abc c', 6).kind, 'limit');
});

test('match options', () => {
  const engine = new RegexEngine();
  const cases: [source: Octets, subject: Octets, start: number, options: RegexMatchOptions, expected: Captures | 'no-match'][] = [
    ['b', 'ab', 0, { isAnchored: true }, 'no-match'],
    ['b', 'ab', 1, { isAnchored: true }, ['b']],
    ['^b', 'ab', 1, {}, 'no-match'],
    ['b*', 'abb', 0, { notEmptyAtStart: true }, ['bb']],
    ['b*', 'abb', 0, { notEmptyAtStart: true, isAnchored: true }, 'no-match'],
  ];
  for (const [source, subject, start, options, expected] of cases) {
    assert.deepEqual(captures(compile(engine, source).match(subject, start, options)), expected, source);
  }
});

test('an error has the text of PCRE2 and its place', () => {
  const cases: [source: Octets, message: string, offset: number][] = [
    ['a(b', 'missing closing parenthesis', 3],
    ['*a', 'quantifier does not follow a repeatable item', 0],
    ['[a', 'missing terminating ] for character class', 2],
    ['a{99999}', 'number too big in {} quantifier', 7],
    ['(?<n>a)(?<n>b)', 'two named subpatterns have the same name (PCRE2_DUPNAMES not set)', 12],
    ['x'.repeat(70_000), 'pattern string is longer than the limit set by the application', 0],
  ];
  const engine = new RegexEngine();
  for (const [source, message, offset] of cases) {
    assert.deepEqual(engine.compile(source), { kind: 'error', message, offset });
  }
});

test('a pattern that backtracks without end is given up in milliseconds', () => {
  const engine = new RegexEngine();
  const subject = `${'a'.repeat(50)}b`;
  for (const source of ['^(a+)+$', '^(?:(a+)+$)', '(?=^(a+)+$)x|z', '^(a|aa)+$', '^(.*)*\\d$']) {
    for (const caseless of [false, true]) {
      const started = performance.now();
      const result = compile(engine, source, { caseless }).match(subject);
      assert.deepEqual(result, { kind: 'limit', message: 'match limit exceeded' }, source);
      assert.ok(performance.now() - started < 1000, `${source} ended by the limit`);
    }
  }
  assert.deepEqual(captures(compile(engine, 'a+b$').match(subject)), [subject]);
});

test('a search that is quadratic in a long subject is given up in milliseconds', () => {
  const engine = new RegexEngine();
  const other = compile(engine, '^a(a)');
  const cases: [source: Octets, subject: Octets][] = [
    ['a.*b.*c.*d', `${'a'.repeat(100_000)}d`],
    ['[a-z]*[0-9]', 'a'.repeat(200_000)],
    ['^(a*)\\1b', 'a'.repeat(200_000)],
  ];
  for (const [source, subject] of cases) {
    const started = performance.now();
    const pattern = compile(engine, source);
    assert.deepEqual(pattern.match(subject), { kind: 'limit', message: 'match limit exceeded' }, source);
    assert.ok(performance.now() - started < 2000, `${source} ended by the limit`);
    assert.equal(pattern.match('abcd1ab').kind === 'limit', false, 'the pattern works as before');
    assert.deepEqual(captures(other.match('aaa')), ['aa', 'a'], 'others too');
  }
});

test('memory is bounded, and what did not fit does no harm to the next match', () => {
  const engine = new RegexEngine();
  const pattern = compile(engine, '^(.|\\n)*x$');
  assert.equal(pattern.match('y\n'.repeat(1 << 19)).kind, 'limit');
  assert.equal(compile(engine, 'y').match('y'.repeat(70 << 20)).kind, 'limit');
  assert.deepEqual(captures(pattern.match('ax')), ['ax', 'a']);
});

test('long subjects are searched to their end', () => {
  const engine = new RegexEngine();
  const subject = `${'y'.repeat(2 << 20)}x`;
  assert.deepEqual(compile(engine, '(?s)z.*?|x').match(subject), { kind: 'match', captures: ['x'], from: 2 << 20, to: (2 << 20) + 1 });
  assert.equal(compile(engine, '(?s)^.*?x').match(subject).kind, 'match');
});

test('patterns with more groups than the first match block has', () => {
  const engine = new RegexEngine();
  const wide = compile(engine, '(.)'.repeat(200));
  const subject = 'abcdefghij'.repeat(20);
  assert.deepEqual(captures(wide.match(subject)), [subject, ...subject]);
  assert.deepEqual(captures(compile(engine, '(b)').match(subject)), ['b', 'b']);
});

test('the cache is bounded and a dropped pattern still works', () => {
  const engine = new RegexEngine({ patterns: 4 });
  const patterns = Array.from({ length: 20 }, (_, i) => compile(engine, `^x(${i})$`));
  for (const round of [1, 2]) {
    patterns.forEach((pattern, i) => {
      assert.deepEqual(captures(pattern.match(`x${i}`)), [`x${i}`, String(i)], `round ${round}`);
      assert.equal(pattern.match('x').kind, 'no-match');
    });
  }
  assert.equal(compile(engine, '^x(19)$'), patterns[19]);
  assert.notEqual(compile(engine, '^x(0)$'), patterns[0]);
});

test('the cache is bounded in octets too', () => {
  const engine = new RegexEngine({ patternBytes: 1000 });
  const large = compile(engine, '[a-f]{20}(abcdef|ghijkl)'.repeat(20));
  const small = compile(engine, 'a');
  assert.equal(large.match('a').kind, 'no-match');
  assert.equal(small.match('a').kind, 'match');
});

test('after close() everything is loaded again', () => {
  const engine = new RegexEngine();
  const pattern = compile(engine, 'a(.)');
  engine.close();
  assert.deepEqual(captures(pattern.match('ab')), ['ab', 'b']);
});

test('an empty pattern matches everything, as the first of an engine too', () => {
  const compiled = new RegexEngine().compile('');
  assert.ok(compiled.kind === 'ok');
  assert.equal(compiled.regex.match('').kind, 'match');
  assert.equal(compiled.regex.match('abc').kind, 'match');
});
