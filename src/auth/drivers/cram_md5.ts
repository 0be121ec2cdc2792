/** CRAM-MD5: a secret that both sides know, never sent. Spec ch. 35 "The cram_md5 authenticator"; RFC 2195. */
import { createHmac } from 'node:crypto';
import type { Octets } from '../../base/octets.ts';
import { bytesFromOctets } from '../../base/octets.ts';
import type { AuthDialogue, ClientAuthConnection, ClientAuthResult, Frame, ServerAuthResult, Template } from '../../core/index.ts';
import { defineAuthenticator, option, tainted } from '../../core/index.ts';
import { encodeBase64 } from '../base64.ts';
import { authenticatorOptions } from '../generic-options.ts';

const options = {
  client_name: option.expanded({
    derive: (values, isSet) => (isSet('client_secret') ? values['primary_hostname'] : undefined),
    doc: 'As a client, the user name; the primary host name when unset.',
  }),
  client_secret: option.expanded({ doc: 'As a client, the secret.' }),
  server_secret: option.expanded({
    onForcedFail: 'false',
    doc: 'As a server, the secret of the user $auth1. A forced failure refuses the user.',
  }),
} as const;

export default defineAuthenticator({
  name: 'cram_md5',
  summary: 'Server and client of CRAM-MD5.',
  spec: 'ch. 35 "The cram_md5 authenticator"',
  generic: authenticatorOptions,
  options,
  create: (set, { generic }) => {
    const publicName = typeof generic.public_name === 'string' ? generic.public_name : '';
    const { server_secret: serverSecret, client_secret: clientSecret } = set;
    return {
      ...(serverSecret === undefined ? {} : { server: (initial, dialogue, frame) => serve(serverSecret, initial, dialogue, frame) }),
      ...(clientSecret === undefined
        ? {}
        : { client: (connection, frame) => answer(publicName, set.client_name, clientSecret, connection, frame) }),
    };
  },
});

async function serve(secret: Template, initial: Octets | undefined, dialogue: AuthDialogue, frame: Frame): Promise<ServerAuthResult> {
  if (initial !== undefined) return { kind: 'unexpected-data' };
  const { services, config } = frame;
  const challenge =
    services.build.adaptations?.challenge ??
    `<${services.machine.pid}.${Math.floor(services.clock.now() / 1000)}@${config.main.primary_hostname ?? services.machine.hostName}>`;
  const reply = await dialogue.challenge(challenge);
  if (reply === undefined) return { kind: 'cancelled' };
  if (reply === 'bad-base64') return { kind: 'bad-base64' };
  const space = reply.lastIndexOf(' ');
  const name = tainted(space < 0 ? reply : reply.slice(0, space));
  const expanded = await secret.evaluate({ ...frame, results: Object.assign(frame.results, { auth: [name] }) });
  if (expanded.kind === 'forced-fail') return { kind: 'fail' };
  if (expanded.kind !== 'ok') return { kind: 'error', message: expanded.message };
  return space >= 0 && isSame(reply.slice(space + 1), digest(expanded.value.octets, challenge))
    ? { kind: 'ok', values: [name] }
    : { kind: 'fail' };
}

async function answer(
  publicName: Octets,
  name: Template | undefined,
  secret: Template,
  connection: ClientAuthConnection,
  frame: Frame,
): Promise<ClientAuthResult> {
  const [user, key] = [await name?.evaluate(frame), await secret.evaluate(frame)];
  if (user?.kind === 'forced-fail' || key.kind === 'forced-fail') return { kind: 'skipped' };
  if (user && user.kind !== 'ok') return { kind: 'error', message: user.message };
  if (key.kind !== 'ok') return { kind: 'error', message: key.message };
  const challenge = await connection.send(`AUTH ${publicName}`);
  if ('kind' in challenge) return { kind: 'defer', message: challenge.message };
  if (challenge.code >= 500) return { kind: 'fail', message: challenge.text };
  if (challenge.code < 300) return { kind: 'ok' };
  if (challenge.isBadBase64) return { kind: 'error', message: `bad base 64 string in challenge: ${challenge.text}` };
  const userName = user?.value.octets ?? frame.config.main.primary_hostname ?? frame.services.machine.hostName;
  const reply = await connection.send(encodeBase64(`${userName} ${digest(key.value.octets, challenge.text)}`));
  if ('kind' in reply) return { kind: 'defer', message: reply.message };
  if (reply.code >= 300 && reply.code < 400) return { kind: 'unexpected' };
  return reply.code < 300 ? { kind: 'ok' } : { kind: 'fail', message: reply.text };
}

/** 32 lower-case hex digits. */
function digest(secret: Octets, challenge: Octets): Octets {
  return createHmac('md5', bytesFromOctets(secret)).update(bytesFromOctets(challenge)).digest('hex');
}

/** In constant time for equal lengths. */
function isSame(a: Octets, b: Octets): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < b.length; i++) difference |= (a.charCodeAt(i) || 0) ^ b.charCodeAt(i);
  return difference === 0;
}
