import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Adaptations, AuthDialogue, AuthenticatorInstance, Frame, Lists, Outcome, Template, Text } from '../core/index.ts';
import { defer, forcedFail, ok, untainted } from '../core/index.ts';
import { FakeLog } from '../system/fakes/log.ts';
import { constantTemplate, fakeServices, testBuild, testConfig, testFrame, testLocation } from '../system/fakes/services.ts';
import { encodeBase64 } from './base64.ts';
import cramMd5 from './drivers/cram_md5.ts';
import plaintext from './drivers/plaintext.ts';
import { authenticate, isAdvertised } from './server.ts';

/** A template whose value is made from the frame. */
function template(evaluate: (frame: Frame) => Outcome<Text>): Template {
  return { ...constantTemplate('test'), constant: undefined, evaluate };
}

const auth = (frame: Frame, index: number) => frame.results.auth?.[index]?.octets ?? '';
const isUser: Template = template((frame) => ok(untainted(auth(frame, 1) === 'user' && auth(frame, 2) === 'secret' ? 'true' : '')));

function instance(
  generic: Record<string, unknown>,
  own: { readonly server_prompts?: Template; readonly server_secret?: Template },
): AuthenticatorInstance {
  const definition = own.server_secret === undefined ? plaintext : cramMd5;
  const set = {
    client_ignore_invalid_base64: false,
    client_send: undefined,
    server_prompts: undefined,
    client_name: undefined,
    client_secret: undefined,
    server_secret: undefined,
    ...own,
  };
  const behaviour = definition.create?.(set as never, { name: 'test', generic }); // both drivers take what they know
  return {
    name: 'test',
    driver: definition.name,
    at: testLocation,
    generic,
    own: {},
    settings: new Map(),
    notYet: [],
    publicName: 'TEST',
    behaviour,
  };
}

const lists = {
  split: (list: string) =>
    list
      .replace(/:$/, '')
      .split(':')
      .map((item) => item.trim()),
} as unknown as Lists; // the drivers only split

async function run(authenticator: AuthenticatorInstance, data: string, answers: readonly (string | undefined)[] = []) {
  const asked: string[] = [];
  const rest = [...answers];
  const dialogue: AuthDialogue = {
    challenge: async (prompt) => {
      asked.push(prompt);
      return rest.shift();
    },
  };
  const log = new FakeLog();
  const frame = testFrame({ config: testConfig({}), services: fakeServices({ log, lists }) });
  const result = await authenticate(authenticator, data, dialogue, frame);
  return { result, asked, log };
}

test('PLAIN: three strings at once, or after an empty prompt', async () => {
  const plain = instance(
    { server_condition: isUser, server_set_id: template((frame) => ok(untainted(auth(frame, 1)))) },
    { server_prompts: constantTemplate(' :') },
  );
  const good = encodeBase64('\0user\0secret');
  assert.deepEqual((await run(plain, good)).result, { kind: 'ok', id: 'user' });
  const asked = await run(plain, '', ['\0user\0secret']);
  assert.deepEqual(asked.result, { kind: 'ok', id: 'user' });
  assert.deepEqual(asked.asked, ['']);
  const bad = (await run(plain, encodeBase64('\0user\0wrong'))).result;
  assert.deepEqual(bad, { kind: 'failed', code: '535', reply: 'Incorrect authentication data', id: 'user' });
  assert.deepEqual((await run(plain, '!!')).result, {
    kind: 'failed',
    code: '501',
    reply: 'Invalid base64 data',
    id: undefined,
  });
  const cancelled = (await run(plain, '', [undefined])).result;
  assert.ok(cancelled.kind === 'failed' && cancelled.reply === 'Authentication cancelled');
});

test('LOGIN: a prompt for each string', async () => {
  const login = instance(
    { server_condition: template((frame) => ok(untainted(auth(frame, 0) === 'user' && auth(frame, 1) === 'secret' ? 'yes' : 'no'))) },
    { server_prompts: constantTemplate('Username : Password') },
  );
  const { result, asked } = await run(login, '', ['user', 'secret']);
  assert.deepEqual(result, { kind: 'ok', id: '' });
  assert.deepEqual(asked, ['Username', 'Password']);
  assert.deepEqual((await run(login, encodeBase64('user'), ['secret'])).asked, ['Password']);
});

test('what server_condition may say', async () => {
  const cases: readonly (readonly [Outcome<Text>, string])[] = [
    [ok(untainted('1')), 'ok'],
    [ok(untainted('TRUE')), 'ok'],
    [ok(untainted('')), '535'],
    [ok(untainted('0')), '535'],
    [ok(untainted('No')), '535'],
    [ok(untainted('try later')), '435'],
    [forcedFail, '535'],
    [defer('no database'), '435'],
  ];
  for (const [outcome, expected] of cases) {
    const { result } = await run(instance({ server_condition: template(() => outcome) }, {}), encodeBase64('x'));
    assert.equal(result.kind === 'ok' ? 'ok' : result.code, expected, JSON.stringify(outcome));
    if (expected === '435' && result.kind !== 'ok') assert.match(result.reason ?? '', /^(?:.*try later|no database)/);
  }
});

test('CRAM-MD5, with the example of RFC 2195', async () => {
  const cram = instance(
    {},
    { server_secret: template((frame) => (auth(frame, 0) === 'tim' ? ok(untainted('tanstaaftanstaaf')) : forcedFail)) },
  );
  const adaptations = { challenge: '<1896.697170952@postoffice.reston.mci.net>' } as Adaptations; // the driver looks at nothing else
  const services = fakeServices({ lists, build: { ...testBuild, adaptations } });
  for (const [reply, expected] of [
    ['tim b913a602c7eda7a495b4e6e7334d3890', 'ok'],
    ['tim b913a602c7eda7a495b4e6e7334d3891', 'failed'],
    ['jim b913a602c7eda7a495b4e6e7334d3890', 'failed'],
    ['', 'failed'],
  ] as const) {
    const result = await authenticate(cram, '', { challenge: async () => reply }, testFrame({ services }));
    assert.equal(result.kind, expected, reply);
  }
});

test('server_advertise_condition', async () => {
  const frame = testFrame({ services: fakeServices({ log: new FakeLog() }) });
  for (const [outcome, expected] of [
    [ok(untainted('')), false],
    [ok(untainted('no')), false],
    [ok(untainted('TLS1.3')), true],
    [forcedFail, false],
    [defer('x'), false],
  ] as const) {
    assert.equal(await isAdvertised(instance({ server_advertise_condition: template(() => outcome) }, {}), frame), expected);
  }
  assert.equal(await isAdvertised(instance({}, {}), frame), true);
});
