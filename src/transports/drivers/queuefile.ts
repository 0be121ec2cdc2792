/** The transport that copies spool files into a directory. Exim 4.99, experimental. */
import { defineTransport } from '../../core/drivers.ts';
import { option } from '../../core/option.ts';
import { transportOptions } from '../generic-options.ts';

export default defineTransport({
  name: 'queuefile',
  summary: 'Copies the spool files of a message into a directory. Not built yet.',
  spec: 'ch. 24 "Generic options for transports"',
  isRemote: false,
  generic: transportOptions,
  options: {
    directory: option.expanded({ doc: 'The directory that gets the files.' }),
  },
});
