/** The `<=` line, and the first line of the message log. Spec ch. 53 "Logging message reception". */
import { type Octets, printable } from '../../base/octets.ts';
import type { Log, Origin } from '../../core/index.ts';
import { formatDuration } from './duration.ts';
import { connectionIdField, hostAndIdent } from './host.ts';
import { tlsFields } from './tls.ts';

export interface Arrival {
  readonly sender: Octets;
  readonly origin: Readonly<Origin>;
  readonly sizeBytes: number;
  /** `R=`: the message that a bounce is about (-E). */
  readonly reference?: string | undefined;
  /** PIPELINING: used, or offered and not used. */
  readonly pipelining?: 'used' | 'offered' | undefined;
  /** Of commands before MAIL. */
  readonly earlyPipelining?: 'no' | 'accepted' | 'used' | undefined;
  readonly usedChunking?: boolean | undefined;
  readonly usedPrdr?: boolean | undefined;
  readonly bodyType?: '' | '7BIT' | '8BITMIME' | undefined;
  readonly durationMs?: number | undefined;
  /** The named queue that it is in; absent or empty for the default queue. */
  readonly queueName?: Octets | undefined;
  /** The value of Message-ID: without angle brackets, and whether it was made here. */
  readonly messageId?: { readonly value: Octets; readonly isCreated: boolean } | undefined;
  /** Decoded. */
  readonly subject?: Octets | undefined;
  /** Before rewriting. */
  readonly rawSender?: Octets | undefined;
  /** Before rewriting; without those that an ACL discarded. */
  readonly recipients?: readonly Octets[] | undefined;
  /** The domain of a DKIM signature that verified. */
  readonly dkimDomain?: Octets | undefined;
  /** `$spf_result`, when SPF was asked about. */
  readonly spfResult?: Octets | undefined;
  /** AUTH= of MAIL when it was taken. */
  readonly mailAuth?: Octets | undefined;
  /** `control = fakereject`. */
  readonly isFakeReject?: boolean | undefined;
  /** Addresses and subjects may hold octets from 0x80 unescaped (`print_topbitchars`). */
  readonly showsHighOctets?: boolean | undefined;
}

export function arrivalLine(arrival: Arrival, log: Log): Octets {
  const flag = arrival.isFakeReject ? '(=' : '<=';
  return `${flag} ${arrivalFields(arrival, log)}${optionalFields(arrival, log)}`;
}

/** `Received from …`, which opens the message log. */
export function receivedFromLine(arrival: Arrival, log: Log): Octets {
  return `Received from ${arrivalFields(arrival, log)}`;
}

function arrivalFields(arrival: Arrival, log: Log): Octets {
  const { origin } = arrival;
  const parts = [arrival.sender === '' ? '<>' : printable(arrival.sender)];
  if (arrival.reference !== undefined) parts.push(`R=${arrival.reference}`);
  const from = hostAndIdent(origin, log, true);
  if (from !== 'U=') parts.push(`${from}${connectionIdField(origin, log)}`);
  if (origin.protocol !== undefined && origin.protocol !== '') parts.push(`P=${printable(origin.protocol)}`);
  if (log.selected('pipelining') && arrival.pipelining !== undefined) parts.push(pipeliningField(arrival));
  let fields = parts.join(' ') + tlsFields(origin.tls, log, 'in') + authenticatorField(origin, arrival.mailAuth, log);
  if (arrival.usedPrdr) fields += ' PRDR';
  const proxy = origin.proxy?.localAddress ?? ''; // empty: the proxy speaks for itself
  if (proxy !== '' && log.selected('proxy')) fields += ` PRX=${proxy}`;
  if (arrival.usedChunking) fields += ' K';
  return `${fields} S=${arrival.sizeBytes}`;
}

/** `L`, or `L-` when it was only offered; before the `-` what became of the early kind: `*` used, `.` offered. */
function pipeliningField({ pipelining, earlyPipelining }: Arrival): Octets {
  const early = earlyPipelining === 'used' ? '*' : earlyPipelining === 'accepted' ? '.' : '';
  return `L${early}${pipelining === 'used' ? '' : '-'}`;
}

/** ` A=name:id:sender`. */
export function authenticatorField(origin: Readonly<Origin>, mailAuth: Octets | undefined, log: Log): Octets {
  if (origin.authenticatorName === undefined || origin.authenticatorName === '') return '';
  let field = ` A=${origin.authenticatorName}`;
  if (origin.authenticatedId !== undefined && origin.authenticatedId !== '') field += `:${printable(origin.authenticatedId)}`;
  if (log.selected('smtp_mailauth') && mailAuth !== undefined && mailAuth !== '') field += `:${printable(mailAuth)}`;
  return field;
}

const BODY_TYPES: ReadonlyMap<string, string> = new Map([
  ['', '0'],
  ['7BIT', '7'],
  ['8BITMIME', '8'],
]);

/** A longer id is no address that Exim takes, and is not shown. */
const MAX_ID = 256;
/** So much of a subject is shown. */
const MAX_SUBJECT = 100;

function optionalFields(arrival: Arrival, log: Log): Octets {
  const escapes = { escapeHigh: !(arrival.showsHighOctets ?? false) };
  let fields = '';
  if (log.selected('8bitmime')) fields += ` M8S=${BODY_TYPES.get(arrival.bodyType ?? '') ?? '0'}`;
  if (log.selected('dkim') && arrival.dkimDomain !== undefined) fields += ` DKIM=${printable(arrival.dkimDomain)}`;
  if ((log.selected('spf') || log.selected('spf_verbose')) && arrival.spfResult !== undefined) fields += ` SPF=${arrival.spfResult}`;
  if (log.selected('receive_time') && arrival.durationMs !== undefined)
    fields += ` RT=${formatDuration(arrival.durationMs, log.selected('millisec'))}`;
  const { messageId, queueName = '' } = arrival;
  if (queueName !== '') fields += ` Q=${printable(queueName)}`;
  if (messageId !== undefined && messageId.value.length <= MAX_ID && isIdLogged(messageId.isCreated, log))
    fields += ` id${messageId.isCreated ? '*' : ''}=${printable(messageId.value)}`;
  if (log.selected('subject') && arrival.subject !== undefined)
    fields += ` T="${printable(arrival.subject.slice(0, MAX_SUBJECT).replace(/["\\]/g, '\\$&'), escapes)}"`;
  if (log.selected('received_sender')) fields += ` from <${printable(arrival.rawSender ?? arrival.sender)}>`;
  const { recipients = [] } = arrival;
  if (log.selected('received_recipients') && recipients.length > 0)
    fields += ` for ${recipients.map((address) => printable(address)).join(' ')}`;
  return fields;
}

/** `msg_id_created` only says that `msg_id` holds for ids made here too. */
function isIdLogged(isCreated: boolean, log: Log): boolean {
  return log.selected('msg_id') && (!isCreated || log.selected('msg_id_created'));
}
