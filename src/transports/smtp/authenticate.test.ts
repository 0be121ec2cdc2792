import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBase64 } from '../../auth/base64.ts';
import cramMd5 from '../../auth/drivers/cram_md5.ts';
import external from '../../auth/drivers/external.ts';
import plaintext from '../../auth/drivers/plaintext.ts';
import type { AuthenticatorInstance, Config, Lists, Template } from '../../core/index.ts';
import { forcedFail } from '../../core/index.ts';
import { FakeClock } from '../../system/fakes/clock.ts';
import { FakeConnection } from '../../system/fakes/net.ts';
import { constantTemplate, fakeServices, testConfig, testFrame, testLocation } from '../../system/fakes/services.ts';
import { authenticate, authParameter } from './authenticate.ts';
import { SmtpClient } from './client.ts';

const until = { endMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
const lists = { split: (list: string) => list.split(':').map((item) => item.trim()) } as unknown as Lists; // the drivers only split
const host = { name: 'mx.test', address: '192.0.2.5' };
const WHERE = 'H=mx.test [192.0.2.5]';

function instance(name: string, publicName: string, behaviour: AuthenticatorInstance['behaviour']): AuthenticatorInstance {
  const common = { driver: 'test', at: testLocation, generic: {}, own: {}, settings: new Map(), notYet: [] };
  return { name, publicName, behaviour, ...common };
}

function login(ignoresBase64 = false): AuthenticatorInstance {
  const set = { client_send: constantTemplate(': user : pass'), client_ignore_invalid_base64: ignoresBase64, server_prompts: undefined };
  return instance('l', 'LOGIN', plaintext.create?.(set, { name: 'l', generic: { public_name: 'LOGIN' } }));
}

function ext(identity: Template): AuthenticatorInstance {
  const set = { client_send: identity, server_param2: undefined, server_param3: undefined };
  return instance('e', 'EXTERNAL', external.create?.(set, { name: 'e', generic: { public_name: 'EXTERNAL' } }));
}

function cram(): AuthenticatorInstance {
  const set = { client_name: constantTemplate('n'), client_secret: constantTemplate('s'), server_secret: undefined };
  return instance('c', 'CRAM-MD5', cramMd5.create?.(set, { name: 'c', generic: { public_name: 'CRAM-MD5' } }));
}

/** What was sent, and what came of it. The server offers all mechanisms. */
async function run(authenticators: readonly AuthenticatorInstance[], replies: readonly string[]) {
  const rest = [...replies];
  const connection = new FakeConnection((written) => (written === '' ? '' : `${rest.shift() ?? '221 bye'}\r\n`));
  const client = new SmtpClient(connection, host, 'SMTP', new FakeClock(), until);
  const config: Config = { ...testConfig({}), authenticators, compile: (source: string) => constantTemplate(source) };
  const frame = testFrame({ config, services: fakeServices({ lists }) });
  const mechanisms = ['LOGIN', 'EXTERNAL', 'CRAM-MD5'];
  const result = await authenticate(client, mechanisms, frame, 5);
  return { result, sent: connection.written.split('\r\n').slice(0, -1) };
}

test('prompts are answered; what they are called does not matter', async () => {
  const { result, sent } = await run([login()], ['334 VXNlcg==', '300 UGFzcw==', '235 ok']);
  assert.deepEqual(result, { kind: 'ok', name: 'l', log: [] });
  assert.deepEqual(sent, ['AUTH LOGIN', encodeBase64('user'), encodeBase64('pass')]);
});

test('a prompt that is no base 64 ends it, unless that is to be ignored', async () => {
  for (const code of ['300', '334']) {
    const { result, sent } = await run([login()], [`${code} User?`, '501 cancelled']);
    const why = `l authenticator cancelled authentication ${WHERE} Invalid base64 string in server response "${code} User?"`;
    assert.deepEqual(result, { kind: 'failed', log: [why] });
    assert.deepEqual(sent, ['AUTH LOGIN', '*']);
  }
  assert.equal((await run([login(true)], ['334 User?', '334 Pass?', '235 ok'])).result.kind, 'ok');
});

test('refused for good: the next one is tried', async () => {
  const { result, sent } = await run([login(), ext(constantTemplate('joe'))], ['535 no', '235 ok']);
  assert.deepEqual(result, { kind: 'ok', name: 'e', log: [`l authenticator failed ${WHERE} 535 no`] });
  assert.deepEqual(sent, ['AUTH LOGIN', 'AUTH EXTERNAL am9l']);
  assert.deepEqual((await run([login()], ['535 no'])).result.kind, 'failed');
  const forced: Template = { ...constantTemplate('x'), constant: undefined, evaluate: () => forcedFail };
  assert.deepEqual((await run([ext(forced)], [])).result, { kind: 'none-fits', log: [] });
});

test('refused for now, or a reply that makes no sense: the host is left alone, and secrets are not shown', async () => {
  const after = 'SMTP error from remote mail server after';
  const lost = (message: string, number = 0) => ({ kind: 'lost', failing: { message, number }, log: [] });
  const joe = ext(constantTemplate('joe'));
  const cases: readonly (readonly [AuthenticatorInstance, readonly string[], object, readonly string[]])[] = [
    [joe, ['454 later'], lost(`${after} AUTH EXTERNAL ****: 454 later`), ['AUTH EXTERNAL am9l']],
    [login(), ['334 ', '454 later'], lost(`${after} ********: 454 later`), ['AUTH LOGIN', 'dXNlcg==']],
    [login(), ['334 ', '334 ', '334 '], lost(`${after} ********: 334 `), ['AUTH LOGIN', 'dXNlcg==', 'cGFzcw==']],
    [joe, ['334 ', '501 no'], lost('Too few items in client_send in e authenticator', -48), ['AUTH EXTERNAL am9l', '*']],
    [cram(), ['334 !!'], lost('bad base 64 string in challenge: 334 !!', -48), ['AUTH CRAM-MD5']],
  ];
  for (const [authenticator, replies, expected, sent] of cases) {
    const ran = await run([authenticator, joe], replies);
    assert.deepEqual(ran.result, expected);
    assert.deepEqual(ran.sent, [...sent, 'QUIT']);
  }
});

test('AUTH= of MAIL: the option, else the author; only for who has authenticated, unless forced', async () => {
  const frame = testFrame({ services: fakeServices({ lists }) });
  const brian = constantTemplate('bri+an');
  const cases: readonly (readonly [Template | undefined, boolean, string | undefined, string | undefined, string])[] = [
    [undefined, false, 'l', undefined, ''],
    [undefined, false, 'l', 'freddy', ' AUTH=freddy'],
    [brian, false, 'l', 'freddy', ' AUTH=bri+2Ban'],
    [constantTemplate(''), false, 'l', 'freddy', ' AUTH=freddy'],
    [brian, false, undefined, 'freddy', ''],
    [brian, true, undefined, undefined, ' AUTH=bri+2Ban'],
  ];
  for (const [option, isForced, authenticator, author, expected] of cases) {
    const set = { authenticated_sender: option, authenticated_sender_force: isForced };
    assert.deepEqual(await authParameter(set, { frame, authenticator }, author), { kind: 'ok', value: expected });
  }
});
