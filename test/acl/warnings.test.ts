/** `warn` with log_message: the same line is written once while a message is received. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAcls } from '../../src/acl/acls.ts';
import { builtin } from '../../src/builtin.ts';
import { type Frame, untainted } from '../../src/core/index.ts';
import { createExpander } from '../../src/expand/expander.ts';
import { createLists } from '../../src/lists/lists.ts';
import { newTransaction } from '../../src/receive/transaction.ts';
import { FakeLog } from '../../src/system/fakes/log.ts';
import { fakeServices, testFrame } from '../../src/system/fakes/services.ts';

test('the same warning is written once, and again when it names the host in another way', async () => {
  const expander = createExpander(await builtin.expansion());
  const log = new FakeLog();
  let host = 'H=(x) [192.0.2.1] ';
  const services = fakeServices({ log, lists: createLists(), logPrefix: () => host });
  const transaction = newTransaction(1, 0);
  const frame: Frame = { ...testFrame({ services }), transaction, results: transaction.state.results };
  const acls = createAcls(await builtin.acl(), expander);
  const warn = (text: string) => acls.run('rcpt', untainted(`warn log_message = ${text}`), [], frame);
  for (const text of ['one', 'one', 'two']) await warn(text);
  host = 'H=x [192.0.2.1] ';
  for (const text of ['one', 'one']) await warn(text);
  assert.deepEqual(log.mainLines, ['H=(x) [192.0.2.1] Warning: one', 'H=(x) [192.0.2.1] Warning: two', 'H=x [192.0.2.1] Warning: one']);
});
