/** The ACL for DKIM signatures, which runs when a message has been read, before those for its parts and its data. Spec ch. 58 "Verifying DKIM signatures in incoming mail". */
import type { AclVerdict, Frame, TransactionState } from '../core/index.ts';

/** What the ACL came to for all signers; without one, or without signers, the message is accepted. */
export async function judgeSignatures(_state: TransactionState, _frame: Frame): Promise<AclVerdict> {
  return { kind: 'accept' };
}
