import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doubleQuotes, doubleSingleQuotes, quoteForLdap, quoteForPostgres, quoteForRedis, quoteWithBackslashes } from './quoting.ts';

/** Compared with Exim 4.96's operators. */
const cases: readonly (readonly [result: string, expected: string])[] = [
  [quoteWithBackslashes(`a(b)"q'r\\s\t%_\n\b\r`), `a(b)\\"q\\'r\\\\s\\t%_\\n\\b\\r`],
  [quoteForPostgres(`a"q'r\\s\t%_\n\b\r`), `a\\"q''r\\\\s\\t%_\\n\\b\\r`],
  [doubleSingleQuotes(`a'b"`), `a''b"`],
  [doubleQuotes(`a'b"`), `a'b""`],
  [quoteForRedis('a b\\c\n'), 'a\\ b\\\\c\\\n'],
  [quoteForLdap(' a(bc)*, a<yz>; ', undefined), '%20a%5C28bc%5C29%5C2A%2C%20a%3Cyz%3E%3B%20'],
  [quoteForLdap('"q\'r\\s\xe9b+=', undefined), "%22q'r%5C5Cs%E9b+%3D"],
  [quoteForLdap(' a(bc)*, a<yz>; ', 'dn'), '%5C%20a(bc)*%5C%2C%20a%5C%3Cyz%5C%3E%5C%3B%5C%20'],
  [quoteForLdap('#a b ', 'dn'), '%5C%23a%20b%5C%20'],
  [quoteForLdap('  x  ', 'dn'), '%5C%20%5C%20x%5C%20%5C%20'],
  [quoteForLdap('a#', 'dn'), 'a%23'],
  [quoteForLdap('b,+=', 'dn'), 'b%5C%2C%5C+%3D'],
  [quoteForLdap(' ', 'dn'), '%5C%20'],
  [quoteForLdap('', 'dn'), ''],
];

for (const [i, [result, expected]] of cases.entries()) test(`quoting ${i}`, () => assert.equal(result, expected));
