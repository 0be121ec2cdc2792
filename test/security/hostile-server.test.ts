/**
 * What a server of somebody else may answer to our client: lines without code, codes that change, NUL, CR within, bare LF, answers before they were asked for, a host name that is a
 * command. Each is a defer or a failure with the answer in the log, printable; nothing that was not said by the server is believed, and the daemon goes on.
 */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { after, before, test } from 'node:test';
import { MailServer, placeOptions } from '../e2e/support/mail-server.ts';
import { freePorts, Place } from '../e2e/support/place.ts';
import { SmtpClient } from '../e2e/support/smtp-client.ts';

const place = new Place('hostile');
const [port = 0] = await freePorts(1);

/** Answers in order; the first is the greeting. `''`: the connection is ended. */
const servers: Readonly<Record<string, { readonly answers: readonly string[]; readonly fate: RegExp }>> = {
  'no-code': { answers: ['hello\r\n'], fate: /== .* defer \(-19\) .*Malformed SMTP reply in response to initial connection: hello/ },
  'empty-line': { answers: ['\r\n'], fate: /== .* Malformed SMTP reply \(an empty line\) in response to initial connection/ },
  letters: { answers: ['2x0 hi\r\n'], fate: /== .* Malformed SMTP reply/ },
  'long-code': { answers: ['2200 hi\r\n'], fate: /== .* Malformed SMTP reply/ },
  'changed-code': { answers: ['220-a\r\n250 b\r\n'], fate: /== .* Malformed SMTP reply/ },
  nul: { answers: ['220 a\0b\r\n', '250 x\r\n', '550 no\0way\r\n'], fate: /\*\* .* 550 no\\000way/ },
  escapes: { answers: ['220 a\r\n', '250 x\r\n', '550 \x1b[31mred\x1b[0m %n%s \xff\r\n'], fate: /\*\* .* 550 \\033\[31mred\\033\[0m %n%s/ },
  'bare-cr': { answers: ['220 a\r\n', '250 x\r\n', '550 one\r550 two\r\n'], fate: /\*\* .* 550 one\\r550 two/ },
  'bare-lf': { answers: ['220 a\n', '250 x\n', '550 one\n'], fate: /\*\* .* 550 one/ },
  'second-line': {
    answers: ['220 a\r\n', '250 x\r\n', '550-one\r\n550 2026-11-21 00:00:00 1abcde-00000000001-0001 => made@up\r\n'],
    fate: /\*\* .* 550-one\\n550 2026/,
  },
  expansion: {
    answers: ['220 ${run{/bin/false}}\r\n', '250-${run{/bin/false}}\r\n250 SIZE ${run{x}}\r\n', '550 ${run{/bin/false}} $acl_m0\r\n'],
    fate: /\*\* .* 550 \$\{run\{\/bin\/false\}\} \$acl_m0/,
  },
  proto: { answers: ['220 a\r\n', '250-__proto__\r\n250-constructor 1\r\n250 toString\r\n', '550 no\r\n'], fate: /\*\* .* 550 no/ },
  sizes: {
    answers: [
      '220 a\r\n',
      '250-SIZE 99999999999999999999\r\n250-SIZE -1\r\n250-LIMITS RCPTMAX=0 MAILMAX=-1 RCPTMAX=x\r\n250 SIZE x\r\n',
      '550 no\r\n',
    ],
    fate: /(?:\*\*|==) .*/,
  },
  'all-at-once': { answers: [`220 a\r\n${'250 yes\r\n'.repeat(10)}`], fate: /== .*/ },
  'many-lines': { answers: ['220 a\r\n', `${'250-x\r\n'.repeat(5000)}250 x\r\n`], fate: /== .* Malformed SMTP reply/ },
  'ends-in-line': { answers: ['220 a\r\n', '250-x\r\n250', ''], fate: /== .* Remote host closed connection in response to EHLO/ },
  ends: { answers: ['220 a\r\n', '250 x\r\n', ''], fate: /== .* Remote host closed connection in response to MAIL/ },
  'wrong-354': { answers: ['220 a\r\n', '250 x\r\n', '250 ok\r\n', '250 ok\r\n', '250 not yet\r\n'], fate: /== .*/ },
  'early-354': { answers: ['220 a\r\n', '354 go\r\n'], fate: /(?:==|\*\*) .*/ },
};

const listening: Server[] = [];
let server: MailServer;

before(async () => {
  const routes = await Promise.all(
    Object.entries(servers).map(async ([name, { answers }]) => `${name}.test: 127.0.0.1::${await listen(answers)}`),
  );
  server = new MailServer(
    place,
    `${placeOptions(place, { daemon_smtp_ports: port, primary_hostname: 'mail.site.test', acl_smtp_rcpt: 'accept' })}
begin routers
remote:
  driver = manualroute
  domains = ! mail.site.test
  route_data = \${lookup{$domain}lsearch{${place.file('etc/routes', `${routes.join('\n')}\n`)}}}
  self = send
  transport = remote
bounces:
  driver = redirect
  data = :blackhole:
begin transports
remote:
  driver = smtp
  command_timeout = 20s
  hosts_avoid_tls = *
begin retry
* * F,1h,1m
`,
  );
  await server.start();
});

after(async () => {
  await server.stop();
  for (const one of listening) one.close();
  place.remove();
});

function listen(answers: readonly string[]): Promise<number> {
  const one = createServer((socket) => {
    let next = 0;
    const say = () => {
      const text = answers[next++];
      if (text === '') socket.end();
      else if (text !== undefined) socket.write(Buffer.from(text, 'latin1'));
    };
    let received = '';
    socket
      .on('error', () => socket.destroy())
      .on('data', (bytes: Buffer) => {
        received += bytes.toString('latin1');
        for (let end = received.indexOf('\r\n'); end >= 0; end = received.indexOf('\r\n')) {
          received = received.slice(end + 2);
          say();
          if (answers[next] === '') say();
        }
      });
    say();
  });
  listening.push(one);
  return new Promise((resolve) =>
    one.listen(0, '127.0.0.1', () => {
      const address = one.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    }),
  );
}

test('answers of a hostile server', { concurrency: true, timeout: 120_000 }, async (context) => {
  for (const [name, { fate }] of Object.entries(servers))
    void context.test(name, async () => {
      const client = await SmtpClient.open(port);
      await client.command('EHLO client.test');
      const answer = await client.send({ from: 'a@mail.site.test', to: [`x@${name}.test`], text: 'Subject: x\n\nx\n' });
      await client.quit();
      const id = /id=(\S+)/.exec(answer)?.[1] ?? assert.fail(answer);
      const [line] = await server.waitForLog(new RegExp(`${id} (?:=>|==|\\*\\*) x@${name}\\.test`));
      assert.match(line, fate);
    });
});

test('no answer made a line of its own, ran, or was taken for a delivery', () => {
  const log = server.log();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  assert.doesNotMatch(log, /[\x00-\x08\x0b-\x1f\x7f]|^\S+ \S+ \S+ [-=]> (?!:blackhole:)/m);
  assert.doesNotMatch(log, /^2026-11-21 00:00:00/m);
  assert.equal(server.log('panic'), '');
});
