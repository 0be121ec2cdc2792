/** Callouts for messages with addresses in UTF-8: SMTPUTF8 where the host takes it, else a-labels, else a refusal. Spec ch. 60 "Internationalisation". */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAcls } from '../../src/acl/acls.ts';
import { type Octets, octetsFromUnicode, type Unicode } from '../../src/base/octets.ts';
import { builtin } from '../../src/builtin.ts';
import { type Frame, untainted } from '../../src/core/index.ts';
import { createExpander } from '../../src/expand/expander.ts';
import { newTransaction } from '../../src/receive/transaction.ts';
import { FakeConnection, FakeNet } from '../../src/system/fakes/net.ts';
import { makeWorld } from '../routing/world.ts';

/** Transports, and their `utf8_downconvert`; local parts begin with the name of one, and with where they go. */
const TRANSPORTS: Readonly<Record<string, Octets>> = {
  usual: '',
  never: 'utf8_downconvert = 0',
  always: 'utf8_downconvert = 1',
  if: 'utf8_downconvert =',
  bad: 'utf8_downconvert = ${if',
};
const HOSTS: Readonly<Record<string, Octets>> = { old: '192.0.2.7', new: '192.0.2.8' };

const CONFIG = `
allow_utf8_domains
begin acl
begin routers
${Object.keys(TRANSPORTS)
  .flatMap((name) =>
    Object.entries(HOSTS).map(
      ([age, address]) => `${name}_${age}:
  driver = manualroute
  local_parts = ^${name}[.]${age}
  transport = ${name}
  route_list = * ${address}
`,
    ),
  )
  .join('')}
begin transports
${Object.entries(TRANSPORTS)
  .map(([name, setting]) => `${name}:\n  driver = smtp\n  ${setting}\n`)
  .join('')}`;

function host(extensions: Octets, heard: Octets[]): () => FakeConnection {
  return () => {
    const answer = (line: Octets): Octets => {
      if (line.startsWith('EHLO')) return `250-host\r\n${extensions}250 HELP\r\n`;
      if (line !== 'QUIT') heard.push(line);
      return '250 ok\r\n';
    };
    return new FakeConnection((written) => (written === '' ? '220 here\r\n' : written.split('\r\n').slice(0, -1).map(answer).join('')));
  };
}

async function ask(verify: Octets, sender: Unicode, recipient: Unicode, control?: Octets) {
  const heard: Octets[] = [];
  const net = new FakeNet({ '192.0.2.7:25': host('', heard), '192.0.2.8:25': host('250-SMTPUTF8\r\n', heard) });
  const world = await makeWorld(CONFIG, { net });
  const acls = createAcls(await builtin.acl(), createExpander(await builtin.expansion()));
  const transaction = newTransaction(1, 0);
  const { state } = transaction;
  state.isUtf8 = true;
  state.sender = octetsFromUnicode(sender);
  const address = octetsFromUnicode(recipient);
  const [localPart = '', domain = ''] = address.split('@');
  state.currentRecipient = { address, localPart, domain };
  if (control !== undefined) state.controls.set('utf8_downconvert', control);
  const frame: Frame = { ...world.frame, transaction, results: state.results };
  const verdict = await acls.run('rcpt', untainted(`require verify = ${verify}\naccept`), [], frame);
  return { verdict, heard, failure: state.results.recipientVerifyFailure, kept: world.services.hints.keys('callout') };
}

const JORG = 'jörg@bücher.ex';
const R = 'recipient/callout=use_sender';

test('MAIL and RCPT', async () => {
  const cases: readonly (readonly [recipient: Unicode, heard: readonly Unicode[], control?: Octets])[] = [
    ['usual.new@a.ex', [`MAIL FROM:<${JORG}> SMTPUTF8`, 'RCPT TO:<usual.new@a.ex>']],
    ['usual.old@a.ex', ['MAIL FROM:<xn--jrg-sna@xn--bcher-kva.ex>', 'RCPT TO:<usual.old@a.ex>']],
    ['usual.old.ü@ü.ex', ['MAIL FROM:<xn--jrg-sna@xn--bcher-kva.ex>', 'RCPT TO:<xn--usual.old.-jeb@xn--tda.ex>']],
    ['always.new@a.ex', ['MAIL FROM:<xn--jrg-sna@xn--bcher-kva.ex>', 'RCPT TO:<always.new@a.ex>']],
    ['never.new@a.ex', [`MAIL FROM:<${JORG}> SMTPUTF8`, 'RCPT TO:<never.new@a.ex>']],
    // an empty setting leaves it to the message
    ['if.new@a.ex', ['MAIL FROM:<xn--jrg-sna@xn--bcher-kva.ex>', 'RCPT TO:<if.new@a.ex>'], '1'],
    ['if.old@a.ex', ['MAIL FROM:<xn--jrg-sna@xn--bcher-kva.ex>', 'RCPT TO:<if.old@a.ex>'], '-1'],
    ['usual.new@a.ex', [`MAIL FROM:<${JORG}> SMTPUTF8`, 'RCPT TO:<usual.new@a.ex>'], '1'],
  ];
  for (const [recipient, heard, control] of cases) {
    const asked = await ask(R, JORG, recipient, control);
    assert.deepEqual([asked.verdict.kind, asked.heard], ['accept', heard.map(octetsFromUnicode)], `${recipient} ${control ?? ''}`);
  }
  const plain = await ask('recipient/callout', 'a@b.ex', 'usual.new.ü@ü.ex');
  assert.deepEqual(plain.heard, ['MAIL FROM:<> SMTPUTF8', octetsFromUnicode('RCPT TO:<usual.new.ü@ü.ex>')]);
});

test('a host that does not take them', async () => {
  for (const [recipient, control] of [['never.old@a.ex'], ['if.old@a.ex'], ['if.old@a.ex', '0']] as const) {
    const { verdict, heard, failure, kept } = await ask(R, JORG, recipient, control);
    assert.ok(verdict.kind === 'fail');
    assert.equal(verdict.message, '533 no support for internationalised mailbox name');
    assert.equal(verdict.logMessage, '192.0.2.7 [192.0.2.7] : response to "EHLO" did not include SMTPUTF8');
    assert.deepEqual([heard, failure, kept], [[], undefined, []]);
  }
});

test('a setting that cannot be expanded', async () => {
  const { verdict } = await ask(R, JORG, 'bad.old@a.ex');
  assert.ok(verdict.kind === 'defer');
  assert.match(
    verdict.logMessage ?? '',
    /^Could not complete recipient verify callout: 192\.0\.2\.7 \[192\.0\.2\.7\] : failed to expand utf8_downconvert: /,
  );
});
