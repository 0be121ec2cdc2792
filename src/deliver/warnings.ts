/** When a sender is told of a delay. Spec ch. 14 "delay_warning", "delay_warning_condition". */
import { lowerCase, type Octets, trimSpace } from '../base/octets.ts';
import type { Address } from '../core/index.ts';
import type { ReportedAddress } from '../dsn/report.ts';
import { composeWarning } from '../dsn/warning.ts';
import { sendReport } from './accept-report.ts';
import type { Attempt } from './attempt.ts';
import { isHidden } from './bounces.ts';

/** The new count of warnings; a warning is in the spool when it is higher than before. */
export async function warnOfDelay(attempt: Attempt, undelivered: readonly Address[]): Promise<number> {
  const { message, frame } = attempt;
  const due = dueWarnings(frame.config.main.delay_warning, attempt.queuedMs / 1000);
  if (due.count <= message.warningCount || message.sender === '' || !(await isWanted(attempt))) return message.warningCount;
  const told = undelivered.filter((address) => wantsDelay(attempt, address)).reverse(); // as Exim, the last one first
  const recipients = [...new Set(told.map((address) => address.state.errorsTo ?? address.inherited.errorsTo ?? message.sender))].filter(
    (address) => address !== '',
  );
  if (recipients.length > 0) {
    const recipient = recipients.join(', ');
    const report = await composeWarning({
      frame,
      message,
      recipient,
      delaySeconds: due.delaySeconds,
      delayed: told.map((address) => delayed(attempt, address)),
    });
    const sent = await sendReport(attempt, { ...report, recipients });
    if (sent.kind !== 'ok' || sent.value !== 0) return message.warningCount;
  }
  return due.count;
}

/** How many warnings are due by now: after the last time of the list, one each time the last interval has passed again. */
export function dueWarnings(times: readonly number[], ageSeconds: number): { readonly count: number; readonly delaySeconds: number } {
  const reached = times.filter((time) => time > 0 && ageSeconds >= time);
  const last = times.at(-1) ?? 0;
  if (reached.length < times.length || times.length < 2) return { count: reached.length, delaySeconds: reached.at(-1) ?? 0 };
  const interval = last - (times.at(-2) ?? 0);
  const more = interval > 0 ? Math.floor((ageSeconds - last) / interval) : 0;
  return { count: times.length + more, delaySeconds: last + more * interval };
}

async function isWanted(attempt: Attempt): Promise<boolean> {
  const condition = await attempt.frame.config.main.delay_warning_condition?.evaluate(attempt.frame);
  if (condition === undefined) return true;
  if (condition.kind !== 'ok') {
    attempt.log(`delay_warning_condition: ${condition.kind === 'forced-fail' ? 'forced failure' : condition.message}`);
    return true;
  }
  const value = lowerCase(trimSpace(condition.value.octets));
  return value !== '' && value !== '0' && value !== 'no' && value !== 'false';
}

/** NOTIFY= without DELAY. RFC 3461 s4.1. */
function wantsDelay(attempt: Attempt, address: Address): boolean {
  const notify = attempt.message.recipients[address.recipientIndex]?.notify;
  return notify === undefined || notify.length === 0 || notify.includes('DELAY');
}

function delayed(attempt: Attempt, address: Address): ReportedAddress {
  const result = attempt.deferredResults.get(address);
  const isRouting = address.state.transport === undefined;
  const hides = isHidden({ result: { address, kind: 'deferred' } });
  const text: Octets | undefined = isRouting && !hides ? result?.message : undefined;
  return { address, isHidden: hides, ...(text === undefined ? {} : { text, prefix: 'Delay reason: ' }) };
}
