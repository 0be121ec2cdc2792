import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Octets } from '../base/octets.ts';
import type { Spf, SpfQuestion, SpfResult } from '../core/ports.ts';
import { fakeServices, testConfig, testFrame } from '../system/fakes/services.ts';
import spf from './drivers/spf.ts';
import { lookupCases } from './lookup-cases.ts';

/** Answers with the result that is the domain's first label; knows no address but IPv4's. */
function fakeSpf(asked: SpfQuestion[] = []): Spf {
  return {
    check: async (question) => {
      asked.push(question);
      const { address = '', sender } = question;
      const domain = sender.slice(sender.lastIndexOf('@') + 1);
      const result = domain.split('.')[0] as SpfResult; // the tests ask for nothing else
      return address.includes(':') ? undefined : { result, isGuessed: false, address, sender, domain };
    },
  };
}

const config = testConfig({ main: { primary_hostname: 'mx.test' } });

lookupCases([spf], (lookups) => testFrame({ config, services: fakeServices({ lookups, spf: fakeSpf() }) }), [
  ...['pass', 'fail', 'softfail', 'neutral', 'none', 'permerror', 'temperror'].map((result) => ({
    type: 'spf',
    file: '192.0.2.1',
    key: `user@${result}.test`,
    found: result,
  })),
  { type: 'spf', file: '192.0.2.1', key: 'user@invalid.test', found: '(invalid)' },
  { type: 'spf', file: '::', key: 'user@pass.test', found: undefined },
  { type: 'spf', file: '', key: 'user@pass.test', found: undefined },
  { type: 'spf', file: '192.0.2.1', key: '', found: undefined },
]);

test('the name in HELO is that of the session', async () => {
  const asked: SpfQuestion[] = [];
  const heloName: Octets = 'helo.test';
  const frame = testFrame({ config, services: fakeServices({ spf: fakeSpf(asked) }) });
  const opened = await spf.open?.('192.0.2.1', frame);
  assert.ok(opened?.kind === 'ok');
  const session = { state: { origin: { heloName } } } as Partial<typeof frame.session>; // nothing else is read
  await opened.value.find({ octets: 'user@pass.test', taint: [] }, new Map(), {
    ...frame,
    session: session as NonNullable<typeof frame.session>,
  });
  assert.deepEqual(asked, [{ address: '192.0.2.1', sender: 'user@pass.test', heloName, receiver: 'mx.test' }]);
});
