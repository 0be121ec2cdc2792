/** Variables of the time of day, in the zone of option timezone. Spec ch. 11 "Expansion variables". */
import type { Frame } from '../../core/frame.ts';
import { formatCtime, formatDate, formatLogTime, formatZone, isUtcZone } from '../../message/date.ts';
import { octetsVariable } from '../reading.ts';

export default [
  octetsVariable('tod_epoch', 'Seconds since the epoch.', (frame) => String(Math.trunc(now(frame) / 1000))),
  octetsVariable('tod_epoch_l', 'Microseconds since the epoch.', (frame) => String(Math.trunc(now(frame) * 1000))),
  octetsVariable('tod_full', 'Date and time as in header lines.', (frame) => formatDate(frame.services.clock, frame.config.main.timezone)),
  octetsVariable('tod_log', 'Date and time as in logs.', (frame) => logTime(frame)),
  octetsVariable('tod_logfile', 'The date as in names of log files.', (frame) => logTime(frame).slice(0, 10).replaceAll('-', '')),
  octetsVariable('tod_zone', 'The local zone.', (frame) => zone(frame)),
  octetsVariable('tod_zulu', 'Date and time in UTC.', (frame) =>
    new Date(now(frame))
      .toISOString()
      .replace(/[-:]|\.\d+/g, '')
      .replace('T', ''),
  ),
  octetsVariable('tod_bsdinbox', 'Date and time as in `From ` lines of mailboxes.', (frame) =>
    formatCtime(frame.services.clock, frame.config.main.timezone),
  ),
];

function now(frame: Frame): number {
  return frame.services.clock.now();
}

function logTime(frame: Frame): string {
  return formatLogTime(frame.services.clock, frame.config.main.timezone, now(frame));
}

function zone(frame: Frame): string {
  const { timezone } = frame.config.main;
  return formatZone(isUtcZone(timezone) ? 0 : frame.services.clock.localOffsetSeconds(timezone ?? '', now(frame)));
}
