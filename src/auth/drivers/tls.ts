/** A client certificate as authentication, without an SMTP command: looked at when TLS has begun. Spec ch. 42 "The tls authenticator". */
import { defineAuthenticator, option } from '../../core/index.ts';
import { authenticatorOptions } from '../generic-options.ts';
import { expandValues } from '../values.ts';

const options = {
  server_param: option.expanded({
    onForcedFail: 'false',
    derive: (values) => values['server_param1'],
    doc: 'Another name of server_param1.',
  }),
  server_param1: option.expanded({
    onForcedFail: 'false',
    derive: (values) => values['server_param'],
    doc: 'The first value for server_condition.',
  }),
  server_param2: option.expanded({ onForcedFail: 'false', doc: 'The second value for server_condition.' }),
  server_param3: option.expanded({ onForcedFail: 'false', doc: 'The third value for server_condition.' }),
} as const;

export default defineAuthenticator({
  name: 'tls',
  summary: 'A client certificate that was verified as authentication.',
  spec: 'ch. 42 "The tls authenticator"',
  generic: authenticatorOptions,
  options,
  create: (set, { generic }) =>
    generic.server_condition === undefined
      ? {}
      : { ofCertificate: (frame) => expandValues([set.server_param1, set.server_param2, set.server_param3], [], 0, frame) },
});
