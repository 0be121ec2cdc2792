/** NTLM, as Secure Password Authentication. Declared; not built yet. */
import { defineAuthenticator, option } from '../../core/index.ts';
import { authenticatorOptions } from '../generic-options.ts';

export default defineAuthenticator({
  name: 'spa',
  summary: 'NTLM, as Secure Password Authentication. Not built yet.',
  spec: 'ch. 39 "The spa authenticator"',
  generic: authenticatorOptions,
  validate: (set) =>
    (set.client_username === undefined) === (set.client_password === undefined)
      ? []
      : ['one of client_username and client_password cannot be set without the other'],
  options: {
    client_domain: option.expanded({ doc: 'As a client, the domain of the account.' }),
    client_password: option.expanded({ doc: 'As a client, the password.' }),
    client_username: option.expanded({ doc: 'As a client, the user name.' }),
    server_password: option.expanded({ doc: 'As a server, the password of the user $auth1.' }),
  },
});
