/** The router that asks a command what to do. Spec ch. 21 "The queryprogram router". */
import { defineRouter } from '../../core/drivers.ts';
import { option } from '../../core/option.ts';
import { routerOptions } from '../generic-options.ts';
import { selfProblems } from '../self.ts';
import { settingsOf } from '../settings.ts';

export default defineRouter({
  name: 'queryprogram',
  summary: 'Runs a command whose output says how to route the address. Not built yet.',
  spec: 'ch. 21 "The queryprogram router"',
  generic: routerOptions,
  needsTransport: false,
  validate: (set, generic) => [
    ...selfProblems(settingsOf({ generic }).self),
    ...(set.command === undefined ? ['a command specification is required'] : []),
    ...(set.command !== undefined && set.command_user === undefined ? ['command_user must be specified'] : []),
  ],
  options: {
    command: option.expanded({ doc: 'The command, split into arguments before they are expanded.' }),
    command_group: option.group({ doc: 'The group under which the command runs.' }),
    command_user: option.user({ doc: 'The user under whom the command runs.' }),
    current_directory: option.string({ default: '/', doc: 'The directory in which the command runs.' }),
    timeout: option.time({ default: 3600, doc: 'How long the command may take.' }),
  },
});
