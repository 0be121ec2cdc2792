import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Adaptations, AuthDialogue, AuthenticatorInstance, Frame, Lists, Outcome, Template, Text } from '../core/index.ts';
import { defer, forcedFail, ok, untainted } from '../core/index.ts';
import { FakeLog } from '../system/fakes/log.ts';
import { constantTemplate, fakeServices, testBuild, testConfig, testFrame, testLocation } from '../system/fakes/services.ts';
import { encodeBase64 } from './base64.ts';
import cramMd5 from './drivers/cram_md5.ts';
import external from './drivers/external.ts';
import plaintext from './drivers/plaintext.ts';
import tls from './drivers/tls.ts';
import { authenticate, authenticateByCertificate, isAdvertised } from './server.ts';

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
    ['b913a602c7eda7a495b4e6e7334d3890', 'failed'],
  ] as const) {
    const result = await authenticate(cram, '', { challenge: async () => reply }, testFrame({ services }));
    assert.equal(result.kind, expected, reply);
  }
});

test('CRAM-MD5 takes no data with the command', async () => {
  const cram = instance({}, { server_secret: constantTemplate('x') });
  for (const data of [encodeBase64('tim'), '=']) {
    const { result, asked } = await run(cram, data);
    assert.deepEqual(result, { kind: 'failed', code: '553', reply: 'Initial data not expected', id: undefined });
    assert.deepEqual(asked, []);
  }
});

test('who cancels, or sends no base 64, is not told by name', async () => {
  const generic = { server_condition: isUser, server_set_id: constantTemplate('anybody') };
  for (const answer of [undefined, 'bad-base64']) {
    const { result } = await run(instance(generic, { server_prompts: constantTemplate('User : Pass') }), '', ['user', answer]);
    assert.equal(result.kind === 'failed' && result.id, undefined);
  }
});

test('the text of a server_condition is for the client, that of a failure only for the log', async () => {
  const said = (await run(instance({ server_condition: template(() => ok(untainted('try later'))) }, {}), encodeBase64('x'))).result;
  const broken = (await run(instance({ server_condition: template(() => defer('no database')) }, {}), encodeBase64('x'))).result;
  const reply = 'Unable to authenticate at present';
  assert.deepEqual(said, { kind: 'failed', code: '435', reply, reason: 'try later', forClient: 'try later', id: undefined });
  assert.deepEqual(broken, { kind: 'failed', code: '435', reply, reason: 'no database', id: undefined });
});

test("$auth1 is nobody's behind the attempt", async () => {
  const plain = instance({ server_condition: template(() => ok(untainted('yes'))) }, {});
  const frame = testFrame({ services: fakeServices({ lists }) });
  await authenticate(plain, encodeBase64('user'), { challenge: async () => undefined }, frame);
  assert.deepEqual(frame.results.auth, []);
});

/** The first three values, as the condition saw them; true when there are some. */
function seen(shown: string[]): Template {
  return template((frame) => {
    shown.push([0, 1, 2].map((index) => auth(frame, index)).join('|'));
    return ok(untainted('yes'));
  });
}

function made(
  definition: typeof external | typeof tls,
  generic: Record<string, unknown>,
  own: Record<string, Template>,
): AuthenticatorInstance {
  const set = { client_send: undefined, server_param1: undefined, server_param2: undefined, server_param3: undefined, ...own };
  const behaviour = definition.create?.(set as never, { name: 'test', generic }); // each driver takes what it knows
  return { ...instance({}, {}), driver: definition.name, generic, behaviour };
}

test('EXTERNAL: an identity, and values of the server behind it', async () => {
  const shown: string[] = [];
  const condition = seen(shown);
  const two = constantTemplate('two');
  const asks = made(external, { server_condition: condition }, { server_param2: two, server_param3: constantTemplate('three') });
  assert.equal((await run(asks, encodeBase64('joe'))).result.kind, 'ok');
  const prompted = await run(asks, '', ['joe\0more\0x']);
  assert.deepEqual(prompted.asked, ['']);
  await run(made(external, { server_condition: condition }, {}), encodeBase64('a\0b\0c\0d'));
  await run(made(external, { server_condition: condition }, { server_param3: two }), encodeBase64('a'));
  await run(asks, '=');
  assert.deepEqual(shown, ['joe|two|three', 'joe|two|three', 'a|b|c', 'a||two', '|two|three']);
  const bad = (await run(asks, '', ['bad-base64'])).result;
  assert.equal(bad.kind === 'failed' && bad.reply, 'Invalid base64 data');
  const cancelled = (await run(asks, '', [undefined])).result;
  assert.equal(cancelled.kind === 'failed' && cancelled.reply, 'Authentication cancelled');
});

test('EXTERNAL: options that cannot be expanded, and no server without server_condition', async () => {
  const condition = template(() => ok(untainted('yes')));
  const sees1 = template((frame) => (auth(frame, 0) === 'joe' ? forcedFail : ok(untainted('x'))));
  const refused = (await run(made(external, { server_condition: condition }, { server_param2: sees1 }), encodeBase64('joe'))).result;
  assert.equal(refused.kind === 'failed' && refused.code, '535');
  const broken = made(external, { server_condition: condition }, { server_param3: template(() => defer('no file')) });
  const later = (await run(broken, encodeBase64('joe'))).result;
  assert.equal(later.kind === 'failed' && `${later.code} ${later.reason}`, '435 no file');
  assert.equal(made(external, {}, { server_param2: sees1 }).behaviour?.server, undefined);
});

test('EXTERNAL as a client', async () => {
  const frame = testFrame({ services: fakeServices({}) });
  const send = async (identity: Template, ...replies: { readonly code: number; readonly text: string }[]) => {
    const lines: string[] = [];
    const connection = {
      send: async (line: string) => {
        lines.push(line);
        return replies.shift() ?? { kind: 'lost' as const, message: 'gone' };
      },
    };
    const { behaviour } = made(external, { public_name: 'EXTERNAL' }, { client_send: identity });
    const result = await behaviour?.client?.(connection, frame);
    return [result?.kind, ...lines];
  };
  const joe = constantTemplate('joe');
  assert.deepEqual(await send(joe, { code: 235, text: 'ok' }), ['ok', 'AUTH EXTERNAL am9l']);
  assert.deepEqual(await send(constantTemplate(''), { code: 235, text: 'ok' }), ['ok', 'AUTH EXTERNAL =']);
  assert.deepEqual(await send(joe, { code: 334, text: '' }, { code: 501, text: '' }), ['error', 'AUTH EXTERNAL am9l', '*']);
  assert.deepEqual(await send(joe, { code: 535, text: 'no' }), ['fail', 'AUTH EXTERNAL am9l']);
  assert.deepEqual(await send(joe), ['defer', 'AUTH EXTERNAL am9l']);
  assert.deepEqual(await send(template(() => forcedFail)), ['skipped']);
  assert.deepEqual(await send(template(() => defer('x'))), ['error']);
});

test('tls: a verified certificate is all', async () => {
  const shown: string[] = [];
  const generic = { server_condition: seen(shown), server_set_id: template((frame) => ok(untainted(auth(frame, 0)))) };
  const one = constantTemplate('one');
  const frame = testFrame({ services: fakeServices({}) });
  const other = instance({}, {});
  const byTls = made(tls, generic, { server_param1: one, server_param3: template((at) => ok(untainted(`3${auth(at, 0)}`))) });
  const tried = await authenticateByCertificate([other, byTls], frame);
  assert.deepEqual([tried?.authenticator, tried?.result], [byTls, { kind: 'ok', id: 'one' }]);
  assert.deepEqual(shown, ['one||3one']);
  assert.equal(byTls.behaviour?.server, undefined);
  assert.equal(await authenticateByCertificate([other, made(tls, {}, { server_param1: one })], frame), undefined);
  for (const [outcome, code] of [
    [forcedFail, '535'],
    [defer('x'), '435'],
  ] as const) {
    const refused = await authenticateByCertificate([made(tls, generic, { server_param1: template(() => outcome) })], frame);
    assert.equal(refused?.result.kind === 'failed' && refused.result.code, code);
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
