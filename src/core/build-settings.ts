/** What Exim has compiled in: one root-owned file beside the program, with presets debian, arch, upstream, embedded (DESIGN 3.14). */
import type { Octets } from '../base/octets.ts';

export interface BuildSettings {
  readonly preset: 'debian' | 'arch' | 'upstream' | 'embedded' | 'custom';
  /** Tried in order. */
  readonly configureFiles: readonly Octets[];
  readonly spoolDirectory: Octets;
  /** Like log_file_path; `%slog` form, '' for `spool/log`. */
  readonly logFilePath: Octets;
  /** Undefined: `exim-daemon.pid` in the spool directory. */
  readonly pidFilePath?: Octets | undefined;
  readonly eximUser: { readonly name: Octets; readonly uid: number };
  readonly eximGroup: { readonly name: Octets; readonly gid: number };
  /** Uids that may own the configuration besides root. */
  readonly configureOwners: readonly number[];
  readonly configureGroups: readonly number[];
  /** Uids never used for delivery, whatever never_users says. */
  readonly fixedNeverUsers: readonly number[];
  readonly trustedConfigList: Octets | undefined;
  readonly whitelistDMacros: readonly string[];
  readonly eximPath: Octets;
  readonly submitSocket: Octets;
  readonly dropDirectory: Octets;
  /** Differences for the conformance runner; absent in the shipped program. */
  readonly harness?: HarnessSettings | undefined;
}

/** Set only by the separate entry of the conformance runner (DESIGN 3.11). */
export interface HarnessSettings {
  /** What it takes as compiled in. */
  readonly build: Partial<Omit<BuildSettings, 'harness'>>;
  readonly randomSeed: number | undefined;
  readonly cramMd5Challenge: string | undefined;
  readonly keepsPrivilege: boolean;
  readonly configureOwner: number | undefined;
  readonly syslogToStderr: boolean;
  readonly fakeLoadAverage: boolean;
  readonly refusedIsTimeout: boolean;
  readonly callerLogin: string | undefined;
  readonly noDefaultSmtputf8: boolean;
  readonly dnsOnly: boolean;
}
