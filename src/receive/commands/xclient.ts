/** XCLIENT: a host in `hosts_xclient` says whom it speaks for. https://www.postfix.org/XCLIENT_README.html */
import type { Octets } from '../../base/octets.ts';
import { printable } from '../../base/octets.ts';
import type { Origin } from '../../core/index.ts';
import { hostAndIdent } from '../../logging/lines/host.ts';
import type { Command } from '../../smtp/command.ts';
import type { XclientOperands } from '../../smtp/xclient.ts';
import { parseXclient, XCLIENT_PARAMETERS } from '../../smtp/xclient.ts';
import type { Dialogue } from '../dialogue.ts';
import { isSenderHostIn } from '../expansion.ts';
import { changeHost } from '../transaction.ts';

/** How EHLO offers it; undefined when it does not. What counts is the host that is connected, whomever it speaks for by now. */
export async function xclientLine(dialogue: Dialogue): Promise<Octets | undefined> {
  const list = dialogue.config.main.hosts_xclient;
  if (list === undefined) return undefined;
  dialogue.maySpeakForOthers ??= await isSenderHostIn(list, dialogue.frame());
  return dialogue.maySpeakForOthers ? `XCLIENT ${XCLIENT_PARAMETERS.join(' ')}` : undefined;
}

export function xclient(dialogue: Dialogue, command: Command): void {
  const { log, origin, session } = dialogue;
  if (!dialogue.advertised.xclient) return dialogue.protocolError('protocol', '501', 'XCLIENT command used when not advertised');
  if (dialogue.transaction?.state.sender !== undefined) {
    log.mainAndReject(`rejected XCLIENT from ${hostAndIdent(origin, log, false)}: mail transaction in progress`);
    dialogue.reply('503', 'mail transaction in progress');
    return;
  }
  const reading = parseXclient(command.argument);
  if (reading.kind === 'error') return dialogue.protocolError('syntax', '501', printable(reading.message));
  applyOperands(origin, reading.operands);
  // It is as if the client had just connected; TLS stays.
  session.state.esmtp = false;
  dialogue.isHeloSeen = false;
  dialogue.forgetAdvertised();
  dialogue.reply('220', 'XCLIENT success');
}

function applyOperands(origin: Origin, operands: XclientOperands): void {
  origin.proxy = {
    localAddress: origin.hostAddress ?? '',
    localPort: origin.hostPort ?? 0,
    externalAddress: operands.destinationAddress ?? origin.proxy?.externalAddress ?? '',
    externalPort: operands.destinationPort ?? origin.proxy?.externalPort ?? 0,
  };
  const { heloName } = origin;
  changeHost(origin, operands.address ?? origin.hostAddress ?? '', operands.port ?? origin.hostPort ?? 0);
  origin.heloName = heloName; // for log lines until the client has said its own
  const { name, login } = operands;
  if (typeof name === 'string') {
    origin.hostName = name;
    origin.hostLookup = 'found';
  } else if (name !== undefined) origin.hostLookup = name.missing === 'unknown' ? 'failed' : 'deferred';
  if (login === undefined) return;
  origin.authenticatorName = login === '' ? undefined : 'xclient';
  origin.authenticatorPublicName = undefined;
  origin.authenticatedId = login === '' ? undefined : login;
}
