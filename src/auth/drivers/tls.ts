/** A client certificate as authentication. Declared; not built yet. */
import { defineAuthenticator, option } from '../../core/index.ts';
import { authenticatorOptions } from '../generic-options.ts';

export default defineAuthenticator({
  name: 'tls',
  summary: 'A client certificate as authentication. Not built yet.',
  spec: 'ch. 41 "The tls authenticator"',
  generic: authenticatorOptions,
  options: {
    server_param: option.expanded({ derive: (values) => values['server_param1'], doc: 'Another name of server_param1.' }),
    server_param1: option.expanded({ derive: (values) => values['server_param'], doc: 'The first value for server_condition.' }),
    server_param2: option.expanded({ doc: 'The second value for server_condition.' }),
    server_param3: option.expanded({ doc: 'The third value for server_condition.' }),
  },
});
