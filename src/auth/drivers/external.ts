/** EXTERNAL: an identity that another layer has proved. Declared; not built yet. */
import { defineAuthenticator, option } from '../../core/index.ts';
import { authenticatorOptions } from '../generic-options.ts';

export default defineAuthenticator({
  name: 'external',
  summary: 'EXTERNAL: an identity that another layer has proved. Not built yet.',
  spec: 'ch. 40 "The external authenticator"',
  generic: authenticatorOptions,
  options: {
    client_send: option.expanded({ doc: 'As a client, the identity to send.' }),
    server_param2: option.expanded({ doc: 'As a server, the second value for server_condition.' }),
    server_param3: option.expanded({ doc: 'As a server, the third value for server_condition.' }),
  },
});
