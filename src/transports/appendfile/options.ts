/** The private options of appendfile. Spec ch. 26 "The appendfile transport". */

import type { OptionValues } from '../../core/option.ts';
import { option } from '../../core/option.ts';

const FROM_LINE = 'From ${if def:return_path{$return_path}{MAILER-DAEMON}} ${tod_bsdinbox}\\n';

/** Defaults that differ for batched SMTP, single files, and directories (nothing). */
function usual(values: Readonly<Record<string, unknown>>, forBsmtp: string | undefined, forFiles: string): string | undefined {
  if (values['use_bsmtp'] === true) return forBsmtp;
  const isDirectory = values['directory'] !== undefined || values['maildir_format'] === true || values['mailstore_format'] === true;
  return isDirectory ? undefined : forFiles;
}

const WARNING = [
  'To: $local_part@$domain',
  'Subject: Your mailbox',
  '',
  'This message is automatically created by mail delivery software (Exim).',
  '',
  'The size of your mailbox has exceeded a warning threshold that is',
  'set by the system administrator.',
  '',
].join('\\n');

/** MBX format brings its own locking, unless something is said about locking. */
function usesMbxLock(values: Readonly<Record<string, unknown>>, isSet: (name: string) => boolean): boolean {
  const locks = ['use_fcntl_lock', 'use_flock_lock', 'use_lockfile', 'use_mbx_lock'];
  return values['mbx_format'] === true && !locks.some(isSet);
}

export const appendfileOptions = {
  allow_fifo: option.boolean({ default: false, doc: 'Deliver to named pipes too.', notYet: 'instance' }),
  allow_symlink: option.boolean({ default: false, doc: 'The mailbox may be a symbolic link of the user.' }),
  batch_id: option.expanded({ doc: 'Addresses for which it expands to the same text may be delivered together.' }),
  batch_max: option.integer({ default: 1, doc: 'How many addresses one delivery may serve.' }),
  check_group: option.boolean({ default: false, doc: 'The group of an existing mailbox must be that of the delivery.' }),
  check_owner: option.boolean({ default: true, doc: 'The owner of an existing mailbox must be the user of the delivery.' }),
  check_string: option.string({
    derive: (values) => usual(values, '.', 'From '),
    doc: 'Start of a line that is replaced by escape_string; "From " for single files.',
  }),
  create_directory: option.boolean({ default: true, doc: 'Make missing directories.' }),
  create_file: option.string({ default: 'anywhere', doc: 'Where files may be made: anywhere, inhome, belowhome, or an absolute path.' }),
  directory: option.expanded({ onForcedFail: 'defer', doc: 'The directory for one new file a message.' }),
  directory_file: option.expanded({
    default: 'q${base62:$tod_epoch}-$inode',
    onForcedFail: 'defer',
    doc: 'The name of that file, unless in a Maildir.',
  }),
  directory_mode: option.octal({ default: 0o700, doc: 'The mode of directories that are made.' }),
  escape_string: option.string({
    derive: (values) => usual(values, '..', '>From '),
    doc: 'What replaces check_string; ">From " for single files.',
  }),
  file: option.expanded({ onForcedFail: 'defer', doc: 'The mailbox to which messages are appended.' }),
  file_format: option.string({ doc: 'Which transport is for which beginning of a mailbox.', notYet: 'instance' }),
  file_must_exist: option.boolean({ default: false, doc: 'Defer when the mailbox does not exist.' }),
  lock_fcntl_timeout: option.time({ default: 0, doc: 'How long one attempt waits for the lock; 0 does not wait.' }),
  lock_flock_timeout: option.time({ default: 0, doc: 'The same for flock().' }),
  lock_interval: option.time({ default: 3, doc: 'The time between attempts to lock.' }),
  lock_retries: option.integer({ default: 10, doc: 'How often locking is tried.' }),
  lockfile_mode: option.octal({ default: 0o600, doc: 'The mode of the lock file.' }),
  lockfile_timeout: option.time({ default: 1800, doc: 'An older lock file was left behind and is removed.' }),
  mailbox_filecount: option.expanded({ doc: 'The number of files in the mailbox, when something else counts them.', notYet: 'instance' }),
  mailbox_size: option.expanded({ doc: 'The size of the mailbox, when something else counts it.' }),
  maildir_format: option.boolean({ default: false, doc: 'The directory is a Maildir.' }),
  maildir_quota_directory_regex: option.string({
    default: '^(?:cur|new|\\..*)$',
    doc: 'Directories of a Maildir that count for the quota.',
  }),
  maildir_retries: option.integer({ default: 10, doc: 'How often another name is tried in a Maildir.' }),
  maildir_tag: option.expanded({ onForcedFail: 'unset', doc: 'What is added to the name of a file in a Maildir.' }),
  maildir_use_size_file: option.expandedBoolean({
    default: false,
    isExpansionPrinted: true,
    doc: 'Keep a maildirsize file.',
    notYet: 'instance',
  }),
  maildirfolder_create_regex: option.string({ doc: 'Directories that match get a file maildirfolder.' }),
  mailstore_format: option.boolean({ default: false, doc: 'The directory is in mailstore format.', notYet: 'instance' }),
  mailstore_prefix: option.expanded({ doc: 'Text at the start of an envelope file in mailstore format.' }),
  mailstore_suffix: option.expanded({ doc: 'Text at the end of an envelope file in mailstore format.' }),
  mbx_format: option.boolean({ default: false, doc: 'The mailbox is in MBX format.', notYet: 'instance' }),
  message_prefix: option.expanded({
    derive: (values) => usual(values, undefined, FROM_LINE),
    onForcedFail: 'unset',
    doc: 'Text before each message; the "From " line for single files.',
  }),
  message_suffix: option.expanded({
    derive: (values) => usual(values, undefined, '\\n'),
    onForcedFail: 'unset',
    doc: 'Text after each message; a newline for single files.',
  }),
  mode: option.octal({ default: 0o600, doc: 'The mode of the file.' }),
  mode_fail_narrower: option.boolean({ default: true, doc: 'Defer when an existing mailbox has fewer permissions than mode.' }),
  notify_comsat: option.boolean({ default: false, doc: 'Notify the comsat daemon.', notYet: 'instance' }),
  quota: option.expanded({ onForcedFail: 'unset', doc: 'The size that the mailbox may have.' }),
  quota_directory: option.expanded({ onForcedFail: 'unset', doc: 'The directory whose files count for the quota.' }),
  quota_filecount: option.expanded({ onForcedFail: 'unset', doc: 'The number of files that the mailbox may have.' }),
  quota_is_inclusive: option.boolean({ default: true, doc: 'The new message counts for the quota.' }),
  quota_size_regex: option.string({ doc: 'Takes the size of a file out of its name.' }),
  quota_warn_message: option.expanded({
    derive: (values) => (values['quota_warn_threshold'] === undefined ? undefined : WARNING),
    doc: 'The message that is sent when the mailbox grows over the threshold.',
  }),
  quota_warn_threshold: option.expanded({
    doc: 'The size (or percentage of the quota) from which the user is warned.',
    notYet: 'instance',
  }),
  use_bsmtp: option.boolean({ default: false, doc: 'Write batch SMTP.' }),
  use_crlf: option.boolean({ default: false, doc: 'End lines with CRLF.' }),
  use_fcntl_lock: option.boolean({
    default: true,
    derive: (values) => values['use_flock_lock'] !== true,
    doc: 'Lock the mailbox with fcntl().',
  }),
  use_flock_lock: option.boolean({ default: false, doc: 'Lock the mailbox with flock().', notYet: 'instance' }),
  use_lockfile: option.boolean({
    default: true,
    derive: (values, isSet) => !usesMbxLock(values, isSet),
    doc: 'Lock the mailbox with a lock file.',
  }),
  use_mbx_lock: option.boolean({ default: false, derive: usesMbxLock, doc: 'Lock the mailbox as MBX.', notYet: 'instance' }),
} as const;

export type AppendfileOptions = OptionValues<typeof appendfileOptions>;
