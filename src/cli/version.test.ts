import assert from 'node:assert/strict';
import { test } from 'node:test';
import { versionText } from './version.ts';

test('-bV has the lines that scripts look for, in Exim’s order', async () => {
  const text = await versionText({ fixedNeverUsers: [0, 7], configureOwners: [0], configureGroups: [] });
  const names = text.split('\n').map((line) => /^(?:[A-Z][a-z]+ version|Eximius|[^:]*)/.exec(line)?.[0]);
  assert.deepEqual(names, [
    'Exim version',
    'Eximius',
    'Support for',
    'Lookups (built-in)',
    'Authenticators (built-in)',
    'Routers (built-in)',
    'Transports (built-in)',
    'Malware',
    'Fixed never_users',
    'Configure owner',
    'Size of off_t',
    '',
  ]);
  assert.match(text, /^Lookups \(built-in\): lsearch wildlsearch nwildlsearch iplsearch cdb /m);
  assert.match(text, /^Transports \(built-in\): appendfile\/maildir/m);
});
