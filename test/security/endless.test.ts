/** Input without an end, 64 MiB of it (a gigabyte by hand: endless.ts): each parser refuses it as Exim does, or throws it away, and memory does not grow with it. */
import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { MailServer, placeOptions } from '../e2e/support/mail-server.ts';
import { Place } from '../e2e/support/place.ts';
import { type EndlessResult, runEndless } from './endless-run.ts';

const AMOUNT_MIB = 64;
/** For buffers and for what waits to be collected. */
const GROWTH_MIB = 120;

const TOO_MANY_UNKNOWN = /500 Too many unrecognized commands$/;
/** The server ends the connection while the client still sends: whether its last reply arrives is up to the network. */
const UNKNOWN_OR_LOST = /^$|500 (?:unrecognized command|Too many unrecognized commands)$/;
const HEADER_TOO_LONG = /552 Message header is ridiculously long/;
const TOO_BIG = /552 Message size exceeds maximum permitted/;
const MALFORMED = /^defer \(-19\) .*: Malformed (?:SMTP|LMTP) reply in response to /;
const LOST = /^(?:503 valid RCPT command must precede BDAT \/ )?421 (?:Lost incoming connection|mail\.site\.test lost input connection)$/;
const GAVE_UP = /^$|^250 .* \/ 221 mail\.site\.test closing connection$|^221 /;

const expected: Readonly<Record<string, RegExp>> = {
  'a command': UNKNOWN_OR_LOST,
  'a command, NUL': UNKNOWN_OR_LOST,
  'a command, CR': UNKNOWN_OR_LOST,
  EHLO: UNKNOWN_OR_LOST,
  'a sender': UNKNOWN_OR_LOST,
  XCLIENT: UNKNOWN_OR_LOST,
  'an answer of AUTH': /^$|^501 Invalid base64 data|500 Too many unrecognized commands$/,
  'a header of DATA': HEADER_TOO_LONG,
  'header lines of DATA': HEADER_TOO_LONG,
  'a folded header of DATA': HEADER_TOO_LONG,
  'a line of a body': TOO_BIG,
  'dots of a body': TOO_BIG,
  'a header of BDAT': LOST,
  'a body of BDAT': LOST,
  'a chunk without a message': LOST,
  'a TLS handshake': /^$/,
  'a TLS handshake of one message': /^$/,
  'a PROXY header': UNKNOWN_OR_LOST,
  'a binary PROXY header': UNKNOWN_OR_LOST,
  "the answer about a client's user": GAVE_UP,
  'a name server': GAVE_UP,
  // What came until the limit may be the text, if the client is still there to read it.
  'a socket that is read': /^$|^250 x+$|^221 /,
  'the server banner.away.test': MALFORMED,
  'the server lines.away.test': MALFORMED,
  'the server ehlo.away.test': MALFORMED,
  'the server mail.away.test': MALFORMED,
  'the server tls.away.test': MALFORMED,
  'the server banner.lmtp.away.test': MALFORMED,
  'the server lhlo.lmtp.away.test': MALFORMED,
  'the control socket': /^ended$/,
  'a call over the control socket': /^ended$/,
  '-bs, a command': TOO_MANY_UNKNOWN,
  '-bs, a header': HEADER_TOO_LONG,
  '-bs, a body': TOO_BIG,
  '-bS, a command': /^status 2: /,
  '-bm, a header': /^status 1: /,
  '-bm, a body': /^status 1: /,
  '-t, an address list': /^status 1: /,
};

test('input without an end, on every way in', { timeout: 200_000 }, async () => {
  const results: EndlessResult[] = [];
  await runEndless(AMOUNT_MIB, (result) => void results.push(result));
  assert.deepEqual(
    results.map(({ name }) => name),
    Object.keys(expected),
  );
  for (const { name, outcome, grownMiB } of results) {
    assert.match(outcome, expected[name] ?? assert.fail(name), name);
    assert.ok(grownMiB < GROWTH_MIB, `${name}: ${grownMiB} MiB`);
  }
});

test('files without an end: configuration, lookups, lists', async () => {
  const place = new Place('endless-files');
  try {
    const file = place.path('etc/endless');
    writeFileSync(file, '');
    truncateSync(file, 1 << 30); // a gigabyte of NUL that takes no room
    const server = new MailServer(place, placeOptions(place));
    for (const [expression, answer] of [
      [`\${lookup{x}lsearch{${file}}}`, `Failed: failed to open ${file} for linear search: File too large`],
      [`\${lookup{x}wildlsearch{${file}}}`, `Failed: failed to open ${file} for linear search: File too large`],
      [`\${lookup{x}json{${file}}}`, `Failed: failed to open ${file} for json search: File too large`],
      [`\${lookup{x}cdb{${file}}{found}{none}}`, 'none'],
      [`\${lookup{x}dbm{${file}}{found}{none}}`, 'none'],
      [`\${readfile{${file}}}`, `Failed: ${file} is too large to be read into a string`],
      [`\${if match_domain{x}{${file}}}`, 'Failed: unable to complete match against'],
    ] as const)
      assert.ok((await server.exim(['-be', expression])).stdout.startsWith(answer), expression);
    const included = new MailServer(place, `.include ${file}\n`);
    const { status, stderr } = await included.exim(['-bV']);
    assert.equal(status, 1);
    assert.match(stderr, /failed to open included configuration file .*: File too large|File too large/);
  } finally {
    place.remove();
  }
});
