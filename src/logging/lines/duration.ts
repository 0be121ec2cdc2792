/** Times in log lines: `QT=3m45s`, with milliseconds `QT=1.578s`. Spec ch. 53 "Reducing or increasing what is logged". */
import type { Octets } from '../../base/octets.ts';
import { formatTimeSpan } from '../../base/time-span.ts';

/** `showsMilliseconds`: log selector `millisec`, for times under a minute. */
export function formatDuration(milliseconds: number, showsMilliseconds: boolean): Octets {
  const ms = Math.max(0, Math.round(milliseconds));
  if (!showsMilliseconds || ms >= 60_000) return formatTimeSpan(Math.floor(ms / 1000));
  return `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}s`;
}
