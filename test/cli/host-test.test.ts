/** `-bh`: what a host check tells of lists, ACLs and verification, step by step. Spec ch. 5 "-bh". */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MailServer, placeOptions } from '../e2e/support/mail-server.ts';
import { Place } from '../e2e/support/place.ts';

const CONFIG = `primary_hostname = mail.site.test
domainlist local_domains = site.test : other.test
acl_smtp_rcpt = check
begin acl
check:
  deny    !domains = ! elsewhere.test : \\
                     +local_domains
          message = relay not permitted
  accept  set acl_m_x = \${if eq{$domain}{site.test}{ours}}
          verify = recipient
begin routers
remote:
  driver = redirect
  domains = ! +local_domains
  data = :fail: not here
some:
  driver = redirect
  local_parts = alias
  data = joe@site.test
users:
  driver = accept
  local_parts = joe
  transport = none
begin transports
none:
  driver = appendfile
  file = /dev/null
`;

/** The steps of the ACL, with lines counted in `CONFIG`. */
async function stepsOf(recipient: string): Promise<string[]> {
  const place = new Place('bh');
  try {
    const server = new MailServer(place, placeOptions(place) + CONFIG);
    const input = `HELO client.test\nMAIL FROM:<>\nRCPT TO:<${recipient}>\nQUIT\n`;
    const { stderr } = await server.exim(['-bh', '203.0.113.5'], { input });
    const text = Buffer.from(stderr, 'latin1').toString('utf8').replaceAll(`${server.config} `, 'exim.conf ');
    const from = text.indexOf('>>> using ACL');
    assert.ok(from >= 0, text);
    const header = placeOptions(place).split('\n').length - 1;
    return text
      .slice(from)
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/\(exim\.conf (\d+)\)/, (_, number) => `(line ${Number(number) - header})`));
  } finally {
    place.remove();
  }
}

const RELAY_CHECK = [
  '>>> using ACL "check"',
  '>>> processing ACL check "deny" (line 7)',
  '>>> check !domains = ! elsewhere.test : +local_domains',
  '>>> site.test in "! elsewhere.test : +local_domains"?',
  '>>>  list element: !░elsewhere.test',
  '>>>  list element: +local_domains',
  '>>>   start sublist local_domains',
  '>>>    site.test in "site.test : other.test"?',
  '>>>    ╎list element: site.test',
  '>>>    ╎site.test in "site.test : other.test"? yes (matched "site.test")',
  '>>>   end sublist local_domains',
  ">>>  data from lookup saved for cache for +local_domains: key 'site.test' value 'site.test'",
  '>>>  site.test in "! elsewhere.test : +local_domains"? yes (matched "+local_domains")',
  '>>> deny: condition test failed in ACL check',
  '>>> processing ACL check "accept" (line 9)',
  '>>> check set acl_m_x = ${if eq{$domain}{site.test}{ours}}',
  '>>>                   = ours',
  '>>> check verify = recipient',
  '>>>  >>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>',
];

const NOT_REMOTE = [
  '>>>   site.test in domains?',
  '>>>    list element: !░+local_domains',
  '>>>    cached yes match for +local_domains',
  '>>>    cached lookup data = site.test',
  '>>>    site.test in domains? no (matched "! +local_domains")',
];

test('a recipient that is verified through an alias', async () => {
  assert.deepEqual(await stepsOf('alias@site.test'), [
    ...RELAY_CHECK,
    '>>>  routing alias@site.test',
    ...NOT_REMOTE,
    '>>>   alias in local_parts?',
    '>>>    list element: alias',
    '>>>    alias in local_parts? yes (matched "alias")',
    '>>>   calling some router',
    '>>>  routed by some router',
    '>>>  routing joe@site.test',
    ...NOT_REMOTE,
    '>>>   joe in local_parts?',
    '>>>    list element: alias',
    '>>>   joe in local_parts? no (end of list)',
    '>>>   joe in local_parts?',
    '>>>    list element: joe',
    '>>>    joe in local_parts? yes (matched "joe")',
    '>>>   calling users router',
    '>>>  routed by users router',
    '>>>  ----------- end verify ------------',
    '>>> accept: condition test succeeded in ACL check',
    '>>> end of ACL check: ACCEPT',
  ]);
});

test('a recipient that no router takes', async () => {
  assert.deepEqual(await stepsOf('nobody@site.test'), [
    ...RELAY_CHECK,
    '>>>  routing nobody@site.test',
    ...NOT_REMOTE,
    '>>>   nobody in local_parts?',
    '>>>    list element: alias',
    '>>>   nobody in local_parts? no (end of list)',
    '>>>   nobody in local_parts?',
    '>>>    list element: joe',
    '>>>   nobody in local_parts? no (end of list)',
    '>>>  no more routers',
    '>>>  ----------- end verify ------------',
    '>>> accept: condition test failed in ACL check',
    '>>> end of ACL check: implicit DENY',
    'LOG: H=(client.test) [203.0.113.5] F=<> rejected RCPT <nobody@site.test>: Unrouteable address',
  ]);
});

test('a header line with the sender that was verified before is not routed again', async () => {
  const place = new Place('bh');
  try {
    const acls =
      'acl_smtp_rcpt = check\nacl_smtp_data = check_data\nbegin acl\ncheck:\n  accept verify = sender\ncheck_data:\n  accept verify = header_sender\n';
    const rest = CONFIG.slice(CONFIG.indexOf('begin routers'));
    const server = new MailServer(place, `${placeOptions(place)}domainlist local_domains = site.test\n${acls}${rest}`);
    const input = 'HELO client.test\nMAIL FROM:<joe@site.test>\nRCPT TO:<x@site.test>\nDATA\nFrom: joe@site.test\n\nx\n.\nQUIT\n';
    const { stdout, stderr } = await server.exim(['-bh', '203.0.113.5'], { input });
    assert.match(stdout, /^250 OK id=/m);
    assert.match(stderr, /^>>> verifying From: header address joe@site\.test\n>>> previously checked as envelope sender\n/m);
    assert.equal(stderr.match(/ routing joe@site\.test$/gm)?.length, 1);
  } finally {
    place.remove();
  }
});
