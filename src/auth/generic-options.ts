/** The options that every authenticator has. Spec ch. 33 "SMTP authentication". */
import { option } from '../core/option.ts';

export const authenticatorOptions = {
  client_condition: option.expanded({
    onForcedFail: 'false',
    doc: 'Use the authenticator as a client only when this expands to neither empty, 0, no nor false.',
  }),
  client_set_id: option.expanded({ onForcedFail: 'unset', doc: 'The identity that is logged for a delivery that authenticated by this.' }),
  driver: option.string({ doc: 'Which kind of authenticator this is.' }),
  public_name: option.string({ doc: 'The name of the mechanism on the wire; the name of the authenticator where it is not set.' }),
  server_advertise_condition: option.expanded({
    onForcedFail: 'false',
    doc: 'Offer the mechanism to clients only when this expands to neither empty, 0, no nor false.',
  }),
  server_condition: option.expanded({
    onForcedFail: 'false',
    doc: 'Decides, from $auth1 and so on, whether the client is who it says it is.',
  }),
  server_debug_print: option.expanded({
    onForcedFail: 'unset',
    doc: 'Text for the debugging output when the authenticator is used as a server.',
  }),
  server_mail_auth_condition: option.expanded({
    onForcedFail: 'false',
    doc: 'Decides whether AUTH= of a MAIL command is believed ($authenticated_sender).',
  }),
  server_set_id: option.expanded({
    onForcedFail: 'unset',
    doc: 'The identity of the client when it has authenticated: $authenticated_id.',
  }),
} as const;
