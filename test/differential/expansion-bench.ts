/** What the golden table and the differential script evaluate with: the real engine, lookups, lists and ACLs on the configuration below. */

import { createAcls } from '../../src/acl/acls.ts';
import { builtin } from '../../src/builtin.ts';
import type { AclDefinition } from '../../src/core/config.ts';
import type { Frame } from '../../src/core/frame.ts';
import type { Services } from '../../src/core/ports.ts';
import type { ExpansionFamily } from '../../src/core/registry.ts';
import { untainted } from '../../src/core/text.ts';
import { createExpander, type Expander } from '../../src/expand/expander.ts';
import { testExpansion } from '../../src/expand/expansion-test.ts';
import { createLists } from '../../src/lists/lists.ts';
import { createLookups } from '../../src/lookups/lookups.ts';
import { fakeServices, testConfig, testFrame, testLocation } from '../../src/system/fakes/services.ts';

/** The same for both programs. */
export const eximConfiguration = `primary_hostname = mail.example.com
domainlist local_domains = a.example : b.example
domainlist more_domains = +local_domains : *.c.example
hostlist own_hosts = 192.0.2.0/24 : ::1
addresslist friends = a@b.example : *@c.example
localpartlist users = alice : bob
begin acl
foo:
  accept message = hello $acl_arg1
bar:
  deny message = no $acl_arg1/$acl_narg
`;

const acls: Readonly<Record<string, string>> = { foo: 'accept message = hello $acl_arg1', bar: 'deny message = no $acl_arg1/$acl_narg' };

export interface ExpansionBench {
  readonly family: ExpansionFamily;
  readonly expander: Expander;
  /** Another engine, for a changed family. */
  readonly makeExpander: (family: ExpansionFamily) => Expander;
  /** A frame without a session or message; a new one for each expansion, as results are kept in it. */
  frame(overrides?: Partial<Frame>): Frame;
}

/** What `-be` would print for a line. */
export function printedFor(bench: ExpansionBench, line: string): Promise<string> {
  return testExpansion(line, bench.frame());
}

export async function openExpansionBench(overrides: Partial<Services> = {}): Promise<ExpansionBench> {
  const [family, lookupDefinitions, aclFamily] = await Promise.all([builtin.expansion(), builtin.lookups(), builtin.acl()]);
  const lookups = createLookups(lookupDefinitions);
  const makeExpander = (variant: ExpansionFamily) =>
    createExpander(variant, {
      lookupTypeProblem: (type) => {
        const parsed = lookups.parseType(type);
        return parsed.kind === 'ok' ? undefined : parsed.message;
      },
    });
  const expander = makeExpander(family);
  const config = testConfig({
    compiler: expander,
    compile: expander.runtime,
    main: { primary_hostname: 'mail.example.com', qualify_domain: 'mail.example.com', qualify_recipient: 'mail.example.com' },
    namedLists: {
      domainlist: { local_domains: 'a.example : b.example', more_domains: '+local_domains : *.c.example' },
      hostlist: { own_hosts: '192.0.2.0/24 : ::1' },
      addresslist: { friends: 'a@b.example : *@c.example' },
      localpartlist: { users: 'alice : bob' },
    },
    acls: new Map(
      Object.entries(acls).map(([name, text]): [string, AclDefinition] => [
        name,
        { name, at: testLocation, lines: [{ text, at: testLocation }] },
      ]),
    ),
  });
  const services = fakeServices({ lookups, lists: createLists(), acls: createAcls(aclFamily, expander), ...overrides });
  return { family, expander, makeExpander, frame: (parts) => testFrame({ config, services, captures: [untainted('')], ...parts }) };
}
