import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Frame, MainOptions, Session, Template } from '../core/index.ts';
import { fail } from '../core/index.ts';
import { newOrigin, newSessionState } from '../receive/transaction.ts';
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

/** As the log has it with the ports of both sides. */
const CLIENT = '[192.0.2.1]:4711 I=[198.51.100.1]:25';

function frameWith(perHost: Template, log: FakeLog, main: Partial<MainOptions> = {}): Frame {
  const config = testConfig({
    main: { smtp_accept_max: 3, smtp_accept_reserve: 1, smtp_accept_max_per_host: perHost, ...main },
  });
  const place = { hostAddress: '192.0.2.1', hostPort: 4711, interfaceAddress: '198.51.100.1', interfacePort: 25 };
  const origin = { ...newOrigin({ uid: 8, gid: 8, login: 'mail' }, false), ...place };
  const session = { state: newSessionState(origin) } as Partial<Session> as Session; // nothing else is read
  return testFrame({ config, services: fakeServices({ log }), session });
}

test('smtp_accept_max_per_host: digits at the beginning count, and what else there is is told', async () => {
  const cases: readonly (readonly [option: Template, perHost: number, panic: readonly string[]])[] = [
    [constantTemplate('7'), 7, []],
    [constantTemplate(''), 0, []],
    [constantTemplate('x'), 0, [`expansion of smtp_accept_max_per_host for ${CLIENT} contains non-digit: x`]],
    [constantTemplate('1k'), 1, [`expansion of smtp_accept_max_per_host for ${CLIENT} contains non-digit: 1k`]],
    [constantTemplate('-1'), 0, [`expansion of smtp_accept_max_per_host for ${CLIENT} contains non-digit: -1`]],
    [BROKEN, 0, [`expansion of smtp_accept_max_per_host failed for ${CLIENT}: unknown variable in "\${xx}"`]],
  ];
  for (const [option, perHost, panic] of cases) {
    const log = new FakeLog({ selectors: ['incoming_port', 'incoming_interface'] });
    const admission = answering('admitted');
    const entrance = await admitConnection(admission, '192.0.2.1', frameWith(option, log));
    assert.deepEqual(entrance, { kind: 'admitted', open: 3, isReserved: false });
    assert.deepEqual([admission.asked, log.panicLines], [[{ total: 3, reserve: 1, perHost }], panic]);
  }
});

test('refusals', async () => {
  const refused = async (verdict: Admittance['verdict']) => {
    const entrance = await admitConnection(
      answering(verdict),
      '192.0.2.1',
      frameWith(constantTemplate('1'), new FakeLog({ selectors: ['incoming_port', 'incoming_interface'] })),
    );
    return entrance.kind === 'refused' ? [entrance.refusal.reply, entrance.refusal.logLine] : entrance.kind;
  };
  assert.deepEqual(await refused('total'), [
    '421 Too many concurrent SMTP connections; please try again later.\r\n',
    `Connection from ${CLIENT} refused: too many connections`,
  ]);
  assert.deepEqual(await refused('host'), [
    '421 Too many concurrent SMTP connections from this IP address; please try again later.\r\n',
    `Connection from ${CLIENT} refused: too many connections from that IP address`,
  ]);
});

test('a reserved place is given for the time being; without smtp_accept_max nobody counts', async () => {
  const log = new FakeLog({ selectors: ['incoming_port', 'incoming_interface'] });
  const answers: Admittance[] = [
    { verdict: 'reserve', open: 2 },
    { verdict: 'admitted', open: 3 },
  ];
  const admission: Admission = { enter: () => answers.shift() ?? { verdict: 'total', open: 3 }, leave: () => {} };
  const entrance = await admitConnection(admission, '192.0.2.1', frameWith(constantTemplate(''), log));
  assert.deepEqual([entrance, log.mainLines], [{ kind: 'admitted', open: 3, isReserved: true }, []]);
  const uncounted = frameWith(constantTemplate(''), log, { smtp_accept_max: 0 });
  assert.deepEqual(await admitConnection(answering('admitted'), '192.0.2.1', uncounted), { kind: 'admitted', open: 1, isReserved: false });
});
