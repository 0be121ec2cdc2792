/**
 * Has the reference program sign the messages of `signing-cases.ts`, by hand and as root: `node test/differential/signing.ts [--exim path]`, and writes
 * its DKIM-Signature: lines to `signing.tsv`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { privatePem } from '../../src/checks/dkim/signing-fixture.ts';
import { runCommand } from '../e2e/support/mail-server.ts';
import { Place } from '../e2e/support/place.ts';
import { referenceFolder } from '../e2e/support/reference.ts';
import { SmtpSink } from '../e2e/support/smtp-sink.ts';
import { type SigningCase, signingCases } from './signing-cases.ts';

const args = process.argv.slice(2);
const exim = args.includes('--exim') ? args[args.indexOf('--exim') + 1] : '/usr/sbin/exim4';

const place = new Place('signing');
for (const folder of ['.', 'spool', 'log']) referenceFolder(place, folder);
const sink = await SmtpSink.start();

function configuration({ key, domains, selectors, canon, hash, names, identity }: SigningCase): string {
  return `
primary_hostname = host.test.ex
spool_directory = ${place.path('spool')}
log_file_path = ${place.path('log/%slog')}
received_header_text =
keep_environment =
begin routers
all:
  driver = accept
  transport = smtp
begin transports
smtp:
  driver = smtp
  hosts = 127.0.0.1
  port = ${sink.port}
  allow_localhost
  message_linelength_limit = 1M
  dkim_domain = ${domains.join(' : ')}
  dkim_selector = ${selectors.join(' : ')}
  dkim_private_key = ${place.file('key.pem', privatePem(key))}
  dkim_canon = ${canon}
  dkim_hash = ${hash}
  dkim_sign_headers = ${names.join(' : ')}
${identity === undefined ? '' : `  dkim_identity = ${identity}\n`}`;
}

const rows: string[] = [];
for (const each of signingCases) {
  const config = place.file('exim.conf', configuration(each));
  const count = sink.messages.length;
  await runCommand(exim ?? '', ['-C', config, '-odi', '-oi', '-f', 'joe@test.ex', 'ann@site.test'], {
    input: `${each.header}\n${each.body}`,
  });
  const text = sink.messages[count]?.text ?? '';
  rows.push(`${each.name}\t${JSON.stringify(text.slice(0, text.indexOf('From: ')))}\n`);
}
await sink.stop();
place.remove();
writeFileSync(join(import.meta.dirname, 'signing.tsv'), rows.join(''));
console.log(`${rows.length} messages signed`);
