/** Rejections: of connections, commands and messages. Spec ch. 53 "The reject log". */
import { type Octets, printable } from '../../base/octets.ts';
import type { HeaderLine, Log, Origin } from '../../core/index.ts';
import { authenticatorField } from './arrival.ts';
import { connectionIdField, hostAndIdent } from './host.ts';
import { tlsFields } from './tls.ts';

export interface Rejection {
  readonly origin: Readonly<Origin>;
  /** Undefined before MAIL. */
  readonly sender?: Octets | undefined;
  /** `RCPT <a@b>`, `MAIL <a@b>`, `after DATA`, `EHLO or HELO x`, `connection in "connect" ACL`… */
  readonly what: Octets;
  /** A 4xx reply. */
  readonly isTemporary: boolean;
  /** Why. */
  readonly reason: Octets | undefined;
}

/** `H=… F=<sender> rejected RCPT <a@b>: reason`. */
export function rejectionLine(rejection: Rejection, log: Log): Octets {
  const { origin, sender, reason } = rejection;
  let line = hostAndIdent(origin, log, true) + connectionIdField(origin, log) + tlsFields(origin.tls, log, 'in');
  if (sender !== undefined) line += ` F=<${printable(sender)}>${authenticatorField(origin, undefined, log)}`;
  line += ` ${rejection.isTemporary ? 'temporarily ' : ''}rejected ${printable(rejection.what)}`;
  return reason === undefined ? line : `${line}: ${printable(reason)}`;
}

/** What follows a rejection in the reject log when the message's headers are known. */
export function rejectedMessage(sender: Octets, recipients: readonly Octets[], headers: readonly HeaderLine[]): Octets[] {
  const lines = [`Envelope-from: <${printable(sender)}>\n`];
  for (const [i, address] of recipients.entries()) {
    if (i === MAX_RECIPIENTS_SHOWN) {
      lines.push('    ...\n');
      break;
    }
    lines.push(`${i === 0 ? 'Envelope-to:' : '   '} <${printable(address)}>\n`);
  }
  for (const header of headers) lines.push(`${header.type} ${header.text}`);
  return lines;
}

const MAX_RECIPIENTS_SHOWN = 100;
