import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Octets } from '../../base/octets.ts';
import { SpfChecker } from '../../checks/spf/spf.ts';
import { type AclContext, type Session, type Transaction, untainted } from '../../core/index.ts';
import { createExpander } from '../../expand/expander.ts';
import authresults from '../../expand/items/authresults.ts';
import { createLists } from '../../lists/lists.ts';
import { FakeClock } from '../../system/fakes/clock.ts';
import { FakeDns } from '../../system/fakes/dns.ts';
import { FakeLog } from '../../system/fakes/log.ts';
import { constantTemplate, fakeServices, testConfig, testFrame, testLocation } from '../../system/fakes/services.ts';
import spf from './spf.ts';
import spfGuess from './spf_guess.ts';

const zone = {
  'pass.test': 'TXT v=spf1 ip4:192.0.2.1 -all',
  'fail.test': 'TXT v=spf1 -all',
  'soft.test': 'TXT v=spf1 ~all',
  'neutral.test': 'TXT v=spf1 ?all',
  'default.test': 'TXT v=spf1 ip4:203.0.113.1',
  'double.test': ['TXT v=spf1 -all', 'TXT v=spf1 +all'],
  'inc.test': 'TXT v=spf1 include:nothing.test -all',
  'many.test': `TXT v=spf1 ${'a:pass.test '.repeat(11)}-all`,
  'bad.test': 'TXT v=spf1 foo -all',
  'again.test': 'AGAIN',
  'guess.test': 'A 192.0.2.7',
};

interface Client {
  readonly sender?: Octets | undefined;
  readonly address?: Octets | undefined;
  readonly heloName?: Octets;
  readonly template?: Octets;
}

function openSession({ sender, address, heloName = 'helo.test', template }: Client) {
  const clock = new FakeClock();
  const dns = new FakeDns(zone);
  const log = new FakeLog();
  const services = fakeServices({ clock, dns, log, lists: createLists(), spf: new SpfChecker(dns, clock) });
  const main = {
    primary_hostname: 'mx.test',
    ...(template === undefined ? {} : { spf_smtp_comment_template: constantTemplate(template) }),
  };
  const origin = { hostAddress: address, heloName };
  const frame = testFrame({
    config: testConfig({ main }),
    services,
    session: { state: { origin } } as Partial<Session> as Session, // nothing else is read
    transaction: { state: { sender } } as Partial<Transaction> as Transaction,
  });
  const ask = async (list: Octets, definition = spf): Promise<boolean | string> => {
    const context: Partial<AclContext> = { frame };
    const prepared = definition.prepare({ source: list, at: testLocation, template: constantTemplate(list) });
    const tested = await prepared.test(untainted(list), context as AclContext); // nothing else is read
    return tested.kind === 'ok' ? tested.value.value : tested.kind;
  };
  return { ask, frame, dns, log };
}

async function resultsFor(client: Client, definition = spf) {
  const { ask, frame } = openSession({ address: '192.0.2.1', ...client });
  await ask('pass', definition);
  const { spf: results } = frame.results;
  assert.ok(results);
  return results;
}

test('lists of results, as Exim reads them', async () => {
  const cases: readonly (readonly [list: Octets, sender: Octets, value: boolean])[] = [
    ['pass', 'u@pass.test', true],
    ['pass', 'u@fail.test', false],
    ['!pass', 'u@fail.test', true],
    ['fail : softfail', 'u@soft.test', true],
    ['fail : !softfail', 'u@pass.test', true],
    ['fail : !softfail', 'u@soft.test', false],
    ['!fail : pass', 'u@fail.test', false],
    ['<, fail, pass', 'u@pass.test', true],
    ['', 'u@pass.test', false],
    [':', 'u@pass.test', false],
    ['none', 'u@nothing.test', true],
    ['neutral', 'u@neutral.test', true],
    ['permerror', 'u@double.test', true],
    ['err_perm', 'u@double.test', true],
    ['temperror', 'u@again.test', true],
    ['err_temp', 'u@again.test', true],
    ['!err_temp', 'u@again.test', false],
    ['invalid', 'u@', true],
    ['(invalid)', 'u@', false],
    ['*', 'u@fail.test', false],
    ['FAIL', 'u@fail.test', false],
    ['fai', 'u@fail.test', false],
    ['failure', 'u@fail.test', false],
    ['foo : fail', 'u@fail.test', true],
    ['!foo', 'u@fail.test', true],
    ['! fail', 'u@fail.test', true],
    ['!!fail', 'u@fail.test', true],
    ['__proto__', 'u@fail.test', false],
  ];
  for (const [list, sender, value] of cases) {
    assert.equal(await openSession({ sender, address: '192.0.2.1' }).ask(list), value, `${list} for ${sender}`);
  }
});

test('the texts of the variables are those of Exim', async () => {
  const is = (domain: string): string => `domain of ${domain} does not designate 192.0.2.1 as permitted sender`;
  const template = 'Please see http://www.open-spf.org/Why';
  const cases: readonly (readonly [sender: Octets, result: Octets, said: Octets, smtpComment: Octets])[] = [
    ['user@pass.test', 'pass', 'domain of pass.test designates 192.0.2.1 as permitted sender', ''],
    ['user@FAIL.test', 'fail', is('FAIL.test'), `${template} : Reason: mechanism`],
    ['user@soft.test', 'softfail', `transitioning ${is('soft.test')}`, `${template} : Reason: mechanism`],
    [
      'user@neutral.test',
      'neutral',
      '192.0.2.1 is neither permitted nor denied by domain of neutral.test',
      `${template} : Reason: mechanism`,
    ],
    [
      'user@default.test',
      'neutral',
      '192.0.2.1 is neither permitted nor denied by domain of default.test',
      `${template} : Reason: default`,
    ],
    ['user@nosuch.test', 'none', 'domain of nosuch.test does not provide an SPF record', ''],
    ['user@localhost', 'none', 'domain of localhost does not provide an SPF record', ''],
    [
      'user@double.test',
      'permerror',
      'error in processing during lookup of domain of double.test: Multiple SPF or TXT records for domain.',
      '',
    ],
    ['user@inc.test', 'permerror', 'error in processing during lookup of domain of inc.test: Could not find a valid SPF record', ''],
    ['user@many.test', 'permerror', 'error in processing during lookup of domain of many.test: Mechanisms used too many DNS lookups', ''],
    ['user@bad.test', 'permerror', 'error in processing during lookup of domain of bad.test: Could not find a valid SPF record', ''],
    ['user@again.test', 'temperror', 'encountered temporary error during SPF processing of domain of again.test', ''],
  ];
  for (const [sender, result, said, smtpComment] of cases) {
    const { question, ...results } = await resultsFor({ sender });
    const headerComment = `mx.test: ${said}`;
    const received = `Received-SPF: ${result} (${headerComment}) client-ip=192.0.2.1; envelope-from=${sender}; helo=helo.test;`;
    const usedDomain = sender.slice('user@'.length);
    assert.deepEqual(results, { result, isGuessed: false, headerComment, received, smtpComment, usedDomain }, question);
  }
});

test('other clients, the null sender, no client at all', async () => {
  const received = async (client: Client): Promise<Octets> => (await resultsFor(client)).received;
  const end = 'helo=helo.test;';
  const does = 'does not designate';
  assert.equal(
    await received({ sender: '', heloName: 'fail.test' }),
    `Received-SPF: fail (mx.test: domain of fail.test ${does} 192.0.2.1 as permitted sender) client-ip=192.0.2.1; envelope-from=postmaster@fail.test; helo=fail.test;`,
  );
  assert.equal(
    await received({ sender: 'x@fail.test', address: '127.0.0.2' }),
    `Received-SPF: pass (mx.test: localhost is always allowed.) client-ip=127.0.0.2; envelope-from=x@fail.test; ${end}`,
  );
  assert.equal(
    await received({ sender: 'x@fail.test', address: '2001:0db8:0000:0000:0000:0000:0000:0001' }),
    `Received-SPF: fail (mx.test: domain of fail.test ${does} 2001:db8::1 as permitted sender) client-ip=2001:db8::1; envelope-from=x@fail.test; ${end}`,
  );
  assert.equal(
    await received({ sender: 'x@pass.test', address: undefined }),
    `Received-SPF: fail (mx.test: domain of pass.test ${does} 0.0.0.0 as permitted sender) client-ip=0.0.0.0; envelope-from=x@pass.test; ${end}`,
  );
  assert.deepEqual(await resultsFor({ sender: 'x@' }), {
    result: '(invalid)',
    isGuessed: false,
    received: '',
    headerComment: '',
    smtpComment: '',
    usedDomain: '',
    question: '{"address":"192.0.2.1","sender":"x@","heloName":"helo.test","receiver":"mx.test"}',
  });
  // Behind the ACLs of messages there is no sender.
  assert.match(await received({ sender: undefined, heloName: 'pass.test' }), /^Received-SPF: pass .* envelope-from=postmaster@pass\.test;/);
});

test('a guess is made where there is no record, and only for spf_guess', async () => {
  const guessed = await resultsFor({ sender: 'x@guess.test' }, spfGuess);
  assert.deepEqual([guessed.result, guessed.isGuessed], ['pass', true]);
  const found = await resultsFor({ sender: 'x@fail.test' }, spfGuess);
  assert.deepEqual([found.result, found.isGuessed], ['fail', false]);
  assert.equal((await resultsFor({ sender: 'x@guess.test' })).result, 'none');
});

test('one message is checked once for each condition, whatever the lists are', async () => {
  const { ask, dns, frame } = openSession({ sender: 'x@pass.test', address: '192.0.2.1' });
  for (const list of ['pass', 'fail', '!pass']) await ask(list);
  assert.deepEqual(dns.asked, ['pass.test/TXT']);
  await ask('pass', spfGuess);
  assert.deepEqual(dns.asked, ['pass.test/TXT', 'pass.test/TXT']);
  assert.equal(frame.results.spf?.result, 'pass');
});

test('a template that cannot be expanded is told in the panic log, and another text is used', async () => {
  const { ask, frame, log } = openSession({ sender: 'x@fail.test', address: '192.0.2.1', template: '$nothing' });
  assert.equal(await ask('fail'), true);
  assert.deepEqual(log.panicLines, ['expansion of spf_smtp_comment_template failed']);
  const url = 'http://www.openspf.org/Why?id=x%40fail.test&ip=192.0.2.1&receiver=mx.test';
  assert.equal(frame.results.spf?.smtpComment, `Please see ${url} : Reason: mechanism`);
});

test('what ${authresults says of it', async () => {
  const cases: readonly (readonly [client: Client, definition: typeof spf, said: string])[] = [
    [{ sender: 'x@fail.test' }, spf, 'spf=fail smtp.mailfrom=fail.test'],
    [{ sender: '', heloName: 'pass.test' }, spf, 'spf=pass smtp.helo=pass.test'],
    [{ sender: 'x@guess.test' }, spfGuess, 'spf=pass (best guess record for domain) smtp.mailfrom=guess.test'],
  ];
  const expander = createExpander({ items: [authresults], operators: [], conditions: [], variables: [] });
  const template = expander.template('${authresults{mx.test}}', testLocation, 'test');
  for (const [client, definition, said] of cases) {
    const { ask, frame } = openSession({ address: '192.0.2.1', ...client });
    await ask('pass', definition);
    const outcome = await template.evaluate(frame);
    assert.equal(outcome.kind === 'ok' && outcome.value.octets, `Authentication-Results: mx.test;\n\t${said}`);
  }
});
