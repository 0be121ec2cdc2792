/** The router that takes every address that passes its preconditions. Spec ch. 16 "The accept router". */
import { defineRouter } from '../../core/drivers.ts';
import { routerOptions } from '../generic-options.ts';
import { selfProblems } from '../self.ts';
import { settingsOf } from '../settings.ts';

export default defineRouter({
  name: 'accept',
  summary: 'Accepts every address that passes its preconditions, for the transport it names.',
  spec: 'ch. 16 "The accept router"',
  generic: routerOptions,
  genericDefaults: { log_as_local: true },
  options: {},
  needsTransport: true,
  neverDeclines: true,
  validate: (_set, generic) => selfProblems(settingsOf({ generic }).self),
  create: () => ({ route: async () => ({ kind: 'accept' }) }),
});
