/** `verify = recipient/quota`: what is asked of mailboxes, what the log is told, and what is remembered. Spec ch. 44 "Quota caching". */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAcls } from '../../src/acl/acls.ts';
import type { Octets } from '../../src/base/octets.ts';
import { builtin } from '../../src/builtin.ts';
import { type AclVerdict, type Frame, type Session, untainted } from '../../src/core/index.ts';
import { createExpander } from '../../src/expand/expander.ts';
import { newOrigin, newSessionState, newTransaction } from '../../src/receive/transaction.ts';
import { MemoryFiles } from '../../src/system/fakes/files.ts';
import { makeWorld } from '../routing/world.ts';

const CONFIG = `
taint_mode = contain
begin acl
begin routers
failing:
  driver = redirect
  local_parts = fails
  allow_fail
  data = :fail: none such
deferring:
  driver = redirect
  local_parts = defers
  allow_defer
  data = :defer: later
alias:
  driver = redirect
  local_parts = alias
  data = full@own.ex
list:
  driver = redirect
  local_parts = list
  data = full@own.ex, ok@own.ex
file:
  driver = accept
  local_parts = ^mbox
  transport = mbox
bad:
  driver = accept
  local_parts = bad
  transport = bad
counted:
  driver = accept
  local_parts = counted
  transport = counted
pipe:
  driver = accept
  local_parts = pipe
  transport = pipe
maildir:
  driver = accept
  transport = maildir
begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = /mail/$local_part
  quota = 20K
mbox:
  driver = appendfile
  file = /mail/$local_part
  quota = 20K
bad:
  driver = appendfile
  file = /mail/mbox-full
  quota = 20Q
counted:
  driver = appendfile
  maildir_format
  directory = /mail/ok
  mailbox_size = 50K
  quota = 20K
pipe:
  driver = pipe
  command = /bin/false
`;

const FULL = 'Over quota';
const KNOWN = 'Previous (cached) quota verification failure';

async function start() {
  const files = new MemoryFiles({});
  for (const name of ['ok', 'full']) for (const part of ['', '/new', '/cur', '/tmp']) files.mkdir(`/mail/${name}${part}`, 0o700);
  files.put('/mail/full/new/1', 'x'.repeat(30_000));
  files.put('/mail/mbox-full', 'x'.repeat(30_000));
  const world = await makeWorld(CONFIG, { files });
  const acls = createAcls(await builtin.acl(), createExpander(await builtin.expansion()));
  const origin = newOrigin({ uid: 0, gid: 0, login: 'root' }, false);
  const session: Session = {
    mode: 'smtp-tcp',
    connectionNumber: 1,
    startedAtMs: 0,
    isRehearsal: false,
    until: world.frame.until,
    state: newSessionState(origin),
  };
  const ask = async (verify: Octets, localPart: Octets, size = -1): Promise<{ readonly verdict: AclVerdict; readonly frame: Frame }> => {
    const transaction = newTransaction(1, 0);
    transaction.state.sender = 's@remote.ex';
    transaction.state.declaredSize = size;
    transaction.state.currentRecipient = { address: `${localPart}@own.ex`, localPart, domain: 'own.ex' };
    const frame: Frame = { ...world.frame, session, transaction, results: transaction.state.results };
    return { verdict: await acls.run('rcpt', untainted(`require verify = ${verify}\naccept`), [], frame), frame };
  };
  return { ask, world };
}

/** What the log says, and the peer if that is more than the usual text; undefined: accepted. */
function said(verdict: AclVerdict): Octets | undefined {
  if (verdict.kind !== 'fail' && verdict.kind !== 'defer') return verdict.kind === 'accept' ? undefined : verdict.kind;
  return `${verdict.kind} ${verdict.message ?? '-'} ${verdict.logMessage}`;
}

test('who has room', async () => {
  const { ask } = await start();
  const cases: readonly (readonly [localPart: Octets, size: number, told: Octets | undefined, failure: Octets | undefined])[] = [
    ['ok', -1, undefined, undefined],
    ['ok', 20_000, undefined, undefined],
    ['ok', 30_000, `fail - ${FULL}`, 'quota'],
    ['new', 30_000, `fail - ${FULL}`, 'quota'],
    ['full', -1, `fail - ${FULL}`, 'quota'],
    ['mbox-full', -1, `fail - ${FULL}`, 'quota'],
    ['mbox-none', 100, undefined, undefined],
    ['counted', -1, `fail - ${FULL}`, 'quota'],
    ['alias', -1, `fail - ${FULL}`, 'quota'],
    ['list', -1, undefined, undefined],
    ['pipe', 1_000_000, undefined, undefined],
    ['bad', -1, undefined, undefined], // what is wrong with the transport shows when it delivers
    ['fails', -1, 'fail - none such', 'route'],
    ['defers', -1, 'defer - later', undefined],
  ];
  for (const [localPart, size, told, failure] of cases) {
    const { verdict, frame } = await ask('recipient/quota=no_cache', localPart, size);
    assert.deepEqual([said(verdict), frame.results.recipientVerifyFailure], [told, failure], `${localPart} ${size}`);
  }
});

test('nothing is made in a mailbox that is asked for', async () => {
  const { ask, world } = await start();
  await ask('recipient/quota=no_cache', 'new');
  assert.equal(world.files.stat('/mail/new').kind, 'error');
});

test('results are remembered for the recipient, for as long as the option says', async () => {
  const { ask, world } = await start();
  const wait = (seconds: number, { until }: Frame) => world.services.clock.sleep(seconds * 1000, until);
  const first = await ask('recipient/quota', 'full');
  assert.equal(said(first.verdict), `fail - ${FULL}`);
  assert.equal(said((await ask('recipient/quota', 'full')).verdict), `fail - ${KNOWN}`);
  assert.equal(said((await ask('recipient/quota=no_cache', 'full')).verdict), `fail - ${FULL}`);
  await wait(3601, first.frame);
  assert.equal(said((await ask('recipient/quota', 'full')).verdict), `fail - ${FULL}`, 'an hour for bad results');
  assert.equal(said((await ask('recipient/quota', 'ok')).verdict), undefined);
  assert.equal(said((await ask('recipient/quota', 'ok', 30_000)).verdict), undefined, 'whatever the size');
  await wait(301, first.frame);
  assert.equal(said((await ask('recipient/quota', 'ok', 30_000)).verdict), `fail - ${FULL}`, 'five minutes for good ones');
  await wait(3, first.frame);
  assert.equal(said((await ask('recipient/quota=cachepos=1h,cacheneg=2s', 'ok', 30_000)).verdict), `fail - ${FULL}`, 'cacheneg');
  assert.equal(said((await ask('recipient/quota=cachepos=1h,cacheneg=2s', 'ok', 30_000)).verdict), `fail - ${KNOWN}`);
  assert.deepEqual([...world.services.hints.keys('callout')].sort(), ['full@own.ex', 'ok@own.ex']);
});

test('what the option may be', async () => {
  const { ask } = await start();
  const bad = (verify: Octets) => `bad time value in ACL condition "verify ${verify}"`;
  const cases: readonly (readonly [verify: Octets, problem: Octets | undefined])[] = [
    ['recipient/quota = no_cache', undefined],
    ['recipient/quota=cachepos=1h,cacheneg=1d,', undefined],
    ['recipient/callout=no_cache/quota', undefined],
    ['recipient/quota=other', undefined],
    ['recipient/quota=cachepos', undefined],
    ['recipient/quota=cachepos=', bad('recipient/quota=cachepos=')],
    ['recipient/quota=cacheneg=x', bad('recipient/quota=cacheneg=x')],
    ['recipient/quota=cacheneg= 4s', bad('recipient/quota=cacheneg= 4s')],
    ['sender/quota', 'can only verify quota of recipient'],
  ];
  for (const [verify, problem] of cases) {
    const { verdict } = await ask(verify, 'ok');
    assert.equal(verdict.kind === 'error' ? verdict.logMessage : said(verdict)?.replace(/^defer - /, ''), problem, verify);
  }
});
