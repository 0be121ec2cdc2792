/** A log that keeps nothing: for what a router with `disable_logging` does. Steps (`-d`) are shown. Spec ch. 15 "disable_logging". */
import type { Log } from '../core/ports.ts';

export function silentLog(log: Log): Log {
  const drop = () => {};
  return {
    ...(log.indent === undefined ? {} : { indent: log.indent }),
    main: drop,
    reject: drop,
    panic: drop,
    panicOnly: drop,
    mainAndReject: drop,
    debug: (category, text) => log.debug(category, text),
    isDebug: (category) => log.isDebug(category),
    selected: (selector) => log.selected(selector),
    flush: drop,
    written: () => log.written(),
  };
}
