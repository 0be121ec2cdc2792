/** Log lines, and the debug output of one session. */
import type { Octets } from '../../base/octets.ts';

export type LogTarget = 'main' | 'reject' | 'panic';

/** Lines without date; the writer puts date, pid and id before them as the configuration says. */
export interface Log {
  main(line: Octets, id?: string): void;
  /** Also to the reject log; `headers` follow the line there. */
  reject(line: Octets, headers?: readonly Octets[], id?: string): void;
  /** Also to the main log, as Exim. */
  panic(line: Octets, id?: string): void;
  /** Not to the main log. */
  panicOnly?(line: Octets, id?: string): void;
  mainAndReject(line: Octets, headers?: readonly Octets[], id?: string): void;
  /** A step of `-d`, of a category; cheap when it is not selected. */
  debug(category: string, text: () => string): void;
  isDebug(category: string): boolean;
  /** Columns that steps are moved to the right. */
  readonly indent?: number;
  /** To the file `debuglog<suffix>` beside the log files (`control = debug`); the suffix has no slash. */
  appendDebug?(suffix: Octets, text: Octets): void;
  removeDebug?(suffix: Octets): void;
  /** Whether a log selector is on: `smtp_connection`, `received_recipients`… */
  selected(selector: string): boolean;
  /** What was queued is written when it returns. */
  flush(): void;
  /** What was queued is written when it resolves: together with what the rest of this turn of the event loop has to log. */
  written(): Promise<void>;
}

/** What `control = debug` has begun: the steps of one session go to a file. */
export interface SessionDebug {
  /** Through this log they are noted. */
  readonly log: Log;
  /** A later `control = debug` changes what is noted. */
  change(options: SessionDebugOptions): void;
  stop(): void;
  /** And no file remains. */
  kill(): void;
}

export interface SessionDebugOptions {
  /** Categories of `-d`; undefined: those of `-d` alone, or as before. */
  readonly categories: ReadonlySet<string> | undefined;
  /** That much is kept until the trigger. */
  readonly pretriggerBytes: number | undefined;
  readonly trigger: 'now' | 'paniclog' | undefined;
}
