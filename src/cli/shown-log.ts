/** The log of a mode that only tests: nothing goes to the files, the caller sees the lines. Spec ch. 5 "-bt". */
import type { Octets } from '../base/octets.ts';
import { printable } from '../base/octets.ts';
import type { Clock, Log } from '../core/index.ts';
import { formatLogTime } from '../message/date.ts';
import type { Output } from '../system/standard-streams.ts';

/** `isTalkative` (`-bt`, `-v`, `-d`): lines stand below the names of their logs, and what routers have in `debug_print` is shown too. Otherwise lines begin with `stamp`. */
export function shownLog(log: Log, stderr: Output, isTalkative: boolean, stamp: () => Octets): Log {
  const isPrint = (category: string) => isTalkative && category === 'debug_print';
  const show = (files: string) => (line: Octets) =>
    stderr.write(`${isTalkative ? `LOG: ${files}\n  ` : `${stamp()} `}${printable(line, { escapeTab: false })}\n`);
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

/** The log of a command line: who calls reads what goes to the panic log, and with `-v` all lines. Spec ch. 5 "-v". */
export function callersLog(log: Log, stderr: Output, isVerbose: boolean, stamp: () => Octets): Log {
  const show = (files: string, line: Octets) => {
    if (isVerbose) stderr.write(`LOG: ${files}\n  ${printable(line, { escapeTab: false })}\n`);
  };
  const tell = (line: Octets, id: string | undefined) => {
    if (!isVerbose) stderr.write(`${stamp()} ${id === undefined ? '' : `${id} `}${printable(line, { escapeTab: false })}\n`);
  };
  return {
    main: (line, id) => {
      log.main(line, id);
      show('MAIN', line);
    },
    reject: (line, headers, id) => {
      log.reject(line, headers, id);
      show('REJECT', line);
    },
    panic: (line, id) => {
      log.panic(line, id);
      show('MAIN PANIC', line);
      tell(line, id);
    },
    panicOnly: (line, id) => {
      log.panicOnly?.(line, id);
      show('PANIC', line);
      tell(line, id);
    },
    mainAndReject: (line, headers, id) => {
      log.mainAndReject(line, headers, id);
      show('MAIN REJECT', line);
    },
    debug: (category, text) => log.debug(category, text),
    isDebug: (category) => log.isDebug(category),
    appendDebug: (suffix, text) => log.appendDebug?.(suffix, text),
    removeDebug: (suffix) => log.removeDebug?.(suffix),
    selected: (selector) => log.selected(selector),
    flush: () => log.flush(),
    written: () => log.written(),
  };
}
