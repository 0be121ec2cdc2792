/** Kerberos by GSSAPI. Declared; not built yet. */
import { defineAuthenticator, option } from '../../core/index.ts';
import { authenticatorOptions } from '../generic-options.ts';

export default defineAuthenticator({
  name: 'heimdal_gssapi',
  summary: 'Kerberos by GSSAPI. Not built yet.',
  spec: 'ch. 39 "The heimdal_gssapi authenticator"',
  generic: authenticatorOptions,
  options: {
    server_hostname: option.expanded({ default: '$primary_hostname', doc: 'The host name of the service.' }),
    server_keytab: option.expanded({ doc: 'The file of the keys.' }),
    server_service: option.expanded({ default: 'smtp', doc: 'The service name.' }),
  },
});
