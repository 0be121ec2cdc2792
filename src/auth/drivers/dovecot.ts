/** Asks the authentication service of Dovecot. Declared; not built yet. */
import { defineAuthenticator, option } from '../../core/index.ts';
import { authenticatorOptions } from '../generic-options.ts';

export default defineAuthenticator({
  name: 'dovecot',
  summary: 'Asks the authentication service of Dovecot. Not built yet.',
  spec: 'ch. 37 "The dovecot authenticator"',
  generic: authenticatorOptions,
  options: {
    server_socket: option.string({ doc: 'The socket of the service.' }),
    server_tls: option.boolean({ default: false, doc: 'The service is spoken to over TLS.' }),
  },
});
