/** The private options of pipe. Spec ch. 29 "The pipe transport". */

import type { OptionValues } from '../../core/option.ts';
import { option } from '../../core/option.ts';

export const pipeOptions = {
  allow_commands: option.expanded({ onForcedFail: 'defer', doc: 'The commands that may be run.' }),
  batch_id: option.expanded({ doc: 'Addresses for which it expands to the same text may be delivered together.' }),
  batch_max: option.integer({ default: 1, doc: 'How many addresses one delivery may serve.' }),
  check_string: option.string({
    derive: (values) => (values['use_bsmtp'] === true ? '.' : undefined),
    doc: 'Start of a line that is replaced by escape_string.',
  }),
  command: option.expanded({ onForcedFail: 'defer', doc: 'The command, split into arguments before they are expanded.' }),
  environment: option.expanded({ onForcedFail: 'defer', doc: 'Additional environment variables: a list of name=value.' }),
  escape_string: option.string({
    derive: (values) => (values['use_bsmtp'] === true ? '..' : undefined),
    doc: 'What replaces check_string.',
  }),
  force_command: option.boolean({ default: false, doc: 'Use command for redirections to pipes too; $address_pipe stands for theirs.' }),
  freeze_exec_fail: option.boolean({ default: false, doc: 'Freeze the message when the command cannot be run.' }),
  freeze_signal: option.boolean({ default: false, doc: 'Freeze the message when the command is ended by a signal.' }),
  ignore_status: option.boolean({ default: false, doc: 'Take any status of the command as success.' }),
  log_defer_output: option.boolean({ default: false, doc: 'Log the first line of output of a command that defers.' }),
  log_fail_output: option.boolean({ default: false, doc: 'Log the first line of output of a command that fails.' }),
  log_output: option.boolean({ default: false, doc: 'Log the first line of output of the command.' }),
  max_output: option.size({ default: 20_480, doc: 'How much the command may write before it is killed.' }),
  message_prefix: option.expanded({
    default: 'From ${if def:return_path{$return_path}{MAILER-DAEMON}} ${tod_bsdinbox}\n',
    onForcedFail: 'unset',
    doc: 'Text before the message.',
  }),
  message_suffix: option.expanded({ default: '\n', onForcedFail: 'unset', doc: 'Text after the message.' }),
  path: option.expanded({
    default: '/bin:/usr/bin',
    onForcedFail: 'defer',
    doc: 'Where commands without a slash are looked for, and PATH.',
  }),
  permit_coredump: option.boolean({ default: false, doc: 'Has no effect.' }),
  pipe_as_creator: option.boolean({ default: false, doc: 'Run the command as the user who sent the message from this host.' }),
  restrict_to_path: option.boolean({ default: false, doc: 'Only commands without a slash, found on path, may be run.' }),
  return_fail_output: option.boolean({ default: false, doc: 'Return the output of a command that fails in the bounce.' }),
  return_output: option.boolean({
    default: false,
    doc: 'A command that writes something has failed; its output is returned in the bounce.',
  }),
  temp_errors: option.stringList({ default: ['75', '73'], doc: 'The statuses that defer: numbers, or *.' }),
  timeout: option.time({ default: 3600, doc: 'How long the command may take.' }),
  timeout_defer: option.boolean({ default: false, doc: 'A command that takes too long defers in place of failing.' }),
  umask: option.octal({ default: 0o022, doc: 'The umask of the command.' }),
  use_bsmtp: option.boolean({ default: false, doc: 'Write batch SMTP.' }),
  use_classresources: option.boolean({ isOfSomeBuilds: true, default: false, doc: 'Has no effect: for BSD.' }),
  use_crlf: option.boolean({ default: false, doc: 'End lines with CRLF.' }),
  use_shell: option.boolean({ default: false, doc: 'Run the command by /bin/sh -c.' }),
} as const;

export type PipeOptions = OptionValues<typeof pipeOptions>;
