/** Recipes that decide who may send: the wiki's ACLs and their order, the banner, names of calling hosts, and what stands behind a 451. */
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { test } from 'node:test';
import { isRoot, mailAccount } from '../support/place.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { FROM, HOST, JOE, message, RecipeSite, recipe } from './site.ts';

const STRANGER = '203.0.113.5';
const AUTHENTICATOR = `plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = \${if eq{$auth2:$auth3}{joe:secret}}
  server_set_id = $auth2
`;

test('the basic ACLs: local domains and authenticated clients, nothing else', () =>
  RecipeSite.run({ main: recipe('basic.main'), acl: recipe('basic.acl'), authenticators: AUTHENTICATOR }, async (site) => {
    const refusal = '550 "we are not an open relay"';
    const cases: readonly (readonly [isAuthenticated: boolean, to: string, answer: string])[] = [
      [false, JOE, '250 Accepted'],
      [false, `joe@${HOST}`, '250 Accepted'],
      [false, 'x@elsewhere.test', refusal],
      [false, 'x@relayed.test', refusal],
      [true, JOE, '250 Accepted'],
      [true, 'x@elsewhere.test', '250 Accepted'],
    ];
    for (const [isAuthenticated, to, answer] of cases) {
      const client = await site.connectFrom(STRANGER);
      if (isAuthenticated) assert.equal(await client.authPlain('joe', 'secret'), '235 Authentication succeeded');
      await client.command(`MAIL FROM:<${FROM}>`);
      assert.equal(await client.command(`RCPT TO:<${to}>`), answer, to);
      await client.quit();
    }
    assert.match(await site.sendFrom(STRANGER, { text: message('accepted after DATA') }), /^250 OK id=/);
    await site.delivered('accepted after DATA');
  }));

test('an ACL whose statements all fail denies', () =>
  RecipeSite.run({ main: 'acl_smtp_rcpt = only_local\n', acl: 'only_local:\n accept domains = +local_domains\n' }, async (site) => {
    const client = await site.connectFrom(STRANGER);
    await client.command(`MAIL FROM:<${FROM}>`);
    assert.equal(await client.command('RCPT TO:<x@elsewhere.test>'), '550 Administrative prohibition');
    assert.equal(await client.command(`RCPT TO:<${JOE}>`), '250 Accepted');
    await client.quit();
  }));

test('ACLs run in the order of the dialogue, and local submission has one of its own', () => {
  const hooks = [
    'smtp_connect',
    'smtp_helo',
    'smtp_mail',
    'smtp_rcpt',
    'smtp_predata',
    'smtp_data',
    'smtp_quit',
    'not_smtp_start',
    'not_smtp',
  ];
  const main = hooks.map((hook) => `acl_${hook} = ${hook}\n`).join('');
  const acl = hooks.map((hook) => `${hook}:\n accept logwrite = ran ${hook}\n`).join('');
  return RecipeSite.run({ main, acl }, async (site) => {
    const { server } = site;
    const ran = () => [...server.log().matchAll(/ ran (\S+)$/gm)].map((match) => match[1]);
    const client = await site.connectFrom(STRANGER);
    await client.send({ from: FROM, to: [JOE], text: message('in order') });
    await client.quit();
    await server.waitForLog(/ ran smtp_quit/);
    assert.deepEqual(ran(), hooks.slice(0, 7));
    await server.exim(['-odq', JOE], { input: message('submitted') });
    assert.deepEqual(ran().slice(7), hooks.slice(7));
  });
});

test('the banner names no program', () =>
  RecipeSite.run({ main: recipe('banner.main'), acl: '' }, async (site) => {
    const client = await SmtpClient.connect(site.port);
    await client.write(`PROXY TCP4 ${STRANGER} 192.0.2.1 40000 25\r\n`);
    const banner = await client.reply();
    client.close();
    assert.match(banner, /^220 server\.example\.com ESMTP \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}$/);
  }));

test('no name is looked up for the hosts of the local network', async () => {
  // The macro is what Debian's configuration makes `host_lookup` of.
  const main = `${recipe('helo-lookup.main')}host_lookup = MAIN_HOST_LOOKUP\n`;
  const site = await RecipeSite.make({ main, acl: '', options: { hosts_proxy: '' } });
  const missing = /^LOG: no host name found for IP address (\S+)$/m;
  const cases: readonly (readonly [address: string, hello: string, question: string | undefined])[] = [
    ['192.168.100.63', '[127.0.0.1]', undefined],
    ['192.168.100.63', '[192.168.100.63]', undefined],
    ['192.168.100.63', 'client.test', undefined],
    // `@`: who claims to be this host is looked up.
    ['192.168.100.63', HOST, '63.100.168.192.in-addr.arpa/PTR'],
    [STRANGER, '[127.0.0.1]', '5.113.0.203.in-addr.arpa/PTR'],
  ];
  try {
    for (const [address, hello, question] of cases) {
      site.dns.asked.length = 0;
      const { stderr } = await site.server.exim(['-bh', address], { input: `EHLO ${hello}\nQUIT\n` });
      assert.deepEqual(
        [site.dns.asked.find((asked) => asked.endsWith('/PTR')), missing.exec(stderr)?.[1]],
        [question, question && address],
      );
    }
  } finally {
    await site.stop();
  }
});

test('behind "451 Temporary local problem" stands a cause, in the log and with -bh', () => {
  const text = {
    main: 'acl_smtp_rcpt = check\n',
    acl: 'check:\n accept verify = recipient\n',
    routers: 'forward:\n  driver = redirect\n  file = PLACE/private/$local_part\n  directory_transport = maildir\n',
  };
  return RecipeSite.run(text, async (site) => {
    const { place, server } = site;
    place.file('private/joe', 'other@mydomain.tld\n');
    chmodSync(place.path('private'), isRoot ? 0o700 : 0);
    const cause = /failed to (?:stat|open) \S+\/private\/joe.*(?:Permission denied|\(13\))/;
    try {
      assert.equal(await site.sendFrom(STRANGER), '451 Temporary local problem - please try later');
      await server.waitForLog(new RegExp(`temporarily rejected RCPT <joe@mydomain\\.tld>: .*${cause.source}`));
      const input = `EHLO client.test\nMAIL FROM:<${FROM}>\nRCPT TO:<${JOE}>\nQUIT\n`;
      const tried = await server.exim(['-bh', STRANGER], { input, ...(isRoot ? { ids: mailAccount() } : {}) });
      assert.match(tried.stdout, /^451 Temporary local problem - please try later\r?$/m);
      assert.match(tried.stderr, new RegExp(`^LOG: .* temporarily rejected RCPT .*${cause.source}`, 'm'));
    } finally {
      chmodSync(place.path('private'), 0o700);
    }
  });
});

test('nothing is delivered as root: the message waits, and the log says why', () => {
  const routers = 'as_root:\n  driver = accept\n  local_parts = admin\n  transport = as_root\n';
  const transports = 'as_root:\n  driver = appendfile\n  file = PLACE/mail/root\n  user = root\n';
  const main = 'acl_smtp_rcpt = all\nnever_users = root\n';
  return RecipeSite.run({ main, acl: 'all:\n accept\n', routers, transports }, async (site) => {
    assert.match(await site.sendFrom(STRANGER, { to: 'admin@mydomain.tld' }), /^250 OK id=/);
    await site.server.waitForLog(
      / == admin@mydomain\.tld R=as_root T=as_root defer \(-29\): User 0 set for as_root transport is on the never_users list$/,
    );
    assert.equal(site.place.read('mail/root'), '');
  });
});
