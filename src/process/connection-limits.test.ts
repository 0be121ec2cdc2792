import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Frame, Template } from '../core/index.ts';
import { fail } from '../core/index.ts';
import { FakeLog } from '../system/fakes/log.ts';
import { constantTemplate, fakeServices, testConfig, testFrame, testLocation } from '../system/fakes/services.ts';
import type { Admission, AdmissionLimits, Admittance } from './admission.ts';
import { admitConnection } from './connection-limits.ts';

const BROKEN: Template = {
  source: '${xx}',
  at: testLocation,
  what: 'test',
  constant: undefined,
  problems: () => [],
  evaluate: () => fail('unknown variable in "${xx}"'),
};

/** Answers as it is told, and keeps what was asked. */
function answering(verdict: Admittance['verdict']): Admission & { readonly asked: AdmissionLimits[] } {
  const asked: AdmissionLimits[] = [];
  return {
    asked,
    enter: (_host, limits) => {
      asked.push(limits);
      return { verdict, open: 3 };
    },
    leave: () => {},
  };
}

function frameWith(perHost: Template, log: FakeLog): Frame {
  const config = testConfig({
    main: { smtp_accept_max: 3, smtp_accept_reserve: 1, smtp_accept_max_per_host: perHost, primary_hostname: 'mail.ex' },
  });
  return testFrame({ config, services: fakeServices({ log }) });
}

test('smtp_accept_max_per_host: what is no number limits nothing, and is told', async () => {
  const cases: readonly (readonly [option: Template, perHost: number, panic: readonly string[]])[] = [
    [constantTemplate('7'), 7, []],
    [constantTemplate('x'), 0, ['expansion of smtp_accept_max_per_host for [192.0.2.1] contains non-digit: x']],
    [BROKEN, 0, ['expansion of smtp_accept_max_per_host failed for [192.0.2.1]: unknown variable in "${xx}"']],
  ];
  for (const [option, perHost, panic] of cases) {
    const log = new FakeLog();
    const admission = answering('admitted');
    assert.deepEqual(await admitConnection(admission, '192.0.2.1', frameWith(option, log)), { kind: 'admitted', open: 3 });
    assert.deepEqual([admission.asked, log.panicLines], [[{ total: 3, reserve: 1, perHost }], panic]);
  }
});

test('refusals', async () => {
  const refused = async (verdict: Admittance['verdict']) => {
    const entrance = await admitConnection(answering(verdict), '192.0.2.1', frameWith(constantTemplate('1'), new FakeLog()));
    return entrance.kind === 'refused' ? [entrance.refusal.reply, entrance.refusal.logLine] : entrance.kind;
  };
  assert.deepEqual(await refused('total'), [
    '421 Too many concurrent SMTP connections; please try again later.\r\n',
    'Connection from [192.0.2.1] refused: too many connections',
  ]);
  assert.deepEqual(await refused('host'), [
    '421 Too many concurrent SMTP connections from this IP address; please try again later.\r\n',
    'Connection from [192.0.2.1] refused: too many connections from that IP address',
  ]);
  assert.deepEqual(await refused('reserve'), [
    '421 mail.ex: Too many concurrent SMTP connections; please try again later\r\n',
    'temporarily refused connection from [192.0.2.1]: not in reserve list: connected=3 max=3 reserve=1',
  ]);
});
