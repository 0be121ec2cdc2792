import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIdentResponse } from './ident.ts';

test('responses of RFC 1413', () => {
  const cases: readonly [line: string, expected: string | undefined][] = [
    ['999 , 25 : USERID : UNIX :abcd', 'abcd'],
    ['999,25:USERID:UNIX,US-ASCII: abcd ', 'abcd '],
    ['999, 25 : userid : OTHER : a:b', 'a:b'],
    ['999 , 25 : USERID : UNIX :ab\rcd', 'ab\\rcd'],
    [`999 , 25 : USERID : UNIX :${'x'.repeat(200)}`, 'x'.repeat(127)],
    ['999 , 26 : USERID : UNIX :abcd', undefined],
    ['998 , 25 : USERID : UNIX :abcd', undefined],
    ['999 , 25 : ERROR : NO-USER', undefined],
    ['999 , 25 : ERROR : NO-USER : x', undefined],
    ['999 , 25 : USERID : UNIX :', undefined],
    ['', undefined],
  ];
  for (const [line, expected] of cases) assert.equal(parseIdentResponse(line, 999, 25), expected, line);
});
