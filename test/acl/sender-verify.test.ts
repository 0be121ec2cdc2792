/** What a refusal tells of a sender that could not be verified, wherever in the ACL that was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAcls } from '../../src/acl/acls.ts';
import type { Octets } from '../../src/base/octets.ts';
import { builtin } from '../../src/builtin.ts';
import { type Frame, untainted } from '../../src/core/index.ts';
import { createExpander } from '../../src/expand/expander.ts';
import { newTransaction } from '../../src/receive/transaction.ts';
import { makeWorld } from '../routing/world.ts';

const CONFIG = `
begin acl
here:
  require verify = sender
warned:
  warn !verify = sender
  deny message = nope
tried:
  accept verify = sender
         local_parts = never
  deny
nested:
  warn acl = inner
  deny message = outer
inner:
  accept verify = sender
silent:
  warn !verify = sender/no_details
  deny message = nope
other:
  warn !verify = sender=z@bad.ex
  deny message = nope
not_asked:
  deny message = nope
begin routers
local:
  driver = accept
  domains = local.ex
  transport = mbox
begin transports
mbox:
  driver = appendfile
  file = /dev/null
`;

test('a later refusal tells of the sender that was found bad before', async () => {
  const world = await makeWorld(CONFIG);
  const acls = createAcls(await builtin.acl(), createExpander(await builtin.expansion()));
  const cases: readonly (readonly [acl: Octets, message: Octets | undefined, sender: Octets | undefined])[] = [
    ['here', 'Sender verify failed', 'x@bad.ex'],
    ['warned', 'nope', 'x@bad.ex'],
    ['tried', undefined, 'x@bad.ex'],
    ['nested', 'outer', 'x@bad.ex'],
    ['silent', 'nope', undefined],
    ['other', 'nope', 'z@bad.ex'],
    ['not_asked', 'nope', undefined],
  ];
  for (const [acl, message, sender] of cases) {
    const transaction = newTransaction(1, 0);
    transaction.state.sender = 'x@bad.ex';
    const frame: Frame = { ...world.frame, transaction };
    for (const time of ['first', 'again']) {
      const verdict = await acls.run('rcpt', untainted(acl), [], frame);
      assert.ok(verdict.kind === 'fail', acl);
      assert.equal(verdict.message, message, `${acl} ${time}`);
      assert.equal(verdict.senderVerify?.address, sender, `${acl} ${time}`);
    }
  }
});
