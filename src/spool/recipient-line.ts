/**
 * A recipient in -H: the address alone, or followed by ORCPT with its length and NOTIFY flags, and errors_to with its length and the parent's number,
 * `#` and flags. All lengths stand behind their text, so a line is read from its end. Spec ch. 57 "Format of the -H file".
 */
import type { Octets } from '../base/octets.ts';
import type { Recipient } from '../core/message.ts';

const NOTIFY_FLAGS = [
  ['NEVER', 2],
  ['SUCCESS', 4],
  ['FAILURE', 8],
  ['DELAY', 16],
] as const;
/** Bits behind `#`. */
const HAS_ERRORS_TO = 1;
const HAS_DSN = 2;

export function formatRecipient(recipient: Recipient): Octets {
  const { address, errorsTo = '', parentIndex = -1, orcpt = '', notify = [] } = recipient;
  const hasDsn = orcpt !== '' || notify.length > 0;
  if (!hasDsn && errorsTo === '' && parentIndex < 0) return address;
  const flags = NOTIFY_FLAGS.reduce((sum, [name, bit]) => sum + (notify.includes(name) ? bit : 0), 0);
  return `${address} ${orcpt} ${orcpt.length},${flags} ${errorsTo} ${errorsTo.length},${parentIndex}#${HAS_ERRORS_TO + HAS_DSN}`;
}

/** Undefined when the line is malformed. */
export function parseRecipient(line: Octets): Recipient | undefined {
  const end = /^(.*)#([0-9]+)$/s.exec(line);
  if (!end) return line === '' ? undefined : { address: line };
  const flags = Number.parseInt(end[2] ?? '0', 10);
  let rest = end[1] ?? '';
  let errorsTo = '';
  let parentIndex = -1;
  let orcpt = '';
  let notifyFlags = 0;
  if ((flags & HAS_ERRORS_TO) !== 0) {
    const field = cutField(rest);
    if (!field) return undefined;
    [rest, errorsTo, parentIndex] = field;
  }
  if ((flags & HAS_DSN) !== 0) {
    const field = cutField(rest);
    if (!field) return undefined;
    [rest, orcpt, notifyFlags] = field;
  }
  if (rest === '') return undefined;
  const notify = NOTIFY_FLAGS.filter(([, bit]) => (notifyFlags & bit) !== 0).map(([name]) => name);
  return {
    address: rest,
    ...(errorsTo === '' ? {} : { errorsTo }),
    ...(parentIndex < 0 ? {} : { parentIndex }),
    ...(orcpt === '' ? {} : { orcpt }),
    ...(notify.length === 0 ? {} : { notify }),
  };
}

/** Takes ` TEXT LENGTH,NUMBER` off the end. */
function cutField(line: Octets): [rest: Octets, text: Octets, number: number] | undefined {
  const match = /^(.*) ([0-9]+),(-?[0-9]+)$/s.exec(line);
  if (!match) return undefined;
  const before = match[1] ?? '';
  const from = before.length - Number.parseInt(match[2] ?? '0', 10);
  if (from < 1 || before[from - 1] !== ' ') return undefined;
  return [before.slice(0, from - 1), before.slice(from), Number.parseInt(match[3] ?? '0', 10)];
}
