/** Modifiers and conditions that reach beyond the ACL: udpsend, log_reject_target, verify = csa. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAcls } from '../../src/acl/acls.ts';
import type { Octets } from '../../src/base/octets.ts';
import { builtin } from '../../src/builtin.ts';
import { type AclVerdict, type Frame, untainted } from '../../src/core/index.ts';
import { createExpander } from '../../src/expand/expander.ts';
import { newOrigin, newSessionState } from '../../src/receive/transaction.ts';
import { FakeDns } from '../../src/system/fakes/dns.ts';
import { FakeNet } from '../../src/system/fakes/net.ts';
import { makeWorld } from '../routing/world.ts';

const CONFIG = `
begin acl
inner:
  accept log_reject_target = panic
quiet:
  deny log_reject_target =
nested:
  deny acl = inner
named:
  deny log_reject_target = reject : panic
plain:
  deny
`;

const ZONE = {
  '_client._smtp.ok.ex': 'SRV 1 2 0 ok.ex',
  'ok.ex': 'A 192.0.2.1',
  '_client._smtp.other.ex': 'SRV 1 2 0 host.other.ex',
  'host.other.ex': 'A 192.0.2.99',
  '_client._smtp.no.ex': 'SRV 1 1 0 no.ex',
  '_client._smtp.some.ex': 'SRV 1 3 0 some.ex',
  '_client._smtp.six.ex': 'SRV 1 2 0 six.ex',
  'six.ex': 'AAAA 2001:db8::1',
  '_client._smtp.strict.ex': 'SRV 1 2 1 strict.ex',
  '_client._smtp.version.ex': 'SRV 2 1 0 version.ex',
  '_client._smtp.again.ex': 'AGAIN',
};

async function start() {
  const net = new FakeNet();
  const world = await makeWorld(CONFIG, { net, dns: new FakeDns(ZONE) });
  const acls = createAcls(await builtin.acl(), createExpander(await builtin.expansion()));
  const origin = { ...newOrigin({ uid: 0, gid: 0, login: '' }, false), hostAddress: '192.0.2.1', heloName: 'ok.ex' };
  const { until } = world.frame;
  const session = {
    mode: 'smtp-tcp' as const,
    connectionNumber: 1,
    startedAtMs: 0,
    isRehearsal: false,
    until,
    state: newSessionState(origin),
  };
  const frame: Frame = { ...world.frame, session, results: {} };
  const run = async (acl: Octets, phase = 'helo'): Promise<AclVerdict> => acls.run(phase, untainted(acl), [], frame);
  return { run, net, frame, world };
}

test('udpsend', async () => {
  const { run, net } = await start();
  const sent = async (argument: Octets) => {
    net.datagrams.length = 0;
    const verdict = await run(`accept udpsend = ${argument}`);
    return verdict.kind === 'error' ? verdict.logMessage : net.datagrams[0];
  };
  const cases: readonly (readonly [argument: Octets, result: unknown])[] = [
    ['192.0.2.7:99:hello world', { address: '192.0.2.7', port: 99, text: 'hello world' }],
    ['192.0.2.7 : 99 : a:b::c', { address: '192.0.2.7', port: 99, text: ' a:b::c' }],
    ['<; 2001:db8::1 ; 99 ; x;;y', { address: '2001:db8::1', port: 99, text: ' x;;y' }],
    ['192.0.2.7:99', { address: '192.0.2.7', port: 99, text: '' }],
    ['192.0.2.7', 'missing destination port in "udpsend" modifier'],
    ['192.0.2.7:x:y', 'bad destination port in "udpsend" modifier'],
    ['nohost.invalid:9:y', 'DNS lookup failed in "udpsend" modifier'],
  ];
  for (const [argument, result] of cases) assert.deepEqual(await sent(argument), result, argument);
});

test('log_reject_target lasts for the ACL that the phase runs, with what it calls', async () => {
  const { run } = await start();
  const targets = async (acl: Octets) => {
    const verdict = await run(acl);
    assert.ok(verdict.kind === 'fail', acl);
    return verdict.logTargets;
  };
  assert.deepEqual(await targets('quiet'), []);
  assert.deepEqual(await targets('nested'), ['panic']);
  assert.deepEqual(await targets('named'), ['reject', 'panic']);
  assert.deepEqual(await targets('plain'), undefined);
  assert.deepEqual(await targets('deny log_reject_target = bogus'), ['main', 'reject']);
});

test('client SMTP authorization', async () => {
  const { run, frame } = await start();
  const cases: readonly (readonly [argument: Octets, status: string, why?: Octets])[] = [
    ['csa', 'ok'],
    ['csa/other.ex', 'fail', 'client address mismatch'],
    ['csa/no.ex', 'fail', 'host name not authorized'],
    ['csa/some.ex', 'unknown'],
    ['csa/six.ex', 'fail', 'no authorized addresses'],
    ['csa/a.b.strict.ex', 'fail', 'explicit authorization required'],
    ['csa/version.ex', 'unknown'],
    ['csa/again.ex', 'defer'],
    ['csa/none.ex', 'unknown'],
    ['csa/[192.0.2.1]', 'unknown'],
  ];
  for (const [argument, status, why] of cases) {
    const verdict = await run(`require verify = ${argument}\naccept`);
    assert.equal(frame.results.csaStatus, status, argument);
    const logged = verdict.kind === 'fail' ? verdict.logMessage : undefined;
    assert.equal(logged, why === undefined ? undefined : `client SMTP authorization failed (${why})`, argument);
  }
});
