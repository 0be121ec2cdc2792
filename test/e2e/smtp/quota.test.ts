/** `verify = recipient/quota` of a running server: the mailbox is looked at as the user whose it is, and a full one is refused at RCPT. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { MailServer, placeOptions } from '../support/mail-server.ts';
import { freePorts, isRoot, localUser, Place } from '../support/place.ts';
import { SmtpClient } from '../support/smtp-client.ts';

const place = new Place('quota');
const user = localUser();
const [port = 0] = await freePorts(1);
const server = new MailServer(
  place,
  `${placeOptions(place, { primary_hostname: 'mail.site.test', daemon_smtp_ports: port, acl_smtp_rcpt: 'rcpt' })}
begin acl
rcpt:
  deny !verify = recipient/quota=cachepos=0s,cacheneg=1h
       message = mailbox is full
  accept
begin routers
boxes:
  driver = accept
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = ${place.path('mail/boxes')}/$local_part
  maildir_format
  quota = 20K
  user = ${user.name}
`,
);

/** A directory that only the user can look into. */
function box(name: string): string {
  const directory = place.path('mail/boxes', name);
  for (const path of [place.path('mail/boxes'), directory, `${directory}/new`]) {
    mkdirSync(path, { recursive: true });
    if (isRoot) chownSync(path, user.uid, user.gid);
    chmodSync(path, 0o700);
  }
  return directory;
}

before(async () => {
  box('empty');
  writeFileSync(`${box('full')}/new/1`, 'x'.repeat(30_000));
  await server.start();
});
after(async () => {
  await server.stop();
  place.remove();
});

test('a full mailbox is refused, and one that the message of the size that was said would fill', async () => {
  const client = await SmtpClient.open(port);
  await client.command('EHLO client.test');
  await client.command('MAIL FROM:<a@sender.test>');
  assert.equal(await client.command('RCPT TO:<empty@site.test>'), '250 Accepted');
  assert.equal(await client.command('RCPT TO:<full@site.test>'), '550 mailbox is full');
  assert.equal(await client.command('RCPT TO:<full@site.test>'), '550 mailbox is full');
  await client.command('RSET');
  await client.command('MAIL FROM:<a@sender.test> SIZE=30000');
  assert.equal(await client.command('RCPT TO:<other@site.test>'), '550 mailbox is full');
  await client.quit();
  const refusals = server
    .log()
    .split('\n')
    .flatMap((line) => / rejected RCPT (.*)$/.exec(line)?.[1] ?? []);
  assert.deepEqual(refusals, [
    '<full@site.test>: Over quota',
    '<full@site.test>: Previous (cached) quota verification failure',
    '<other@site.test>: Over quota',
  ]);
});
