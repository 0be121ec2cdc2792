/** VRFY, EXPN, HELP. RFC 5321 s4.1.1.6 to s4.1.1.8; Spec ch. 49 "The VRFY and EXPN commands". */
import type { Octets } from '../../base/octets.ts';
import { printable } from '../../base/octets.ts';
import type { AclVerdict, Template } from '../../core/index.ts';
import { hostAndIdent } from '../../logging/lines/host.ts';
import { parseAddress } from '../../message/address.ts';
import { rewriteAddress } from '../../rewrite/rewrite.ts';
import { makeAddress } from '../../routers/address.ts';
import type { Routed } from '../../routers/chain.ts';
import { routeAddress } from '../../routers/chain.ts';
import type { Command } from '../../smtp/command.ts';
import type { Dialogue } from '../dialogue.ts';
import { isSenderHostIn } from '../expansion.ts';
import { recipientView } from '../transaction.ts';
import { addressSyntax } from './syntax.ts';

export async function vrfy(dialogue: Dialogue, command: Command): Promise<void> {
  const { config, log, origin, parts } = dialogue;
  const address = parseAddress(command.argument, addressSyntax(config.main, false));
  if (address.kind === 'error') return dialogue.reply('501', printable(address.message));
  if (address.domain === '' && origin.allowUnqualifiedRecipient !== true)
    return dialogue.refuseUnqualified('verify', command.argument, address.address);
  const full = address.domain === '' ? `${address.address}@${config.main.qualify_recipient}` : address.address;
  const verdict = await runForAddress(dialogue, 'vrfy', config.main.acl_smtp_vrfy, full);
  if (verdict.kind !== 'accept' && verdict.kind !== 'discard') {
    dialogue.refuse('vrfy', `VRFY ${printable(command.argument)}`, verdict);
    return;
  }
  const result = await parts.services.verifier.verify({ address: full, isSender: false }, dialogue.frame());
  switch (result.kind) {
    case 'ok':
      dialogue.reply('250', `<${printable(full)}> is deliverable`);
      return;
    case 'defer':
      if (result.userMessage !== undefined) dialogue.replyText('451', `<${printable(full)}> ${result.userMessage}`);
      else dialogue.reply('451', `Cannot resolve <${printable(full)}> at this time`);
      return;
    case 'fail':
      dialogue.replyText('550', `<${printable(full)}> ${result.userMessage ?? 'is not deliverable'}`);
      log.main(`VRFY failed for ${printable(command.argument)} ${hostAndIdent(origin, log, true)}`);
  }
}

/** The ACL sees the address as a recipient: `$local_part`, `$domain`. */
async function runForAddress(dialogue: Dialogue, phase: string, option: Template | undefined, address: Octets): Promise<AclVerdict> {
  const { transaction } = dialogue;
  dialogue.transaction ??= dialogue.makeTransaction();
  const { state } = dialogue.transaction;
  state.currentRecipient = recipientView(address);
  const verdict = await dialogue.runAcl(phase, option, { kind: 'fail', message: undefined, logMessage: undefined, isDrop: false });
  state.currentRecipient = undefined;
  dialogue.transaction = transaction;
  return verdict;
}

export async function expn(dialogue: Dialogue, command: Command): Promise<void> {
  const verdict = await dialogue.runAcl('expn', dialogue.config.main.acl_smtp_expn, {
    kind: 'fail',
    message: undefined,
    logMessage: undefined,
    isDrop: false,
  });
  if (verdict.kind !== 'accept' && verdict.kind !== 'discard') {
    dialogue.refuse('expn', `EXPN ${printable(command.argument)}`, verdict);
    return;
  }
  const { main } = dialogue.config;
  const given = command.argument.includes('@') ? command.argument : `${command.argument}@${main.qualify_recipient}`;
  const full = (await rewriteAddress(given, 'env-to', dialogue.frame(), dialogue.config.rewriteRules, false)).address;
  const routed = await routeAddress(makeAddress({ address: full, recipientIndex: 0 }), { frame: dialogue.frame(), verify: 'expn' });
  const { code, text } = expansionReply(full, routed);
  dialogue.reply(code, text);
}

/** What an address becomes at its first redirection, a line each; an address that is delivered as it is stands for itself. */
function expansionReply(
  address: Octets,
  { problems, deliveries, children, discarded }: Routed,
): { readonly code: string; readonly text: Octets } {
  const problem = problems.find((its) => its.address.kind === 'mailbox');
  if (problem !== undefined)
    return {
      code: '553',
      text: `${printable(address)} ${problem.kind === 'failed' ? 'is undeliverable' : 'cannot be resolved at this time'}`,
    };
  if (discarded.length > 0) return { code: '250', text: `mail to <${printable(address)}> is discarded` };
  const places = [...problems.map((its) => its.address), ...deliveries, ...children];
  return { code: '250', text: places.map((place) => `<${printable(place.address)}>`).join('\n') };
}

export async function help(dialogue: Dialogue): Promise<void> {
  const { main } = dialogue.config;
  const hasTls = dialogue.origin.tls === undefined && (await isSenderHostIn(main.tls_advertise_hosts, dialogue.frame()));
  const words = ['AUTH', ...(hasTls ? ['STARTTLS'] : []), 'HELO EHLO MAIL RCPT DATA BDAT NOOP QUIT RSET HELP'];
  if (main.acl_smtp_etrn !== undefined) words.push('ETRN');
  if (main.acl_smtp_expn !== undefined) words.push('EXPN');
  if (main.acl_smtp_vrfy !== undefined) words.push('VRFY');
  dialogue.reply('214', `Commands supported:\n${words.join(' ')}`);
}
