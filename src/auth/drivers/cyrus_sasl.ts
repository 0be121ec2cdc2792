/** Mechanisms of the Cyrus SASL library. Declared; not built yet. */
import { defineAuthenticator, option } from '../../core/index.ts';
import { authenticatorOptions } from '../generic-options.ts';

export default defineAuthenticator({
  name: 'cyrus_sasl',
  summary: 'Mechanisms of the Cyrus SASL library. Not built yet.',
  spec: 'ch. 36 "The cyrus_sasl authenticator"',
  generic: authenticatorOptions,
  options: {
    server_hostname: option.expanded({ default: '$primary_hostname', doc: 'The host name for the library.' }),
    server_mech: option.string({ doc: 'The mechanism; the public name where it is not set.' }),
    server_realm: option.expanded({ doc: 'The realm.' }),
    server_service: option.string({ default: 'smtp', doc: 'The service name.' }),
  },
});
