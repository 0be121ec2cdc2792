/** `smtp_return_error_details`: what the peer learns of a message whose header is refused. Spec ch. 14. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAcls } from '../../src/acl/acls.ts';
import { builtin } from '../../src/builtin.ts';
import { type Frame, untainted } from '../../src/core/index.ts';
import { createExpander } from '../../src/expand/expander.ts';
import { makeHeader } from '../../src/message/header.ts';
import { newTransaction } from '../../src/receive/transaction.ts';
import { makeWorld } from '../routing/world.ts';

const ACLS = `
begin acl
syntax:
  deny !verify = header_syntax
names:
  deny !verify = header_names_ascii
blind:
  deny !verify = not_blind
sender:
  deny !verify = header_sender
own:
  deny message = own text
       !verify = not_blind
begin routers
`;

test('the peer is told what is wrong only when the option is set', async () => {
  const acls = createAcls(await builtin.acl(), createExpander(await builtin.expansion()));
  const cases: readonly [acl: string, header: string, message: string | undefined][] = [
    ['syntax', 'From: <a@b\n', 'Rejected after DATA: \'>\' missing at end of address: failing address in "From:" header is: <a@b'],
    ['names', 'X-\xe9: 1\n', 'Rejected after DATA: Invalid character in header "X-\xe9" found'],
    ['blind', 'To: x@y\n', 'Rejected after DATA: bcc recipient detected'],
    ['sender', 'From: x@bad.ex\n', 'Rejected after DATA: could not verify "From:" header address\nx@bad.ex: Unrouteable address'],
    ['own', 'To: x@y\n', 'own text'],
  ];
  for (const isOn of [true, false]) {
    const world = await makeWorld(`${isOn ? 'smtp_return_error_details\n' : ''}${ACLS}`);
    for (const [acl, header, message] of cases) {
      const transaction = newTransaction(1, 0);
      transaction.state.sender = 'x@bad.ex';
      transaction.state.recipients = [{ address: 'someone@else' }];
      transaction.state.headers = [makeHeader(header)];
      const frame: Frame = { ...world.frame, transaction };
      const verdict = await acls.run('data', untainted(acl), [], frame);
      assert.ok(verdict.kind === 'fail', `${acl}: ${JSON.stringify(verdict)}`);
      assert.equal(verdict.message, isOn || acl === 'own' ? message : undefined, `${acl} ${isOn}`);
    }
  }
});
