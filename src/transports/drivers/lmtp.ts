/** The transport that talks LMTP to a command or a Unix socket. Spec ch. 28 "The LMTP transport", RFC 2033. */
import { defineTransport } from '../../core/drivers.ts';
import { option } from '../../core/option.ts';
import { transportOptions } from '../generic-options.ts';

export default defineTransport({
  name: 'lmtp',
  summary: 'Talks LMTP to a command or a Unix socket. Not built yet.',
  spec: 'ch. 28 "The LMTP transport"',
  isRemote: false,
  generic: transportOptions,
  genericDefaults: { retry_use_local_part: true },
  options: {
    batch_id: option.expanded({ doc: 'Addresses for which it expands to the same text may be delivered together.' }),
    batch_max: option.integer({ default: 1, doc: 'How many addresses one delivery may serve.' }),
    command: option.expanded({ doc: 'The command that speaks LMTP on its standard input and output.' }),
    ignore_quota: option.boolean({ default: false, doc: 'Send IGNOREQUOTA when the server offers it.' }),
    socket: option.expanded({ doc: 'The Unix socket of the server.' }),
    timeout: option.time({ default: 300, doc: 'How long to wait for a reply.' }),
  },
  validate: (set) =>
    (set.command === undefined) === (set.socket === undefined)
      ? ['one (and only one) of command or socket must be set for the %s transport']
      : [],
});
