/** `$connection_id` and `Ci=` of what comes without a connection: one for each command. Spec ch. 53 "connection_id". */
import type { Octets } from '../base/octets.ts';
import type { Services } from '../core/index.ts';

export function localConnectionId({ clock, machine }: Pick<Services, 'clock' | 'machine'>): Octets {
  return `${Math.floor(clock.now())}${String(machine.pid % 10_000).padStart(4, '0')}`;
}
