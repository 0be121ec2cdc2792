/** Reception over sockets as Exim 4.96 does it (`network.ts --write` beside this file), without Exim: what clients, logs and queue show. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { test } from 'node:test';
import { DnsServer } from '../e2e/support/dns-server.ts';
import { freePorts, isRoot, Place } from '../e2e/support/place.ts';
import type { Bench } from './network/bench.ts';
import { allCases } from './network/cases.ts';
import { readGolden } from './network/golden.ts';
import { startOurs } from './network/ours.ts';
import { showCase } from './network/run.ts';
import { zone } from './network/world.ts';

/** Most of the time goes by in waiting. */
const AT_ONCE = 8;

test('every case of the table shows what Exim shows', async () => {
  const place = new Place('network');
  const dns = await DnsServer.start(zone);
  try {
    const localConf = [
      `dns_servers = ${dns.server}`,
      isRoot ? `exim_user = ${place.account.name}\nexim_group = ${place.account.gid}` : `trusted_users = ${userInfo().username}`,
    ].join('\n');
    const ports = await freePorts(3 * AT_ONCE);
    const rows = readGolden();
    const cases = new Map(allCases().map((one) => [one.name, one]));
    const differences: string[] = [];
    const work = async (index: number) => {
      const bench: Bench = {
        folder: place.path(`bench${index}`),
        ports: ports.slice(3 * index, 3 * index + 3),
        localConf,
        ...(isRoot ? { owner: place.account } : {}),
      };
      mkdirSync(bench.folder);
      for (let row = rows.shift(); row !== undefined; row = rows.shift()) {
        const one = cases.get(row.name);
        const shown = one === undefined ? '(no such case)' : await showCase(bench, startOurs, one);
        if (shown !== row.shown) differences.push(`${row.name}\n--- Exim\n${row.shown}\n--- ours\n${shown}`);
      }
    };
    assert.ok(rows.length >= 1000);
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => work(index)));
    assert.deepEqual(differences, []);
  } finally {
    await dns.stop();
    place.remove();
  }
});
