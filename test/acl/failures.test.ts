/** What cannot be expanded ends an ACL, also behind `warn` and in an ACL that another one calls; ACLs that call themselves end so too. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAcls } from '../../src/acl/acls.ts';
import { builtin } from '../../src/builtin.ts';
import { untainted } from '../../src/core/text.ts';
import { createExpander } from '../../src/expand/expander.ts';
import { FakeLog } from '../../src/system/fakes/log.ts';
import { fakeServices, testConfig, testFrame, testLocation } from '../../src/system/fakes/services.ts';

const CASES: readonly (readonly [statement: string, logMessage: RegExp])[] = [
  ['accept acl = self', /^ACL nested too deep: possible loop$/],
  ['warn set acl_m_x = ${acl{self}}', /ERROR from acl "self"/],
  ['accept condition = ${if acl{{self}}}', /ERROR from acl "self"/],
  ['warn condition = ${if', /^failed to expand ACL string "\$\{if": condition name expected/],
  ['warn set acl_m_x = ${if', /^failed to expand ACL string "\$\{if": condition name expected/],
  ['accept condition = ${acl{broken}}', /^failed to expand ACL string "\$\{acl\{broken\}\}": ERROR from acl "broken"$/],
  ['warn acl = broken', /^failed to expand ACL string "\$\{if": condition name expected/],
];

for (const [statement, logMessage] of CASES) {
  test(`self: ${statement}`, async () => {
    const expander = createExpander(await builtin.expansion());
    const acls = createAcls(await builtin.acl(), expander);
    const services = fakeServices({ acls, log: new FakeLog() });
    const acl = (name: string, text: string) => [name, { name, at: testLocation, lines: [{ text, at: testLocation }] }] as const;
    const config = testConfig({
      compiler: expander,
      compile: expander.runtime,
      acls: new Map([acl('self', statement), acl('broken', 'deny condition = ${if')]),
    });
    const verdict = await acls.run('not_smtp', untainted('self'), [], testFrame({ services, config }));
    assert.equal(verdict.kind, 'error');
    assert.match(verdict.kind === 'error' ? verdict.logMessage : '', logMessage);
  });
}
