/** Recipes with SPF: a header line for mail that a host may not send, a refusal that says why, and what is put on top of what is taken. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FROM, HOST, JOE, message, RecipeSite, recipe } from './site.ts';

const PERMITTED = '192.0.2.25';
const OTHER = '203.0.113.5';
const CHECK = 'acl_smtp_rcpt = check\n';
const DOMAIN = FROM.slice(FROM.indexOf('@') + 1);
const zone = {
  [DOMAIN]: ['TXT v=spf1 a:out.sender.test -all exp=why.sender.test'],
  'out.sender.test': [`A ${PERMITTED}`],
  'why.sender.test': ['TXT go away'],
  'soft.test': ['TXT v=spf1 ~all'],
  'client.test': ['TXT v=spf1 -all'],
  'broken.test': ['TXT v=spf1 nonsense -all'],
  'down.test': ['SERVFAIL'],
};

const marksOf = (text: string): readonly string[] => text.match(/^X-Warning: .*$/gm) ?? [];

test('mail that the host may not send gets a header line', () =>
  RecipeSite.run({ main: CHECK, acl: `check:\n${recipe('spf-warn.acl')} accept\n`, zone }, async (site) => {
    const cases: readonly (readonly [subject: string, address: string, from: string, marks: readonly string[]])[] = [
      ['forged', OTHER, FROM, [`X-Warning: ${OTHER} is not allowed to send mail from ${DOMAIN}`]],
      ['permitted', PERMITTED, FROM, []],
      ['soft', OTHER, 'someone@soft.test', []],
      ['without a record', OTHER, 'someone@nothing.test', []],
      ['broken', OTHER, 'someone@broken.test', []],
      ['no answer', OTHER, 'someone@down.test', []],
      // The name in EHLO is checked, and the sender has no domain.
      ['bounce', OTHER, '', [`X-Warning: ${OTHER} is not allowed to send mail from`]],
    ];
    for (const [subject, address, from, marks] of cases) {
      assert.match(await site.sendFrom(address, { from, text: message(subject) }), /^250 OK id=/, subject);
      assert.deepEqual(
        marksOf(await site.delivered(subject)).map((mark) => mark.trimEnd()),
        marks,
        subject,
      );
    }
  }));

test('with DNS lists: two header lines that do not depend on each other', () => {
  const listed = { ...zone, [`${OTHER.split('.').reverse().join('.')}.zen.spamhaus.org`]: ['A 127.0.0.2'] };
  const acl = `check:\n${recipe('dnsbl-warn.acl')}\n${recipe('spf-warn.acl')} accept\n`;
  return RecipeSite.run({ main: CHECK, acl, zone: listed }, async (site) => {
    assert.match(await site.sendFrom(OTHER, { text: message('both') }), /^250 OK id=/);
    assert.deepEqual(marksOf(await site.delivered('both')), [
      `X-Warning: ${OTHER} is in a black list at zen.spamhaus.org`,
      `X-Warning: ${OTHER} is not allowed to send mail from ${DOMAIN}`,
    ]);
  });
});

test('the same with lines that were wrapped without a backslash: the error says where', async () => {
  const site = await RecipeSite.make({ main: CHECK, acl: `check:\n${recipe('spf-warn-wrapped.acl')} accept\n` });
  try {
    const { status, stderr } = await site.server.exim(['-bV']);
    assert.equal(status, 1);
    assert.match(
      stderr,
      /Exim configuration error in line \d+ of \S+exim\.conf:\n {2}error in ACL: unknown ACL condition\/modifier in "not allowed to send mail from"/,
    );
  } finally {
    await site.stop();
  }
});

test('a refusal says why, in the words of the configuration; what is taken has Received-SPF: on top', () => {
  const acl = `check:
  deny  spf = fail : softfail
        message = SPF: $spf_result: $spf_smtp_comment
        log_message = $spf_header_comment
  defer spf = temperror
  deny  spf = permerror
        message = the SPF record of $sender_address_domain is wrong
  warn  add_header = :at_start:$spf_received
  warn  add_header = :at_start:\${authresults {$primary_hostname}}
  accept
`;
  const options = { spf_smtp_comment_template: 'see%_%{S}/%{I}', log_selector: '+spf' };
  return RecipeSite.run({ main: CHECK, acl, zone, options }, async (site) => {
    assert.equal(await site.sendFrom(OTHER), `550 SPF: fail: see someone%40sender.test/${OTHER} : Reason: mechanism`);
    await site.server.waitForLog(
      new RegExp(`rejected RCPT <${JOE}>: ${HOST}: domain of ${DOMAIN} does not designate ${OTHER} as permitted sender$`),
    );
    assert.equal(await site.sendFrom(OTHER, { from: 'a@soft.test' }), `550 SPF: softfail: see a%40soft.test/${OTHER} : Reason: mechanism`);
    assert.match(await site.sendFrom(OTHER, { from: 'a@down.test' }), /^451 /);
    assert.equal(await site.sendFrom(OTHER, { from: 'a@broken.test' }), '550 the SPF record of broken.test is wrong');

    assert.match(await site.sendFrom(PERMITTED, { text: message('taken') }), /^250 OK id=/);
    const text = await site.delivered('taken');
    await site.server.waitForLog(/<= someone@sender\.test .* SPF=pass(?: |$)/);
    const comment = `${HOST}: domain of ${DOMAIN} designates ${PERMITTED} as permitted sender`;
    const received = `Received-SPF: pass (${comment}) client-ip=${PERMITTED}; envelope-from=${FROM}; helo=client.test;`;
    const results = `Authentication-Results: ${HOST};\n\tiprev=fail smtp.remote-ip=${PERMITTED};\n\tspf=pass smtp.mailfrom=${DOMAIN}`;
    assert.ok(text.startsWith(`${results}\n${received}\n`), text);
  });
});
