import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseXclient } from './xclient.ts';

test('operands of XCLIENT', () => {
  const cases: readonly [argument: string, expected: object | string][] = [
    [
      'NAME=mail.example.com ADDR=192.0.2.1 PORT=4242 DESTADDR=IPv6:2001:db8::1 DESTPORT=25 LOGIN=a+2Bb',
      {
        name: 'mail.example.com',
        address: '192.0.2.1',
        port: 4242,
        destinationAddress: '2001:db8::1',
        destinationPort: 25,
        login: 'a+b',
      },
    ],
    ['name=[TEMPUNAVAIL] login=[unavailable]', { name: { missing: 'try-later' }, login: '' }],
    ['NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE]', { name: { missing: 'unknown' } }],
    ['', 'XCLIENT must have at least one operand'],
    ['NONO=', "XCLIENT: unrecognised parameter 'NONO'"],
    ['NAMEfoobar=', "XCLIENT: unrecognised parameter 'NAMEfoobar'"],
    ['__proto__=x', "XCLIENT: unrecognised parameter '__proto__'"],
    ['NAME=', 'XCLIENT: zero-length value for param'],
    ['NAME', "XCLIENT: missing value for parameter 'NAME'"],
    ['ADDR=host', "XCLIENT: bad value for parameter 'ADDR'"],
    ['PORT=65536', "XCLIENT: bad value for parameter 'PORT'"],
    ['PORT=-1', "XCLIENT: bad value for parameter 'PORT'"],
    ['NAME=a+0', "XCLIENT: bad value for parameter 'NAME'"],
  ];
  for (const [argument, expected] of cases)
    assert.deepEqual(
      parseXclient(argument),
      typeof expected === 'string' ? { kind: 'error', message: expected } : { kind: 'ok', operands: expected },
      argument,
    );
});
