/** What Exim has compiled in: one root-owned file beside the program, with presets debian, arch, upstream, embedded (DESIGN 3.14). */
import type { Octets } from '../base/octets.ts';
import type { Config } from './config.ts';
import type { Services } from './ports.ts';

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
  readonly adaptations?: Adaptations | undefined;
}

/**
 * Seams that another entry than the shipped one fills; the conformance runner's does (DESIGN 3.11). The program itself has none of the behaviour
 * that is put there.
 */
export interface Adaptations {
  /** What it takes as compiled in. */
  readonly build: Partial<Omit<BuildSettings, 'adaptations'>>;
  /** Makes chance predictable. */
  readonly randomSeed?: number | undefined;
  /** The challenge of CRAM-MD5 in place of a fresh one. */
  readonly challenge?: Octets | undefined;
  /** Takes effective root from its caller's launcher as its own. */
  readonly keepsPrivilege: boolean;
  /** `unknown_login` is every caller's name where it is set. */
  readonly prefersUnknownLogin?: boolean;
  /** A command line waits for all deliveries of what it accepts and makes, and asks no daemon. */
  readonly deliversInForeground: boolean;
  readonly adaptConfig?: (config: Config) => Config;
  readonly adaptServices?: (services: Services) => Services;
  /** The version over `-bP config`. */
  readonly headingVersion?: string;
  /** In place of the syslog daemon. */
  readonly sendSyslog?: (priority: number, text: Octets) => void;
}
