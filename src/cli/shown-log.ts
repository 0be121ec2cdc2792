/** The log of a mode that only tests: nothing goes to the files, the caller sees the lines. Spec ch. 5 "-bt". */
import type { Octets } from '../base/octets.ts';
import { printable } from '../base/octets.ts';
import type { Log } from '../core/index.ts';
import type { Output } from '../system/standard-streams.ts';

export function shownLog(log: Log, stderr: Output): Log {
  const show = (files: string) => (line: Octets) => stderr.write(`LOG: ${files}\n  ${printable(line, { escapeTab: false })}\n`);
  return {
    main: show('MAIN'),
    reject: show('REJECT'),
    panic: show('MAIN PANIC'),
    mainAndReject: show('MAIN REJECT'),
    debug: (category, text) => log.debug(category, text),
    isDebug: (category) => log.isDebug(category),
    selected: (selector) => log.selected(selector),
    flush: () => {},
    written: () => Promise.resolve(),
  };
}
