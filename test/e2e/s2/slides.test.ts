/** The slides' own text: upstream's default configuration with the slides' changes, where both are beside the repository. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fenced, readText, replaceAll } from '../support/how-to.ts';
import { type Place, sharedFile } from '../support/place.ts';
import { testSite } from './scenario.ts';
import { HOST, Site, type SitePorts } from './site.ts';

const upstream = sharedFile('configs/upstream-default/exim.conf.orig');
const slides = sharedFile('seeds/002_19acf76b12b533c5.txt');

test("upstream's default configuration with the slides' changes", {
  skip: upstream && slides ? false : 'the texts are not here',
}, async (context) => {
  if (!upstream || !slides) return;
  const site = await Site.start('slides', (place, ports) => assemble(readText(upstream), readText(slides), place, ports));
  try {
    await context.test('-bV reads it without a word', async () => {
      const { status, stdout, stderr } = await site.server.exim(['-bV']);
      assert.deepEqual([status, stderr], [0, '']);
      assert.match(stdout, /^Exim version 4\.99 .*\n(?:.*\n)*Configuration file is /);
    });
    await testSite(context, site);
  } finally {
    await site.stop();
  }
});

/** What the slides change, block by block. Lines that the page wraps are joined, and the braces that it lost are there again. */
function assemble(base: string, text: string, place: Place, ports: SitePorts): string {
  const main = [
    `primary_hostname = ${HOST}`,
    `daemon_smtp_ports = ${ports.smtp} : ${ports.smtps}`,
    `tls_on_connect_ports = ${ports.smtps}`,
    'tls_advertise_hosts = *',
    ...fenced(text, 'openssl_options')
      .replaceAll(/([-+:!])\n +/g, '$1')
      .replaceAll(/^#.*\n/gm, '')
      .trim()
      .split('\n'),
  ].join('\n');
  const router = fenced(text, 'local_part_suffix = +* : -*', 1)
    .replaceAll(/^ *#.*\n/gm, '')
    .replaceAll(/^(?!localuser| )/gm, '  ')
    .trimEnd();
  const transport = `${fenced(text, 'maildir_format')
    .replaceAll(/^ *#.*\n/gm, '')
    .trimEnd()}\n\n`;
  const authenticator = fenced(text, 'Exim voodoo').replaceAll(/(exists\{[^}]*\}|lsearch\{[^}]*\})\\\n/g, '$1{\\\n');
  const changed = replaceAll(base, [
    ['domainlist local_domains = @', `${main}\ndomainlist local_domains = @`],
    [/\.ifdef _HAVE_OPENSSL\ntls_require_ciphers = [^\n]*\n\.endif\n/, ''],
    [/^localuser:\n(?:.*\n)*?(?=begin|#{20})/m, `${router}\n\n`],
    [/^local_delivery:\n(?:.*\n)*?(?=\n#)/m, transport],
    [/^remote_smtp:\n {2}driver = smtp\n/m, `remote_smtp:\n  driver = smtp\n  interface = 127.0.0.1\n  port = ${ports.mx}\n`],
    ['ignore_target_hosts = 0.0.0.0 : 127.0.0.0/8', 'ignore_target_hosts = 0.0.0.0 : 127.0.0.1'],
    [/^begin authenticators\n/m, `begin authenticators\n\n${authenticator}\n`],
    ['SYSTEM_ALIASES_FILE', '/etc/mail/aliases'],
  ]);
  return replaceAll(changed, [
    ['/etc/mail/', place.path('etc/')],
    ['/etc/ssl/private/', place.path('etc/')],
    ['directory = /var/mail/', `directory = ${place.path('mail/')}`],
    ['user = mail', `user = ${place.account.name}`],
    ['group = mail', `group = ${place.account.gid}`],
  ]);
}
