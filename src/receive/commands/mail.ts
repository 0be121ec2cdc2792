/** MAIL FROM. RFC 5321 s4.1.1.2; parameters of RFC 1870, 3461, 4954, 6152, 6531. */

import { believesMailAuth } from '../../auth/server.ts';
import type { Octets } from '../../base/octets.ts';
import { printable } from '../../base/octets.ts';
import type { TransactionState } from '../../core/index.ts';
import { hostAndIdent } from '../../logging/lines/host.ts';
import { parseAddress } from '../../message/address.ts';
import { rewriteSmtpArgument } from '../../rewrite/rewrite.ts';
import type { Command, MailParameters } from '../../smtp/command.ts';
import { parseMailArgument } from '../../smtp/command.ts';
import type { Dialogue } from '../dialogue.ts';
import { expandSize, isSenderHostInOption } from '../expansion.ts';
import { hasFreeSpace } from '../free-space.ts';
import { slowDown } from '../slow-down.ts';
import { hasSpokenBeforeReply } from '../synchronization.ts';
import { UTF8_PROTOCOL } from '../transaction.ts';
import { addressSyntax } from './syntax.ts';

export async function mail(dialogue: Dialogue, command: Command): Promise<void> {
  const { config, origin, log, session } = dialogue;
  dialogue.wasMailRejected = true;
  dialogue.mailCommands++;
  if (!dialogue.isHeloSeen && (await isHeloRequired(dialogue))) {
    log.mainAndReject(`rejected MAIL from ${hostAndIdent(origin, log, false)}: no HELO/EHLO given`);
    dialogue.reply('503', 'HELO or EHLO required');
    return;
  }
  if (dialogue.transaction?.state.sender !== undefined) return dialogue.protocolError('protocol', '503', 'sender already given');
  if (command.argument === '') return dialogue.protocolError('protocol', '501', `${commandWord(command)} must have an address operand`);
  if (await hasTooManyMessages(dialogue)) return;
  await slowDown(dialogue, config.main.smtp_ratelimit_mail, dialogue.mailCommands);
  const isEsmtp = session.state.esmtp;
  const parsed = parseMailArgument(command.argument, {
    size: isEsmtp,
    body: isEsmtp,
    dsn: isEsmtp,
    prdr: dialogue.advertised.prdr,
    smtputf8: dialogue.advertised.smtputf8,
  });
  if (parsed.kind === 'error') return dialogue.protocolError('syntax', '501', parsed.message);
  const { state } = dialogue.beginTransaction();
  applyParameters(state, parsed);
  if (state.isUtf8) origin.protocol = `${UTF8_PROTOCOL}${origin.protocol ?? ''}`;
  if (parsed.size !== undefined && !(await isSizeAcceptable(dialogue, command, parsed.size))) return forget(dialogue);
  if (!hasRoom(dialogue, parsed.size)) return forget(dialogue);
  const mailAuth = await takeMailAuth(dialogue, command, parsed);
  if (!mailAuth.isTaken) return forget(dialogue);
  const given = (await rewriteSmtpArgument(parsed.address, dialogue.frame())) ?? parsed.address;
  const address = parseAddress(given, { ...addressSyntax(config.main, state.isUtf8), allowsEmpty: true });
  if (address.kind === 'error') {
    forget(dialogue);
    return dialogue.addressError(parsed.address, address.message);
  }
  let sender = address.address;
  if (sender !== '' && address.domain === '') {
    if (origin.allowUnqualifiedSender !== true) {
      forget(dialogue);
      return dialogue.refuseUnqualified('sender', parsed.address, sender);
    }
    sender = `${sender}@${config.main.qualify_domain}`;
  }
  state.rawSender = sender;
  state.sender = sender;
  const verdict = await dialogue.runAcl('mail', config.main.acl_smtp_mail, { kind: 'accept' });
  if (verdict.kind !== 'accept' && verdict.kind !== 'discard') {
    dialogue.refuse('mail', `MAIL <${printable(sender)}>`, verdict);
    forget(dialogue);
    return;
  }
  if (verdict.kind === 'discard') state.controls.set('discard', verdict.logMessage ?? '');
  if (await hasSpokenBeforeReply(dialogue, 'MAIL')) return;
  dialogue.wasMailRejected = false;
  const message = config.main.acl_smtp_mail === undefined ? mailAuth.message : verdict.message;
  if (message !== undefined) dialogue.replyText('250', message);
  else dialogue.reply('250', state.controls.has('prdr') ? 'OK, PRDR Requested' : 'OK');
}

function commandWord(command: Command): Octets {
  return command.line.slice(0, 4);
}

function isHeloRequired(dialogue: Dialogue): Promise<boolean> {
  return isSenderHostInOption('hosts_require_helo', dialogue.frame());
}

async function hasTooManyMessages(dialogue: Dialogue): Promise<boolean> {
  const limit = await expandSize(dialogue.config.main.smtp_accept_max_per_connection, dialogue.frame(), 0);
  if (limit.kind !== 'ok' || limit.value <= 0 || dialogue.mailCommands <= limit.value) return false;
  dialogue.reply('421', 'too many messages in this connection');
  dialogue.log.mainAndReject(
    `rejected MAIL command ${hostAndIdent(dialogue.origin, dialogue.log, true)}: too many messages in one connection`,
  );
  return true;
}

/** What follows a refused MAIL in its pipelined group is no protocol error. */
function forget(dialogue: Dialogue): void {
  dialogue.resetTransaction();
  dialogue.wasMailRejected = true;
}

function applyParameters(state: TransactionState, parameters: MailParameters): void {
  state.bodyType = parameters.body ?? '';
  state.declaredSize = parameters.size ?? -1;
  state.isUtf8 = parameters.isUtf8 ?? false;
  state.dsn = { envid: parameters.envid, ret: parameters.ret };
  if (parameters.isPrdr) state.controls.set('prdr', '');
}

interface MailAuth {
  readonly isTaken: boolean;
  readonly message?: Octets | undefined;
}

/** SIZE= against the limit of messages. RFC 1870 s6.1. */
async function isSizeAcceptable(dialogue: Dialogue, command: Command, size: number): Promise<boolean> {
  const { config, origin, log } = dialogue;
  const limit = await expandSize(config.main.message_size_limit, dialogue.frame(), 0);
  if (limit.kind === 'ok' && limit.value > 0 && size > limit.value) {
    dialogue.reply('552', 'Message size exceeds maximum permitted');
    const shown = size >= 2 ** 31 - 1 ? `size>=${size}` : `size=${size}`;
    dialogue.logRejected(
      'size_reject',
      `rejected MAIL FROM:${senderText(command)} ${hostAndIdent(origin, log, true)}: message too big: ${shown} max=${limit.value}`,
    );
    return false;
  }
  return true;
}

/** Room on the disks for the message, for one of the size that the client names unless `smtp_check_spool_space` is off. */
function hasRoom(dialogue: Dialogue, size = 0): boolean {
  const { config, parts } = dialogue;
  if (hasFreeSpace(config, parts.services, config.main.smtp_check_spool_space ? Math.ceil(size / 1024) : 0)) return true;
  dialogue.reply('452', 'Space shortage, please try later');
  return false;
}

function senderText(command: Command): Octets {
  const end = command.argument.indexOf(' ');
  return end < 0 ? command.argument : command.argument.slice(0, end);
}

/**
 * AUTH= is believed when `acl_smtp_mailauth` accepts it; without that ACL, when the client has authenticated (RFC 4954 s5). It is not taken, and MAIL is
 * refused, when the ACL gave no answer. What the ACL says is for the reply to MAIL, if the ACL for that is unset.
 */
async function takeMailAuth(dialogue: Dialogue, command: Command, { auth, authAsGiven = '' }: MailParameters): Promise<MailAuth> {
  const { origin, log, config } = dialogue;
  if (auth === undefined) return { isTaken: true };
  if (auth === '') {
    origin.authenticatedSender = '';
    return { isTaken: true };
  }
  const before = origin.authenticatedSender;
  let message: Octets | undefined;
  const ignored = (why: Octets): MailAuth => {
    origin.authenticatedSender = before;
    log.main(`ignoring AUTH=${printable(authAsGiven)} from ${hostAndIdent(origin, log, true)} (${why})`);
    return { isTaken: true, message };
  };
  origin.authenticatedSender = auth;
  if (config.main.acl_smtp_mailauth === undefined) {
    const isTrustedCaller = !dialogue.isOverTcp && dialogue.parts.caller.isTrusted;
    if (origin.authenticatorName === undefined && !isTrustedCaller) return ignored('client not authenticated');
  } else {
    const verdict = await dialogue.runAcl('mailauth', config.main.acl_smtp_mailauth, { kind: 'accept' });
    if (verdict.kind !== 'error') message = verdict.message;
    if (verdict.kind === 'fail') return ignored('rejected by ACL');
    if (verdict.kind === 'defer' || verdict.kind === 'error') {
      origin.authenticatedSender = before;
      dialogue.refuse('mailauth', `MAILAUTH ${printable(command.argument)}`, verdict);
      return { isTaken: false };
    }
  }
  const authenticator = config.authenticators.find((instance) => instance.name === origin.authenticatorName);
  if (authenticator === undefined || (await believesMailAuth(authenticator, dialogue.frame()))) return { isTaken: true, message };
  return ignored('server_mail_auth_condition failed');
}
