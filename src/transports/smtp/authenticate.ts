/** Client authentication: each of our authenticators that the server offers, in the configuration's order. Spec ch. 33 "Authentication by an Exim client", RFC 4954. */

import { decodeBase64 } from '../../auth/base64.ts';
import { assertNever } from '../../base/invariant.ts';
import type { Octets } from '../../base/octets.ts';
import { equalsIgnoreCase } from '../../base/octets.ts';
import type { Template } from '../../core/config.ts';
import type { AuthenticatorInstance, ClientAuthConnection } from '../../core/drivers.ts';
import type { Frame } from '../../core/frame.ts';
import { fail, type Outcome, ok } from '../../core/outcome.ts';
import type { Reply } from '../../smtp/reply.ts';
import { encodeXtext } from '../../smtp/xtext.ts';
import { eximErrno, type Failing } from '../errno.ts';
import { expandOption, messageOf } from '../settings.ts';
import type { SmtpClient } from './client.ts';
import type { ReadyClient } from './handshake.ts';
import type { SmtpOptions } from './options.ts';

export type AuthenticateResult = (
  | { readonly kind: 'ok'; readonly name: Octets }
  /** At least one was tried. */
  | { readonly kind: 'failed' }
  | { readonly kind: 'none-fits' }
  /** Nothing is sent to the host for the moment. */
  | { readonly kind: 'lost'; readonly failing: Failing }
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
      case 'fail':
        wasTried = true;
        log.push(`${authenticator.name} authenticator failed ${hostOf(client)} ${dialogue.lastReply?.raw ?? result.message}`);
        break;
      case 'cancelled':
        wasTried = true;
        log.push(`${authenticator.name} authenticator cancelled authentication ${hostOf(client)} ${result.message}`);
        break;
      case 'unexpected':
        await client.quit();
        return { kind: 'lost', failing: dialogue.refused(), log };
      case 'defer':
      case 'error':
        await client.quit();
        return { kind: 'lost', failing: { number: eximErrno.authProblem, message: result.message }, log };
      default:
        assertNever(result);
    }
  }
  return { kind: wasTried ? 'failed' : 'none-fits', log };
}

/** ` AUTH=…` of MAIL: what the option says, else the author of the message, to a server that knows who we are. Spec ch. 30 "authenticated_sender", RFC 4954 s5. */
export async function authParameter(
  set: Pick<SmtpOptions, 'authenticated_sender' | 'authenticated_sender_force'>,
  { frame, authenticator }: Pick<ReadyClient, 'frame' | 'authenticator'>,
  author: Octets | undefined,
): Promise<Outcome<Octets>> {
  const expanded = await expandOption(set.authenticated_sender, frame);
  if (expanded.kind !== 'ok') return fail(`failed to expand authenticated_sender: ${messageOf(expanded)}`);
  const sender = expanded.value !== undefined && expanded.value.octets !== '' ? expanded.value.octets : (author ?? '');
  const isAllowed = authenticator !== undefined || set.authenticated_sender_force;
  return ok(isAllowed && sender !== '' ? ` AUTH=${encodeXtext(sender)}` : '');
}

function hostOf({ host }: SmtpClient): Octets {
  return `H=${host.name} [${host.address ?? ''}]`;
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
  lastReply: Reply | undefined;
  /** The last line, without what may be a password. */
  #shown: Octets = '';

  constructor(client: SmtpClient, timeoutSeconds: number) {
    this.#client = client;
    this.#timeoutSeconds = timeoutSeconds;
  }

  async send(line: Octets): ReturnType<ClientAuthConnection['send']> {
    const secret = /^AUTH [^ ]+ ?/.exec(line)?.[0].length ?? 0;
    this.#shown = line.slice(0, secret) + '*'.repeat(line.length - secret);
    const answer = await this.#client.command(line, this.#timeoutSeconds, this.#shown);
    if (answer.kind === 'lost') return this.#lost(answer.failing);
    this.lastReply = answer.reply;
    const { code, lines, raw } = answer.reply;
    const text = lines.join('\n');
    switch (Math.floor(code / 100)) {
      case 2:
      case 5:
        return { code, text };
      case 3: {
        const decoded = decodeBase64(text);
        return decoded === undefined ? { code, text: raw, isBadBase64: true } : { code, text: decoded };
      }
      default:
        await this.#client.quit();
        return this.#lost(this.refused());
    }
  }

  #lost(failing: Failing): { readonly kind: 'lost'; readonly message: Octets } {
    this.failing = failing;
    return { kind: 'lost', message: failing.message };
  }

  /** What the last reply means for the host. */
  refused(): Failing {
    return { message: this.lastReply === undefined ? '' : this.#client.refusal(this.lastReply, this.#shown), number: 0 };
  }
}
