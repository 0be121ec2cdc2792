/** The expansion engine as a whole: captures and scopes, order, branches not taken, taint, problems for `check`, headers and variables. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Frame } from '../../src/core/frame.ts';
import type { Message } from '../../src/core/message.ts';
import type { Origin } from '../../src/core/session.ts';
import { type Text, tainted, untainted } from '../../src/core/text.ts';
import { expandText } from '../../src/expand/expander.ts';
import { FakeLog } from '../../src/system/fakes/log.ts';
import { testConfig, testLocation } from '../../src/system/fakes/services.ts';
import { type ExpansionBench, openExpansionBench, printedFor } from '../differential/expansion-bench.ts';

const log = new FakeLog();
const bench = await openExpansionBench({ log });

async function expand(source: string, parts: Partial<Frame> = {}): Promise<Text> {
  const outcome = await bench.expander.runtime(source, 'test').evaluate(bench.frame(parts));
  assert.equal(outcome.kind, 'ok', `${source}: ${JSON.stringify(outcome)}`);
  return outcome.kind === 'ok' ? outcome.value : untainted('');
}

function messageWith(headers: readonly string[], parts: Partial<Message> = {}): Partial<Frame> {
  const origin: Origin = {
    isLocal: false,
    callerUid: 0,
    callerGid: 0,
    callerLogin: 'root',
    hostAddress: '192.0.2.1',
    aclC: new Map([['acl_c0', tainted('see')]]),
  };
  const types = new Map([
    ['To', 'T'],
    ['Received', 'P'],
    ['From', 'F'],
  ] as const);
  const message: Partial<Message> = {
    id: '1abcde-000000-AA',
    sender: 'Someone@Sender.example',
    recipients: [{ address: 'a@b' }, { address: 'c@d' }],
    size: 123,
    headers: headers.map((text) => ({ type: types.get(text.slice(0, text.indexOf(':')) as 'To') ?? ' ', text: `${text}\n` })),
    aclM: new Map([['acl_m_x', untainted('em')]]),
    origin,
    bodyLineCount: 3,
    isFirstDelivery: true,
    ...parts,
  };
  return { message: message as Message }; // only what the variables under test read
}

test('header lines are given out up to 64 KiB', async () => {
  const frame = messageWith(['To: a@b', `X: ${'y'.repeat(70_000)}`, 'Y: end']);
  const { octets } = await expand('${strlen:$message_headers}/${strlen:$message_headers_raw}/${strlen:$h_x:}', frame);
  assert.equal(octets, '65536/65536/65536');
});

test('captures and $value end with their item', async () => {
  const cases: readonly (readonly [string, string])[] = [
    ['${if match{abc}{(b)}{$1}}[$1]', 'b[]'],
    ['${if match{abc}{(b)}{${if match{x}{(x)}{$1}}$1}}', 'xb'],
    ['${if and{{match{abc}{(b)}}{eq{$1}{b}}}{$1}}', 'b'],
    ['${if or{{match{abc}{(z)}}{match{abc}{(c)}}}{$1}}', 'c'],
    ['${extract{a}{a=1}{$value${extract{b}{b=2}{$value}}$value}}$value', '121'],
    ['${map{a:b}{${map{1:2}{$item}}$item}}', '1::2a:1::2b'],
    ['${reduce{1:2}{x}{$value$item}}$value', 'x12'],
  ];
  for (const [source, wanted] of cases) assert.equal((await expand(source)).octets, wanted, source);
});

test('$value of a condition is the item of the list', async () => {
  assert.deepEqual(await expand('${if inlist{$local_part}{a:b}{$value}}', addressFrame('b')), untainted('b'));
});

function addressFrame(localPart: string): Partial<Frame> {
  const routerVariables = new Map([['r_x', untainted('arr')]]);
  const state = { headersAdd: [], headersRemove: [], routerVariables };
  const inherited = { headersAdd: [], headersRemove: [], routerVariables: new Map<string, Text>() };
  return {
    address: {
      kind: 'mailbox',
      address: `${localPart}@example.com`,
      original: '',
      localPart,
      domain: 'example.com',
      unique: '',
      recipientIndex: 0,
      inherited,
      state,
    },
  };
}

test('what is not chosen is not looked up', async () => {
  const asked: string[] = [];
  const counting = await openCounting(asked);
  const sources = [
    '${if eq{a}{b}{${lookup{k}lsearch{/f}}}{no}}',
    '${if and{{eq{a}{b}}{eq{${lookup{k}lsearch{/f}}}{}}}{yes}{no}}',
    '${if or{{eq{a}{a}}{eq{${lookup{k}lsearch{/f}}}{}}}{no}{yes}}',
    '${extract{x}{y=1}{${lookup{k}lsearch{/f}}}{no}}',
  ];
  for (const source of sources) assert.equal(await printedFor(counting, source), 'no', source);
  assert.deepEqual(asked, []);
  await printedFor(counting, '${if eq{a}{a}{${lookup{k}lsearch{/f}}}}${nosuch:x}');
  assert.deepEqual(asked, ['k'], 'what stands before an error is evaluated');
});

function openCounting(asked: string[]): Promise<ExpansionBench> {
  return openExpansionBench({
    lookups: {
      parseType: (name) => ({
        kind: 'ok',
        type: { name, options: new Map(), partial: undefined, partialAffix: '', star: 'none', isQueryStyle: false, isFile: true },
      }),
      find: async ({ key }) => {
        asked.push(key.octets);
        return { kind: 'ok', value: { kind: 'not-found' } };
      },
      quote: () => undefined,
    },
  });
}

test('taint follows its octets', async () => {
  const remote = addressFrame('bob');
  assert.deepEqual(await expand('/var/mail/$local_part', remote), { octets: '/var/mail/bob', taint: [{ from: 10, to: 13 }] });
  assert.deepEqual(await expand('${uc:x$local_part}', remote), { octets: 'XBOB', taint: [{ from: 1, to: 4 }] });
  assert.deepEqual(await expand('${length_2:xy$local_part}', remote), untainted('xy'));
  assert.deepEqual(await expand('${sg{$local_part}{b}{}}', remote), { octets: 'o', taint: [{ from: 0, to: 1 }] });
  assert.deepEqual(await expand('${quote:$local_part/}', remote), { octets: '"bob/"', taint: [{ from: 0, to: 6 }] });
  assert.deepEqual(await expand('${if eq{$local_part}{bob}{yes}}', remote), untainted('yes'));
  assert.deepEqual(await expand('${if match{$local_part}{(o)}{$1}}', remote), tainted('o'));
  assert.deepEqual(await expand('${strlen:$local_part}', remote), untainted('3'));
  assert.deepEqual((await expand('${quote_sqlite:$local_part}', remote)).taint, [{ from: 0, to: 3, quotedFor: 'sqlite' }]);
});

test('what a remote party chose is not expanded again', async () => {
  const outcome = await expandText('${expand:$local_part}', bench.frame(addressFrame('bob')));
  assert.deepEqual(outcome, { kind: 'fail', message: 'internal expansion of "bob" failed: attempt to expand tainted string \'bob\'' });
});

test('problems name what is wrong and what is not built, in branches too', () => {
  const problemsOf = (source: string) =>
    bench.expander
      .template(source, testLocation, 'test')
      .problems()
      .map(({ severity, message, at }) => [severity, message, at.column]);
  assert.deepEqual(problemsOf('${if eq{a}{b}{$local_part}{${lc:x}}}'), []);
  assert.deepEqual(problemsOf('${if eq{a}{b}{x}{${foo:x}}}'), [['warning', 'unknown expansion operator "foo"', 18]]);
  assert.deepEqual(problemsOf('${lookup{a}foo{b}}'), [['warning', 'unknown lookup type "foo"', 12]]);
  assert.deepEqual(problemsOf('x${map{a}{${if ldapauth{$item}{y}}}}'), [
    ['not-yet', 'expansion condition "ldapauth" is not built yet', 16],
  ]);
  assert.deepEqual(problemsOf('${if ldapauth{a:b}{y}}'), [['not-yet', 'expansion condition "ldapauth" is not built yet', 6]]);
});

test('what is not built defers with a panic-log line', async () => {
  const outcome = await expandText('${if ldapauth{a:b}{y}{n}}', bench.frame());
  assert.deepEqual(outcome, { kind: 'defer', message: 'expansion condition "ldapauth" is not built yet' });
  assert.deepEqual(log.panicLines.slice(-1), ['expansion condition "ldapauth" is not built yet']);
});

test('headers in their four forms', async () => {
  const frame = messageWith([
    'Subject: =?utf-8?Q?caf=C3=A9?=',
    'To: a@b',
    'To:  c@d ',
    'X-Colon: a:b',
    'X-Colon: c',
    'X-Fold: one\n two',
    'X-Empty: ',
  ]);
  const cases: readonly (readonly [string, string])[] = [
    ['$h_subject:', 'caf\u00c3\u00a9'],
    ['$rh_subject:', ' =?utf-8?Q?caf=C3=A9?=\n'],
    ['$header_to:', 'a@b,\nc@d'],
    ['$rheader_to:', ' a@b\n  c@d \n'],
    ['$lh_x-colon:', ' a::b: c'],
    ['$h_X-FOLD:', 'one\n two'],
    ['$h_none:|', '|'],
    ['${if def:h_x-empty:{y}{n}}${if def:h_none:{y}{n}}', 'yn'],
  ];
  for (const [source, wanted] of cases) assert.equal((await expand(source, frame)).octets, wanted, source);
  assert.deepEqual((await expand('$h_x-colon:', frame)).taint, [{ from: 0, to: 5 }]);
});

test('variables of a message and its origin', async () => {
  const frame = messageWith(['From: x@y']);
  const cases: readonly (readonly [string, string])[] = [
    ['$message_exim_id $message_size $body_linecount', '1abcde-000000-AA 123 3'],
    ['$sender_address|$sender_address_domain|$sender_address_local_part', 'Someone@Sender.example|Sender.example|Someone'],
    ['$recipients_count $recipients', '2 a@b, c@d'],
    ['$acl_c0 $acl_m_x$acl_m1', 'see em'],
    ['$sender_host_address $sender_fullhost', '192.0.2.1 [192.0.2.1]'],
    ['$reply_address', 'x@y'],
    ['${if first_delivery{y}{n}}', 'y'],
  ];
  for (const [source, wanted] of cases) assert.equal((await expand(source, frame)).octets, wanted, source);
});

test('variables of an address', async () => {
  assert.equal((await expand('$local_part@$domain $r_x $home|', addressFrame('a b'))).octets, 'a b@example.com arr |');
});

test('strict_acl_vars refuses what was never set', async () => {
  const config = { ...testConfig({ main: { strict_acl_vars: true } }) };
  const outcome = await bench.expander.runtime('$acl_m0', 'test').evaluate(bench.frame({ config }));
  assert.deepEqual(outcome, { kind: 'fail', message: 'unknown variable name "acl_m0" (strict_acl_vars is set)' });
});
