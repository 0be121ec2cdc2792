/**
 * Clients that speak before it is their turn: behind a command whose reply they have to wait for, or while the server works on it.
 * Spec ch. 14 "smtp_enforce_sync", "pipelining_connect_advertise_hosts"; RFC 2920 s3.1; RFC 5321 s3.1.
 */
import { printable } from '../base/octets.ts';
import { hostAndIdent } from '../logging/lines/host.ts';
import type { Verb } from '../smtp/command.ts';
import type { Dialogue } from './dialogue.ts';
import { noteIncomplete } from './incomplete-transaction.ts';

/** Commands behind which a client must wait for the reply although PIPELINING was offered (RFC 2920 s3.1). */
const SYNC_POINTS: ReadonlySet<Verb> = new Set([
  'EHLO',
  'HELO',
  'DATA',
  'VRFY',
  'EXPN',
  'NOOP',
  'ETRN',
  'STARTTLS',
  'XCLIENT',
  'WELLKNOWN',
  'ATRN',
]);

/** What follows them is not looked at, as in Exim: chunks, or answers to challenges, or nothing that matters. */
const NEVER_CHECKED: ReadonlySet<Verb> = new Set(['QUIT', 'BDAT', 'AUTH', 'HELP']);

/** Shown of input that came too early. */
const MAX_SHOWN_INPUT = 150;

/** Never for a pipe or a terminal: what they hold cannot have come too soon. */
export function enforcesSync(dialogue: Dialogue, verb?: Verb): boolean {
  const { controls } = dialogue.session.state;
  if (dialogue.isPipe || dialogue.isProxyFailed || (verb !== 'STARTTLS' && isBeforeMail(dialogue))) return false;
  return (dialogue.config.main.smtp_enforce_sync || controls.has('enforce_sync')) && !controls.has('no_enforce_sync');
}

/** With early pipelining commands before MAIL need not wait, but what is to be encrypted must. */
function isBeforeMail({ earlyPipelining, mailCommands, transaction }: Dialogue): boolean {
  return earlyPipelining !== 'no' && mailCommands === 0 && transaction === undefined;
}

/** Of a client that sent something before the greeting: it is told, and is to be left. */
export function rejectBeforeGreeting(dialogue: Dialogue): void {
  const input = printable(dialogue.reader.peek().slice(0, MAX_SHOWN_INPUT));
  const { log, origin } = dialogue;
  log.mainAndReject(
    `SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection from ${hostAndIdent(origin, log, true)} input="${input}"`,
  );
  drop(dialogue);
}

/**
 * Whether there is input behind the command that has come. True: the client was told and is to be left. `verb`: undefined for what is no
 * command.
 */
export function rejectEarlyInput(dialogue: Dialogue, verb: Verb | undefined): boolean {
  if (dialogue.reader.bufferedBytes === 0 || (verb !== undefined && NEVER_CHECKED.has(verb)) || !enforcesSync(dialogue, verb)) return false;
  const { pipelining } = dialogue.advertised;
  if (pipelining && verb !== undefined && !SYNC_POINTS.has(verb)) return false;
  const { log, origin } = dialogue;
  const input = dialogue.reader.peek();
  noteIncomplete(dialogue, 'sync failure');
  log.mainAndReject(
    `SMTP protocol synchronization error (next input sent too soon: pipelining was ${pipelining ? '' : 'not '}advertised): rejected "${printable(dialogue.lastCommand)}" ${hostAndIdent(origin, log, true)} next input="${printable(input.slice(0, MAX_SHOWN_INPUT))}" (${input.length} bytes)`,
  );
  drop(dialogue);
  return true;
}

function drop(dialogue: Dialogue): void {
  dialogue.farewell = { code: '554', text: 'SMTP synchronization error' };
  dialogue.session.state.quitReason = 'synchronization-error';
  dialogue.drop();
}

/**
 * The same while the server worked on the command, before the reply that says that all is well (HELO, MAIL, RCPT, DATA): what comes meanwhile
 * is known without waiting.
 */
export async function hasSpokenBeforeReply(dialogue: Dialogue, verb: Verb): Promise<boolean> {
  await dialogue.reader.gather(dialogue.commandDeadline());
  return rejectEarlyInput(dialogue, verb);
}
