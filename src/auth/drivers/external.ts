/** EXTERNAL: the client says who it is, something else than SMTP proves it. Spec ch. 41 "The external authenticator"; RFC 4422 appendix A. */
import type { Octets } from '../../base/octets.ts';
import type { AuthDialogue, ClientAuthConnection, ClientAuthResult, Frame, ServerAuthResult, Template } from '../../core/index.ts';
import { defineAuthenticator, option } from '../../core/index.ts';
import { encodeBase64 } from '../base64.ts';
import { authenticatorOptions } from '../generic-options.ts';
import { authFrame, expandValues, splitStrings } from '../values.ts';

const options = {
  client_send: option.expanded({ doc: 'As a client, the identity to send.' }),
  server_param2: option.expanded({ onForcedFail: 'false', doc: 'As a server, the second value for server_condition.' }),
  server_param3: option.expanded({ onForcedFail: 'false', doc: 'As a server, the third value for server_condition.' }),
} as const;

export default defineAuthenticator({
  name: 'external',
  summary: 'EXTERNAL: an identity that another layer has proved, such as a certificate.',
  spec: 'ch. 41 "The external authenticator"',
  generic: authenticatorOptions,
  options,
  create: (set, { name, generic }) => {
    const publicName = typeof generic.public_name === 'string' ? generic.public_name : '';
    const { client_send: identity } = set;
    return {
      ...(generic.server_condition === undefined
        ? {}
        : { server: (initial, dialogue, frame) => serve([set.server_param2, set.server_param3], initial, dialogue, frame) }),
      ...(identity === undefined ? {} : { client: (connection, frame) => send({ name, publicName }, identity, connection, frame) }),
    };
  },
});

/** `parameters` take the places behind the identity, whatever the client sent there. */
async function serve(
  parameters: readonly (Template | undefined)[],
  initial: Octets | undefined,
  dialogue: AuthDialogue,
  frame: Frame,
): Promise<ServerAuthResult> {
  const data = initial ?? (await dialogue.challenge(''));
  if (data === undefined) return { kind: 'cancelled' };
  if (data === 'bad-base64') return { kind: 'bad-base64' };
  return expandValues(parameters, splitStrings(data), 1, authFrame(frame, []));
}

async function send(
  { name, publicName }: { readonly name: string; readonly publicName: Octets },
  identity: Template,
  connection: ClientAuthConnection,
  frame: Frame,
): Promise<ClientAuthResult> {
  const expanded = await identity.evaluate(frame);
  if (expanded.kind === 'forced-fail') return { kind: 'skipped' };
  if (expanded.kind !== 'ok')
    return { kind: 'error', message: `expansion of "${identity.source}" failed in ${name} authenticator: ${expanded.message}` };
  const { octets } = expanded.value;
  const reply = await connection.send(`AUTH ${publicName} ${octets === '' ? '=' : encodeBase64(octets)}`);
  if ('kind' in reply) return { kind: 'defer', message: reply.message };
  if (reply.code >= 200 && reply.code < 300) return { kind: 'ok' };
  if (reply.code >= 500) return { kind: 'fail', message: reply.text };
  await connection.send('*'); // there is no more to say
  return { kind: 'error', message: `Too few items in client_send in ${name} authenticator` };
}
