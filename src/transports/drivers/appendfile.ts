/** The transport that writes to files: mbox, Maildir, plain directories. Spec ch. 26 "The appendfile transport". */
import type { Octets } from '../../base/octets.ts';
import type { Address } from '../../core/address.ts';
import type { Template } from '../../core/config.ts';
import type { DeliveryBatch, DeliveryResult } from '../../core/drivers.ts';
import { defineTransport } from '../../core/drivers.ts';
import { isUsablePath } from '../../core/taint.ts';
import type { AppendDelivery, Step } from '../appendfile/delivery.ts';
import { done, failing } from '../appendfile/delivery.ts';
import { appendToFile } from '../appendfile/mbox.ts';
import { deliverToDirectory, deliverToMaildir } from '../appendfile/new-file.ts';
import type { AppendfileOptions } from '../appendfile/options.ts';
import { appendfileOptions } from '../appendfile/options.ts';
import { checkMailboxQuota } from '../appendfile/quota.ts';
import { asBatchSmtp } from '../batch-smtp.ts';
import { deferredResult, eximErrno } from '../errno.ts';
import { genericProblems, transportOptions, userProblems } from '../generic-options.ts';
import { settleAll, settleTooBig } from '../local.ts';
import type { MessageFormat } from '../message-text.ts';
import { expandOption, messageOf, transportSettings } from '../settings.ts';

export default defineTransport({
  name: 'appendfile',
  summary: 'Writes messages to a mailbox file, a Maildir or a directory.',
  spec: 'ch. 26 "The appendfile transport"',
  isRemote: false,
  generic: transportOptions,
  genericDefaults: { retry_use_local_part: true },
  options: appendfileOptions,
  validate: (set, generic) => [...genericProblems(generic), ...userProblems(generic), ...problems(set)],
  create: (set) => ({
    deliver: (batch) => deliver(set, batch),
    checkQuota: (batch) => checkQuota(set, batch),
    isConcurrent: makesFiles(set) && set.quota === undefined,
  }),
});

/** One file a message; what exists is counted only for a quota. */
function makesFiles(set: AppendfileOptions): boolean {
  return set.file === undefined && (set.directory !== undefined || set.maildir_format);
}

function problems(set: AppendfileOptions): Octets[] {
  const found: Octets[] = [];
  if (set.file !== undefined && set.directory !== undefined) found.push('only one of "file" or "directory" can be specified');
  if (set.maildir_format && set.mailstore_format) found.push('only one of maildir and mailstore may be specified');
  if (!set.use_fcntl_lock && !set.use_flock_lock && !set.use_lockfile && set.file !== undefined) found.push('no locking configured');
  if (set.file !== undefined) {
    for (const name of ['quota_filecount', 'quota_directory'] as const)
      if (set[name] !== undefined) found.push(`${name} must not be set without "directory"`);
  }
  const where = set.create_file || 'anywhere';
  if (!['anywhere', 'inhome', 'belowhome'].includes(where) && !where.startsWith('/'))
    found.push(`invalid value given for "create_file" for the %s transport: '${where}'`);
  return found;
}

async function deliver(set: AppendfileOptions, batch: DeliveryBatch): Promise<readonly DeliveryResult[]> {
  const [first] = batch.addresses;
  if (first === undefined) return [];
  const tooBig = await settleTooBig(batch);
  if (tooBig !== undefined) return tooBig;
  const outcome = batch.isRehearsal ? done(undefined) : await write(set, batch, first);
  return settleAll(batch, (address) => (outcome.kind === 'ok' ? { address, kind: 'delivered' } : deferredResult(address, outcome.failing)));
}

async function checkQuota(set: AppendfileOptions, batch: DeliveryBatch): Promise<readonly DeliveryResult[]> {
  const [first] = batch.addresses;
  const target = first === undefined ? undefined : await findTarget(set, batch, first);
  if (target?.kind !== 'ok' || target.value.path === '/dev/null') return settleAll(batch, (address) => ({ address, kind: 'delivered' }));
  const { path, kind } = target.value;
  const delivery: AppendDelivery = { set, batch, path, messageBytes: batch.message.size, home: first?.state.home?.octets };
  const checked = await checkMailboxQuota(delivery, kind === 'file');
  const isFull = checked.kind === 'failing' && checked.failing.number === eximErrno.quota;
  return settleAll(batch, (address) =>
    isFull ? { address, kind: 'failed', message: checked.failing.message } : { address, kind: 'delivered' },
  );
}

type Target = { readonly path: Octets; readonly kind: 'file' | 'maildir' | 'directory' };

async function write(set: AppendfileOptions, batch: DeliveryBatch, first: Address): Promise<Step<void>> {
  const target = await findTarget(set, batch, first);
  if (target.kind !== 'ok') return target;
  const { path, kind } = target.value;
  if (path === '/dev/null') return done(undefined);
  const format = await makeFormat(set, batch, kind === 'file');
  if (format.kind !== 'ok') return format;
  const delivery: AppendDelivery = { set, batch, path, messageBytes: sizeOf(format.value), home: first.state.home?.octets };
  switch (kind) {
    case 'file':
      return appendToFile(delivery, format.value);
    case 'maildir':
      return deliverToMaildir(delivery, format.value);
    case 'directory':
      return deliverToDirectory(delivery, format.value);
  }
}

/** The options, or the path that a redirection named. */
async function findTarget(set: AppendfileOptions, batch: DeliveryBatch, first: Address): Promise<Step<Target>> {
  const template = set.file ?? set.directory;
  const isRedirected = first.kind === 'file' || first.kind === 'directory';
  if (template === undefined && !isRedirected)
    return failing({
      number: eximErrno.unknown,
      message: `Mandatory file or directory option missing from ${batch.instance.name} transport`,
    });
  const isDirectory = set.directory !== undefined || (template === undefined && (first.kind === 'directory' || set.maildir_format));
  const expanded =
    template === undefined ? done(first.state.fileName ?? { octets: first.address, taint: [] }) : await expandPath(template, batch);
  if (expanded.kind !== 'ok') return expanded;
  const { octets } = expanded.value;
  if (!octets.startsWith('/'))
    return failing({ number: eximErrno.notAbsolute, message: `appendfile: file or directory name "${octets}" is not absolute` });
  const isBelow = set.create_file?.startsWith('/') === true || set.create_file === 'belowhome';
  if (!isBelow && !isUsablePath(expanded.value, batch.frame.config)) {
    return failing({
      number: eximErrno.unknown,
      message: `Tainted '${octets}' (file or directory name for ${batch.instance.name} transport) not permitted`,
      isPanic: true,
    });
  }
  const path = isDirectory ? octets.replace(/\/+$/, '') : octets;
  return done({ path: path === '' ? '/' : path, kind: isDirectory ? (set.maildir_format ? 'maildir' : 'directory') : 'file' });
}

async function expandPath(template: Template, batch: DeliveryBatch): Promise<Step<NonNullable<Address['state']['fileName']>>> {
  const expanded = await template.evaluate(batch.frame);
  if (expanded.kind === 'ok') return done(expanded.value);
  return failing({
    number: eximErrno.unknown,
    message: `Expansion of "${template.source}" (file or directory name for ${batch.instance.name} transport) failed: ${messageOf(expanded)}`,
    isPanic: true,
  });
}

/** Single files get a `From ` line, an empty line after them, and `>` before lines that begin with `From `, unless set otherwise. */
async function makeFormat(set: AppendfileOptions, batch: DeliveryBatch, isFile: boolean): Promise<Step<MessageFormat>> {
  const { config } = batch.frame;
  const usualPrefix = 'From ${if def:return_path{$return_path}{MAILER-DAEMON}} ${tod_bsdinbox}\n';
  const { settings } = batch.instance;
  const isMailbox = isFile && !set.use_bsmtp;
  const prefixOption =
    settings.has('message_prefix') || !isMailbox ? set.message_prefix : config.compile(usualPrefix, 'message_prefix option');
  const prefix = await expandOption(prefixOption, batch.frame);
  if (prefix.kind !== 'ok')
    return failing({
      number: eximErrno.unknown,
      message: `Expansion of "${prefixOption?.source ?? ''}" (message_prefix for ${batch.instance.name} transport) failed: ${messageOf(prefix)}`,
      isPanic: true,
    });
  const suffix = await expandOption(set.message_suffix, batch.frame);
  if (suffix.kind !== 'ok')
    return failing({
      number: eximErrno.unknown,
      message: `Expansion of "${set.message_suffix?.source ?? ''}" (message_suffix for ${batch.instance.name} transport) failed: ${messageOf(suffix)}`,
      isPanic: true,
    });
  const from = settings.has('check_string') ? set.check_string : isFile ? 'From ' : undefined;
  const to = settings.has('escape_string') ? set.escape_string : isFile ? '>From ' : undefined;
  const generic = transportSettings(batch.instance);
  const format: MessageFormat = {
    prefix: prefix.value?.octets ?? '',
    suffix: settings.has('message_suffix') ? (suffix.value?.octets ?? '') : isMailbox ? '\n' : '',
    headers: generic.body_only ? undefined : batch.headers,
    body: generic.headers_only ? undefined : batch.message.body,
    useCrlf: set.use_crlf,
    check: from === undefined || from === '' || to === undefined ? undefined : { from, to },
    endsLine: isFile,
  };
  return done(set.use_bsmtp ? asBatchSmtp(format, batch) : format);
}

/** Before escaping. */
function sizeOf(format: MessageFormat): number {
  const headers = format.headers?.reduce((sum, line) => sum + line.length, 1) ?? 0;
  return (format.prefix?.length ?? 0) + headers + (format.body?.sizeBytes ?? 0) + (format.suffix?.length ?? 0);
}
