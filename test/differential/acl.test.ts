/** Access control as Exim 4.96 does it (`acl.ts --write` beside this file), without Exim: what sessions, submissions and -bv, -bt show. */
import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import { test } from 'node:test';
import { DnsServer } from '../e2e/support/dns-server.ts';
import { isRoot, Place } from '../e2e/support/place.ts';
import { type Bench, runOurs, showCase } from './acl/bench.ts';
import { allCases } from './acl/cases.ts';
import { outcomeOf, readGolden } from './acl/golden.ts';
import { transcript } from './acl/transcript.ts';
import { startCalledHost, zone } from './acl/world.ts';

test('every case of the table shows what Exim shows', async () => {
  const place = new Place('acl');
  const dns = await DnsServer.start(zone);
  const sink = await startCalledHost();
  try {
    const localConf = [
      `dns_servers = ${dns.server}`,
      isRoot ? `exim_user = ${place.account.name}\nexim_group = ${place.account.gid}` : `trusted_users = ${userInfo().username}`,
    ].join('\n');
    const bench: Bench = { folder: place.path('case'), sinkPort: sink.port, localConf, ...(isRoot ? { owner: place.account } : {}) };
    const cases = new Map(allCases().map((one) => [one.name, one]));
    const table = readGolden();
    assert.ok(table.length >= 1000);
    const differences: string[] = [];
    for (const { name, outcome } of table) {
      const one = cases.get(name);
      const ours = one === undefined ? '(no such case)' : outcomeOf(transcript(await showCase(bench, runOurs, one), bench));
      if (ours !== outcome) differences.push(`${name}\n--- Exim\n${outcome}\n--- ours\n${ours}`);
    }
    assert.deepEqual(differences, []);
  } finally {
    await Promise.all([dns.stop(), sink.stop()]);
    place.remove();
  }
});
