/** `-bm`, `-t` and plain recipients: a message on standard input. Spec ch. 5 "-bm". */
import { submitMessage } from '../receive/submission.ts';
import { commandLineFacts } from './command-line-facts.ts';
import { endedBySignals } from './interrupted-input.ts';
import type { ModeRunner } from './mode.ts';
import { openForMode } from './open.ts';
import { presetOrigin } from './origin.ts';
import { wishOf } from './wish.ts';

export const runReceive: ModeRunner = async (context) => {
  const { invocation, io } = context;
  const opened = await openForMode(context, { delivers: true });
  if (opened.kind === 'exit') return opened.status;
  const { runtime, caller, deliveries } = opened;
  const status = await submitMessage({
    config: runtime.config,
    services: runtime.services,
    store: runtime.spool,
    caller,
    input: context.daemon ? io.stdin : endedBySignals(io.stdin),
    writeError: (text) => io.stderr.write(text),
    signal: deliveries.signal,
    receiveTimeoutSeconds: invocation.receiveTimeoutSeconds,
    sender: invocation.sender,
    recipients: invocation.words,
    takesRecipientsFromHeaders: invocation.takesRecipientsFromHeaders,
    isDotNotEnd: invocation.isDotNotEnd,
    errors: invocation.errors,
    dontDeliver: invocation.minusN,
    presetOrigin: presetOrigin(invocation.origin),
    commandLine: commandLineFacts(invocation),
    onAccepted: (accepted, wish) => deliveries.accepted(accepted, wish),
    deliveryMode: wishOf(invocation, runtime.config),
  });
  await deliveries.finish();
  opened.close();
  return status;
};
