/** What a high load average means for reception. Spec ch. 14 "smtp_load_reserve", "queue_only_load", "queue_only_load_latch". */
import type { Config, Services, SessionState } from '../core/index.ts';
import { hostAndIdent } from '../logging/lines/host.ts';
import type { Dialogue } from './dialogue.ts';
import { matchSenderHost } from './expansion.ts';

/** Whether the client of the daemon may go on; who may not has been told. Where hosts have a reserve, `isReserveRespected` decides. */
export function isLoadAcceptable(dialogue: Dialogue): boolean {
  const { config, log, origin } = dialogue;
  if (config.main.smtp_reserve_hosts !== undefined) return true;
  const load = excessiveLoad(dialogue);
  if (load === undefined) return true;
  if (log.selected('connection_reject'))
    log.main(`Connection from ${hostAndIdent(origin, log, false)} refused: load average = ${load.toFixed(2)}`);
  dialogue.reply('421', 'Too much load; please try again later.');
  dialogue.drop();
  return false;
}

/** Whether a client may have a reserved place, or come while the load is high. Who may not has been told. Spec ch. 14 "smtp_reserve_hosts". */
export async function isReserveRespected(dialogue: Dialogue): Promise<boolean> {
  const { config, log, origin, parts } = dialogue;
  const { main } = config;
  const load = main.smtp_reserve_hosts === undefined ? undefined : excessiveLoad(dialogue);
  if (load === undefined && !parts.isPlaceReserved) return true;
  const reserved = await matchSenderHost(main.smtp_reserve_hosts, dialogue.frame());
  if (reserved.kind === 'ok' && reserved.value) return true;
  const connected = `: connected=${parts.connectionCount - 1} max=${main.smtp_accept_max} reserve=${main.smtp_accept_reserve}`;
  const why = parts.isPlaceReserved ? connected : ` and load average = ${(load ?? 0).toFixed(2)}`;
  if (log.selected('connection_reject'))
    log.main(
      `temporarily refused connection from ${hostAndIdent(origin, log, false)}: not in reserve list${why}${reserved.kind === 'defer' ? ' (lookup deferred)' : ''}`,
    );
  const problem = parts.isPlaceReserved ? 'Too many concurrent SMTP connections' : 'Too much load';
  dialogue.reply('421', `${dialogue.hostName}: ${problem}; please try again later`);
  dialogue.drop();
  return false;
}

/** The load average when it is above `smtp_load_reserve` for a client of the daemon. */
function excessiveLoad({ config, origin, parts, isOverTcp }: Dialogue): number | undefined {
  const { smtp_load_reserve: limit } = config.main;
  if (!isOverTcp || limit < 0 || origin.hostAddress === undefined || parts.isRehearsal) return undefined;
  const load = parts.services.machine.loadAverage();
  return load > limit ? load : undefined;
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
