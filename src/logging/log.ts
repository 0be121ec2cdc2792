/**
 * The main, reject and panic log: whole lines, written once a tick to files opened for appending, which are opened again when the path leads
 * elsewhere (rotation without a signal). Spec ch. 53 "Log files"; DESIGN 3.16.
 */
import type { Octets } from '../base/octets.ts';
import { bytesFromOctets, printable } from '../base/octets.ts';
import type { BuildSettings, Clock, Files, Log, Machine, MainOptions, OpenFile, SystemResult } from '../core/index.ts';
import { type LogName, type LogPlaces, logFileName, parseLogPath } from './paths.ts';
import { defaultSelectors, parseLogSelector } from './selectors.ts';
import { Stamper, type StampSettings } from './stamp.ts';
import { type SyslogSend, splitForSyslog, syslogFacility, syslogPriority } from './syslog.ts';

export interface LogSettings {
  readonly places: LogPlaces;
  readonly selectors: ReadonlySet<string>;
  readonly stamp: StampSettings;
  readonly writesReject: boolean;
  /** `syslog_…` options. */
  readonly syslog: { readonly facility: number; readonly showsPid: boolean; readonly showsTime: boolean; readonly duplicates: boolean };
  /** Given to files and directories that are created while the process is root. */
  readonly owner: { readonly uid: number; readonly gid: number };
}

/** Where `-d` output goes and what of it is wanted. */
export interface DebugSink {
  selected(category: string): boolean;
  write(text: string): void;
}

export interface LogParts {
  readonly files: Files;
  readonly clock: Clock;
  readonly machine: Machine;
  readonly settings: LogSettings;
  readonly sendSyslog?: SyslogSend | undefined;
  readonly debug?: DebugSink | undefined;
  /** Has root act as who owns the logs: links that Exim's user could put into its directory lead nowhere then. */
  readonly asOwner?: <T>(owner: LogSettings['owner'], action: () => T) => T;
  /** The last resort when neither panic log nor syslog can be written. */
  readonly writeStderr?: ((text: Octets) => void) | undefined;
}

/** The settings of a loaded configuration; `logFilePath` and `spoolDirectory` are those options, expanded. */
export function logSettings(
  main: MainOptions,
  build: BuildSettings,
  logFilePath: Octets | undefined,
  spoolDirectory: Octets,
  owner: LogSettings['owner'],
): LogSettings {
  const parsed = parseLogSelector(main.log_selector);
  const selectors = parsed.kind === 'ok' ? parsed.selectors : defaultSelectors(); // config/ refuses a malformed value
  return {
    places: parseLogPath(logFilePath, build.logFilePath, spoolDirectory),
    selectors,
    stamp: { timezone: main.timezone ?? '', showsZone: main.log_timezone, showsMilliseconds: selectors.has('millisec') },
    writesReject: main.write_rejectlog,
    syslog: {
      facility: syslogFacility(main.syslog_facility) ?? 2,
      showsPid: main.syslog_pid,
      showsTime: main.syslog_timestamp,
      duplicates: main.syslog_duplication,
    },
    owner,
  };
}

/** What is logged before there is a configuration: everything by the build's settings. */
export function earlyLogSettings(build: BuildSettings): LogSettings {
  return {
    places: parseLogPath(undefined, build.logFilePath, build.spoolDirectory),
    selectors: defaultSelectors(),
    stamp: { timezone: '', showsZone: false, showsMilliseconds: false },
    writesReject: true,
    syslog: { facility: 2, showsPid: true, showsTime: true, duplicates: true },
    owner: { uid: build.eximUser.uid, gid: build.eximGroup.gid },
  };
}

export function createLog(parts: LogParts): Log {
  return new FileLog(parts);
}

/** An entry is not longer: a header of a megabyte must not fill the disk. The figures and texts are Exim's, who writes the second instead of the line. */
const MAX_LINE = 8190;
const TRUNCATED = '\n*** truncated ***\n';
const OVERFLOWED = ' **** log string overflowed log buffer ****';

const LOG_MODE = 0o640;
const DIRECTORY_MODE = 0o750;
const CHECK_INTERVAL_MS = 1000;

interface OpenLog {
  readonly file: OpenFile;
  readonly path: Octets;
  readonly device: bigint;
  readonly inode: bigint;
  checkedAtMs: number;
}

class FileLog implements Log {
  readonly #parts: LogParts;
  readonly #stamper: Stamper;
  readonly #open = new Map<LogName, OpenLog>();
  #queued = '';
  #isScheduled = false;
  #writing: Promise<void> | undefined;

  constructor(parts: LogParts) {
    this.#parts = parts;
    this.#stamper = new Stamper(parts.clock, parts.settings.stamp);
    if (parts.settings.places.problem !== undefined) this.panic(parts.settings.places.problem);
  }

  main(line: Octets, id?: string): void {
    const now = this.#parts.clock.now();
    this.#toSyslog('main', line, id, now);
    if (this.#parts.settings.places.file === undefined) return;
    this.#queued += this.#format(line, id, now);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.flush());
  }

  reject(line: Octets, headers?: readonly Octets[], id?: string): void {
    this.#rejectOnly(line, headers, id, true);
  }

  mainAndReject(line: Octets, headers?: readonly Octets[], id?: string): void {
    this.main(line, id);
    this.#rejectOnly(line, headers, id, this.#parts.settings.syslog.duplicates);
  }

  panic(line: Octets, id?: string): void {
    this.main(line, id);
    this.flush();
    this.#panicOnly(line, id, this.#parts.settings.syslog.duplicates);
  }

  panicOnly(line: Octets, id?: string): void {
    this.#panicOnly(line, id, true);
  }

  debug(category: string, text: () => string): void {
    const { debug } = this.#parts;
    if (debug?.selected(category)) debug.write(text());
  }

  isDebug(category: string): boolean {
    return this.#parts.debug?.selected(category) ?? false;
  }

  selected(selector: string): boolean {
    return this.#parts.settings.selectors.has(selector);
  }

  flush(): void {
    this.#isScheduled = false;
    if (this.#queued === '') return;
    const text = this.#queued;
    this.#queued = '';
    this.#append('main', text);
  }

  written(): Promise<void> {
    this.#writing ??= new Promise((resolve) => {
      process.nextTick(() => {
        this.#writing = undefined;
        this.flush();
        resolve();
      });
    });
    return this.#writing;
  }

  /** Files are opened again by the next line. */
  close(): void {
    this.flush();
    for (const log of this.#open.values()) log.file.close();
    this.#open.clear();
  }

  appendDebug(suffix: Octets, text: Octets): void {
    const path = this.#debugPath(suffix);
    if (path === undefined) return;
    const opened = this.#openToAppend(path);
    if (opened.kind === 'error') return this.panicOnly(`Cannot open debug log file "${path}": ${opened.reason}`);
    opened.value.write(bytesFromOctets(text));
    opened.value.close();
  }

  removeDebug(suffix: Octets): void {
    const path = this.#debugPath(suffix);
    if (path !== undefined) this.#asOwner(() => this.#parts.files.unlink(path));
  }

  /** Undefined: everything goes to syslog. */
  #debugPath(suffix: Octets): Octets | undefined {
    const { file } = this.#parts.settings.places;
    return file === undefined ? undefined : logFileName(file, 'debug', this.#stamper.day(this.#parts.clock.now())) + suffix;
  }

  #rejectOnly(line: Octets, headers: readonly Octets[] | undefined, id: string | undefined, toSyslog: boolean): void {
    if (!this.#parts.settings.writesReject) return;
    const now = this.#parts.clock.now();
    const first = printableLine(line);
    const prefix = this.#prefix(id, now, this.#showsPid());
    const shown = this.selected('rejected_header') ? (headers ?? []) : [];
    const whole = `${first}\n${shown.map((header) => (header.endsWith('\n') ? header : `${header}\n`)).join('')}`;
    const entry = prefix.length + whole.length <= MAX_LINE + 1 ? whole : whole.slice(0, MAX_LINE - prefix.length) + TRUNCATED;
    if (toSyslog) this.#toSyslog('reject', entry, id, now);
    if (this.#parts.settings.places.file !== undefined) this.#append('reject', prefix + entry);
  }

  #panicOnly(line: Octets, id: string | undefined, toSyslog: boolean): void {
    const now = this.#parts.clock.now();
    if (toSyslog) this.#toSyslog('panic', line, id, now);
    if (this.#parts.settings.places.file !== undefined) this.#append('panic', this.#format(line, id, now));
  }

  #showsPid(): boolean {
    return this.#parts.settings.selectors.has('pid');
  }

  #format(line: Octets, id: string | undefined, now: number): Octets {
    return `${bounded(this.#prefix(id, now, this.#showsPid()) + printableLine(line))}\n`;
  }

  #prefix(id: string | undefined, now: number, showsPid: boolean, showsTime = true): Octets {
    const time = showsTime ? `${this.#stamper.stamp(now)} ` : '';
    const pid = showsPid ? `[${this.#parts.machine.pid}] ` : '';
    return `${time}${pid}${id === undefined || id === '' ? '' : `${id} `}`;
  }

  #toSyslog(name: LogName, line: Octets, id: string | undefined, now: number): void {
    const { settings, sendSyslog } = this.#parts;
    if (!settings.places.syslog || sendSyslog === undefined) return;
    const entry = this.#prefix(id, now, this.#showsPid() && settings.syslog.showsPid, settings.syslog.showsTime) + line;
    for (const part of splitForSyslog(name === 'reject' ? entry : bounded(entry)))
      sendSyslog(syslogPriority(name, settings.syslog.facility), part);
  }

  #append(name: LogName, text: Octets): void {
    const opened = this.#writable(name);
    const written = typeof opened === 'string' ? opened : this.#write(opened, text);
    if (written !== undefined) this.#lastResort(name, written, text);
  }

  #write(log: OpenLog, text: Octets): string | undefined {
    const result = log.file.write(bytesFromOctets(text));
    return result.kind === 'ok' ? undefined : `failed to write to log file ${log.path}: ${result.reason}`;
  }

  /** A log that cannot be written goes to the panic log, a panic log to syslog, and what nothing takes to stderr. */
  #lastResort(name: LogName, problem: string, text: Octets): void {
    if (name !== 'panic') {
      this.#panicOnly(`${problem}; what was to be logged: ${text.slice(0, 500)}`, undefined, true);
      return;
    }
    const { sendSyslog, writeStderr, settings } = this.#parts;
    if (sendSyslog !== undefined)
      for (const part of splitForSyslog(`${problem}: ${text}`)) sendSyslog(settings.syslog.facility * 8 + 2, part);
    else writeStderr?.(`exim: ${problem}: ${text}`);
  }

  /** The open file of a log, or why there is none. */
  #writable(name: LogName): OpenLog | string {
    const template = this.#parts.settings.places.file ?? '';
    const path = logFileName(template, name, this.#stamper.day(this.#parts.clock.now()));
    const known = this.#open.get(name);
    if (known?.path === path && this.#isCurrent(known)) return known;
    known?.file.close();
    this.#open.delete(name);
    return this.#openLog(name, path);
  }

  #isCurrent(log: OpenLog): boolean {
    const now = this.#parts.clock.monotonicMs();
    if (now - log.checkedAtMs < CHECK_INTERVAL_MS) return true;
    log.checkedAtMs = now;
    const facts = this.#parts.files.stat(log.path);
    return facts.kind === 'ok' && facts.value.inode === log.inode && facts.value.device === log.device;
  }

  #openLog(name: LogName, path: Octets): OpenLog | string {
    const { clock, settings, machine } = this.#parts;
    const opened = this.#openToAppend(path);
    if (opened.kind === 'error') {
      return `Cannot open ${name} log file "${path}": ${opened.reason}: euid=${machine.effectiveUid()} egid=${settings.owner.gid}`;
    }
    const facts = opened.value.facts();
    if (facts.kind === 'error') {
      opened.value.close();
      return `Cannot open ${name} log file "${path}": ${facts.reason}`;
    }
    const log: OpenLog = {
      file: opened.value,
      path,
      device: facts.value.device,
      inode: facts.value.inode,
      checkedAtMs: clock.monotonicMs(),
    };
    this.#open.set(name, log);
    return log;
  }

  #openToAppend(path: Octets): SystemResult<OpenFile> {
    return this.#asOwner(() => this.#openOrMake(path));
  }

  #asOwner<T>(action: () => T): T {
    const { asOwner, machine, settings } = this.#parts;
    return asOwner && machine.effectiveUid() === 0 ? asOwner(settings.owner, action) : action();
  }

  /** A file that root makes belongs to Exim's user, and so does its directory. */
  #openOrMake(path: Octets): SystemResult<OpenFile> {
    const { files, settings, machine } = this.#parts;
    const isNew = files.stat(path).kind === 'error';
    let opened = files.open(path, 'append', LOG_MODE);
    if (opened.kind === 'error' && opened.errno === 'ENOENT') {
      this.#makeDirectory(path.slice(0, path.lastIndexOf('/')));
      opened = files.open(path, 'append', LOG_MODE);
    }
    if (opened.kind === 'ok' && isNew && machine.effectiveUid() === 0) opened.value.chown(settings.owner.uid, settings.owner.gid);
    return opened;
  }

  #makeDirectory(path: Octets): void {
    const { files, settings, machine } = this.#parts;
    makeDirectory(path, { files, owner: machine.effectiveUid() === 0 ? settings.owner : undefined });
  }
}

/** `owner`: whom root gives it to. */
function makeDirectory(path: Octets, parts: { readonly files: Files; readonly owner: LogSettings['owner'] | undefined }): void {
  const { files, owner } = parts;
  if (path === '' || files.stat(path).kind === 'ok') return;
  makeDirectory(path.slice(0, path.lastIndexOf('/')), parts);
  if (files.mkdir(path, DIRECTORY_MODE).kind === 'ok' && owner) files.chown(path, owner.uid, owner.gid);
}

/** By root, before it becomes Exim's user, who may not make it. Where it is there already nothing happens. */
export function makeLogDirectory(files: Files, { places, owner }: LogSettings): void {
  const { file } = places;
  if (file === undefined) return;
  const fixed = file.slice(0, file.search(/%|$/)); // %D may name a directory by day
  makeDirectory(fixed.slice(0, fixed.lastIndexOf('/')), { files, owner });
}

function bounded(line: Octets): Octets {
  return line.length <= MAX_LINE ? line : line.slice(0, MAX_LINE - OVERFLOWED.length) + OVERFLOWED;
}

/** A newline stays only before white space (a continued entry): nothing from outside can look like a line of its own. */
function printableLine(line: Octets): Octets {
  const text = line.endsWith('\n') ? line.slice(0, -1) : line;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (!/[\x00-\x1f\x7f]/.test(text)) return text;
  return text
    .split(/\n(?=[ \t])/)
    .map((part) => printable(part, { escapeTab: false }))
    .join('\n');
}
