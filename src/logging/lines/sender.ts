/** What a log line about a session begins with. */
import type { Octets } from '../../base/octets.ts';
import type { Frame } from '../../core/index.ts';
import { originOf } from '../../core/index.ts';
import { hostAndIdent } from './host.ts';

/** `H=… `, with a space behind it; '' where there is no session (delivery, tests of the command line). */
export function logPrefix(frame: Frame): Octets {
  const origin = originOf(frame);
  return origin === undefined ? '' : `${hostAndIdent(origin, frame.services.log, true)} `;
}
