/** What Exim checks of the main section when it has read all of it. Its texts name no line. Spec ch. 14 "Main configuration". */

import { parseList } from '../base/list-text.ts';
import { didYouMean } from '../base/nearest-name.ts';
import type { Octets } from '../base/octets.ts';
import type { Config } from '../core/config.ts';
import type { RegexCompilation } from '../core/ports.ts';
import { parseAddress } from '../message/address.ts';
import type { ProblemDetails, Problems } from './problems.ts';

/** What those know who are not below: the log, the regular expressions. */
export interface MainCheckParts {
  readonly logSelectors?: { readonly names: readonly string[]; problemOf(value: Octets): string | undefined } | undefined;
  readonly syslogFacilities?: readonly string[] | undefined;
  readonly compileRegex?: ((pattern: Octets) => RegexCompilation) | undefined;
}

/** What is wrong with one option's value, as Exim says it. */
interface Flaw {
  readonly message: string;
  /** Exim writes it to the main log as it stands, not as a configuration error. */
  readonly isPlain?: boolean;
  readonly suggestion?: string | undefined;
}

type Check = (config: Config, parts: MainCheckParts) => Flaw | undefined;

/** By the option that is told to be wrong; only options that are set are looked at. */
const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['log_selector', checkLogSelector],
  ['errors_reply_to', checkErrorsReplyTo],
  ['local_sender_retain', checkSenderRetain],
  ['smtp_accept_queue', ({ main }) => (main.smtp_accept_queue > 0 ? checkAcceptMax(main.smtp_accept_max) : undefined)],
  ['smtp_accept_max_per_host', ({ main }) => (main.smtp_accept_queue > 0 ? undefined : checkAcceptMax(main.smtp_accept_max))],
  ['smtp_ratelimit_mail', ({ main }) => checkRatelimit(main.smtp_ratelimit_mail)],
  ['smtp_ratelimit_rcpt', ({ main }) => checkRatelimit(main.smtp_ratelimit_rcpt)],
  ['syslog_facility', checkSyslogFacility],
  ['tls_dh_max_bits', checkDhBits],
  ['uucp_from_pattern', checkUucpPattern],
]);

/** Connections are counted only where there is a limit for all. */
function checkAcceptMax(max: number): Flaw | undefined {
  return max > 0 ? undefined : { message: 'smtp_accept_max must be set if smtp_accept_queue or smtp_accept_max_per_host is set' };
}

export function checkMainOptions(config: Config, parts: MainCheckParts, problems: Problems): void {
  for (const [name, check] of CHECKS) {
    const setting = config.mainSettings.get(name);
    const flaw = setting && check(config, parts);
    if (flaw) problems.error(flaw.message, setting.at, detailsOf(name, flaw));
  }
}

/** Of what start-up expanded. */
export function checkStartup({ startup, mainSettings }: Config, problems: Problems): void {
  const spool = mainSettings.get('spool_directory');
  if (spool && startup.spoolDirectory === '')
    problems.error('spool_directory undefined: cannot proceed', spool.at, detailsOf('spool_directory', { message: '', isPlain: true }));
  const log = mainSettings.get('log_file_path');
  const flaw = log && logPathFlaw(startup.logFilePath);
  if (flaw) problems.error(flaw.message, log.at, detailsOf('log_file_path', flaw));
}

function detailsOf(subject: string, { isPlain, suggestion }: Flaw): ProblemDetails {
  return { subject, isWithoutLine: true, isPlain, suggestion };
}

function checkLogSelector({ main }: Config, { logSelectors }: MainCheckParts): Flaw | undefined {
  const message = logSelectors?.problemOf(main.log_selector ?? '');
  if (message === undefined) return undefined;
  const name = /[+-]([a-z0-9_]+)/.exec(message)?.[1];
  const similar = name === undefined ? undefined : didYouMean(name, logSelectors?.names ?? []);
  return { message, suggestion: name === undefined ? undefined : (similar ?? 'the names are in the chapter on log files of the manual') };
}

function checkErrorsReplyTo({ main }: Config): Flaw | undefined {
  const text = main.errors_reply_to ?? '';
  const parsed = parseAddress(text);
  if (parsed.kind === 'error') return { message: `error in errors_reply_to (${text}): ${parsed.message}` };
  return parsed.domain === '' ? { message: `errors_reply_to (${text}) does not contain a domain` } : undefined;
}

function checkSenderRetain({ main }: Config): Flaw | undefined {
  if (!main.local_sender_retain || !main.local_from_check) return undefined;
  return { message: 'both local_from_check and local_sender_retain are set; this combination is not allowed', isPlain: true };
}

/** How many are free, the first delay, the factor for each further one, the longest delay. */
const RATELIMIT = /^[0-9]+,[ \t]*[0-9]+(?:\.[0-9]+)?[smhdw],[ \t]*[0-9]+(?:\.[0-9]+)?,[ \t]*[0-9]+(?:\.[0-9]+)?[smhdw]$/;

function checkRatelimit(value: Octets | undefined): Flaw | undefined {
  return RATELIMIT.test(value ?? '') ? undefined : { message: `malformed ratelimit data: ${value}`, isPlain: true };
}

function checkSyslogFacility({ main }: Config, { syslogFacilities }: MainCheckParts): Flaw | undefined {
  const name = main.syslog_facility ?? '';
  if (!syslogFacilities || syslogFacilities.includes(name)) return undefined;
  return { message: `failed to interpret syslog_facility "${name}"`, suggestion: didYouMean(name, syslogFacilities) };
}

const MIN_DH_BITS = 1024;

function checkDhBits({ main }: Config): Flaw | undefined {
  if (main.tls_dh_max_bits >= MIN_DH_BITS) return undefined;
  return { message: `tls_dh_max_bits is too small, must be at least ${MIN_DH_BITS} for interop` };
}

function checkUucpPattern({ main }: Config, { compileRegex }: MainCheckParts): Flaw | undefined {
  const pattern = main.uucp_from_pattern ?? '';
  const compiled = compileRegex?.(pattern);
  if (compiled?.kind !== 'error') return undefined;
  return {
    message: `regular expression error: ${compiled.message} at offset ${compiled.offset} while compiling ${pattern}`,
    isPlain: true,
  };
}

/** Every file's name has one `%s`; `%D` and `%M` may stand for the date. Spec ch. 52 "Where the logs are written". */
function logPathFlaw(path: Octets): Flaw | undefined {
  for (const item of parseList(path).items) {
    if (item === '' || item === 'syslog') continue;
    if (!item.includes('%s')) return { message: `log_file_path "${item}" does not contain "%s"`, isPlain: true };
    const rest = item.replace('%s', '').replace(/%[DM]/, '');
    if (rest.includes('%')) return { message: `log_file_path "${item}" contains unexpected "%" character`, isPlain: true };
  }
  return undefined;
}
