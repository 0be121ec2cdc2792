/** What an SMTP client is told about its message, and the hand-over to delivery. Spec ch. 49 "Incoming SMTP messages over TCP/IP". */
import type { DeliveryWish, Dialogue } from './dialogue.ts';
import type { Intake } from './intake.ts';

export async function finishSmtpMessage(dialogue: Dialogue, intake: Intake): Promise<void> {
  const summary = dialogue.chunkSummary ?? '';
  switch (intake.kind) {
    case 'accepted': {
      const { id } = intake.accepted.message;
      if (intake.fake !== undefined) dialogue.replyText(intake.fake.code, intake.fake.text);
      else if (intake.message !== undefined) dialogue.replyText('250', summary + intake.message);
      else dialogue.reply('250', `${summary}OK id=${id}`);
      tellRehearsal(dialogue);
      dialogue.parts.onAccepted(intake.accepted, wish(dialogue, intake.wish));
      return;
    }
    case 'discarded':
      dialogue.reply('250', `${summary}OK id=${intake.id}`);
      tellRehearsal(dialogue);
      return;
    case 'refused':
      dialogue.refuse('data', 'after DATA', intake.verdict);
      return;
    case 'failed':
      dialogue.reply('451', 'Temporary local problem - please try later');
  }
}

function tellRehearsal(dialogue: Dialogue): void {
  if (dialogue.parts.isRehearsal) dialogue.send('\n**** SMTP testing: that is not a real message id!\n\n');
}

/** After many messages of one connection the rest waits for a queue run (`smtp_accept_queue_per_connection`). */
function wish(dialogue: Dialogue, asked: DeliveryWish | undefined): DeliveryWish {
  const { main } = dialogue.config;
  const { messagesAccepted } = dialogue.session.state;
  if (asked !== undefined) return asked;
  if (main.smtp_accept_queue_per_connection > 0 && messagesAccepted > main.smtp_accept_queue_per_connection) return 'queue';
  if (main.smtp_accept_queue > 0 && dialogue.parts.connectionCount > main.smtp_accept_queue) return 'queue';
  return dialogue.parts.deliveryMode ?? 'background';
}
