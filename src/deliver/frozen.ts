/** Whether a frozen message is delivered after all: forced, thawed by time, timed out. Spec ch. 14 "auto_thaw", "timeout_frozen_after", "ignore_bounce_errors_after". */
import type { Message } from '../core/index.ts';
import { completedLine } from '../logging/lines/queue.ts';
import type { Claim } from '../spool/claims.ts';
import type { DeliverParts, DeliveryReason } from './attempt.ts';

/** The message to deliver, thawed; or why not. */
export async function thaw(
  parts: DeliverParts,
  claim: Claim,
  message: Message,
  reason: DeliveryReason,
): Promise<Message | 'frozen' | 'removed'> {
  if (message.frozenAt === undefined) return message;
  const { log, clock } = parts.services;
  const { main } = parts.config;
  const now = Math.floor(clock.now() / 1000);
  const ageSeconds = (clock.now() - message.receivedAtMs) / 1000;
  if (main.timeout_frozen_after > 0 && ageSeconds >= main.timeout_frozen_after) return cancel(parts, claim, message);
  const why = reason.thaws
    ? 'forced delivery'
    : main.auto_thaw > 0 && now >= message.frozenAt + main.auto_thaw
      ? 'auto-thaw'
      : message.sender === '' && ageSeconds >= main.ignore_bounce_errors_after
        ? 'errmsg timer'
        : undefined;
  if (why === undefined) {
    if (log.selected('skip_delivery')) log.main('Message is frozen', message.id);
    return 'frozen';
  }
  log.main(`Unfrozen by ${why}`, message.id);
  const { frozenAt: _frozenAt, ...thawed } = message;
  const written = await parts.spool.rewrite(claim, thawed);
  if (written.kind === 'error') log.panic(`failed to update ${claim.paths.header}: ${written.reason}`, message.id);
  return thawed;
}

function cancel(parts: DeliverParts, claim: Claim, message: Message): 'removed' | 'frozen' {
  const { log, clock } = parts.services;
  log.main('cancelled by timeout_frozen_after', message.id);
  log.main(completedLine(clock.now() - message.receivedAtMs, log), message.id);
  log.flush();
  return parts.spool.remove(claim).kind === 'ok' ? 'removed' : 'frozen';
}
