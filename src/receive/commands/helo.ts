/** HELO and EHLO. RFC 5321 s4.1.1.1; Spec ch. 14 "helo_…", "…_advertise_hosts". */

import { verifyHelo } from '../../acl/verify/helo.ts';
import { isAdvertised } from '../../auth/server.ts';
import { ipVersion } from '../../base/ip.ts';
import type { Octets } from '../../base/octets.ts';
import { printable, upperCase } from '../../base/octets.ts';
import { lookUpSenderName } from '../../lists/host-name.ts';
import { hostAndIdent } from '../../logging/lines/host.ts';
import type { Command } from '../../smtp/command.ts';
import { isValidHelo } from '../../smtp/command.ts';
import type { Dialogue } from '../dialogue.ts';
import { expandOctets, expandSize, isSenderHostInOption } from '../expansion.ts';
import { hasSpokenBeforeReply } from '../synchronization.ts';
import { protocolName } from '../transaction.ts';
import { xclientLine } from './xclient.ts';

export async function greet(dialogue: Dialogue, command: Command): Promise<void> {
  const { origin, config, log } = dialogue;
  const { main } = config;
  const verb = command.verb === 'EHLO' ? 'EHLO' : 'HELO';
  const name = command.argument;
  if (!isValidHelo(name, main.helo_allow_chars ?? '', isHeloLiteral) && !dialogue.heloRules.acceptsJunk) {
    log.mainAndReject(
      `rejected ${verb} from ${hostAndIdent(origin, log, false)}: syntactically invalid argument(s): ${name === '' ? '(no argument given)' : printable(name, { escapeHigh: !main.print_topbitchars })}`,
    );
    dialogue.countedError('501', `Syntactically invalid ${verb} argument(s)`);
    return;
  }
  origin.heloName = name;
  origin.heloVerified = undefined;
  dialogue.session.state.esmtp = verb === 'EHLO';
  if (!(await isHeloAcceptable(dialogue, name))) return;
  const verdict = await dialogue.runAcl('helo', main.acl_smtp_helo, { kind: 'accept' });
  if (verdict.kind !== 'accept' && verdict.kind !== 'discard') {
    dialogue.refuse('helo', `EHLO or HELO ${name}`, verdict);
    dialogue.isHeloRefused = true;
    if (dialogue.isOver) return;
    origin.heloName = undefined;
    dialogue.session.state.esmtp = false;
    return;
  }
  if (await hasSpokenBeforeReply(dialogue, verb)) return;
  dialogue.resetTransaction(); // a refused HELO changes nothing (RFC 5321 s4.1.4)
  dialogue.isHeloSeen = true;
  dialogue.isHeloRefused = false;
  origin.protocol = protocolName(origin, verb === 'EHLO', dialogue.isOverTcp);
  const extensions = verb === 'EHLO' ? await extensionLines(dialogue) : [];
  if (verb === 'HELO') dialogue.forgetAdvertised();
  dialogue.replyToHelo(verdict.message, helloText(dialogue, name), extensions);
}

/** `1.2.3.4`, `ipv6:::1`, `::1`: without a zone, or zeros before a number. RFC 5321 s4.1.3. */
function isHeloLiteral(text: Octets): boolean {
  const tag = /^ipv([46]):/.exec(text);
  const address = text.slice(tag?.[0].length ?? 0);
  if (/(?:^|[.:])0[0-9]+\.|\.0[0-9]|%/.test(address)) return false;
  const version = ipVersion(address);
  return tag === null ? version !== 0 : tag[1] === String(version);
}

/** The host's name where it is known, else what it calls itself. */
function helloText(dialogue: Dialogue, name: Octets): Octets {
  const { origin } = dialogue;
  const known = origin.hostName ?? name;
  const who = origin.ident === undefined || origin.ident === '' ? known : `${origin.ident} at ${known}`;
  return `${dialogue.hostName} Hello ${printable(who)}${origin.hostAddress === undefined ? '' : ` [${origin.hostAddress}]`}`;
}

/** `helo_verify_hosts`, `helo_try_verify_hosts`; a name in `helo_lookup_domains` makes the host's name be looked up. */
async function isHeloAcceptable(dialogue: Dialogue, name: Octets): Promise<boolean> {
  const { main } = dialogue.config;
  const { origin, log } = dialogue;
  const frame = dialogue.frame();
  const { mustVerify, triesToVerify } = dialogue.heloRules;
  if (main.helo_lookup_domains !== undefined && origin.hostName === undefined && origin.hostAddress !== undefined) {
    const matched = await frame.services.lists.matchDomain(
      main.helo_lookup_domains,
      { octets: name, taint: [{ from: 0, to: name.length }] },
      frame,
    );
    if (matched.kind === 'ok' && matched.value.matched) await lookUpSenderName(frame);
  }
  if (!mustVerify && !triesToVerify) return true;
  const verification = await verifyHelo(frame);
  if (verification.kind === 'verified' || !mustVerify) return true;
  const isTemporary = verification.kind === 'deferred';
  log.mainAndReject(
    `${isTemporary ? 'temporarily ' : ''}rejected "${printable(dialogue.lastCommand)}" from ${hostAndIdent(origin, log, false)}`,
  );
  dialogue.reply(isTemporary ? '451' : '550', `${dialogue.lastCommand.slice(0, 4)} argument does not match calling host`);
  return false;
}

function mayConnectEarly({ earlyPipelining, isDataTried, origin }: Dialogue): boolean {
  return earlyPipelining !== 'no' && !isDataTried && origin.hostAddress !== undefined;
}

/** What EHLO offers to this host, in Exim's order; remembers what was offered. */
async function extensionLines(dialogue: Dialogue): Promise<Octets[]> {
  const { main } = dialogue.config;
  const frame = dialogue.frame();
  const lines: Octets[] = [];
  const sizeLimit = await expandSize(main.message_size_limit, frame, 0);
  lines.push(sizeLimit.kind === 'ok' && sizeLimit.value > 0 ? `SIZE ${sizeLimit.value}` : 'SIZE');
  const limits = await limitsLine(dialogue);
  if (limits !== undefined) lines.push(limits);
  if (main.accept_8bitmime) lines.push('8BITMIME');
  const dsn = await isSenderHostInOption('dsn_advertise_hosts', frame);
  if (dsn) lines.push('DSN');
  if (main.acl_smtp_etrn !== undefined) lines.push('ETRN');
  if (main.acl_smtp_vrfy !== undefined) lines.push('VRFY');
  if (main.acl_smtp_expn !== undefined) lines.push('EXPN');
  const isPipeliningOff = dialogue.session.state.controls.has('no_pipelining');
  const pipelining = !isPipeliningOff && (await isSenderHostInOption('pipelining_advertise_hosts', frame));
  if (pipelining) lines.push('PIPELINING');
  if (pipelining && mayConnectEarly(dialogue)) lines.push('PIPECONNECT');
  const mechanisms = await authMechanisms(dialogue);
  if (mechanisms.length > 0) lines.push(`AUTH ${mechanisms.join(' ')}`);
  const chunking = await isSenderHostInOption('chunking_advertise_hosts', frame);
  if (chunking) lines.push('CHUNKING');
  const tls =
    dialogue.origin.tls === undefined &&
    dialogue.parts.connection.tls === undefined &&
    (await isSenderHostInOption('tls_advertise_hosts', frame));
  if (tls) lines.push('STARTTLS');
  const xclient = await xclientLine(dialogue);
  if (xclient !== undefined) lines.push(xclient);
  const prdr = main.prdr_enable;
  if (prdr) lines.push('PRDR');
  const smtputf8 = main.accept_8bitmime && (await isSenderHostInOption('smtputf8_advertise_hosts', frame)); // RFC 6531 s3.1
  if (smtputf8) lines.push('SMTPUTF8');
  const wellknown = main.acl_smtp_wellknown !== undefined && (await isSenderHostInOption('wellknown_advertise_hosts', frame));
  if (wellknown) lines.push('WELLKNOWN');
  lines.push('HELP');
  dialogue.advertised = {
    pipelining,
    dsn,
    tls,
    auth: mechanisms.length > 0,
    chunking,
    prdr,
    smtputf8,
    xclient: xclient !== undefined,
    wellknown,
  };
  return lines;
}

/** RFC 9422. */
async function limitsLine(dialogue: Dialogue): Promise<Octets | undefined> {
  const { main } = dialogue.config;
  const frame = dialogue.frame();
  if (!(await isSenderHostInOption('limits_advertise_hosts', frame))) return undefined;
  const mails = await expandSize(main.smtp_accept_max_per_connection, frame, 0);
  const recipients = await expandSize(main.recipients_max, frame, 0);
  const parts: Octets[] = [];
  if (mails.kind === 'ok' && mails.value > 0) parts.push(`MAILMAX=${mails.value}`);
  if (recipients.kind === 'ok' && recipients.value > 0) parts.push(`RCPTMAX=${recipients.value}`);
  return parts.length === 0 ? undefined : `LIMITS ${parts.join(' ')}`;
}

async function authMechanisms(dialogue: Dialogue): Promise<Octets[]> {
  const frame = dialogue.frame();
  const { config, origin } = dialogue;
  if (origin.authenticatorName !== undefined || config.authenticators.length === 0) return [];
  if (!(await isSenderHostInOption('auth_advertise_hosts', frame))) return [];
  const names: Octets[] = [];
  for (const authenticator of config.authenticators) {
    if (authenticator.behaviour?.server === undefined) continue;
    if (!(await isAdvertised(authenticator, frame))) continue;
    const name = upperCase(authenticator.publicName);
    if (!names.includes(name)) names.push(name);
  }
  return names;
}

/** The banner and the like: an option's text, undefined when it is forced to fail or broken (which the panic log tells). */
export async function optionText(
  dialogue: Dialogue,
  option: Parameters<typeof expandOctets>[0],
  name: string,
): Promise<Octets | undefined> {
  const expanded = await expandOctets(option, dialogue.frame());
  if (expanded.kind === 'ok') return expanded.value;
  const reason = expanded.kind === 'forced-fail' ? 'forced failure' : expanded.message;
  dialogue.log.panic(`Expansion of "${option?.source ?? ''}" (${name}) failed: ${reason}`);
  return undefined;
}
