/** The log line of a transaction that ends without a message: selector `smtp_incomplete_transaction`. Spec ch. 53 "Reducing or increasing what is logged". */
import type { Octets } from '../base/octets.ts';
import { incompleteTransactionLine } from '../logging/lines/connection.ts';
import type { Dialogue } from './dialogue.ts';

/** `reason`: `RSET`, `QUIT`, `connection lost`… Nothing when no transaction has begun. */
export function noteIncomplete({ log, origin, transaction }: Dialogue, reason: Octets): void {
  const state = transaction?.state;
  if (state?.sender === undefined || !log.selected('smtp_incomplete_transaction')) return;
  const recipients = state.recipients.map((recipient) => recipient.address);
  log.main(incompleteTransactionLine(origin, reason, state.sender, recipients, log));
}
