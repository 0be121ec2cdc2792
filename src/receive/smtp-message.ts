/** What an SMTP client is told about its message, and the hand-over to delivery. Spec ch. 49 "Incoming SMTP messages over TCP/IP". */
import type { Octets } from '../base/octets.ts';
import type { DeliveryWish, Dialogue } from './dialogue.ts';
import type { ContentPhase, Intake } from './intake.ts';
import type { PrdrResult } from './prdr.ts';

/** As the log names them. */
export const REFUSED_AFTER: Readonly<Record<ContentPhase, Octets>> = {
  dkim: 'DKIM ',
  mime: 'during MIME ACL checks',
  data: 'after DATA',
  not_smtp: 'after DATA',
};

export async function finishSmtpMessage(dialogue: Dialogue, intake: Intake): Promise<void> {
  const summary = dialogue.chunkSummary ?? '';
  switch (intake.kind) {
    case 'accepted': {
      const { id } = intake.accepted.message;
      if (intake.fake !== undefined) dialogue.replyWithoutCode(intake.fake.code, intake.fake.text);
      else if (intake.takers !== undefined) replyToAll(dialogue, id, intake.takers);
      else if (intake.message !== undefined) dialogue.replyText('250', summary + intake.message);
      else dialogue.reply('250', `${summary}OK id=${id}`);
      if (intake.takers === undefined) tellRehearsal(dialogue);
      await dialogue.parts.onAccepted(intake.accepted, wish(dialogue, id, intake.wish));
      return;
    }
    case 'discarded':
      if (intake.takers !== undefined) return replyToAll(dialogue, intake.id, intake.takers);
      if (intake.message !== undefined) dialogue.replyText('250', summary + intake.message);
      else dialogue.reply('250', `${summary}OK id=${intake.id}`);
      tellRehearsal(dialogue);
      return;
    case 'refused':
      dialogue.refuse(intake.phase === 'not_smtp' ? 'data' : intake.phase, REFUSED_AFTER[intake.phase], intake.verdict);
      return;
    case 'scanned-out':
      dialogue.replyText(intake.isTemporary ? '451' : '550', intake.text);
      return;
    case 'client-gone':
      dialogue.lost({ kind: 'end' });
      dialogue.endReason = 'error';
      dialogue.isEndTold = true;
      return;
    case 'failed':
      dialogue.reply('451', intake.reply ?? 'Temporary local problem - please try later');
  }
}

/** The reply for the whole message after those for its recipients. */
function replyToAll(dialogue: Dialogue, id: string, takers: PrdrResult): void {
  if (takers === 'none') dialogue.reply('550', `id=${id} message rejected for all recipients`);
  else dialogue.reply('250', `id=${id} message accepted${takers === 'all' ? '' : ' for some recipients'}`);
}

function tellRehearsal(dialogue: Dialogue): void {
  if (dialogue.parts.isRehearsal) dialogue.send('\n**** SMTP testing: that is not a real message id!\n\n');
}

/** After many messages of one connection, or with many connections, the rest waits for a queue run; the log says why. */
function wish(dialogue: Dialogue, id: string, asked: DeliveryWish | undefined): DeliveryWish {
  const { main } = dialogue.config;
  const { log, parts } = dialogue;
  const { messagesAccepted } = dialogue.session.state;
  if (asked !== undefined) return asked;
  const { smtp_accept_queue: maxConnections, smtp_accept_queue_per_connection: maxMessages } = main;
  const tell = (why: Octets) => {
    if (log.selected('delay_delivery')) log.main(`no immediate delivery: ${why}`, id);
  };
  // -od on the command line overrides queue_only, unless that is not wanted
  const isQueueOnly =
    parts.deliveryMode === 'queue' || (main.queue_only && (parts.deliveryMode === undefined || !main.queue_only_override));
  if (maxMessages > 0 && messagesAccepted > maxMessages && !isQueueOnly) {
    tell(`more than ${maxMessages} messages received in one connection`);
    return 'queue';
  }
  if (maxConnections > 0 && parts.connectionCount > maxConnections) {
    tell(`too many connections (${parts.connectionCount}, max ${maxConnections})`);
    return 'queue';
  }
  if (isQueueOnly) return 'queue';
  return parts.deliveryMode ?? 'background';
}
