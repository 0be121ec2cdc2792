/** Callouts: what is asked of whom, what the ACL and the peer are told, and what is remembered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAcls } from '../../src/acl/acls.ts';
import type { Octets } from '../../src/base/octets.ts';
import { builtin } from '../../src/builtin.ts';
import { type AclVerdict, type Frame, type Transaction, untainted } from '../../src/core/index.ts';
import { createExpander } from '../../src/expand/expander.ts';
import { newTransaction } from '../../src/receive/transaction.ts';
import { FakeConnection, FakeNet } from '../../src/system/fakes/net.ts';
import { makeWorld } from '../routing/world.ts';

const CONFIG = `
callout_random_local_part = random
begin acl
begin routers
two:
  driver = manualroute
  domains = two.ex
  transport = smtp
  route_list = * 192.0.2.7:192.0.2.8
out:
  driver = manualroute
  domains = !local.ex : !own.ex
  address_data = data of $domain
  transport = smtp
  route_list = * 192.0.2.8
own:
  driver = accept
  domains = own.ex
  transport = listed
local:
  driver = accept
  transport = mbox
begin transports
smtp:
  driver = smtp
listed:
  driver = smtp
  hosts = 192.0.2.9
mbox:
  driver = appendfile
  file = /dev/null
`;

/** A server that takes every local part but `bad…`, `later…` and what `refuses` names, for now or for good. */
function server(address: Octets, refuses: readonly Octets[], heard: Octets[], defers: readonly Octets[] = []): () => FakeConnection {
  return () => {
    const answer = (line: Octets): Octets => {
      if (line !== 'QUIT' && !line.startsWith('EHLO')) heard.push(`${address} ${line}`);
      if (defers.includes(line)) return '450 not now\r\n';
      if (refuses.includes(line)) return '550-no\r\n550 never\r\n';
      if (/^RCPT TO:<bad/.test(line)) return '550 unknown\r\n';
      if (/^RCPT TO:<later/.test(line)) return '451 not now\r\n';
      return '250 ok\r\n';
    };
    return new FakeConnection((written) => (written === '' ? '220 here\r\n' : written.split('\r\n').slice(0, -1).map(answer).join('')));
  };
}

interface Asked {
  readonly verdict: AclVerdict;
  readonly heard: readonly Octets[];
  readonly frame: Frame;
}

async function start(refuses: readonly Octets[] = [], defers: readonly Octets[] = []) {
  const heard: Octets[] = [];
  const net = new FakeNet({
    '192.0.2.7:25': server('7', [], heard),
    '192.0.2.8:25': server('8', refuses, heard, defers),
    '192.0.2.9:25': server('9', refuses, heard),
  });
  const world = await makeWorld(CONFIG, { net });
  const acls = createAcls(await builtin.acl(), createExpander(await builtin.expansion()));
  const ask = async (verify: Octets, recipient: Octets, sender: Octets = 's@local.ex', transaction?: Transaction): Promise<Asked> => {
    const its = transaction ?? newTransaction(1, 0);
    its.state.sender = sender;
    const [localPart = '', domain = ''] = recipient.split('@');
    its.state.currentRecipient = { address: recipient, localPart, domain };
    const frame: Frame = { ...world.frame, transaction: its, results: its.state.results };
    heard.length = 0;
    const verdict = await acls.run('rcpt', untainted(`require verify = ${verify}\naccept`), [], frame);
    return { verdict, heard: [...heard], frame };
  };
  return { ask, world };
}

const TAKEN = ['8 MAIL FROM:<>', '8 RCPT TO:<x@a.ex>'];

test('results are remembered for the address', async () => {
  const { ask, world } = await start();
  const first = await ask('recipient/callout\naccept message = $domain_data, $local_part_data, $address_data, $callout_address', 'x@a.ex');
  assert.deepEqual(first.verdict, { kind: 'accept', message: 'a.ex, x, data of a.ex, [192.0.2.8]:25' });
  assert.deepEqual(first.heard, TAKEN);
  assert.equal(first.frame.results.addressData, undefined, 'ends with the ACL');
  assert.deepEqual((await ask('recipient/callout', 'x@a.ex')).heard, []);
  assert.deepEqual((await ask('recipient/callout=no_cache', 'x@a.ex')).heard, TAKEN);
  assert.deepEqual((await ask('recipient/callout=use_sender', 'x@a.ex')).heard, ['8 MAIL FROM:<s@local.ex>', '8 RCPT TO:<x@a.ex>']);
  assert.deepEqual((await ask('recipient/callout=use_postmaster', 'x@a.ex')).heard, [
    '8 MAIL FROM:<postmaster@test.ex>',
    '8 RCPT TO:<x@a.ex>',
  ]);
  assert.deepEqual(world.services.hints.keys('callout'), ['a.ex', 'x@a.ex', 'x@a.ex/<s@local.ex>', 'x@a.ex/<postmaster@test.ex>']);
  await world.services.clock.sleep(86_401_000, first.frame.until);
  assert.deepEqual((await ask('recipient/callout', 'x@a.ex')).heard, TAKEN, 'callout_positive_expire');
});

test('refusals', async () => {
  const { ask } = await start();
  const first = await ask('recipient/callout', 'bad@a.ex');
  assert.ok(first.verdict.kind === 'fail');
  assert.equal(first.verdict.message, 'Callout verification failed:\n550 unknown');
  assert.equal(
    first.verdict.logMessage,
    '192.0.2.8 [192.0.2.8] : SMTP error from remote mail server after RCPT TO:<bad@a.ex>: 550 unknown',
  );
  assert.equal(first.frame.results.recipientVerifyFailure, 'recipient');
  const again = await ask('recipient/callout', 'bad@a.ex');
  assert.ok(again.verdict.kind === 'fail');
  assert.deepEqual(
    [again.verdict.message, again.verdict.logMessage, again.heard.length],
    ['Previous (cached) callout verification failure', 'Previous (cached) callout verification failure', 0],
  );
  const sender = await ask('sender/callout', 'x@local.ex', 'bad2@a.ex');
  assert.ok(sender.verdict.kind === 'fail');
  assert.equal(sender.verdict.message, 'Sender verify failed');
  assert.deepEqual(sender.verdict.senderVerify, {
    address: 'bad2@a.ex',
    cause: undefined,
    details: 'Called:   192.0.2.8\nSent:     RCPT TO:<bad2@a.ex>\nResponse: 550 unknown',
    logText: '192.0.2.8 [192.0.2.8] : SMTP error from remote mail server after RCPT TO:<bad2@a.ex>: 550 unknown',
    isDefer: false,
  });
});

test('a domain that takes no bounces', async () => {
  const { ask, world } = await start(['MAIL FROM:<>']);
  const first = await ask('sender/callout', 'x@local.ex', 'x@a.ex');
  assert.ok(first.verdict.kind === 'fail');
  assert.equal(first.verdict.senderVerify?.cause, 'null-sender');
  assert.equal(first.verdict.senderVerify?.logText, '192.0.2.8 [192.0.2.8] : response to "MAIL FROM:<>" was: 550-no\\n550 never');
  const other = await ask('sender/callout', 'x@local.ex', 'y@a.ex');
  assert.ok(other.verdict.kind === 'fail');
  assert.deepEqual(
    [other.heard.length, other.verdict.senderVerify?.details, other.verdict.senderVerify?.logText],
    [0, '(result of an earlier callout reused).', ''],
  );
  assert.equal((await ask('recipient/callout=use_sender', 'y@a.ex')).verdict.kind, 'accept', 'another sender is asked for');
  await world.services.clock.sleep(10_801_000, first.frame.until);
  assert.deepEqual((await ask('sender/callout', 'x@local.ex', 'y@a.ex')).heard, ['8 MAIL FROM:<>'], 'callout_domain_negative_expire');
});

test('postmaster and random local parts', async () => {
  const { ask } = await start(['RCPT TO:<postmaster@a.ex>']);
  const first = await ask('recipient/callout=postmaster_mailfrom=p@q.ex', 'x@a.ex');
  assert.deepEqual(first.heard, [...TAKEN, '8 RSET', '8 MAIL FROM:<p@q.ex>', '8 RCPT TO:<postmaster@a.ex>']);
  assert.deepEqual([first.verdict.kind, first.frame.results.recipientVerifyFailure], ['fail', 'postmaster']);
  const known = await ask('recipient/callout=postmaster', 'y@a.ex');
  assert.ok(known.verdict.kind === 'fail');
  assert.deepEqual([known.heard.length, known.verdict.message], [0, '(result of earlier verification reused).']);
  const full = await ask('recipient/callout=fullpostmaster,no_cache', 'x@a.ex');
  assert.deepEqual([full.verdict.kind, full.heard.at(-1)], ['accept', '8 RCPT TO:<postmaster>']);
  const random = await ask('recipient/callout=random', 'bad@b.ex');
  assert.deepEqual([random.verdict.kind, random.heard.at(-1)], ['accept', '8 RCPT TO:<random@b.ex>']);
  assert.deepEqual([random.frame.results.recipientVerifyFailure, random.frame.results.domainData], ['random', undefined]);
  assert.deepEqual((await ask('recipient/callout=random', 'bad2@b.ex')).heard, []);
});

test('what postmaster and random local parts are refused with', async () => {
  const postmaster = await start(['MAIL FROM:<p@own.ex>', 'RCPT TO:<postmaster>', 'RCPT TO:<postmaster@b.ex>']);
  const mail = await postmaster.ask('recipient/callout=postmaster_mailfrom=p@own.ex,no_cache', 'x@a.ex');
  assert.deepEqual([mail.verdict.kind, mail.heard.at(-1)], ['fail', '8 MAIL FROM:<p@own.ex>']);
  assert.equal(mail.frame.results.recipientVerifyFailure, 'postmaster');
  const full = await postmaster.ask('recipient/callout=fullpostmaster,no_cache', 'x@b.ex');
  assert.match(full.verdict.kind === 'fail' ? (full.verdict.logMessage ?? '') : '', /after RCPT TO:<postmaster>: 550-no/); // the last one
  const unsure = await start([], ['RCPT TO:<random@a.ex>']);
  const deferred = await unsure.ask('recipient/callout=random', 'x@a.ex');
  assert.deepEqual([deferred.verdict.kind, deferred.heard.at(-1)], ['defer', '8 RCPT TO:<random@a.ex>']);
});

test('random local parts that are refused', async () => {
  const { ask } = await start(['RCPT TO:<random@a.ex>']);
  const first = await ask('recipient/callout=random', 'x@a.ex');
  assert.deepEqual(first.heard, ['8 MAIL FROM:<>', '8 RCPT TO:<random@a.ex>', '8 RSET', ...TAKEN]);
  assert.deepEqual((await ask('recipient/callout=random', 'y@a.ex')).heard, ['8 MAIL FROM:<>', '8 RCPT TO:<y@a.ex>'], 'known');
});

test('temporary failures go on to the next host', async () => {
  const { ask } = await start();
  assert.deepEqual((await ask('recipient/callout', 'later@two.ex')).heard, [
    '7 MAIL FROM:<>',
    '7 RCPT TO:<later@two.ex>',
    '8 MAIL FROM:<>',
    '8 RCPT TO:<later@two.ex>',
  ]);
  const one = await ask('recipient/callout', 'later@a.ex');
  assert.ok(one.verdict.kind === 'defer');
  assert.equal(one.verdict.message, 'Could not complete recipient verify callout');
  assert.match(
    one.verdict.logMessage ?? '',
    /^Could not complete recipient verify callout: 192\.0\.2\.8 \[192\.0\.2\.8\] : SMTP error .* 451 not now$/,
  );
  const both = await ask('recipient/callout', 'later@two.ex');
  assert.ok(both.verdict.kind === 'defer');
  assert.equal(both.verdict.logMessage, 'Could not complete recipient verify callout');
  assert.equal((await ask('recipient/callout=defer_ok', 'later@a.ex')).verdict.kind, 'accept');
});

test('the hosts are the transport’s when the router gives none; local addresses need no callout', async () => {
  const { ask } = await start();
  assert.deepEqual((await ask('recipient/callout', 'x@own.ex')).heard, ['9 MAIL FROM:<>', '9 RCPT TO:<x@own.ex>']);
  assert.deepEqual(
    [(await ask('recipient/callout', 'x@local.ex')).heard, (await ask('recipient/callout', 'x@local.ex')).verdict.kind],
    [[], 'accept'],
  );
});

test('parameters that contradict each other or the kind of verification', async () => {
  const { ask } = await start();
  const cases: readonly (readonly [verify: Octets, message: Octets])[] = [
    ['sender/callout=use_sender', 'use_sender or use_postmaster cannot be used for a sender verify callout'],
    ['recipient/callout=use_sender,use_postmaster', 'only one of use_sender and use_postmaster can be set for a recipient callout'],
    [
      'sender/callout=mailfrom=a@b',
      '"mailfrom" is allowed as a callout option only for verify=header_sender (detected in ACL condition "sender/callout=mailfrom=a@b")',
    ],
    ['recipient/callout=connect', `'=' expected after "connect" in ACL verify condition "recipient/callout=connect"`],
    ['recipient/callout=maxwait=1', 'bad time value in ACL condition "verify recipient/callout=maxwait=1"'],
    ['recipient/callout=bogus', 'bad time value in ACL condition "verify recipient/callout=bogus"'],
    ['sender/quota', 'can only verify quota of recipient'],
  ];
  for (const [verify, message] of cases)
    assert.deepEqual((await ask(verify, 'x@a.ex')).verdict, { kind: 'error', logMessage: message }, verify);
});
