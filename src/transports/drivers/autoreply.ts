/** The transport that sends an automatic reply. Spec ch. 27 "The autoreply transport". */
import { defineTransport } from '../../core/drivers.ts';
import { option } from '../../core/option.ts';
import { transportOptions } from '../generic-options.ts';

export default defineTransport({
  name: 'autoreply',
  summary: 'Sends a message in reply, once or each time. Not built yet.',
  spec: 'ch. 27 "The autoreply transport"',
  isRemote: false,
  generic: transportOptions,
  genericDefaults: { retry_use_local_part: true },
  options: {
    bcc: option.expanded({ doc: 'Recipients that are not shown.' }),
    cc: option.expanded({ doc: 'The Cc: header.' }),
    file: option.expanded({ doc: 'A file whose contents follow the text.' }),
    file_expand: option.boolean({ default: false, doc: 'Expand each line of the file.' }),
    file_optional: option.boolean({ default: false, doc: 'The file may be missing.' }),
    from: option.expanded({ doc: 'The From: header.' }),
    headers: option.expanded({ doc: 'More header lines.' }),
    log: option.expanded({ doc: 'A file in which each reply is logged.' }),
    mode: option.octal({ default: 0o600, doc: 'The mode of the log file.' }),
    never_mail: option.addressList({ doc: 'Addresses that get no reply.' }),
    once: option.expanded({ doc: 'A file that remembers who got a reply.' }),
    once_file_size: option.integer({ default: 0, doc: 'The size to which that file is limited.' }),
    once_repeat: option.expanded({ doc: 'The time after which the same sender gets another reply.' }),
    reply_to: option.expanded({ doc: 'The Reply-To: header.' }),
    return_message: option.boolean({ default: false, doc: 'Put the original message after the reply.' }),
    subject: option.expanded({ doc: 'The Subject: header.' }),
    text: option.expanded({ doc: 'The body of the reply.' }),
    to: option.expanded({ doc: 'The recipients.' }),
  },
});
