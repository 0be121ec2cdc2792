/**
 * Every item, operator, condition and variable that Exim 4.99 has a name for is defined, and every variable that nothing has set reads as Exim 4.96
 * printed it with `-be`.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openExpansionBench } from '../differential/expansion-bench.ts';

const rows = readFileSync(join(import.meta.dirname, '../../docs/inventory/features.tsv'), 'utf8')
  .split('\n')
  .map((line) => line.split('\t'));
const formsOf = (kind: string) => rows.filter(([its]) => its === kind).map(([, form = '']) => form);
const bench = await openExpansionBench();

function missing(
  names: Iterable<string>,
  definitions: readonly { readonly name: string; readonly aliases?: readonly string[] }[],
): string[] {
  const known = new Set(definitions.flatMap(({ name, aliases = [] }) => [name, ...aliases]));
  return [...new Set(names)].filter((name) => !known.has(name));
}

test('every item', () => {
  const names = formsOf('expansion item').flatMap((form) => [...form.matchAll(/\$\{([a-z_]+)[ {<]/g)].map((match) => match[1] ?? ''));
  assert.ok(names.length >= 30);
  assert.deepEqual(missing(names, bench.family.items), []);
});

test('every operator', () => {
  const forms = formsOf('expansion operator').flatMap((form) => [...form.matchAll(/\$\{([a-z0-9_]+?)(?:_?<[^:]*>(?:_<[a-z]+>)?)?:/g)]);
  const names = forms.map((match) => match[1] ?? '').map((name) => name.replace(/_n$|_$/, ''));
  assert.ok(names.length >= 50);
  // `quote_<lookup type>` is looked up with the lookups
  assert.deepEqual(
    missing(
      names.filter((name) => name !== 'quote'),
      bench.family.operators,
    ),
    [],
  );
});

test('every condition', () => {
  const names = formsOf('expansion condition').flatMap((form) => [...form.matchAll(/(?:^|[} "])([a-z][a-z0-9_]*)(?= ?\{| ?$|:)/g)]);
  const written = names.map((match) => match[1] ?? '').filter((name) => !/^h(?:eader)?_?$|^def$/.test(name));
  assert.ok(written.length >= 40);
  assert.deepEqual(missing(written, bench.family.conditions), []);
});

/** Names that Exim does not know in an expansion either: filters set them, or the manual's list means something else. */
const NO_VARIABLES: ReadonlySet<string> = new Set([
  'acl_smtp_notquit',
  'bheader_',
  'header_',
  'lheader_',
  'pipe_addresses',
  'port',
  'rheader_',
  'run_in_acl',
  'srs_encode',
]);

/** Those that are not empty when nothing has set them. */
const UNSET: Readonly<Record<string, string>> = {
  authentication_failed: '0',
  body_linecount: '0',
  body_zerocount: '0',
  bounce_return_size_limit: '102400',
  dkim_bodylength: '9999999999999',
  dkim_created: '0',
  dkim_expires: '9999999999999',
  dkim_key_granularity: '*',
  dkim_key_length: '0',
  dkim_key_nosubdomains: '0',
  dkim_key_srvtype: '*',
  dkim_key_testing: '0',
  host_lookup_deferred: '0',
  host_lookup_failed: '0',
  host_port: '0',
  inode: '0',
  interface_port: '-1',
  local_user_gid: '4294967295',
  local_user_uid: '4294967295',
  localhost_number: '0',
  max_received_linelength: '0',
  message_age: '0',
  message_body_size: '0',
  message_linecount: '0',
  message_size: '0',
  mime_anomaly_level: '0',
  mime_content_size: '0',
  mime_is_coverletter: '0',
  mime_is_multipart: '0',
  mime_is_rfc822: '0',
  mime_part_count: '-1',
  primary_hostname: 'mail.example.com',
  qualify_domain: 'mail.example.com',
  qualify_recipient: 'mail.example.com',
  rcpt_count: '0',
  rcpt_defer_count: '0',
  rcpt_fail_count: '0',
  received_count: '0',
  received_port: '-1',
  received_time: '0',
  recipients_count: '0',
  return_size_limit: '102400',
  runrc: '0',
  sender_helo_dnssec: 'no',
  sender_host_dnssec: 'no',
  sender_host_port: '0',
  sending_port: '-1',
  smtp_active_hostname: 'mail.example.com',
  smtp_count_at_connection_start: '0',
  spf_result_guessed: 'no',
  tls_bits: '0',
  tls_in_bits: '0',
  tls_in_certificate_verified: '0',
  tls_in_ocsp: '0',
  tls_in_resumption: '0',
  tls_out_bits: '0',
  tls_out_certificate_verified: '0',
  tls_out_dane: 'no',
  tls_out_ocsp: '0',
  tls_out_resumption: '0',
  tls_out_tlsa_usage: '0',
};

/** They say something of the machine, the caller, the time or the program. */
const VARYING =
  /^(?:caller_[gu]id|compile_number|config_(?:dir|file)|exim_(?:gid|path|uid|version)|initial_cwd|load_average|log_(?:inodes|space)|originator_[gu]id|pid|queue_size|spool_(?:directory|inodes|space)|tod_[a-z_]+|version_number)$/;

test('every variable, and what it reads as when it is unset', async () => {
  const names = ['variable', 'mime variable', 'spam variable'].flatMap((kind) =>
    formsOf(kind).flatMap((form) => [...form.matchAll(/\$\{?([a-z_0-9]+)/g)].map((match) => match[1] ?? '')),
  );
  assert.ok(names.length >= 230);
  for (const name of new Set(names)) {
    if (NO_VARIABLES.has(name)) continue;
    const outcome = await bench.expander.runtime(`$${name}`, 'test').evaluate(bench.frame());
    assert.equal(outcome.kind, 'ok', `${name}: ${JSON.stringify(outcome)}`);
    if (outcome.kind === 'ok' && !VARYING.test(name)) assert.equal(outcome.value.octets, UNSET[name] ?? '', name);
  }
});
