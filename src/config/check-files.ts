/** Checks that files a configuration names are there. */
import type { Octets } from '../base/octets.ts';
import type { Config, OptionSetting, Template } from '../core/config.ts';
import type { Files } from '../core/ports.ts';
import { advance, type Problem } from '../core/source.ts';
import { instancesOf } from './check-values.ts';

/** Options that name files which exist before any mail comes. */
const FILE_OPTIONS: ReadonlySet<string> = new Set([
  'bounce_message_file',
  'dmarc_tld_file',
  'system_filter',
  'tls_certificate',
  'tls_crl',
  'tls_dhparam',
  'tls_ocsp_file',
  'tls_privatekey',
  'tls_verify_certificates',
  'warn_message_file',
]);

/** A look-up in a file whose name is not expanded, or the file itself: `lsearch;/etc/x`, `lsearch{/etc/x}`, `readfile{/etc/x}`. */
const LOOKUP_FILE =
  /\b(?:partial[0-9]*(?:\([^)]*\))?-)?(?:cdb|dbmnz|dbm|dsearch|iplsearch|lsearch|nwildlsearch|passwd|wildlsearch|readfile)[*@]*(?:,[a-z=,]*)?(?:;[ \t]*|[ \t]*\{)(\/[A-Za-z0-9_./+-]+)(?=$|[ \t:;}])/g;

export function checkFiles(config: Config, templates: readonly Template[], files: Pick<Files, 'stat'>): readonly Problem[] {
  const settings: (readonly [string, OptionSetting])[] = [
    ...config.mainSettings,
    ...instancesOf(config).flatMap((instance) => [...instance.settings]),
  ];
  const named = settings.flatMap(([name, { raw, at }]) =>
    FILE_OPTIONS.has(name) && /^\/[^$\\:]*$/.test(raw)
      ? missing(raw, files).map((problem): Problem => ({ ...problem, at, subject: name }))
      : [],
  );
  const looked = templates.flatMap((template) =>
    lookupFiles(template.source).flatMap(({ path, offset }) =>
      missing(path, files).map((problem): Problem => ({ ...problem, at: advance(template.at, offset), subject: path })),
    ),
  );
  return [...named, ...looked];
}

/** Without those whose existence the text itself asks about. */
function lookupFiles(source: Octets): readonly { readonly path: Octets; readonly offset: number }[] {
  return [...source.matchAll(LOOKUP_FILE)]
    .map((match) => ({ path: match[1] ?? '', offset: match.index + match[0].length - (match[1]?.length ?? 0) }))
    .filter(({ path }) => !source.includes(`exists{${path}}`) && !source.includes(`exists {${path}}`));
}

function missing(path: Octets, files: Pick<Files, 'stat'>): Omit<Problem, 'at'>[] {
  const facts = files.stat(path);
  return facts.kind === 'ok'
    ? []
    : [{ severity: 'warning', message: `${path}: ${facts.reason}`, suggestion: 'make it, or correct its name' }];
}
