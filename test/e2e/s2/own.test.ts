/** The site with users in a file, on our own configuration. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testSite } from './scenario.ts';
import { Site } from './site.ts';

test('users in a file, Maildirs, aliases, TLS from one PEM', async (context) => {
  const text = readFileSync(join(import.meta.dirname, 'config/exim.conf'), 'latin1');
  const site = await Site.start('s2', (place, ports) => {
    const macros = {
      PLACE: place.directory,
      SMTP_PORT: ports.smtp,
      SMTPS_PORT: ports.smtps,
      MX_PORT: ports.mx,
      DELIVERY_USER: place.account.name,
      DELIVERY_GROUP: place.account.gid,
    };
    const lines = Object.entries(macros).map(([name, value]) => `${name} = ${value}\n`);
    return lines.join('') + text;
  });
  try {
    await testSite(context, site);
  } finally {
    await site.stop();
  }
});
