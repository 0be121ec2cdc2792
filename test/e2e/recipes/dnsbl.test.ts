/** Recipes with DNS lists: refused with several lines of text, for relayed domains only, or marked with a header line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FROM, HOST, JOE, message, RELAYED, RecipeSite, recipe } from './site.ts';

const LISTED = '88.38.109.50';
const NAME = '50.109.38.88';
const UNLISTED = '203.0.113.5';
const CHECK = 'acl_smtp_rcpt = check\n';
const LISTS = ['zen.spamhaus.org', 'psbl.surriel.com', 'b.barracudacentral.org'];

test('a listed host is refused, in three lines; the log says what the list says', () => {
  const zone = { [`${NAME}.rbl.texnet.it`]: ['A 127.17.4.9', 'TXT listed since April'] };
  return RecipeSite.run({ main: CHECK, acl: `check:\n${recipe('dnsbl.acl')} accept\n`, zone }, async (site) => {
    assert.equal(
      await site.sendFrom(LISTED),
      [
        "550-ATTENZIONE: Il vostro indirizzo IP e' nella blacklist.",
        '550-WARNING: Your IP address is blacklisted.',
        `550 Visit http://rbl.texnet.it/?check_ip=${LISTED}`,
      ].join('\n'),
    );
    assert.ok(site.dns.asked.includes(`${NAME}.rbl.texnet.it/A`));
    const line = /rejected RCPT <joe@mydomain\.tld>: 88\.38\.109\.50 is listed at rbl\.texnet\.it \(127\.17\.4\.9: listed since April\)$/;
    await site.server.waitForLog(line);
    await site.server.waitForLog(line, 'reject');
    assert.match(await site.sendFrom(UNLISTED), /^250 OK id=/);
  });
});

test('a value outside 127.0.0.0/8 is logged and counts for nothing', () => {
  const zone = { [`${NAME}.rbl.texnet.it`]: ['A 10.17.4.9'] };
  return RecipeSite.run({ main: CHECK, acl: `check:\n${recipe('dnsbl.acl')} accept\n`, zone }, async (site) => {
    assert.match(await site.sendFrom(LISTED), /^250 OK id=/);
    await site.server.waitForLog(
      /DNS list lookup for 88\.38\.109\.50 at rbl\.texnet\.it returned 10\.17\.4\.9; not in 127\.0\/8 and discarded$/,
    );
  });
});

test('a list that is asked for relayed domains only', () => {
  const zone = { [`${NAME}.zen.spamhaus.org`]: ['A 127.0.0.2'] };
  return RecipeSite.run({ main: CHECK, acl: `check:\n${recipe('dnsbl-relay.acl')} accept\n`, zone }, async (site) => {
    assert.match(await site.sendFrom(LISTED), /^250 OK id=/);
    assert.deepEqual(
      site.dns.asked.filter((asked) => asked.includes('spamhaus')),
      [],
    );
    assert.equal(
      await site.sendFrom(LISTED, { to: RELAYED }),
      `550-WARNING: Your IP address is blacklisted:\n550 http://www.spamhaus.org/query/bl?ip=${LISTED}`,
    );
    await site.server.waitForLog(/: 88\.38\.109\.50 is listed at zen\.spamhaus\.org \(127\.0\.0\.2: \)$/);
  });
});

test('a listed host gets a header line; each list is asked once in a connection', () => {
  const zone = { [`${NAME}.psbl.surriel.com`]: ['A 127.0.0.2', 'TXT listed'], 'zen.spamhaus.org': ['SOA 60'] };
  const acl = `check:\n${recipe('dnsbl-warn.acl')} accept\n`;
  return RecipeSite.run({ main: CHECK, acl, zone }, async (site) => {
    const client = await site.connectFrom(LISTED);
    for (const subject of ['first', 'second']) {
      const to = [JOE, `other@${HOST}`];
      assert.match(await client.send({ from: FROM, to, text: message(subject) }), /^250 OK id=/);
      const marks = (await site.delivered(subject)).match(/^X-Warning: .*$/gm);
      assert.deepEqual(marks, [`X-Warning: ${LISTED} is in a black list at psbl.surriel.com`]);
    }
    await client.quit();
    const asked = site.dns.asked.filter((question) => LISTS.some((list) => question.includes(list)));
    assert.deepEqual(asked, [`${NAME}.zen.spamhaus.org/A`, `${NAME}.psbl.surriel.com/A`, `${NAME}.psbl.surriel.com/TXT`]);
    assert.match(await site.sendFrom(UNLISTED, { text: message('clean') }), /^250 OK id=/);
    assert.doesNotMatch(await site.delivered('clean'), /^X-Warning/m);
  });
});

test('the same with lines that were wrapped without a backslash: the error says where', async () => {
  const site = await RecipeSite.make({ main: CHECK, acl: `check:\n${recipe('dnsbl-warn-wrapped.acl')} accept\n` });
  try {
    const { status, stderr } = await site.server.exim(['-bV']);
    assert.equal(status, 1);
    assert.match(
      stderr,
      /Exim configuration error in line \d+ of \S+exim\.conf:\n {2}error in ACL: unknown ACL condition\/modifier in "in a black list at \$dnslist_domain"/,
    );
  } finally {
    await site.stop();
  }
});
