/** The log of a mode that only tests: nothing goes to the files, the caller sees the lines. Spec ch. 5 "-bt". */
import type { Octets } from '../base/octets.ts';
import { printable } from '../base/octets.ts';
import type { Clock, Log } from '../core/index.ts';
import { formatLogTime } from '../message/date.ts';
import type { Output } from '../system/standard-streams.ts';

/** `showsDebugPrint`: what routers have in `debug_print` is shown too. */
export function shownLog(log: Log, stderr: Output, showsDebugPrint: boolean): Log {
  const isPrint = (category: string) => showsDebugPrint && category === 'debug_print';
  const show = (files: string) => (line: Octets) => stderr.write(`LOG: ${files}\n  ${printable(line, { escapeTab: false })}\n`);
  return {
    main: show('MAIN'),
    reject: show('REJECT'),
    panic: show('MAIN PANIC'),
    mainAndReject: show('MAIN REJECT'),
    debug: (category, text) => {
      if (isPrint(category)) stderr.write(`${text().replace(/\n$/, '')}\n`);
      else log.debug(category, text);
    },
    isDebug: (category) => isPrint(category) || log.isDebug(category),
    selected: (selector) => log.selected(selector),
    flush: () => {},
    written: () => Promise.resolve(),
  };
}

/** `-be`: what would be logged goes to stderr, with its time. */
export function stderrLog(log: Log, stderr: Output, clock: Clock): Log {
  const show = (line: Octets) => stderr.write(`${formatLogTime(clock, undefined, clock.now())} ${line}\n`);
  return {
    main: show,
    reject: show,
    panic: show,
    mainAndReject: show,
    debug: (category, text) => log.debug(category, text),
    isDebug: (category) => log.isDebug(category),
    selected: (selector) => log.selected(selector),
    flush: () => {},
    written: () => Promise.resolve(),
  };
}
