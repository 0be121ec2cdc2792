/** Random patterns on random subjects: nothing throws, nothing runs for long, and a match lies within its subject. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { RegexEngine } from '../../src/system/regex.ts';

const pieces = [
  ...[
    'a',
    'b',
    '\xe9',
    '\0',
    '.',
    '\\w',
    '\\d',
    '\\s',
    '\\b',
    '\\R',
    '\\K',
    '\\N',
    '\\X',
    '^',
    '$',
    '|',
    '(',
    ')',
    '(?:',
    '(?>',
    '(?=',
    '(?!',
    '(?<=a',
  ],
  ...[
    '(?<n>',
    '\\k<n>',
    '(?1)',
    '(?R)',
    '\\1',
    '*',
    '+',
    '?',
    '++',
    '*?',
    '{2,3}',
    '{0,9999}',
    '[',
    ']',
    '[^a',
    '[[:alpha:]]',
    '(?i)',
    '(?|',
    '(*COMMIT)',
  ],
  ...['(*SKIP)', '(*PRUNE)', '(*ACCEPT)', '(*UTF)', '\\Q', '\\E', '(?#', '\\p{L}', '\\C', '(?(1)', '\\x{e9}', '\\o{351}', '-', ','],
];
const patterns = fc.array(fc.constantFrom(...pieces), { maxLength: 14 }).map((parts) => parts.join(''));
const subjects = fc
  .array(fc.constantFrom('a', 'b', 'ab', 'aaaaaaaa', '\n', '\r\n', '\xe9', '\xc3\xa9', '\0', ' ', '1'), { maxLength: 30 })
  .map((parts) => parts.join(''));

test('random patterns', () => {
  const engine = new RegexEngine({ patterns: 50 });
  let matched = 0;
  fc.assert(
    fc.property(
      patterns,
      subjects,
      fc.record({ caseless: fc.boolean(), utf: fc.boolean() }),
      fc.nat(30),
      (source, subject, options, start) => {
        const compiled = engine.compile(source, options);
        if (compiled.kind === 'error') return assert.ok(compiled.offset <= source.length && compiled.message !== '');
        const result = compiled.regex.match(subject, Math.min(start, subject.length));
        if (result.kind !== 'match') return;
        matched++;
        assert.equal(result.captures.length, compiled.regex.groupCount + 1);
        assert.ok(result.from >= 0 && result.from <= result.to && result.to <= subject.length);
      },
    ),
    { numRuns: 30_000 },
  );
  assert.ok(matched > 1000, 'enough of the patterns are good ones');
});
