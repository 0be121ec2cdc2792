/** Log entries for syslog: priorities, and the splitting of long and multi-line entries. Spec ch. 53 "Logging to syslog". */
import type { Octets } from '../base/octets.ts';
import type { LogName } from './paths.ts';

/** Sends one entry; the port adds host, program name and pid as the daemon wants them. Never throws. */
export type SyslogSend = (priority: number, text: Octets) => void;

const LOG_ALERT = 1;
const LOG_NOTICE = 5;
const LOG_INFO = 6;

const FACILITIES: ReadonlyMap<string, number> = new Map([
  ['mail', 2],
  ['user', 1],
  ['news', 7],
  ['uucp', 8],
  ['daemon', 3],
  ['auth', 4],
  ['cron', 9],
  ['local0', 16],
  ['local1', 17],
  ['local2', 18],
  ['local3', 19],
  ['local4', 20],
  ['local5', 21],
  ['local6', 22],
  ['local7', 23],
]);

export const SYSLOG_FACILITIES: readonly string[] = [...FACILITIES.keys()];

/** Undefined when `syslog_facility` has no such value. */
export function syslogFacility(name: Octets | undefined): number | undefined {
  return FACILITIES.get(name ?? 'mail');
}

export function syslogPriority(name: LogName, facility: number): number {
  const severity = name === 'main' ? LOG_INFO : name === 'reject' ? LOG_NOTICE : LOG_ALERT;
  return facility * 8 + severity;
}

/** No part is longer than `limit`; when there are several, each begins `[n/m] ` or, where the next begins a new line, `[n\m] `. */
export function splitForSyslog(entry: Octets, limit = 870): Octets[] {
  const text = entry.endsWith('\n') ? entry.slice(0, -1) : entry;
  if (text.length <= limit && !text.includes('\n')) return [text];
  const parts: { text: Octets; endsLine: boolean }[] = [];
  for (const line of text.split('\n')) {
    for (let from = 0; from === 0 || from < line.length; from += limit) {
      parts.push({ text: line.slice(from, from + limit), endsLine: from + limit >= line.length });
    }
  }
  return parts.map((part, i) => `[${i + 1}${part.endsLine && i < parts.length - 1 ? '\\' : '/'}${parts.length}] ${part.text}`);
}
