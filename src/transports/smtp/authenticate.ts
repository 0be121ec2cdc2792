/** Client authentication: each of our authenticators that the server offers, in the configuration's order. Spec ch. 33 "Authentication by an Exim client", RFC 4954. */

import { decodeBase64 } from '../../auth/base64.ts';
import type { Octets } from '../../base/octets.ts';
import { equalsIgnoreCase } from '../../base/octets.ts';
import type { Template } from '../../core/config.ts';
import type { AuthenticatorInstance, ClientAuthConnection } from '../../core/drivers.ts';
import type { Frame } from '../../core/frame.ts';
import type { Failing } from '../errno.ts';
import type { SmtpClient } from './client.ts';

export type AuthenticateResult = (
  | { readonly kind: 'ok'; readonly name: Octets }
  /** At least one was tried. */
  | { readonly kind: 'failed' }
  | { readonly kind: 'none-fits' }
  | { readonly kind: 'lost'; readonly failing: Failing }
  | { readonly kind: 'error'; readonly message: Octets }
) & { readonly log: readonly Octets[] };

export async function authenticate(
  client: SmtpClient,
  mechanisms: readonly Octets[],
  frame: Frame,
  timeoutSeconds: number,
): Promise<AuthenticateResult> {
  const log: Octets[] = [];
  let wasTried = false;
  for (const authenticator of frame.config.authenticators) {
    if (authenticator.behaviour?.client === undefined || !mechanisms.includes(authenticator.publicName)) continue;
    if (!(await isAllowed(authenticator, frame))) continue;
    const dialogue = new Dialogue(client, timeoutSeconds);
    const result = await authenticator.behaviour.client(dialogue, frame);
    if (dialogue.failing !== undefined) return { kind: 'lost', failing: dialogue.failing, log };
    switch (result.kind) {
      case 'ok':
        return { kind: 'ok', name: authenticator.name, log };
      case 'skipped':
        break;
      case 'fail': {
        wasTried = true;
        log.push(
          `${authenticator.name} authenticator failed H=${client.host.name} [${client.host.address ?? ''}] ${dialogue.lastReply ?? result.message}`,
        );
        break;
      }
      case 'defer':
      case 'error':
        return { kind: 'error', message: `${authenticator.name} authenticator: ${result.message}`, log };
    }
  }
  return { kind: wasTried ? 'failed' : 'none-fits', log };
}

/** `client_condition`. */
async function isAllowed(authenticator: AuthenticatorInstance, frame: Frame): Promise<boolean> {
  const condition = authenticator.generic['client_condition'] as Template | undefined; // declared as an expanded string by auth/
  if (condition === undefined) return true;
  const expanded = await condition.evaluate(frame);
  if (expanded.kind !== 'ok') return false;
  const { octets } = expanded.value;
  return octets !== '' && octets !== '0' && !equalsIgnoreCase(octets, 'no') && !equalsIgnoreCase(octets, 'false');
}

/** What an authenticator sees of the connection. */
class Dialogue implements ClientAuthConnection {
  readonly #client: SmtpClient;
  readonly #timeoutSeconds: number;
  failing: Failing | undefined;
  lastReply: Octets | undefined;

  constructor(client: SmtpClient, timeoutSeconds: number) {
    this.#client = client;
    this.#timeoutSeconds = timeoutSeconds;
  }

  async send(
    line: Octets,
  ): Promise<{ readonly code: number; readonly text: Octets } | { readonly kind: 'lost'; readonly message: Octets }> {
    const shown = line.startsWith('AUTH ') ? line.replace(/^(AUTH [^ ]+) .*$/s, '$1 ********') : '********';
    const answer = await this.#client.command(line, this.#timeoutSeconds, shown);
    if (answer.kind === 'lost') {
      this.failing = answer.failing;
      return { kind: 'lost', message: answer.failing.message };
    }
    const { code, lines, raw } = answer.reply;
    this.lastReply = raw;
    const text = lines.join('\n');
    return code === 334 ? { code, text: decodeBase64(text) ?? text } : { code, text };
  }
}
