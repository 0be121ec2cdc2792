/** Options of transports that cannot be expanded: the message waits until the administrator has mended them, and the panic log says so. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { MailServer, placeOptions } from '../support/mail-server.ts';
import { Place } from '../support/place.ts';

const place = new Place('broken-transport');
/** Without retry rules: an address that is deferred in the usual way fails at once. */
const server = new MailServer(
  place,
  `${placeOptions(place, { primary_hostname: 'mail.site.test', taint_mode: 'strict' })}
begin routers
own:
  driver = accept
  transport = \${if eq{$domain}{file.test}{file}{\${if eq{$domain}{tainted.test}{tainted}{\${if eq{$domain}{pipe.test}{pipe}{\${if eq{$domain}{command.test}{command}{remote}}}}}}}}
begin transports
file:
  driver = appendfile
  file = \${foo:x}
  user = ${place.account.name}
tainted:
  driver = appendfile
  file = ${place.path('mail')}/$local_part
  user = ${place.account.name}
pipe:
  driver = pipe
  command = \${foo:x}
  user = ${place.account.name}
command:
  driver = pipe
  command = $local_part x
  user = ${place.account.name}
remote:
  driver = smtp
  hosts = 127.0.0.1
  allow_localhost
  interface = \${foo:x}
`,
);

after(() => place.remove());

/** The log lines of a message to the address, without time and id. */
async function deliver(address: string): Promise<readonly string[]> {
  const before = server.log().length;
  await server.exim(['-odi', address], { input: 'Subject: x\n\nbody\n' });
  return [
    ...server
      .log()
      .slice(before)
      .matchAll(/^\S+ \S+ \S+ (== .*|\*\* .*)$/gm),
  ].map((match) => match[1] ?? '');
}

const unknown = 'failed: unknown expansion operator "foo"';
const cases: readonly (readonly [address: string, line: string])[] = [
  [
    'u@file.test',
    `== u@file.test R=own T=file defer (-1): Expansion of "\${foo:x}" (file or directory name for file transport) ${unknown}`,
  ],
  [
    'u@tainted.test',
    `== u@tainted.test R=own T=tainted defer (-1): Tainted '${place.path('mail')}/u' (file or directory name for tainted transport) not permitted`,
  ],
  ['u@pipe.test', `== u@pipe.test R=own T=pipe defer (0): Expansion of "\${foo:x}" from command "\${foo:x}" in pipe transport ${unknown}`],
  [
    'u@remote.test',
    '== u@remote.test R=own T=remote defer (-1): failed to expand "interface" option for remote transport: unknown expansion operator "foo"',
  ],
];

for (const [address, line] of cases)
  test(`${address} waits`, async () => {
    assert.deepEqual(await deliver(address), [line]);
    assert.ok(server.log('panic').includes(line), server.log('panic'));
  });

test('what waits is on the queue', async () => {
  assert.equal((await server.queue()).length, cases.length);
});

test('a command that the sender chose is no command, and the address fails', async () => {
  const [line] = await deliver('cat@command.test');
  assert.match(line ?? '', /^\*\* cat@command\.test R=own T=command ?: Tainted arg 0 for command transport command: 'cat'$/);
});
