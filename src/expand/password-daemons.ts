/**
 * Daemons that check passwords behind a Unix socket: Cyrus saslauthd (each string with its length in two octets, both ways) and its predecessor
 * pwcheck (strings that end with NUL, a text as answer). Spec ch. 11 "Expansion conditions".
 */
import { type Octets, octetsFromBytes } from '../base/octets.ts';
import { earlier } from '../core/deadline.ts';
import type { Frame, Judged } from '../core/frame.ts';
import { fail, type Outcome } from '../core/outcome.ts';
import { judged } from './judged.ts';

/** Where Debian and Cyrus have them. */
const SASLAUTHD_SOCKET = '/var/run/saslauthd/mux';
const PWCHECK_SOCKET = '/var/run/pwcheck/pwcheck';
/** saslauthd may ask other servers before it answers. */
const TIMEOUT_MS = 60_000;
const MAX_ANSWER = 1024;
const MAX_STRING = 0xffff;

/** `user`, `password`, `service`, `realm`. */
export async function askSaslauthd(strings: readonly Octets[], frame: Frame, socket = SASLAUTHD_SOCKET): Promise<Outcome<Judged>> {
  const four = [...strings, '', '', ''].slice(0, 4);
  if (four.some((text) => text.length > MAX_STRING)) return judged(false);
  const request = four.map((text) => String.fromCharCode(text.length >> 8, text.length & 0xff) + text).join('');
  const answer = await ask('saslauthd', socket, request, (octets) => octets.length >= 2 && octets.length - 2 >= lengthOf(octets), frame);
  if (answer.kind !== 'ok') return answer;
  if (answer.value.length < 4) return fail('saslauthd: the daemon gave no answer');
  return judged(answer.value.startsWith('OK', 2));
}

export async function askPwcheck(user: Octets, password: Octets, frame: Frame, socket = PWCHECK_SOCKET): Promise<Outcome<Judged>> {
  const answer = await ask('pwcheck', socket, `${user}\0${password}\0`, () => false, frame);
  return answer.kind === 'ok' ? judged(answer.value.startsWith('OK')) : answer;
}

function lengthOf(octets: Octets): number {
  return (octets.charCodeAt(0) << 8) | octets.charCodeAt(1);
}

/** What the daemon answers until it is whole or the daemon ends it. */
async function ask(
  name: string,
  socket: Octets,
  request: Octets,
  isWhole: (answer: Octets) => boolean,
  frame: Frame,
): Promise<Outcome<Octets>> {
  const { clock, net } = frame.services;
  const until = earlier(frame.until, clock.monotonicMs() + TIMEOUT_MS);
  const opened = await net.connect({ address: socket, port: 0, timeoutMs: TIMEOUT_MS }, until);
  if (opened.kind === 'error') return fail(`cannot connect to ${name} daemon at ${socket}: ${opened.reason}`);
  const { connection } = opened;
  try {
    const written = await connection.write(request, until);
    if (written.kind !== 'ok') return fail(`cannot write to ${name} daemon at ${socket}`);
    let answer = '';
    while (!isWhole(answer)) {
      const part = await connection.read(until);
      if (part.kind === 'end') break;
      if (part.kind === 'timeout') return fail(`${name} daemon at ${socket} does not answer`);
      if (part.kind === 'error') return fail(`cannot read from ${name} daemon at ${socket}: ${part.reason}`);
      answer += octetsFromBytes(part.bytes);
      if (answer.length > MAX_ANSWER) break;
    }
    return { kind: 'ok', value: answer };
  } finally {
    connection.close();
  }
}
