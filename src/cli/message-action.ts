/** `-M`, `-Mrm`, `-Mf`, `-Mt`, `-Mv…` and their relatives: messages of the queue by id. Spec ch. 5 "-M". */
import { type Octets, octetsFromBytes } from '../base/octets.ts';
import { untilAborted } from '../core/index.ts';
import {
  type ActionContext,
  type ActionResult,
  addRecipients,
  editSender,
  freezeMessage,
  giveUpMessage,
  markDelivered,
  moveMessage,
  removeMessage,
  showCopy,
  showFile,
  thawMessage,
} from '../deliver/message-actions.ts';
import { deliverById } from '../deliver/run.ts';
import { isMessageId } from '../spool/message-id.ts';
import type { MessageAction } from './invocation.ts';
import type { ModeContext, ModeRunner } from './mode.ts';
import { type OpenedDeliveryMode, openForMode } from './open.ts';
import { handToDaemon, withoutConfigChoice } from './submission.ts';

/** These take one id and then something else; the others take ids. */
const ONE_ID: ReadonlySet<MessageAction> = new Set([
  'add-recipient',
  'edit-sender',
  'mark-delivered',
  'view-header',
  'view-body',
  'view-log',
  'view-copy',
]);

/** For administrators; of the others each message is asked whether they may (own messages can be removed). */
const DELIVERIES: ReadonlySet<MessageAction> = new Set(['deliver', 'deliver-if-due', 'give-up']);

export const runMessageAction: ModeRunner = async (context) => {
  const { invocation, io } = context;
  const mode = invocation.mode;
  if (mode?.kind !== 'message-action') return 1;
  const ids = [mode.id, ...(ONE_ID.has(mode.action) ? [] : invocation.words)];
  const malformed = ids.find((id) => !isMessageId(id));
  if (malformed !== undefined) {
    io.stderr.write(`exim: malformed message id ${malformed} after ${mode.option} option\n`);
    return 1;
  }
  const opened = await openForMode(context, { delivers: true });
  if (opened.kind === 'exit') return opened.status;
  const { caller, runtime } = opened;
  const mayDeliver = mode.action !== 'give-up' && !runtime.config.main.prod_requires_admin;
  if (DELIVERIES.has(mode.action) && !caller.isAdmin && !mayDeliver) {
    io.stderr.write(`exim: ${mode.action === 'give-up' ? 'permission' : 'Permission'} denied\n`);
    opened.close();
    return 1;
  }
  const isDelivery = mode.action === 'deliver' || mode.action === 'deliver-if-due';
  const handed = isDelivery
    ? await handToDaemon(context, opened.runtime.config.startup.spoolDirectory, withoutConfigChoice(context.argv))
    : undefined;
  const status = handed ?? (await actOnAll(mode.action, ids, context, opened));
  opened.close();
  return status;
};

async function actOnAll(
  action: MessageAction,
  ids: readonly Octets[],
  context: ModeContext,
  { caller, deliveries }: OpenedDeliveryMode,
): Promise<number> {
  const until = untilAborted(deliveries.signal);
  const actionContext: ActionContext = { parts: deliveries.parts(), login: caller.login, caller, until };
  let isOk = true;
  for (const id of ids) {
    const result = await act(action, id, context, actionContext);
    context.io.stdout.write(result.text); // refusals too
    isOk &&= result.isOk;
  }
  if (action === 'mark-all-delivered') context.io.stdout.write('\n');
  await deliveries.finish();
  return isOk ? 0 : 1;
}

function queueOf({ mode }: ModeContext['invocation']): Octets {
  return mode?.kind === 'message-action' ? (mode.queue ?? '') : '';
}

async function act(action: MessageAction, id: Octets, { invocation, io }: ModeContext, context: ActionContext): Promise<ActionResult> {
  const { words } = invocation;
  const show = (bytes: Buffer) => io.stdout.write(octetsFromBytes(bytes));
  switch (action) {
    case 'deliver':
      await deliverById(
        context.parts,
        id,
        { isQueueRun: false, isForced: true, thaws: true, dontDeliver: invocation.minusN },
        context.until,
      );
      return { text: '', isOk: true };
    case 'deliver-if-due':
      await deliverById(
        context.parts,
        id,
        { isQueueRun: false, isForced: false, thaws: false, dontDeliver: invocation.minusN },
        context.until,
      );
      return { text: '', isOk: true };
    case 'remove':
      return removeMessage(id, context);
    case 'freeze':
      return freezeMessage(id, context);
    case 'thaw':
      return thawMessage(id, context);
    case 'give-up':
      return giveUpMessage(id, context);
    case 'mark-all-delivered':
      return markDelivered(id, undefined, context);
    case 'mark-delivered':
      return markDelivered(id, words, context);
    case 'add-recipient':
      return addRecipients(id, words, context);
    case 'edit-sender':
      return editSender(id, words, context);
    case 'move':
      return moveMessage(id, queueOf(invocation), context);
    case 'view-header':
      return showFile(id, 'header', show, context);
    case 'view-body':
      return showFile(id, 'data', show, context);
    case 'view-log':
      return showFile(id, 'log', show, context);
    case 'view-copy':
      return showCopy(id, async (bytes) => show(bytes), context);
  }
}
