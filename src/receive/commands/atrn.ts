/** ATRN: the client wants its mail on this connection, with the roles of client and server turned. RFC 2645 "On-Demand Mail Relay". */
import type { Octets } from '../../base/octets.ts';
import { lowerCase, printable } from '../../base/octets.ts';
import { hostAndIdent } from '../../logging/lines/host.ts';
import type { Command } from '../../smtp/command.ts';
import type { Dialogue } from '../dialogue.ts';

const REFUSAL = { kind: 'fail', message: undefined, logMessage: undefined, isDrop: false } as const;

export async function atrn(dialogue: Dialogue, { argument }: Command): Promise<void> {
  const { config, log, origin, parts, session } = dialogue;
  if (dialogue.transaction?.state.sender !== undefined)
    return dialogue.protocolError('protocol', '503', 'ATRN is not permitted inside a transaction');
  if (log.selected('etrn')) log.main(`ATRN '${printable(argument)}' received from ${hostAndIdent(origin, log, false)}`);
  session.state.controls.delete('atrn_domains');
  dialogue.beginTransaction(); // the ACL may set variables of a message
  const verdict = await dialogue.runAcl('atrn', config.main.acl_smtp_atrn, REFUSAL);
  dialogue.transaction = undefined;
  if (verdict.kind !== 'accept' && verdict.kind !== 'discard') {
    dialogue.refuse('atrn', `ATRN ${printable(argument)}`, verdict);
    return;
  }
  if (origin.authenticatorName === undefined) return dialogue.reply('530', 'Authentication required');
  const domains = domainsOf(session.state.controls.get('atrn_domains') ?? argument);
  if (domains === undefined) return dialogue.protocolError('syntax', '501', 'malformed domain for ATRN command');
  if (domains.length === 0) return dialogue.reply('453', 'You have no mail');
  if (parts.turnLine === undefined || origin.hostAddress === undefined) return dialogue.reply('450', 'ATRN request refused');
  dialogue.reply('250', 'ODMR provider turning line around');
  await dialogue.flush();
  dialogue.reader.giveBack();
  await parts.turnLine(parts.connection, origin.hostAddress, domains);
  dialogue.isOver = true;
  dialogue.endReason = 'quit';
}

/** `a.example,b.example`, in lower case; undefined when one is no domain name. */
function domainsOf(list: Octets): readonly Octets[] | undefined {
  const domains = list
    .split(/[ \t,]+/)
    .filter((domain) => domain !== '')
    .map((domain) => lowerCase(domain));
  return domains.every((domain) => /^[a-z0-9._-]+$/.test(domain)) ? domains : undefined;
}
