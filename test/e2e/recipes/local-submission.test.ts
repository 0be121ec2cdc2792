/** Recipes against what local programs submit: nothing at all, or at a limited rate. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOST, message, RecipeSite, recipe } from './site.ts';

const MAIN = `acl_not_smtp = acl_local\nqualify_domain = ${HOST}\n`;
const ADMIN = 'admin@mydomain.tld';
const OTHER = 'joe@mydomain.tld';

async function runCommands(acl: string, test: (site: RecipeSite) => Promise<void>): Promise<void> {
  const site = await RecipeSite.make({ main: MAIN, acl });
  try {
    await test(site);
  } finally {
    await site.stop();
  }
}

async function submit(site: RecipeSite, to: string): Promise<boolean> {
  return (await site.server.exim(['-odq', to], { input: message('local') })).status === 0;
}

test('no local submission', () =>
  runCommands(recipe('local-denied.acl'), async (site) => {
    assert.equal(await submit(site, OTHER), false);
    await site.server.waitForLog(/ rejected by non-SMTP ACL: AL01: Local submission denied\.$/);
    await site.server.waitForLog(/ rejected by non-SMTP ACL: AL01: Local submission denied\.$/, 'reject');
    assert.deepEqual(await site.server.queue(), []);
  }));

test('three messages a minute, but thirty to the administrator', () =>
  runCommands(recipe('local-ratelimit.acl'), async (site) => {
    const taken: boolean[] = [];
    for (let count = 0; count < 4; count++) taken.push(await submit(site, OTHER));
    assert.deepEqual(taken, [true, true, true, false]);
    await site.server.waitForLog(
      / rejected by non-SMTP ACL: AL02: Sender rate limit for local submission exceeded: (?:3\.\d|4\.0) \/ 1m\.$/,
    );
    // Others' limits are not the administrator's.
    assert.equal(await submit(site, ADMIN), true);
    assert.equal((await site.server.queue()).length, 4);
  }));
