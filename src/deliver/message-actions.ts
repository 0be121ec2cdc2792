/** What an administrator does to single messages: -Mf -Mt -Mrm -Mar -Mmd -Mmad -Mes -Mg -MG -Mvh -Mvb -Mvl -Mvc. Spec ch. 5, with the texts of Exim. */
import type { Octets } from '../base/octets.ts';
import type { Deadline, Message } from '../core/index.ts';
import { completedLine } from '../logging/lines/queue.ts';
import { parseAddress } from '../message/address.ts';
import type { Claim } from '../spool/claims.ts';
import type { DeliverParts } from './attempt.ts';
import { deliverMessage, logLocked } from './run.ts';

/** What is printed, and whether the exit status is 0. */
export interface ActionResult {
  readonly text: Octets;
  readonly isOk: boolean;
}

export interface ActionContext {
  readonly parts: DeliverParts;
  /** Who asks, for the log: `frozen by root`. */
  readonly login: Octets;
  /** The caller, who may remove only own messages unless an administrator. */
  readonly caller: { readonly uid: number; readonly isAdmin: boolean };
  readonly until: Deadline;
}

const done = (text: Octets): ActionResult => ({ text, isOk: true });
const refused = (text: Octets): ActionResult => ({ text, isOk: false });
const denied = refused('Permission denied\n');

export function freezeMessage(id: string, context: ActionContext): Promise<ActionResult> {
  return change(id, context, async (claim, message) => {
    if (message.frozenAt !== undefined) return refused(`Message ${id} is already frozen\n`);
    const frozenAt = Math.floor(context.parts.services.clock.now() / 1000);
    return update(
      claim,
      { ...message, frozenAt, isManuallyThawed: false },
      `frozen by ${context.login}`,
      `Message ${id} is now frozen\n`,
      context,
    );
  });
}

export function thawMessage(id: string, context: ActionContext): Promise<ActionResult> {
  return change(id, context, async (claim, message) => {
    if (message.frozenAt === undefined) return refused(`Message ${id} is not frozen\n`);
    const { frozenAt: _frozenAt, ...rest } = message;
    return update(
      claim,
      { ...rest, isManuallyThawed: true },
      `unfrozen by ${context.login}`,
      `Message ${id} is no longer frozen\n`,
      context,
    );
  });
}

/** Into the queue of that name; '' is the default queue. */
export function moveMessage(id: string, queue: Octets, context: ActionContext): Promise<ActionResult> {
  const { spool, services } = context.parts;
  return change(id, context, async (claim) => {
    const moved = await spool.move(claim, queue);
    if (moved.kind === 'error') return refused(`Message ${id} could not be moved: ${moved.reason}\n`);
    services.log.main(`moved from ${queueText(spool.queueName)} to ${queueText(queue)}`, id);
    return done(`Message ${id} \n`);
  });
}

function queueText(name: Octets): Octets {
  return `${name === '' ? '' : `(${name}) `}input, msglog`;
}

export async function removeMessage(id: string, context: ActionContext): Promise<ActionResult> {
  const { spool, services } = context.parts;
  const claiming = spool.claim(id);
  if (claiming.kind === 'busy') return missing(id, 'busy', context);
  if (claiming.kind !== 'ok') {
    services.log.main(`Spool file ${id}-D not found`, id);
    if (!context.caller.isAdmin) return refused(`Spool data file for ${id} does not exist\n`);
    const text = `Spool data file for ${id} does not exist\nContinuing, to ensure all files removed\nSpool read error for ${id}-H: No such file or directory\nContinuing to ensure all files removed\n`;
    return refused(`${text}Message ${id} has been removed or did not exist\n`);
  }
  const loading = spool.load(claiming.claim);
  const isSender = loading.kind === 'ok' && loading.message.origin.callerUid === context.caller.uid;
  if (!context.caller.isAdmin && !isSender) {
    claiming.claim.release();
    return denied;
  }
  services.log.main(`removed by ${context.login}`, id);
  const age = loading.kind === 'ok' ? services.clock.now() - loading.message.receivedAtMs : 0;
  services.log.main(completedLine(age, services.log), id);
  services.log.flush();
  const removed = spool.remove(claiming.claim);
  if (removed.kind === 'ok') return done(`Message ${id} has been removed\n`);
  claiming.claim.release();
  return refused(`Message ${id} could not be removed: ${removed.reason}\n`);
}

/** Every address must be complete. */
export function addRecipients(id: string, addresses: readonly Octets[], context: ActionContext): Promise<ActionResult> {
  return change(id, context, async (claim, message) => {
    if (addresses.length === 0) return refused(`Message ${id} - error while adding recipient: no address given\n`);
    const added: Octets[] = [];
    for (const text of addresses) {
      const bad = addressProblem(text);
      if (bad !== undefined) return refused(`Message ${id} - error while adding recipient:\n  bad address ${text}: ${bad}\n`);
      added.push(text);
    }
    const recipients = [...message.recipients, ...added.map((address) => ({ address }))];
    const lines = added.map((address) => `recipient <${address}> added by ${context.login}`);
    return update(claim, { ...message, recipients }, lines, `Message ${id} has been modified\n`, context);
  });
}

/** `addresses` undefined: all of them. */
export function markDelivered(id: string, addresses: readonly Octets[] | undefined, context: ActionContext): Promise<ActionResult> {
  return change(id, context, async (claim, message) => {
    const known = new Set(message.recipients.map((recipient) => recipient.address));
    if (addresses?.length === 0) return refused(`Message ${id} - error while marking as delivered: no address given\n`);
    const chosen = addresses ?? [...known];
    const unknown = chosen.find((address) => !known.has(address));
    if (unknown !== undefined)
      return refused(`Message ${id} - error while marking as delivered:\n  ${unknown} is not a recipient: message not updated\n`);
    const lines = chosen.map((address) => `address <${address}> marked delivered by ${context.login}`);
    return update(
      claim,
      { ...message, nonRecipients: new Set([...message.nonRecipients, ...chosen]) },
      lines,
      `Message ${id} has been modified\n`,
      context,
    );
  });
}

/** One address; `<>` or '' is the null sender. */
export function editSender(id: string, addresses: readonly Octets[], context: ActionContext): Promise<ActionResult> {
  return change(id, context, async (claim, message) => {
    const [sender, second] = addresses;
    if (sender === undefined) return refused(`Message ${id} - error while editing sender: no address given\n`);
    if (second !== undefined) return refused(`Message ${id} - only one sender address can be specified\n`);
    const plain = sender === '<>' ? '' : sender;
    const bad = plain === '' ? undefined : addressProblem(plain);
    if (bad !== undefined) return refused(`Message ${id} - error while editing sender:\n  bad address ${sender}: ${bad}\n`);
    return update(
      claim,
      { ...message, sender: plain },
      `sender address changed to <${plain}> by ${context.login}`,
      `Message ${id} has been modified\n`,
      context,
    );
  });
}

function addressProblem(text: Octets): Octets | undefined {
  const parsed = parseAddress(text);
  if (parsed.kind === 'error') return parsed.message;
  return parsed.domain === '' ? 'domain missing' : undefined;
}

/** The sender gets a bounce, the message is gone. */
export async function giveUpMessage(id: string, context: ActionContext): Promise<ActionResult> {
  const { parts, until } = context;
  const claiming = parts.spool.claim(id);
  if (claiming.kind !== 'ok') {
    missing(id, claiming.kind, context);
    return done(''); // a delivery that was not possible now, as with -M
  }
  const loading = parts.spool.load(claiming.claim);
  if (loading.kind !== 'ok') {
    claiming.claim.release();
    return refused(`Spool read error for ${id}-H\n`);
  }
  const { frozenAt: _frozenAt, ...message } = loading.message;
  parts.services.log.main(`cancelled by ${context.login}`, id);
  if (message.sender === '') return discard(claiming.claim, message, context);
  await deliverMessage(parts, {
    claim: claiming.claim,
    message,
    reason: { isQueueRun: false, isForced: true, thaws: true, givesUp: true },
    until,
  });
  return done('');
}

/** A bounce has nobody to tell. */
function discard(claim: Claim, message: Message, context: ActionContext): ActionResult {
  const { spool, services } = context.parts;
  services.log.main(completedLine(services.clock.now() - message.receivedAtMs, services.log), claim.id);
  services.log.flush();
  const removed = spool.remove(claim);
  if (removed.kind === 'ok') return done('');
  claim.release();
  return refused(`Message ${claim.id} could not be removed: ${removed.reason}\n`);
}

// ------------------------------------------------------------ showing

const CHUNK_BYTES = 64 * 1024;

/** Messages may be larger than memory. */
export function showFile(
  id: string,
  what: 'header' | 'data' | 'log',
  write: (bytes: Buffer) => void,
  context: ActionContext,
): ActionResult {
  if (!context.caller.isAdmin) return denied;
  const opened = context.parts.spool.openRaw(id, what);
  const name = what === 'log' ? id : `${id}-${what === 'header' ? 'H' : 'D'}`;
  if (opened.kind === 'error') return refused(`Failed to open ${what === 'log' ? 'msglog' : 'input'} file for ${name}: ${opened.reason}\n`);
  const file = opened.value;
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const read = file.read(chunk);
      if (read.kind === 'error') return refused(`Failed to read ${name}: ${read.reason}\n`);
      if (read.value === 0) return done('');
      write(chunk.subarray(0, read.value));
    }
  } finally {
    file.close();
  }
}

/** The message as it would be sent: -Mvc. */
export async function showCopy(id: string, write: (bytes: Buffer) => Promise<void>, context: ActionContext): Promise<ActionResult> {
  const { spool } = context.parts;
  const claiming = spool.claim(id);
  if (claiming.kind !== 'ok') return missing(id, claiming.kind, context);
  try {
    if (!context.caller.isAdmin) return denied;
    const loading = spool.load(claiming.claim);
    if (loading.kind !== 'ok') return refused(`Spool read error for ${id}-H\n`);
    const headers = loading.message.headers
      .filter((header) => header.type !== '*')
      .map((header) => header.text)
      .join('');
    await write(Buffer.from(`${headers}\n`, 'latin1'));
    for await (const chunk of loading.message.body.chunks(context.until)) await write(chunk);
    return done('');
  } finally {
    claiming.claim.release();
  }
}

// ------------------------------------------------------------ the common part

async function change(
  id: string,
  context: ActionContext,
  action: (claim: Claim, message: Message) => Promise<ActionResult>,
): Promise<ActionResult> {
  const { spool } = context.parts;
  const claiming = spool.claim(id);
  if (claiming.kind !== 'ok') return missing(id, claiming.kind, context);
  try {
    if (!context.caller.isAdmin) return denied;
    const loading = spool.load(claiming.claim);
    if (loading.kind === 'ok') return await action(claiming.claim, loading.message);
    if (loading.kind === 'gone') return missing(id, 'gone', context);
    return refused(`Spool read error for ${id}-H: ${loading.reason}\n`);
  } finally {
    claiming.claim.release();
  }
}

function missing(id: string, why: 'busy' | 'gone' | 'error', context: ActionContext): ActionResult {
  if (why === 'busy') {
    logLocked(context.parts, id);
    return refused(`Message ${id} is locked\n`);
  }
  context.parts.services.log.main(`Spool file ${id}-D not found`, id);
  return refused(`Spool data file for ${id} does not exist\n`);
}

/** The log tells it only when it is durable. */
async function update(
  claim: Claim,
  message: Message,
  lines: Octets | readonly Octets[],
  text: Octets,
  context: ActionContext,
): Promise<ActionResult> {
  const { spool, services } = context.parts;
  const written = await spool.rewrite(claim, message);
  if (written.kind === 'error') return refused(`Message ${claim.id} could not be updated: ${written.reason}\n`);
  for (const line of typeof lines === 'string' ? [lines] : lines) services.log.main(line, claim.id);
  return done(text);
}
