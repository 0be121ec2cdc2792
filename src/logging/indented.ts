/** A log whose steps (`-d`, `-bh`) stand further to the right: what is done on behalf of something else. */
import type { Log } from '../core/ports.ts';

/** Lines of the log files are as they are. */
export function indentedLog(log: Log): Log {
  return {
    indent: (log.indent ?? 0) + 1,
    main: (line, id) => log.main(line, id),
    reject: (line, headers, id) => log.reject(line, headers, id),
    panic: (line, id) => log.panic(line, id),
    panicOnly: (line, id) => (log.panicOnly ? log.panicOnly(line, id) : log.panic(line, id)),
    mainAndReject: (line, headers, id) => log.mainAndReject(line, headers, id),
    debug: (category, text) => log.debug(category, () => text().replaceAll(/^/gm, ' ')),
    isDebug: (category) => log.isDebug(category),
    selected: (selector) => log.selected(selector),
    flush: () => log.flush(),
    written: () => log.written(),
  };
}
