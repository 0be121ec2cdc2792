/** `log_file_path`: files, datestamps and syslog. Spec ch. 53 "Where the logs are written", "Datestamped log files". */
import type { Octets } from '../base/octets.ts';
import { equalsIgnoreCase, isAlnumCode, trimSpace } from '../base/octets.ts';

export type LogName = 'main' | 'reject' | 'panic';

export interface LogPlaces {
  /** With `%s`, and perhaps `%D` or `%M`; undefined: no files. */
  readonly file: Octets | undefined;
  readonly syslog: boolean;
  /** Something is wrong with the list: for the panic log. */
  readonly problem?: string;
}

/**
 * `value` is `log_file_path` after expansion, undefined when it is not set; `built` what the build says; `spoolDirectory` gives the last
 * resort. The list's separator cannot be changed.
 */
export function parseLogPath(value: Octets | undefined, built: Octets, spoolDirectory: Octets): LogPlaces {
  const items = splitPlain(value ?? '');
  const isUnset = value === undefined || trimSpace(value) === '';
  const list = isUnset ? splitPlain(built) : items;
  let file: Octets | undefined;
  let fileCount = 0;
  let syslog = false;
  for (const item of list) {
    if (equalsIgnoreCase(item, 'syslog')) {
      syslog = true;
      continue;
    }
    fileCount++;
    file ??= item === '' ? defaultFile(built, spoolDirectory) : item;
  }
  if (file === undefined && !syslog) file = defaultFile(built, spoolDirectory);
  return { file, syslog, ...(fileCount > 1 ? { problem: 'More than one path given in log_file_path: using the first one' } : {}) };
}

function defaultFile(built: Octets, spoolDirectory: Octets): Octets {
  const fromBuild = splitPlain(built).find((item) => item !== '' && !equalsIgnoreCase(item, 'syslog'));
  return fromBuild ?? `${spoolDirectory}/log/%slog`;
}

/** A final separator adds no item; a lone or leading one adds an empty one. */
function splitPlain(list: Octets): Octets[] {
  if (trimSpace(list) === '') return [];
  const items = list.split(':').map(trimSpace);
  if (items.length > 1 && items[items.length - 1] === '') items.pop();
  return items;
}

/** The path of one log; `date` is yyyymmdd in the log's time zone. */
export function logFileName(template: Octets, name: LogName | 'debug', date: Octets): Octets {
  const named = template.replace('%s', name);
  const at = named.search(/%[DM]/);
  if (at < 0) return named;
  if (name !== 'panic') return named.slice(0, at) + (named[at + 1] === 'D' ? date : date.slice(0, 6)) + named.slice(at + 2);
  let before = named.slice(0, at);
  let after = named.slice(at + 2);
  if (before.endsWith('/')) {
    if (after !== '' && !isAlnumCode(after.charCodeAt(0))) after = after.slice(1);
  } else if (before !== '' && !isAlnumCode(before.charCodeAt(before.length - 1))) {
    before = before.slice(0, -1);
  }
  return before + after;
}
