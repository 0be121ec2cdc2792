/** Mechanisms of the GNU SASL library. Declared; not built yet. */
import { defineAuthenticator, option } from '../../core/index.ts';
import { authenticatorOptions } from '../generic-options.ts';

export default defineAuthenticator({
  name: 'gsasl',
  summary: 'Mechanisms of the GNU SASL library. Not built yet.',
  spec: 'ch. 38 "The gsasl authenticator"',
  generic: authenticatorOptions,
  options: {
    client_authz: option.expanded({ doc: 'As a client, the identity to act as.' }),
    client_channelbinding: option.boolean({ default: false, doc: 'As a client, bind to the TLS channel.' }),
    client_password: option.expanded({ doc: 'As a client, the password.' }),
    client_spassword: option.expanded({ doc: 'As a client, the salted password.' }),
    client_username: option.expanded({ doc: 'As a client, the user name.' }),
    server_channelbinding: option.boolean({ default: false, doc: 'As a server, bind to the TLS channel.' }),
    server_hostname: option.expanded({ default: '$primary_hostname', doc: 'The host name for the library.' }),
    server_key: option.expanded({ doc: 'The server key of SCRAM.' }),
    server_mech: option.string({ doc: 'The mechanism; the public name where it is not set.' }),
    server_password: option.expanded({ doc: 'The password of the user.' }),
    server_realm: option.expanded({ doc: 'The realm.' }),
    server_scram_iter: option.expanded({ default: '4096', doc: 'Iterations of SCRAM.' }),
    server_scram_salt: option.expanded({ doc: 'The salt of SCRAM.' }),
    server_service: option.string({ default: 'smtp', doc: 'The service name.' }),
    server_skey: option.expanded({ doc: 'The stored key of SCRAM.' }),
  },
});
