/** Log lines of local messages that are refused: too big, or by the ACL. Spec ch. 44 "The non-SMTP ACLs". */
import { printable } from '../base/octets.ts';
import type { Log, Origin, TransactionState } from '../core/index.ts';
import { hostAndIdent } from '../logging/lines/host.ts';
import { rejectedMessage, rejectionLine } from '../logging/lines/rejection.ts';
import { logRejection } from '../logging/rejections.ts';
import type { Intake, IntakeContext } from './intake.ts';
import { prepareAndRewrite, takeLocalSender } from './intake.ts';
import type { MessageReading } from './message-input.ts';
import { REFUSED_AFTER } from './smtp-message.ts';
import { receptionFrame } from './transaction.ts';

/** The header gets its fix-ups first; the reject log has it so. */
export async function logTooBig(
  context: IntakeContext,
  state: TransactionState,
  reading: MessageReading & { readonly kind: 'too-big' },
): Promise<void> {
  const { log } = context.services;
  const frame = receptionFrame(context);
  if (context.session.mode === 'smtp-batch') await takeLocalSender(context, state, frame);
  await prepareAndRewrite(context, state, reading.headers, frame);
  if (!log.selected('size_reject')) return;
  log.mainAndReject(
    `rejected from <${printable(state.sender ?? '')}> ${hostAndIdent(context.session.state.origin, log, true)}: message too big: read=${reading.sizeBytes} max=${reading.limitBytes}`,
    headersOf(state),
    state.id,
  );
}

export type Refusal = Extract<Intake, { kind: 'refused' }>;

/** Of what came by the command line. */
export function logSubmissionRejection(log: Log, { phase, verdict }: Refusal, origin: Readonly<Origin>, state: TransactionState): void {
  if (phase === 'not_smtp') return logNonSmtpRejection(log, verdict, state);
  const line = {
    origin,
    sender: state.sender,
    what: REFUSED_AFTER[phase],
    isTemporary: verdict.kind !== 'fail',
    reason: verdict.logMessage,
  };
  logRejection(log, verdict.logTargets, rejectionLine(line, log), headersOf(state), state.id);
}

function logNonSmtpRejection(log: Log, verdict: Refusal['verdict'], state: TransactionState): void {
  const reason = verdict.logMessage === undefined || verdict.logMessage === '' ? '' : `: ${printable(verdict.logMessage)}`;
  const line = `F=<${printable(state.sender ?? '')}> rejected by non-SMTP ACL${reason}`;
  logRejection(log, verdict.logTargets, line, headersOf(state), state.id);
}

function headersOf(state: TransactionState): readonly string[] {
  const recipients = state.recipients.map(({ address }) => address);
  return rejectedMessage(state.sender ?? '', recipients, state.headers);
}
