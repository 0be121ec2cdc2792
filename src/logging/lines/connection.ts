/** SMTP connections as they come and go. Spec ch. 53 "Other log entries", log selectors `smtp_…`. */
import { type Octets, printable } from '../../base/octets.ts';
import type { Log, Origin } from '../../core/index.ts';
import { authenticatorField } from './arrival.ts';
import { formatDuration } from './duration.ts';
import { connectionIdField, hostAndIdent } from './host.ts';
import { tlsFields } from './tls.ts';

/** `SMTP connection from [10.0.0.1] (TCP/IP connection count = 1)`; the count is undefined for local callers and of no meaning for inetd's. */
export function connectionLine(origin: Readonly<Origin>, count: number | 'inetd' | undefined, log: Log): Octets {
  const counted = typeof count === 'number' ? ` (TCP/IP connection count = ${count})` : '';
  return `SMTP connection from ${hostAndIdent(origin, log, false)}${count === 'inetd' ? VIA_INETD : counted}`;
}

const VIA_INETD = ' (via inetd)';

/** A connection that has its id by now. */
function connectionFrom(origin: Readonly<Origin>, isInetd: boolean, log: Log): Octets {
  return `SMTP connection${connectionIdField(origin, log)} from ${hostAndIdent(origin, log, false)}${isInetd ? VIA_INETD : ''}`;
}

/** `how`: `QUIT`, `EOF`, `DROP in ACL`… */
export function closedLine(origin: Readonly<Origin>, how: Octets, durationMs: number, log: Log, isInetd = false): Octets {
  return `${connectionFrom(origin, isInetd, log)} D=${formatDuration(durationMs, log.selected('millisec'))} closed by ${how}`;
}

/** Between messages. `why`: ` (error: Connection reset by peer)`, or nothing. */
export function lostIdleLine(origin: Readonly<Origin>, why: Octets, durationMs: number, log: Log, isInetd = false): Octets {
  return `${connectionFrom(origin, isInetd, log)} lost${why} D=${formatDuration(durationMs, log.selected('millisec'))}`;
}

/** `where`: `while reading message data (header)`… */
export function lostLine(origin: Readonly<Origin>, where: Octets, log: Log, isInetd = false): Octets {
  return `${connectionFrom(origin, isInetd, log)} lost ${where}`;
}

/** The daemon was told to end. */
export function leftLine(origin: Readonly<Origin>, log: Log): Octets {
  return `${connectionFrom(origin, false, log)} closed after SIGTERM`;
}

/** `SMTP call from … dropped: too many nonmail commands (last was "vrfy")`; `why` is printable. */
export function droppedLine(origin: Readonly<Origin>, why: Octets, log: Log): Octets {
  return `SMTP call from ${hostAndIdent(origin, log, false)} dropped: ${why}`;
}

/** `kind`: `syntax` or `protocol`; `command` is printable. */
export function smtpErrorLine(kind: 'syntax' | 'protocol', command: Octets, origin: Readonly<Origin>, why: Octets, log: Log): Octets {
  return `SMTP ${kind} error in "${command}" ${hostAndIdent(origin, log, true)} ${printable(why)}`;
}

/** The last 20 commands are shown. */
export function noMailLine(origin: Readonly<Origin>, durationMs: number, commands: readonly Octets[], log: Log): Octets {
  const who = `${hostAndIdent(origin, log, false)} D=${formatDuration(durationMs, log.selected('millisec'))}`;
  const facts = authenticatorField(origin, undefined, log) + tlsFields(origin.tls, log, 'in');
  const shown = commands
    .slice(-20)
    .map((command) => printable(command))
    .join(',');
  const list = commands.length === 0 ? '' : ` C=${commands.length > 20 ? '...' : ''}${shown}`;
  return `no MAIL in SMTP connection from ${who}${facts}${list}`;
}

/** A transaction that did not end in a message: `reason` is `RSET`, `QUIT`, `connection lost`… */
export function incompleteTransactionLine(
  origin: Readonly<Origin>,
  reason: Octets,
  sender: Octets,
  accepted: readonly Octets[],
  log: Log,
): Octets {
  const recipients = accepted.length === 0 ? '' : ` for ${accepted.map((address) => printable(address)).join(' ')}`;
  return `${hostAndIdent(origin, log, true)} incomplete transaction (${reason}) from <${printable(sender)}>${recipients}`;
}
