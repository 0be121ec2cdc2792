/** `dkim_status`, `dkim_signers` and `set dkim_verify_…`, in the DKIM ACL and behind it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Octets } from '../../base/octets.ts';
import { type AclContext, type AclPhase, type DkimState, newDkimState, type Transaction, untainted } from '../../core/index.ts';
import { createLists } from '../../lists/lists.ts';
import { constantTemplate, fakeServices, testFrame, testLocation } from '../../system/fakes/services.ts';
import set from '../modifiers/set.ts';
import dkimSigners from './dkim_signers.ts';
import dkimStatus from './dkim_status.ts';

function contextOf(phase: AclPhase, dkim: DkimState | undefined): AclContext {
  const frame = testFrame({
    services: fakeServices({ lists: createLists() }),
    transaction: { state: { dkim } } as Partial<Transaction> as Transaction, // nothing else is read
  });
  return { phase, frame } as Partial<AclContext> as AclContext; // nothing else is read
}

function stateOf(values: Partial<Pick<DkimState, 'signer' | 'status' | 'reason'>>): DkimState {
  return Object.assign(newDkimState([]), values);
}

function source(text: Octets, variable?: string) {
  return { source: text, at: testLocation, template: constantTemplate(text), variable };
}

async function ask(definition: typeof dkimStatus, list: Octets, context: AclContext): Promise<boolean | string> {
  const tested = await definition.prepare(source(list)).test(untainted(list), context);
  return tested.kind === 'ok' ? tested.value.value : tested.kind;
}

test('dkim_status: of the signature in the DKIM ACL, of any of them behind it', async () => {
  const cases: readonly (readonly [phase: AclPhase, status: Octets | undefined, list: Octets, value: boolean])[] = [
    ['dkim', 'pass', 'pass', true],
    ['dkim', 'pass', 'PASS', true],
    ['dkim', 'pass', 'fail : invalid', false],
    ['dkim', 'invalid', 'none:invalid:fail', true],
    ['dkim', 'invalid', '<; pass ; invalid', true],
    ['dkim', 'none', '!none : *', false],
    ['dkim', '', 'none', false],
    ['data', 'pass:fail', 'fail', true],
    ['data', 'pass:fail', 'pass', true],
    ['data', 'pass:fail', 'none', false],
    ['mime', 'invalid', 'invalid', true],
    ['prdr', undefined, 'none', true],
    ['data', undefined, 'pass', false],
    ['data', '', 'none', true],
  ];
  for (const [phase, status, list, value] of cases) {
    const context = contextOf(phase, status === undefined ? undefined : stateOf({ status }));
    assert.equal(await ask(dkimStatus, list, context), value, `${list} for ${status} in ${phase}`);
  }
});

test('dkim_signers: domains and identities, with patterns', async () => {
  const cases: readonly (readonly [signer: Octets, list: Octets, value: boolean])[] = [
    ['test.ex', 'test.ex', true],
    ['test.ex', 'TEST.ex : other.ex', true],
    ['test.ex', '*.ex', true],
    ['test.ex', 'joe@test.ex', false],
    ['joe@test.ex', 'joe@test.ex', true],
    ['joe@test.ex', 'test.ex', false],
    ['joe@test.ex', '! test.ex : *', true],
    ['test.ex', '^t', true],
    ['test.ex', '', false],
  ];
  for (const [signer, list, value] of cases)
    assert.equal(await ask(dkimSigners, list, contextOf('dkim', stateOf({ signer }))), value, `${list} for ${signer}`);
});

test('set changes what the DKIM ACL says, and nothing elsewhere', async () => {
  for (const [phase, expected] of [
    ['dkim', ['fail', 'too weak']],
    ['data', ['pass', '']],
  ] as const) {
    const state = stateOf({ status: 'pass' });
    const context = contextOf(phase, state);
    await set.apply(untainted('fail'), context, source('fail', 'dkim_verify_status'));
    await set.apply(untainted('too weak'), context, source('too weak', 'dkim_verify_reason'));
    assert.deepEqual([state.status, state.reason], expected);
  }
});
