/** Lines about the fate of an address: `=>`, `->`, `*>`, `>>`, `**`, `==`. Spec ch. 53 "Logging deliveries" to "Fake deliveries". */
import { lowerCase, type Octets, printable } from '../../base/octets.ts';
import type { Address, DeliveryResult, HostItem, Log, TransportInstance } from '../../core/index.ts';
import { unquoteLocalPart } from '../../message/address.ts';
import { formatDuration } from './duration.ts';
import { tlsFields } from './tls.ts';

/** What the lines need beside the result. */
export interface DeliveryFacts {
  readonly sender: Octets;
  /** The named queue that the message is in; absent or empty for the default queue. */
  readonly queueName?: Octets | undefined;
  /** Sent with the message; undefined when nothing was sent. */
  readonly returnPath?: Octets | undefined;
  /** Since the message was received, for QT=. */
  readonly queuedMs: number;
  readonly durationMs?: number | undefined;
  /** Octets that were sent, for S=. */
  readonly sizeBytes?: number | undefined;
  readonly transport?: TransportInstance | undefined;
  /** `T=` text that replaces the transport's name: `**bypassed**`. */
  readonly bypassed?: boolean | undefined;
  /** Not the first message on its connection: an asterisk behind the host. */
  readonly isContinued?: boolean | undefined;
  /** ` ST=name` or ` ST=name (error)`. */
  readonly shadow?: Octets | undefined;
  /** No router was asked: `routing defer`. */
  readonly isRouting?: boolean | undefined;
}

export type DeliveryFlag = '=>' | '->' | '*>' | '>>';

export function deliveredLine(flag: DeliveryFlag, result: DeliveryResult, facts: DeliveryFacts, log: Log): Octets {
  const { address } = result;
  let line = `${flag} ${sentAddress(result) ?? loggedAddress(address, log, true)}`;
  if (log.selected('sender_on_delivery')) line += ` F=<${printable(result.senderSentAs ?? facts.sender)}>`;
  return line + deliveredFields(result, facts, log);
}

/**
 * What the host of a cutthrough delivery refuses at the end of the message: `u@b.example F=<s@a.example> rejected after DATA: R=r T=t H=… C="550 no"`.
 */
export function cutRefusedLine(result: DeliveryResult, facts: DeliveryFacts, isTemporary: boolean, log: Log): Octets {
  const what = isTemporary ? 'tmp-reject from cutthrough after DATA' : 'rejected after DATA';
  return `${loggedAddress(result.address, log, true)} F=<${printable(facts.sender)}> ${what}:${deliveredFields(result, facts, log)}`;
}

function deliveredFields(result: DeliveryResult, facts: DeliveryFacts, log: Log): Octets {
  const { address } = result;
  let line = queueField(facts);
  if (log.selected('return_path_on_delivery') && facts.returnPath !== undefined) line += ` P=<${printable(facts.returnPath)}>`;
  line += driverFields(address, facts);
  if (log.selected('delivery_size') && facts.sizeBytes !== undefined) line += ` S=${facts.sizeBytes}`;
  line += hostField(result.host ?? routedHost(address), facts, log) + interfaceField(result, log);
  line += tlsFields(result.tls, log, 'out');
  if (result.authenticator !== undefined) line += ` A=${printable(result.authenticator)}`;
  if (result.usedPipelining && log.selected('pipelining')) line += ' L';
  if (result.usedPrdr) line += ' PRDR';
  if (result.usedChunking) line += ' K';
  if (result.dkimSigners !== undefined && log.selected('dkim_verbose')) line += ` DKIM=${printable(result.dkimSigners)}`;
  if (facts.shadow !== undefined) line += ` ST=${facts.shadow}`;
  if (log.selected('smtp_confirmation') && result.confirmation !== undefined) line += ` C="${confirmation(result.confirmation)}"`;
  if (log.selected('queue_time')) line += ` QT=${formatDuration(facts.queuedMs, log.selected('millisec'))}`;
  return line + durationField(facts, log);
}

/** An address that was sent in another form, before what it came from. */
function sentAddress({ address, sentAs }: DeliveryResult): Octets | undefined {
  return sentAs === undefined ? undefined : `${printable(sentAs)} <${printable(topAddress(address))}>`;
}

/** Quotes and backslashes are escaped, newlines shown as `\n`. */
function confirmation(text: Octets): Octets {
  return printable(text).replace(/["\\]/g, '\\$&');
}

/** `=> :blackhole: <a@b> R=router` and `=> discarded <a@b> R=router`. */
export function discardedLine(address: Address, how: ':blackhole:' | 'discarded'): Octets {
  return `=> ${how} <${printable(topAddress(address))}>${address.state.router === undefined ? '' : ` R=${address.state.router.name}`}`;
}

/** `message` is why; undefined: nothing is known. */
export function failedLine(result: DeliveryResult, facts: DeliveryFacts, log: Log): Octets {
  return `** ${failedText(result, facts, log)}`;
}

/** The same in the message log, where what never was routed reads `routing failed for`. */
export function failedMessageLogLine(result: DeliveryResult, facts: DeliveryFacts, log: Log): Octets {
  const isRouted = result.address.state.router !== undefined || facts.transport !== undefined;
  return isRouted ? failedText(result, facts, log) : `routing failed for ${failedText(result, facts, log)}`;
}

function failedText(result: DeliveryResult, facts: DeliveryFacts, log: Log): Octets {
  let line = sentAddress(result) ?? loggedAddress(result.address, log, false);
  if (log.selected('sender_on_delivery')) line += ` F=<${printable(facts.sender)}>`;
  line += queueField(facts);
  if (log.selected('return_path_on_delivery') && facts.returnPath !== undefined) line += ` P=<${printable(facts.returnPath)}>`;
  line += driverFields(result.address, facts) + hostField(result.host, facts, log) + interfaceField(result, log);
  const reason = [result.errorReason, result.message].filter((part) => part !== undefined && part !== '').join(': ');
  return `${line} : ${printable(reason)}${durationField(facts, log)}`;
}

export function deferredLine(result: DeliveryResult, facts: DeliveryFacts, log: Log): Octets {
  return `== ${deferredMessageLogLine(result, facts, log)}`;
}

export function deferredMessageLogLine(result: DeliveryResult, facts: DeliveryFacts, log: Log): Octets {
  const number = result.errorNumber ?? 0;
  let line = loggedAddress(result.address, log, false) + queueField(facts) + driverFields(result.address, facts);
  line += `${facts.isRouting ? ' routing' : ''} defer (${number})${number > 0 && result.errorReason !== undefined ? `: ${result.errorReason}` : ''}`;
  line += hostField(result.host, facts, log) + interfaceField(result, log) + durationField(facts, log);
  return result.message === undefined || result.message === '' ? line : `${line}: ${printable(result.message)}`;
}

/** Routing that waits: `== a@b routing defer (-52): retry time not reached`. */
export function routingDeferredLine(address: Address, number: number, message: Octets, log: Log): Octets {
  return `== ${loggedAddress(address, log, false)} routing defer (${number}): ${printable(message)}`;
}

/** Of a local delivery whose router found hosts: the first one's name. */
function routedHost(address: Address): HostItem | undefined {
  const { transport, hosts } = address.state;
  const [first] = transport?.isRemote === false ? (hosts ?? []) : [];
  return first === undefined ? undefined : { name: first.name };
}

/** `H=name [ip]:port`. */
function hostField(host: HostItem | undefined, facts: DeliveryFacts, log: Log): Octets {
  return host === undefined ? '' : ` H=${hostText(host, log)}${facts.isContinued ? '*' : ''}`;
}

/** `name [ip]`, with `:port` by log selector `outgoing_port`. */
export function hostText(host: HostItem, log: Log): Octets {
  if (host.address === undefined) return printable(host.name);
  return `${printable(host.name)} [${host.address}]${log.selected('outgoing_port') && host.port !== undefined ? `:${host.port}` : ''}`;
}

function interfaceField(result: DeliveryResult, log: Log): Octets {
  if (result.sendingAddress === undefined || !log.selected('outgoing_interface') || !log.selected('incoming_interface')) return '';
  return ` I=[${result.sendingAddress}]${log.selected('outgoing_port') ? `:${result.sendingPort ?? 0}` : ''}`;
}

function durationField(facts: DeliveryFacts, log: Log): Octets {
  return log.selected('deliver_time') && facts.durationMs !== undefined
    ? ` DT=${formatDuration(facts.durationMs, log.selected('millisec'))}`
    : '';
}

function queueField({ queueName = '' }: DeliveryFacts): Octets {
  return queueName === '' ? '' : ` Q=${printable(queueName)}`;
}

function driverFields(address: Address, facts: DeliveryFacts): Octets {
  const router = address.state.router === undefined ? '' : ` R=${address.state.router.name}`;
  const transport = facts.transport ?? address.state.transport;
  return `${router}${facts.bypassed ? ' T=**bypassed**' : transport === undefined ? '' : ` T=${transport.name}`}`;
}

export function topAddress(address: Address): Octets {
  let top = address;
  while (top.parent !== undefined) top = top.parent;
  return top.oneTimeParent ?? top.original;
}

/**
 * The address, its parents and the envelope's recipient: `local <a@b>`, `|cmd (parent) <a@b>`. `isDelivered`: a local delivery shows the local
 * part alone where the router logs as local.
 */
export function loggedAddress(address: Address, log: Log, isDelivered: boolean): Octets {
  const isMailbox = address.kind === 'mailbox';
  const text = !isMailbox
    ? address.address
    : isDelivered && logsAsLocal(address)
      ? address.localPart
      : withoutAffixes(asRouted(address), address);
  const parents: Address[] = [];
  for (let parent = address.parent; parent !== undefined; parent = parent.parent) parents.push(parent);
  const top = parents.pop();
  const between = log.selected('all_parents') ? parents : isMailbox ? [] : parents.slice(0, 1);
  const list = between.length === 0 ? '' : ` (${between.map((parent) => printable(parent.address)).join(', ')})`;
  const original = topAddress(top ?? address);
  return `${printable(text)}${list}${isSameAddress(original, text) ? '' : ` <${printable(original)}>`}`;
}

/** As routers see it: the local part without quotes and in lower case, unless the one that took it is caseful. */
export function asRouted(address: Address): Octets {
  const at = address.address.lastIndexOf('@');
  const localPart = unquoteLocalPart(address.address.slice(0, at));
  const isCaseful = address.state.router?.generic['caseful_local_part'] === true;
  return `${isCaseful ? localPart : lowerCase(localPart)}@${lowerCase(address.address.slice(at + 1))}`;
}

/** As the transport gets it. */
function withoutAffixes(routed: Octets, { state }: Address): Octets {
  const { prefix = '', suffix = '' } = state;
  if (prefix === '' && suffix === '') return routed;
  const at = routed.lastIndexOf('@');
  return routed.slice(prefix.length, at - suffix.length) + routed.slice(at);
}

/** The case of domains does not count. */
function isSameAddress(a: Octets, b: Octets): boolean {
  const at = a.lastIndexOf('@');
  return (
    at === b.lastIndexOf('@') && a.slice(0, at + 1) === b.slice(0, at + 1) && lowerCase(a.slice(at + 1)) === lowerCase(b.slice(at + 1))
  );
}

function logsAsLocal(address: Address): boolean {
  const { router, transport } = address.state;
  return router?.generic['log_as_local'] === true && transport !== undefined && !transport.isRemote;
}
