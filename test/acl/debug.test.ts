/** `control = debug`: the steps of one session in a file beside the logs. Spec ch. 44 "Use of the control modifier". */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { MailServer, placeOptions } from '../e2e/support/mail-server.ts';
import { freePorts, Place } from '../e2e/support/place.ts';
import { SmtpClient } from '../e2e/support/smtp-client.ts';
import { waitFor } from '../e2e/support/wait.ts';

const ACLS = `acl_smtp_helo = helo
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
begin acl
helo:
  accept condition = \${if match{$sender_helo_name}{^(traced|killed|early)}}
         control = debug/tag=.$sender_helo_name/opts=-all+acl\${if eq{$sender_helo_name}{early}{/pretrigger=4096/trigger=paniclog}}
  accept
mail:
  warn   condition = \${if eq{$sender_helo_name}{killed}}
         control = debug/kill
  warn   senders = stop@site.test
         control = debug/stop
  warn   senders = panic@site.test
         logwrite = :panic: something is wrong
  accept
rcpt:
  accept domains = site.test
`;

test('the file of a session, one that is killed, one that waits for a panic', async () => {
  const place = new Place('debug');
  const [port = 0] = await freePorts(1);
  const server = new MailServer(place, placeOptions(place, { daemon_smtp_ports: port, primary_hostname: 'mail.site.test' }) + ACLS);
  const dialogue = async (name: string, ...commands: readonly string[]) => {
    const client = await SmtpClient.open(port);
    for (const command of [`HELO ${name}`, ...commands]) await client.command(command);
    await client.quit();
  };
  const written = (name: string) => place.read(`log/debuglog.${name}`);
  try {
    await server.start();
    await dialogue(
      'traced',
      'MAIL FROM:<a@site.test>',
      'RCPT TO:<b@elsewhere.test>',
      'RSET',
      'MAIL FROM:<stop@site.test>',
      'RCPT TO:<b@site.test>',
    );
    const text = await waitFor(
      () => `the steps: ${written('traced')} ${server.log()} ${server.log('panic')}`,
      () => written('traced').includes('check senders = stop') && written('traced'),
    );
    assert.match(
      text,
      /^using ACL "rcpt"\nprocessing ACL rcpt "accept" \(\S+ \d+\)\ncheck domains = site\.test\naccept: condition test failed in ACL rcpt\n/m,
    );
    assert.match(text, /^LOG: MAIN REJECT\n {2}.*rejected RCPT <b@elsewhere\.test>/m);
    assert.doesNotMatch(text, /in "site\.test"\?/);
    assert.match(text, /check control = debug\/stop\n$/);
    await dialogue('early', 'MAIL FROM:<a@site.test>');
    await dialogue('killed', 'MAIL FROM:<a@site.test>', 'RCPT TO:<b@site.test>');
    await dialogue('untraced', 'MAIL FROM:<a@site.test>');
    for (const name of ['early', 'killed', 'untraced']) assert.equal(existsSync(place.path(`log/debuglog.${name}`)), false, name);
    await dialogue('early', 'MAIL FROM:<panic@site.test>');
    await waitFor('the steps before the panic', () => /using ACL "mail"\n[\s\S]*something is wrong/.test(written('early')));
  } finally {
    await server.stop();
    place.remove();
  }
});
