import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProxyHeader } from './proxy-protocol.ts';

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const IPV4 = '\x01\x02\x03\x04\x05\x06\x07\x08\x00\x64\x00\xc8';
const IPV6 = `${'\x20\x01\x0d\xb8'.padEnd(15, '\0')}\x01${'\x20\x01\x0d\xb8'.padEnd(15, '\0')}\x02\x01\x02\x00\x19`;

const PROXIED = { kind: 'proxied', source: { address: '1.2.3.4', port: 100 }, destination: { address: '5.6.7.8', port: 200 } };

test('headers of both versions', () => {
  const cases: readonly [name: string, text: string, expected: object][] = [
    ['v1', 'PROXY TCP4 1.2.3.4 5.6.7.8 100 200\r\nEHLO', { ...PROXIED, length: 36 }],
    [
      'v1 IPv6',
      'PROXY TCP6 2001:db8::1 ::2 1 65535\r\n',
      { kind: 'proxied', length: 36, source: { address: '2001:db8::1', port: 1 }, destination: { address: '::2', port: 65535 } },
    ],
    ['v1 unknown', 'PROXY UNKNOWN\r\n', { kind: 'local', length: 15 }],
    ['v1 unknown with addresses', 'PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n', { kind: 'local', length: 35 }],
    ['v1 without line end', 'PROXY TCP4 1.2.3.4 5.6.7.8 100 200', { kind: 'more' }],
    ['v1 with LF', 'PROXY TCP4 1.2.3.4 5.6.7.8 100 200\nEHLO x\n', { kind: 'more' }],
    ['v1 too long', `PROXY TCP4 ${'1'.repeat(120)}`, { kind: 'invalid', length: 107 }],
    ['v1 port out of range', 'PROXY TCP4 1.2.3.4 5.6.7.8 100000 200\r\n', { kind: 'invalid', length: 39 }],
    ['v1 without a port', 'PROXY TCP4 1.2.3.4 5.6.7.8 100\r\n', { kind: 'invalid', length: 32 }],
    ['v1 more words', 'PROXY TCP4 1.2.3.4 5.6.7.8 100 200 x\r\n', { kind: 'invalid', length: 38 }],
    ['v1 bad address', 'PROXY TCP4 1.2.3.4 host 100 200\r\n', { kind: 'invalid', length: 33 }],
    ['a long line', `EHLO ${'x'.repeat(120)}\r\n`, { kind: 'invalid', length: 107 }],
    ['the beginning of another line', 'EHLO x', { kind: 'more' }],
    ['SMTP', 'EHLO x\r\nNOOP\r\n', { kind: 'invalid', length: 8 }],
    ['nothing', '', { kind: 'more' }],
    ['the beginning of v2', '\r\n\r\n', { kind: 'more' }],
    ['v2', `${SIGNATURE}\x21\x11\x00\x0c${IPV4}EHLO`, { ...PROXIED, length: 28 }],
    ['v2 with extensions', `${SIGNATURE}\x21\x11\x00\x0f${IPV4}\x20\0\0EHLO`, { ...PROXIED, length: 31 }],
    [
      'v2 IPv6',
      `${SIGNATURE}\x21\x21\x00\x24${IPV6}`,
      {
        kind: 'proxied',
        length: 52,
        source: { address: '2001:db8::1', port: 258 },
        destination: { address: '2001:db8::2', port: 25 },
      },
    ],
    ['v2 local', `${SIGNATURE}\x20\x00\x00\x00EHLO`, { kind: 'local', length: 16 }],
    ['v2 not whole', `${SIGNATURE}\x21\x11\x00\x0c${IPV4.slice(0, 5)}`, { kind: 'more' }],
    ['v2 UDP', `${SIGNATURE}\x21\x12\x00\x0c${IPV4}`, { kind: 'invalid', length: 28 }],
    ['v2 Unix socket', `${SIGNATURE}\x21\x31\x00\x0c${IPV4}`, { kind: 'invalid', length: 28 }],
    ['v2 too short for its family', `${SIGNATURE}\x21\x21\x00\x0c${IPV4}`, { kind: 'invalid', length: 28 }],
    ['v2 of another version', `${SIGNATURE}\x31\x11\x00\x0c${IPV4}`, { kind: 'invalid', length: 28 }],
    ['v2 of an unknown command', `${SIGNATURE}\x22\x11\x00\x0c${IPV4}`, { kind: 'invalid', length: 28 }],
    ['v2 too long', `${SIGNATURE}\x21\x11\xff\xff${IPV4}`, { kind: 'invalid', length: 28 }],
  ];
  for (const [name, text, expected] of cases) assert.deepEqual(parseProxyHeader(Buffer.from(text, 'latin1')), expected, name);
});

test('every beginning of a header needs more, and no octet of what follows is read', () => {
  const whole = Buffer.from(`${SIGNATURE}\x21\x11\x00\x0c${IPV4}`, 'latin1');
  for (let length = 0; length < whole.length; length++) assert.deepEqual(parseProxyHeader(whole.subarray(0, length)), { kind: 'more' });
  const line = Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 100 200\r\n');
  for (let length = 0; length < line.length; length++) assert.deepEqual(parseProxyHeader(line.subarray(0, length)), { kind: 'more' });
});
