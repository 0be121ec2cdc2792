/** What a high load average means for reception. Spec ch. 14 "smtp_load_reserve", "queue_only_load", "queue_only_load_latch". */
import type { Config, Services, SessionState } from '../core/index.ts';
import { hostAndIdent } from '../logging/lines/host.ts';
import type { Dialogue } from './dialogue.ts';
import { isSenderHostIn } from './expansion.ts';

/** Whether the client of the daemon may go on; who may not has been told. */
export async function isLoadAcceptable(dialogue: Dialogue): Promise<boolean> {
  const { config, log, origin, parts } = dialogue;
  if (!dialogue.isOverTcp) return true;
  const { smtp_load_reserve: limit, smtp_reserve_hosts: reserved } = config.main;
  if (limit < 0 || origin.hostAddress === undefined || parts.isRehearsal) return true;
  const load = parts.services.machine.loadAverage();
  if (load <= limit || (await isSenderHostIn(reserved, dialogue.frame()))) return true;
  if (log.selected('connection_reject'))
    log.main(`Connection from ${hostAndIdent(origin, log, false)} refused: load average = ${load.toFixed(2)}`);
  dialogue.reply('421', 'Too much load; please try again later.');
  dialogue.drop();
  return false;
}

/** The load that keeps messages from being delivered at once; undefined: it does not. Once too high, it holds for the rest of a session. */
export function queueingLoad(config: Config, services: Pick<Services, 'machine'>, session: SessionState): number | undefined {
  const { queue_only_load: limit, queue_only_load_latch: isLatched } = config.main;
  if (limit < 0) return undefined;
  if (session.queueingLoad !== undefined) return session.queueingLoad;
  const load = services.machine.loadAverage();
  if (load <= limit) return undefined;
  if (isLatched) session.queueingLoad = load;
  return load;
}
