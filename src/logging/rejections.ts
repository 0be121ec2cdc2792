/** Where a rejection is logged: `log_reject_target`. Spec ch. 44 "ACL modifiers". */
import type { Octets } from '../base/octets.ts';
import type { Log, LogTarget } from '../core/ports.ts';

/** `headers` follow the line in the reject log. Without targets: main and reject log. */
export function logRejection(
  log: Log,
  targets: readonly LogTarget[] = ['main', 'reject'],
  line: Octets,
  headers: readonly Octets[],
  id: string | undefined,
): void {
  const goesTo = (target: LogTarget) => targets.includes(target);
  if (goesTo('main') && goesTo('reject')) log.mainAndReject(line, headers, id);
  else if (goesTo('main')) log.main(line, id);
  else if (goesTo('reject')) log.reject(line, headers, id);
  if (goesTo('panic')) logToPanicOnly(log, line, id);
}

/** A log that has no panic log of its own shows the line as all others. */
export function logToPanicOnly(log: Log, line: Octets, id: string | undefined): void {
  if (log.panicOnly) log.panicOnly(line, id);
  else log.panic(line, id);
}
