/** Bounces are messages of a local program: the ACLs for those and rewriting rules see them. Spec ch. 44 "The non-SMTP ACLs". */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MailServer, placeOptions } from '../support/mail-server.ts';
import { freePorts, Place } from '../support/place.ts';
import { SmtpClient } from '../support/smtp-client.ts';

const place = new Place('reports');
const [port = 0] = await freePorts(1);
const server = new MailServer(
  place,
  `${placeOptions(place, { primary_hostname: 'mail.site.test', daemon_smtp_ports: port, acl_smtp_rcpt: 'rcpt', acl_not_smtp: 'local' })}
begin acl
rcpt:
  accept
local:
  warn logwrite = of <$sender_address> for $recipients by $caller_uid
  deny recipients = refused@site.test
       message = no reports
  accept recipients = queued@site.test
         control = queue
  accept add_header = X-Seen: yes
begin routers
here:
  driver = accept
  condition = \${if eq{$sender_address}{}}
  transport = box
alias:
  driver = redirect
  local_parts = alias
  data = child@other.test
  errors_to =
nobody:
  driver = redirect
  allow_fail
  data = :fail: nobody
begin transports
box:
  driver = appendfile
  file = ${place.path('mail/box')}
  user = ${place.account.name}
begin rewrite
Mailer-Daemon@mail.site.test reports@mail.site.test f
`,
);

before(() => server.start());
after(async () => {
  await server.stop();
  place.remove();
});

async function sendFrom(sender: string, recipient = 'u@other.test'): Promise<void> {
  const client = await SmtpClient.open(port);
  for (const line of ['EHLO client.test', `MAIL FROM:<${sender}>`, `RCPT TO:<${recipient}>`, 'DATA']) await client.command(line);
  assert.match(await client.command('Subject: x\r\n\r\nbody\r\n.'), /^250 OK id=/);
  await client.quit();
}

test('a bounce passes the ACL, which adds to it; its header is rewritten', async () => {
  await sendFrom('told@site.test');
  await server.waitForLog(/=> told <told@site\.test> R=here/);
  assert.match(server.log(), /of <> for told@site\.test by [0-9]+$/m);
  const text = place.read('mail/box');
  assert.match(text, /^X-Seen: yes$/m);
  assert.match(text, /^From: Mail Delivery System <reports@mail\.site\.test>$/m);
});

test('one that the ACL puts on the queue waits there', async () => {
  await sendFrom('queued@site.test');
  const [line = ''] = await server.waitForLog(/\S+ no immediate delivery: queued by ACL/);
  const [, id] = /^\S+ \S+ (\S+) /.exec(line) ?? [];
  assert.deepEqual(await server.queue(), [id]);
});

test('one that the ACL refuses is not sent, and the failed address is settled', async () => {
  await sendFrom('refused@site.test');
  const [line = ''] = await server.waitForLog(/Process failed \(1\) when writing error message to refused@site\.test/);
  const [, id] = /^\S+ \S+ (\S+) /.exec(line) ?? [];
  await server.waitForLog(new RegExp(`${id} Completed`));
  assert.match(server.log(), /F=<> rejected by non-SMTP ACL: no reports$/m);
  assert.match(server.log(), /Error while reading message with no usable sender address \(R=\S+\): rejected by non-SMTP ACL: no reports$/m);
});

test('an error that nobody is told of is logged with what the address came from', async () => {
  await sendFrom('told@site.test', 'alias@silent.test');
  await server.waitForLog(/\S+ child@other\.test <alias@silent\.test>: error ignored$/);
});
