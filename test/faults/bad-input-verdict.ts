/** What must have come of bad input, and its summary. */
import type { Answer, BadInputReport } from './bad-input-run.ts';

const WHO = 'H=(client.test) [client]';

function syntaxErrors(...commands: string[]): string[] {
  return commands.map((command) => `SMTP syntax error in "${command}" ${WHO} unrecognized command`);
}

function nulIn(command: string): string {
  return `SMTP syntax error in "${command}" ${WHO} NUL character(s) present (shown as '?')`;
}

/** What goes to both logs. */
function rejected(replies: readonly string[], line: string, ...more: string[]): Answer {
  return { replies, main: [line], reject: [line, ...more] };
}

const OUT_OF_STEP = ['554 SMTP synchronization error'];

function tooSoon(offered: string, command: string, who: string, next: string, count: number): Answer {
  return rejected(
    OUT_OF_STEP,
    `SMTP protocol synchronization error (next input sent too soon: pipelining was ${offered}): rejected "${command}" ${who} next input="${next}" (${count} bytes)`,
  );
}

const UNKNOWN = '500 unrecognized command';
const TOO_MANY_UNKNOWN = 'SMTP call from (client.test) [client] dropped: too many unrecognized commands (last was "Y")';

/** Exim 4.96's replies and log lines, as seen with its default `smtp_enforce_sync`; ` (6 bytes)` is told by 4.99 only. */
const EXPECTED: Readonly<Record<string, Answer>> = {
  // The line of its beginning is longer than lines of the log may be: it is cut before it names the client.
  'a line over the limit': { replies: [UNKNOWN], main: syntaxErrors('x…'), reject: [] },
  NUL: { replies: ['501 NUL characters are not allowed in SMTP commands', '250 OK'], main: [nulIn('NO?OP')], reject: [] },
  'eight bits': { replies: [UNKNOWN], main: syntaxErrors('\\377\\376\\375'), reject: [] },
  'bare CR': { replies: [UNKNOWN], main: syntaxErrors('NOOP\\rNOOP'), reject: [] },
  'bare LF': { replies: ['250 OK'], main: [], reject: [] },
  'bare LF, orderly': tooSoon('advertised', 'NOOP', WHO, 'QUIT\\r\\n', 6),
  'bare LF after HELO': { replies: ['250 OK'], main: [], reject: [] },
  'bare LF after HELO, orderly': tooSoon('not advertised', 'NOOP', WHO, 'QUIT\\r\\n', 6),
  'NUL in an address': {
    replies: ['501 NUL characters are not allowed in SMTP commands'],
    main: [nulIn('RCPT TO:<a?b@mail.site.test>'), 'unexpected disconnection while reading SMTP command from (client.test) [client] D=…'],
    reject: [],
  },
  'unknown commands': {
    replies: [UNKNOWN, UNKNOWN, UNKNOWN, '500 Too many unrecognized commands'],
    main: [...syntaxErrors('FOO', 'BAR', 'X', 'Y'), TOO_MANY_UNKNOWN],
    reject: [TOO_MANY_UNKNOWN],
  },
  'NUL in a body': {
    replies: ['250 OK id=…'],
    main: [`… <= a@sender.test ${WHO} P=esmtp S=…`],
    reject: [],
  },
  'a long line in a body': rejected(
    ['550 maximum allowed line length is 998 octets, got 100000'],
    `… ${WHO} F=<a@sender.test> rejected after DATA: maximum allowed line length is 998 octets, got 100000`,
    'P Received: from [client] (helo=client.test)',
  ),
  'a header over the limit': {
    replies: ['552 Message header is ridiculously long'],
    main: ['ridiculously long message header received from (client.test) [client] (more than 1048576 characters): message abandoned'],
    reject: [],
  },
  'a message over the limit': rejected(
    ['552 Message size exceeds maximum permitted'],
    `… rejected from <a@sender.test> ${WHO}: message too big: read=23700012 max=20971520`,
  ),
  'too soon, orderly': tooSoon('not advertised', 'EHLO client.test', 'H=[client]', 'NOOP\\r\\nQUIT\\r\\n', 12),
  'before the greeting': rejected(
    OUT_OF_STEP,
    'SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection from H=[client] input="EHLO client.test\\r\\nNOOP\\r\\nQUIT\\r\\n"',
  ),
};

/** Recipients of one message beyond `recipients_max`. */
const MAX_RECIPIENTS = 50_000;
/** How much more memory the worker may take than before, at any time. */
const MEMORY_KIB = 300 * 1024;

export function faultsOf(report: BadInputReport): string[] {
  const { answers, memoryKib, recipientReplies } = report;
  const faults: [boolean, string][] = [
    ...Object.entries(EXPECTED).map(([name, expected]): [boolean, string] => [
      JSON.stringify(answers[name]) !== JSON.stringify(expected),
      `${name}: ${JSON.stringify(answers[name])} instead of ${JSON.stringify(expected)}`,
    ]),
    [report.ended < report.streams, `${report.streams - report.ended} random streams had no end`],
    [(recipientReplies['250 Accepted'] ?? 0) > MAX_RECIPIENTS, `${recipientReplies['250 Accepted']} recipients were accepted`],
    [memoryKib.peak - memoryKib.before > MEMORY_KIB, `the worker grew from ${memoryKib.before} to ${memoryKib.peak} KiB`],
    [!report.isSameWorker, 'the worker ended'],
    [!report.takesMail, 'no more mail is taken'],
    [report.panics !== '', `panic log: ${report.panics}`],
  ];
  return faults.filter(([isFault]) => isFault).map(([, text]) => text);
}

export function summaryOf(report: BadInputReport): string {
  const { before, peak, after } = report.memoryKib;
  const mib = (kib: number) => `${Math.round(kib / 1024)} MiB`;
  const rows: [string, string | number][] = [
    ['single inputs', Object.keys(report.answers).length],
    ['random streams that ended', `${report.ended} of ${report.streams}`],
    ...Object.entries(report.recipientReplies).map(([reply, count]): [string, number] => [`recipients: ${reply}`, count]),
    ['half-closed connections that were answered', report.halfClosedAnswered],
    ['memory of the worker', `${mib(before)}, at most ${mib(peak)}, at the end ${mib(after)}`],
  ];
  return rows.map(([name, value]) => `${name.padEnd(48)}${value}\n`).join('');
}
