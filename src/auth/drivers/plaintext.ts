/** PLAIN, LOGIN and the like: strings that are sent as they are. Spec ch. 34 "The plaintext authenticator"; RFC 4616. */
import type { Octets } from '../../base/octets.ts';
import type { AuthDialogue, ClientAuthConnection, ClientAuthResult, Frame, Outcome, ServerAuthResult, Template } from '../../core/index.ts';
import { defineAuthenticator, option, tainted } from '../../core/index.ts';
import { encodeBase64 } from '../base64.ts';
import { authenticatorOptions } from '../generic-options.ts';

const options = {
  client_ignore_invalid_base64: option.boolean({
    default: false,
    doc: 'As a client, go on when a prompt of the server is no valid base 64.',
  }),
  client_send: option.expanded({
    doc: 'As a client, the strings to send, a list whose items are expanded one by one; ^ stands for a binary zero, ^^ for ^.',
  }),
  server_prompts: option.expanded({
    onForcedFail: 'defer',
    doc: 'As a server, the prompts for strings that the client has not sent yet, a list.',
  }),
} as const;

/** $auth1 to $auth3, and no end of strings from a client. */
const MAX_STRINGS = 20;

export default defineAuthenticator({
  name: 'plaintext',
  summary: 'Server and client of mechanisms that send strings in clear, such as PLAIN and LOGIN.',
  spec: 'ch. 34 "The plaintext authenticator"',
  generic: authenticatorOptions,
  options,
  create: (set, { name, generic }) => {
    const publicName = typeof generic.public_name === 'string' ? generic.public_name : '';
    return {
      ...(generic.server_condition === undefined
        ? {}
        : { server: (initial, dialogue, frame) => serve(set.server_prompts, initial, dialogue, frame) }),
      ...(set.client_send === undefined
        ? {}
        : {
            client: (connection, frame) => send({ name, publicName }, set.client_send, set.client_ignore_invalid_base64, connection, frame),
          }),
    };
  },
});

async function serve(
  prompts: Template | undefined,
  initial: Octets | undefined,
  dialogue: AuthDialogue,
  frame: Frame,
): Promise<ServerAuthResult> {
  const strings: Octets[] = initial === undefined ? [] : initial.split('\0').slice(0, MAX_STRINGS);
  const asked = prompts === undefined ? { kind: 'ok' as const, value: { octets: '' } } : await prompts.evaluate(frame);
  if (asked.kind !== 'ok')
    return {
      kind: 'error',
      message: `expansion of "${prompts?.source ?? ''}" failed${asked.kind === 'forced-fail' ? '' : `: ${asked.message}`}`,
    };
  const list = frame.services.lists.split(asked.value.octets);
  for (const prompt of list.slice(strings.length)) {
    if (strings.length >= MAX_STRINGS) break;
    const answer = await dialogue.challenge(prompt);
    if (answer === undefined) return { kind: 'cancelled' };
    if (answer === 'bad-base64') return { kind: 'bad-base64' };
    strings.push(...answer.split('\0').slice(0, MAX_STRINGS - strings.length));
  }
  return { kind: 'ok', values: strings.map((string) => tainted(string)) };
}

async function send(
  { name, publicName }: { readonly name: string; readonly publicName: Octets },
  strings: Template | undefined,
  ignoresBase64: boolean,
  connection: ClientAuthConnection,
  frame: Frame,
): Promise<ClientAuthResult> {
  const items = frame.services.lists.split(strings?.source ?? '');
  for (const [index, item] of (items.length === 0 ? [''] : items).entries()) {
    const expanded = await expandItem(item, frame);
    if (expanded.kind !== 'ok') {
      if (index > 0) await connection.send('*');
      if (expanded.kind === 'forced-fail') return { kind: 'skipped' };
      return { kind: 'error', message: `expansion of "${item}" failed in ${name} authenticator: ${expanded.message}` };
    }
    const data = withZeros(expanded.value);
    const line = index === 0 ? (data === '' ? `AUTH ${publicName}` : `AUTH ${publicName} ${encodeBase64(data)}`) : encodeBase64(data);
    const reply = await connection.send(line);
    if ('kind' in reply) return { kind: 'defer', message: reply.message };
    if (reply.code >= 200 && reply.code < 300) return { kind: 'ok' };
    if (reply.code >= 500) return { kind: 'fail', message: reply.text };
    if (reply.isBadBase64 && !ignoresBase64) {
      await connection.send('*');
      return { kind: 'cancelled', message: `Invalid base64 string in server response "${reply.text}"` };
    }
  }
  return { kind: 'unexpected' }; // it asks for more than there is
}

async function expandItem(item: Octets, frame: Frame): Promise<Outcome<Octets>> {
  const outcome = await frame.config.compile(item, 'client_send').evaluate(frame);
  return outcome.kind === 'ok' ? { kind: 'ok', value: outcome.value.octets } : outcome;
}

/** `^` is a binary zero, `^^` a circumflex. */
function withZeros(text: Octets): Octets {
  return text.replace(/\^\^|\^/g, (mark) => (mark === '^^' ? '^' : '\0'));
}
