import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInterface } from '../base/interface.ts';
import { listenAddresses } from './listen.ts';

const base = {
  localInterfaces: ['127.0.0.1'],
  smtpPorts: ['smtp'],
  tlsOnConnectPorts: [],
  overriding: undefined,
  tlsOnConnect: false,
  isIpv6Disabled: false,
};

test('addresses are interfaces by ports', () => {
  assert.deepEqual(
    listenAddresses({
      ...base,
      localInterfaces: ['127.0.0.1', '::1', '10.0.0.1.26'],
      smtpPorts: ['25', '465'],
      tlsOnConnectPorts: ['465'],
    }),
    {
      kind: 'ok',
      addresses: [
        { address: '127.0.0.1', port: 25, isTlsOnConnect: false },
        { address: '127.0.0.1', port: 465, isTlsOnConnect: true },
        { address: '::1', port: 25, isTlsOnConnect: false },
        { address: '::1', port: 465, isTlsOnConnect: true },
        { address: '10.0.0.1', port: 26, isTlsOnConnect: false },
      ],
    },
  );
});

test('what is no address is told as Exim tells it', () => {
  const expected = { kind: 'error', message: 'Malformed IP address "127.0.0.1.x" in local_interfaces' };
  assert.deepEqual(listenAddresses({ ...base, localInterfaces: ['::1', ' 127.0.0.1.x'] }), expected);
});

test('an interface needs a port', () => {
  const of = (...localInterfaces: string[]) => listenAddresses({ ...base, localInterfaces, smtpPorts: [] });
  const problem = (name: string) => `no port specified for interface "${name}" and daemon_smtp_port is unset; cannot start daemon`;
  assert.deepEqual(of('::0', '0.0.0.0'), { kind: 'error', message: problem('all IPv6') });
  assert.deepEqual(of('127.0.0.1.26', '0.0.0.0'), { kind: 'error', message: problem('all IPv4') });
  assert.deepEqual(of('127.0.0.1'), { kind: 'error', message: problem('127.0.0.1') });
  assert.deepEqual(listenAddresses({ ...base, smtpPorts: ['nosuch'] }), {
    kind: 'error',
    message: 'Exim configuration error:\n  TCP port "nosuch" not found',
  });
});

test('an address that all addresses have is listened on once', () => {
  const result = listenAddresses({ ...base, localInterfaces: ['127.0.0.1', '::1', '0.0.0.0', '127.0.0.2.26'] });
  assert.ok(result.kind === 'ok');
  assert.deepEqual(
    result.addresses.map(({ address, port }) => `${address} ${port}`),
    ['::1 25', '0.0.0.0 25', '127.0.0.2 26'],
  );
});

test('-oX overrides ports, or interfaces, or both', () => {
  const of = (...overriding: string[]) => {
    const result = listenAddresses({ ...base, overriding });
    return result.kind === 'ok' ? result.addresses.map(({ address, port }) => `${address}:${port}`) : result.message;
  };
  assert.deepEqual(of('1225'), ['127.0.0.1:1225']);
  assert.deepEqual(of('10.0.0.1'), ['10.0.0.1:25']);
  assert.deepEqual(of('10.0.0.1', '1225'), ['10.0.0.1:1225']);
  assert.deepEqual(of('[::1]:26'), ['::1:26']);
});

test('address items', () => {
  assert.deepEqual(parseInterface('1.2.3.4'), { address: '1.2.3.4', port: undefined });
  assert.deepEqual(parseInterface('1.2.3.4.1225'), { address: '1.2.3.4', port: 1225 });
  assert.deepEqual(parseInterface('[::1]:25'), { address: '::1', port: 25 });
  assert.deepEqual(parseInterface('::1.1225'), { address: '::1', port: 1225 });
  assert.equal(parseInterface('host'), undefined);
});
