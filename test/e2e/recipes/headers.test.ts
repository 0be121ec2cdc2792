/** Recipes that write what they found out into header lines: Authentication-Results, the number of MX records; and one that looks at name servers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyRecord, type Signing, signatureLine } from '../../../src/checks/dkim/signing-fixture.ts';
import { FROM, JOE, message, RecipeSite, recipe, type SiteText } from './site.ts';

/** The how-to has these three lines in one. */
const AUTHSERV_ID = '.ifndef AUTHSERV_ID\nAUTHSERV_ID = primary_hostname\n.endif\n';
const MAIN = `${AUTHSERV_ID}acl_smtp_rcpt = check\nacl_smtp_data = check_data\n`;
const KNOWN = '10.11.12.13';
const FORGED = '10.11.12.14';
const NAMELESS = '10.11.12.15';
const ZONE = {
  '13.12.11.10.in-addr.arpa': ['PTR other.example.net'],
  'other.example.net': [`A ${KNOWN}`],
  '14.12.11.10.in-addr.arpa': ['PTR other.example.net'],
};
const FIELD = 'Authentication-Results: server.example.com; ';

function authResults(rcpt: string, data = ''): SiteText {
  const acl = `check:\n${rcpt}\n accept\ncheck_data:\n${data}${recipe('authresults-data.acl')} accept\n`;
  return { main: MAIN, acl, zone: ZONE };
}

/** With CRLF. */
function signedMessage(subject: string, signing: Partial<Signing>): string {
  const headers = [`From: ${FROM}\r\n`, 'To: list@sender.test\r\n', `Subject: ${subject}\r\n`];
  const body = 'A line.\r\n';
  return `${signatureLine({ headers, body, key: 'rsa1024', domain: 'example.net', ...signing })}${headers.join('')}\r\n${body}`;
}

function checkDomain(text: string, zone: SiteText['zone'] = {}): SiteText {
  return { main: 'acl_smtp_rcpt = check\n', acl: `check:\n${text} accept\n`, zone };
}

test('Authentication-Results without a check, in front of everything', () =>
  RecipeSite.run(authResults(''), async (site) => {
    await site.sendFrom(KNOWN, { text: message('bare') });
    assert.ok((await site.delivered('bare')).startsWith(`${FIELD}none\nReceived: `));
  }));

test('iprev: the results that the how-to shows, byte for byte', () =>
  RecipeSite.run(authResults(recipe('authresults-iprev.acl')), async (site) => {
    const cases: readonly (readonly [address: string, result: string])[] = [
      [KNOWN, `iprev=pass policy.iprev=${KNOWN} (other.example.net)`],
      [FORGED, `iprev=fail policy.iprev=${FORGED}`],
      [NAMELESS, `iprev=permerror (no ptr) policy.iprev=${NAMELESS}`],
    ];
    for (const [address, result] of cases) {
      await site.sendFrom(address, { text: message(address) });
      assert.equal((await site.delivered(address)).split('\n')[0], FIELD + result);
    }
  }));

test('iprev as the how-to was printed: a host list of one name that no host has, so that hosts with a name get a permerror', () =>
  RecipeSite.run(authResults(recipe('authresults-iprev-wrapped.acl')), async (site) => {
    const wrong = `iprev=permerror (no ptr) policy.iprev=${KNOWN}`;
    for (const [address, result] of [
      [KNOWN, `${wrong}; iprev=pass policy.iprev=${KNOWN} (other.example.net)`],
      [NAMELESS, `iprev=fail policy.iprev=${NAMELESS}`],
    ] as const) {
      await site.sendFrom(address, { text: message(address) });
      assert.equal((await site.delivered(address)).split('\n')[0], FIELD + result);
    }
  }));

test('acl_m is of one message, acl_c of the connection', () =>
  RecipeSite.run(authResults(recipe('authresults-iprev.acl')), async (site) => {
    const client = await site.connectFrom(NAMELESS);
    const permerror = `iprev=permerror (no ptr) policy.iprev=${NAMELESS}`;
    for (const subject of ['one', 'two']) {
      await client.send({ from: FROM, to: [JOE], text: message(subject) });
      assert.equal((await site.delivered(subject)).split('\n')[0], FIELD + permerror);
    }
    // One RCPT each: of two, the second adds to what the first has set.
    await client.send({ from: FROM, to: [JOE, 'other@mydomain.tld'], text: message('both') });
    assert.equal((await site.delivered('both')).split('\n')[0], `${FIELD}${permerror}; ${permerror}`);
    await client.quit();
  }));

test('DKIM: the field that the how-to shows, byte for byte; failures are neutral, and an identity is told as one', () => {
  const site = authResults(recipe('authresults-iprev.acl'));
  const dkim = `check_dkim:\n${recipe('authresults-dkim.acl')} accept\n`;
  const zone = { ...ZONE, 'sel._domainkey.example.net': [`TXT ${keyRecord('rsa1024')}`] };
  const text = { main: `${MAIN}acl_smtp_dkim = check_dkim\n`, acl: `${site.acl}${dkim}`, zone };
  return RecipeSite.run(text, async (site) => {
    const iprev = `iprev=pass policy.iprev=${KNOWN} (other.example.net)`;
    const cases: readonly (readonly [results: string, signing: Partial<Signing>, change?: (text: string) => string])[] = [
      ['dkim=pass header.d=example.net', {}],
      // the recipe asks whether the signature has an identity, not which of the two the signer is
      ['dkim=pass header.i=example.net; dkim=pass header.i=@example.net', { tags: { i: '@example.net' } }],
      ['dkim=neutral (bodyhash_mismatch) header.d=example.net', {}, (text) => `${text}More.\r\n`],
      ['dkim=neutral (signature_incorrect) header.d=example.net', {}, (text) => text.replace('list@', 'joe@')],
      ['dkim=neutral (pubkey_unavailable) header.d=example.net', { selector: 'none' }],
    ];
    for (const [index, [results, signing, change = (signed: string) => signed]] of cases.entries()) {
      const subject = `dkim ${index}`;
      await site.sendFrom(KNOWN, { text: change(signedMessage(subject, signing)) });
      assert.equal((await site.delivered(subject)).split('\n')[0], `${FIELD}${iprev}; ${results}`);
    }
  });
});

test('lines that pretend to be ours are removed by a pattern', () => {
  // What the how-to calls impossible.
  const data = ' warn remove_header = \\N^(?i)authentication-results\\s*::\\s*server\\.example\\.com;\\N : X-Spam-*\n';
  return RecipeSite.run(authResults('', data), async (site) => {
    const forged = 'Authentication-Results: server.example.com; dkim=pass\nauthentication-results: other.test; none\nX-Spam-Score: 0\n';
    await site.sendFrom(KNOWN, { text: message('forged', forged) });
    const delivered = await site.delivered('forged');
    assert.deepEqual(delivered.match(/^(?:authentication-results|x-spam).*$/gim), [
      `${FIELD}none`,
      'authentication-results: other.test; none',
    ]);
  });
});

test("a sender whose domain has a spammer's name servers is refused; the log names them", () => {
  const zone = { 'spam.test': ['NS ns2.example.com', 'NS ns1.example.com'], 'fine.test': ['NS ns.fine.test'] };
  return RecipeSite.run(checkDomain(recipe('nameservers.acl'), zone), async (site) => {
    assert.equal(await site.sendFrom(KNOWN, { from: 'new@spam.test' }), '550 Domain is blacklisted here');
    await site.server.waitForLog(
      /rejected RCPT <joe@mydomain\.tld>: nameservers for spam\.test: ns[12]\.example\.com:ns[12]\.example\.com$/,
    );
    assert.match(await site.sendFrom(KNOWN, { from: 'x@fine.test' }), /^250 OK id=/);
  });
});

test("the number of the sender's MX records, also when there are very many", () => {
  const many = Array.from({ length: 30 }, (_, index) => `MX ${index} a-long-name-for-one-of-many-hosts-${index}.spam.test`);
  const zone = { 'one.test': ['MX 10 mx.one.test'], 'spam.test': many };
  const tooMany = 'deny condition = ${if >{$acl_m_sender_mx_count}{10}}\n';
  return RecipeSite.run(checkDomain(recipe('mx-count.acl'), zone), async (site) => {
    for (const [domain, count] of [
      ['one.test', 1],
      ['spam.test', 30],
      ['none.test', 0],
    ] as const) {
      assert.match(await site.sendFrom(KNOWN, { from: `x@${domain}`, text: message(domain) }), /^250 OK id=/);
      assert.match(await site.delivered(domain), new RegExp(`^X-Sender-MX-Count: ${count}$`, 'm'));
    }
    assert.doesNotMatch(site.server.log(), /spam\.test.*(?:DNS|truncated|failed)/);
    assert.equal(site.server.log('panic'), '');
  }).then(() =>
    RecipeSite.run(checkDomain(recipe('mx-count.acl') + tooMany, zone), async (site) => {
      assert.match(await site.sendFrom(KNOWN, { from: 'x@one.test' }), /^250 OK id=/);
      assert.equal(await site.sendFrom(KNOWN, { from: 'x@spam.test' }), '550 Administrative prohibition');
    }),
  );
});
