/**
 * What SpamAssassin's daemon or Rspamd says of the message: the request, the answer, and what `$spam_…` are made of it.
 * Spec ch. 45 "Scanning with SpamAssassin and Rspamd".
 */
import { parseList } from '../../base/list-text.ts';
import { lowerCase, type Octets, octetsFromBytes, trimSpace } from '../../base/octets.ts';
import {
  type Connection,
  type Deadline,
  defer,
  earlier,
  type Frame,
  type Outcome,
  ok,
  originOf,
  type SpamResult,
} from '../../core/index.ts';
import { piecesOf, ScanReadError, withFile } from './file-source.ts';
import { openScanCopy } from './scan-copy.ts';
import { type ReachedServer, reachSpamServer } from './spamd.ts';

const MAX_ANSWER_BYTES = 32 * 1024;
const MAX_BAR = 51;
const PREFIX = 'spam acl condition: ';

/** `name`, `name:true`, with `/defer_ok` behind: then what cannot be asked is no spam. Why it cannot is in the log. */
export async function isSpam(argument: Octets, frame: Frame): Promise<Outcome<boolean>> {
  const slash = argument.indexOf('/');
  const list = slash < 0 ? argument : argument.slice(0, slash);
  const [user] = parseList(list).items;
  if (user === undefined || user === '0' || lowerCase(user) === 'false') return ok(false);
  const isDeferOk = slash >= 0 && trimSpace(argument.slice(slash + 1)) === 'defer_ok';
  const isAlwaysTrue = lowerCase(list).endsWith(':true');
  const judged = await judge(user, frame);
  if (judged.kind === 'ok') return ok(isAlwaysTrue || judged.value.isSpam);
  return isDeferOk ? ok(false) : judged;
}

/** Kept for the user, unless the list of servers is expanded. */
async function judge(user: Octets, frame: Frame): Promise<Outcome<SpamResult>> {
  const { log } = frame.services;
  const id = frame.transaction?.state.id;
  const refuse = (why: Octets): Outcome<never> => {
    log.panic(`${PREFIX}${why}`, id);
    return defer('');
  };
  const list = frame.config.main.spamd_address ?? '';
  const isExpanded = list.startsWith('$');
  const kept = frame.transaction?.state.scan?.spam;
  if (kept !== undefined && kept.user === user && !isExpanded) return ok(kept);
  const copy = await openScanCopy(frame);
  if (copy.kind !== 'ok') return refuse('error while creating mbox spool file');
  const servers = isExpanded ? await frame.config.compile(list, 'spamd_address').evaluate(frame) : undefined;
  if (servers !== undefined && servers.kind !== 'ok') {
    return refuse(`spamd_address starts with $, but expansion failed: ${servers.message ?? 'forced failure'}`);
  }
  const reached = await reachSpamServer(servers?.value.octets ?? list, frame, (text) => log.main(`${PREFIX}${text}`, id));
  if (reached.kind !== 'ok') return refuse('message' in reached ? (reached.message ?? '') : '');
  try {
    const asked = await ask(reached.value, user, copy.value.messageFile, frame);
    if (asked.kind !== 'ok') return refuse('message' in asked ? (asked.message ?? '') : '');
    copy.value.spam = asked.value;
    frame.results.spam = asked.value;
    return asked;
  } catch (error) {
    if (!(error instanceof ScanReadError)) throw error;
    return refuse(error.message);
  } finally {
    reached.value.connection.close();
  }
}

async function ask({ connection, place, server }: ReachedServer, user: Octets, file: Octets, frame: Frame): Promise<Outcome<SpamResult>> {
  const { clock, files } = frame.services;
  const until = earlier(frame.until, clock.monotonicMs() + server.timeoutSeconds * 1000);
  const facts = files.stat(file);
  if (facts.kind === 'error') return defer(`${file}: ${facts.reason}`);
  const header = server.isRspamd ? rspamdHeader(facts.value.sizeBytes, frame) : spamdHeader(facts.value.sizeBytes, user);
  const sent = await sendMessage(connection, header, file, frame, until);
  if (sent !== undefined) return defer(`spamd ${place} ${sent}`);
  const answer = await readAnswer(connection, until);
  if ('reason' in answer) return defer(`error reading from spamd ${place}, socket: ${answer.reason}`);
  const result = server.isRspamd ? readRspamd(answer.text, user) : readSpamd(answer.text, user);
  if (result !== undefined) return ok(result);
  return defer(`cannot parse spamd ${place}${server.isRspamd ? `, output: ${wordsRead(answer.text)}` : ' output'}`);
}

/** Nothing of another line gets into a header. */
function oneLine(text: Octets): Octets {
  return text.replace(/[^ -~\x80-\xff]/g, ' ');
}

function spamdHeader(sizeBytes: number, user: Octets): Octets {
  return `REPORT SPAMC/1.2\r\nUser: ${oneLine(user)}\r\nContent-length: ${sizeBytes}\r\n\r\n`;
}

function rspamdHeader(sizeBytes: number, frame: Frame): Octets {
  const state = frame.transaction?.state;
  const origin = originOf(frame);
  const recipients = state?.recipients ?? [];
  const optional = (name: string, value: Octets | undefined) => (value === undefined || value === '' ? [] : [`${name}: ${oneLine(value)}`]);
  const lines = [
    'CHECK RSPAMC/1.3',
    `Content-length: ${sizeBytes}`,
    `Queue-Id: ${state?.id ?? ''}`,
    `From: <${oneLine(state?.sender ?? '')}>`,
    `Recipient-Number: ${recipients.length}`,
    ...recipients.map(({ address }) => `Rcpt: <${oneLine(address)}>`),
    ...optional('Helo', origin?.heloName),
    ...optional('Hostname', origin?.hostName),
    ...optional('IP', origin?.hostAddress),
    ...optional('User', origin?.authenticatedId),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** The daemon knows the end of the message by our end of the stream. Undefined: done. */
async function sendMessage(
  connection: Connection,
  header: Octets,
  file: Octets,
  frame: Frame,
  until: Deadline,
): Promise<Octets | undefined> {
  const send = async (bytes: Uint8Array | Octets): Promise<Octets | undefined> => {
    const written = await connection.write(bytes, until);
    if (written.kind === 'ok') return undefined;
    return `send failed: ${written.kind === 'timeout' ? 'Connection timed out' : written.reason}`;
  };
  const failed = await send(header);
  if (failed !== undefined) return failed;
  return withFile(frame.services.files, file, async (source) => {
    for await (const piece of piecesOf(source)) {
      const stuck = await send(piece);
      if (stuck !== undefined) return stuck;
    }
    connection.end();
    return undefined;
  });
}

/** Up to the end of the stream; more than there is room for is not read. */
async function readAnswer(connection: Connection, until: Deadline): Promise<{ readonly text: Octets } | { readonly reason: Octets }> {
  let text = '';
  while (text.length < MAX_ANSWER_BYTES) {
    const read = await connection.read(until);
    if (read.kind === 'end') return { text };
    if (read.kind === 'timeout') return { reason: 'Connection timed out' };
    if (read.kind === 'error') return { reason: read.reason };
    text += octetsFromBytes(read.bytes);
  }
  return { text: text.slice(0, MAX_ANSWER_BYTES) };
}

interface Answer {
  /** By names in lower case. */
  readonly fields: ReadonlyMap<Octets, Octets>;
  readonly body: Octets;
}

/** A status line, fields up to an empty line, and what follows. Undefined when the status is another. */
function readFields(text: Octets, status: RegExp): Answer | undefined {
  const end = /\r?\n\r?\n/.exec(text);
  const head = end === null ? text : text.slice(0, end.index);
  const [first = '', ...lines] = head.split(/\r?\n/);
  if (!status.test(first)) return undefined;
  const fields = new Map<Octets, Octets>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = lowerCase(line.slice(0, colon));
    if (colon > 0 && !fields.has(name)) fields.set(name, trimSpace(line.slice(colon + 1)));
  }
  return { fields, body: end === null ? '' : text.slice(end.index + end[0].length) };
}

/** `Spam: True ; 15.0 / 5.0`, and the report as the body. */
function readSpamd(text: Octets, user: Octets): SpamResult | undefined {
  const answer = readFields(text, /^SPAMD\/[^ ]+ 0 EX_OK$/);
  const scores = /^[^ ;]+ *; *(-?[0-9]+(?:\.[0-9]*)?) *\/ *(-?[0-9]+(?:\.[0-9]*)?)/.exec(answer?.fields.get('spam') ?? '');
  if (answer === undefined || scores === null) return undefined;
  const score = Number.parseFloat(scores[1] ?? '');
  const spam = score >= Number.parseFloat(scores[2] ?? '');
  return { user, isSpam: spam, ...scoreTexts(score), report: reportOf(answer.body), action: spam ? 'reject' : 'no action' };
}

/** `Metric: default; True; 15.00 / 10.00 / 0.0`, `Action: add header`; what is said behind the first of these lines is the report. */
function readRspamd(text: Octets, user: Octets): SpamResult | undefined {
  const answer = readFields(text, /^RSPAMD\/[^ ]+ 0 EX_OK$/);
  const metric = METRIC.exec(answer?.fields.get('metric') ?? '');
  const action = answer?.fields.get('action');
  if (answer === undefined || metric === null || action === undefined) return undefined;
  const score = Number.parseFloat(metric[1] ?? '');
  const spam = score >= Number.parseFloat(metric[2] ?? '');
  const [, , ...lines] = text.split(/\r?\n/);
  return { user, isSpam: spam, ...scoreTexts(score), report: reportOf(lines.join('\n')), action };
}

const METRIC = /^default; [^ ]+ (-?[0-9]+(?:\.[0-9]*)?) \/ (-?[0-9]+(?:\.[0-9]*)?) \/ -?[0-9]/;

/** How far Exim gets with such an answer, which its message tells: words of the first two lines. */
function wordsRead(text: Octets): number {
  if (text === '' || text.startsWith('\0')) return -1;
  if (!text.startsWith('RSPAMD/')) return 0;
  const [, numbers] = /^RSPAMD\/[^ ]+ 0 EX_OK\r?\nMetric: default; [^ \r\n]+([^\r\n]*)/.exec(text) ?? [];
  return numbers === undefined ? 1 : Math.min(5, 2 + (numbers.match(/[0-9]+(?:\.[0-9]*)?/g)?.length ?? 0));
}

function scoreTexts(score: number): Pick<SpamResult, 'score' | 'scoreInt' | 'bar'> {
  const whole = Math.trunc(score);
  const sign = whole > 0 ? '+' : '-';
  return {
    score: score.toFixed(1),
    // what binary fractions lose is not to count; that makes -34 a -33, as in Exim
    scoreInt: String(Math.trunc(score * 10 + 0.001)),
    bar: whole === 0 ? '/' : sign.repeat(Math.min(Math.abs(whole), MAX_BAR)),
  };
}

/** As header lines may have it: each line after the first gets a space in front. */
function reportOf(body: Octets): Octets {
  return trimSpace(body.replace(/\r/g, '')).replace(/\n/g, '\n ');
}
