/** AUTH. RFC 4954; Spec ch. 33 "SMTP authentication". */

import { decodeBase64, encodeBase64 } from '../../auth/base64.ts';
import { authenticate, authenticateByCertificate, isAdvertised } from '../../auth/server.ts';
import type { Octets } from '../../base/octets.ts';
import { printable, upperCase } from '../../base/octets.ts';
import type { AuthDialogue, AuthenticatorInstance } from '../../core/index.ts';
import { hostAndIdent } from '../../logging/lines/host.ts';
import type { Command } from '../../smtp/command.ts';
import type { Dialogue } from '../dialogue.ts';
import { isSenderHostIn } from '../expansion.ts';
import { protocolName } from '../transaction.ts';

export async function auth(dialogue: Dialogue, command: Command): Promise<void> {
  const { config, origin } = dialogue;
  dialogue.isAuthenticationTried = true;
  dialogue.session.state.authenticationFailed = true; // until it succeeds
  if (!dialogue.advertised.auth && !dialogue.session.state.controls.has('allow_auth_unadvertised'))
    return dialogue.protocolError('protocol', '503', 'AUTH command used when not advertised');
  if (origin.authenticatorName !== undefined) return dialogue.protocolError('protocol', '503', 'already authenticated');
  if (dialogue.transaction?.state.sender !== undefined)
    return dialogue.protocolError('protocol', '503', 'not permitted in mail transaction');
  const verdict = await dialogue.runAcl('auth', config.main.acl_smtp_auth, { kind: 'accept' });
  if (verdict.kind !== 'accept' && verdict.kind !== 'discard') {
    dialogue.refuse('auth', `AUTH ${command.argument.split(' ')[0] ?? ''}`, verdict);
    return;
  }
  const end = command.argument.search(/[^A-Za-z0-9_-]/);
  const name = end < 0 ? command.argument : command.argument.slice(0, end);
  if (end >= 0 && !/[ \t]/.test(command.argument[end] ?? ''))
    return dialogue.protocolError('syntax', '501', 'invalid character in authentication mechanism name');
  const authenticator = await findAuthenticator(dialogue, name);
  if (authenticator === undefined) return dialogue.protocolError('protocol', '504', `${name} authentication mechanism not supported`);
  const data = end < 0 ? '' : command.argument.slice(end).replace(/^[ \t]+/, '');
  await run(dialogue, authenticator, data);
}

async function findAuthenticator(dialogue: Dialogue, name: Octets): Promise<AuthenticatorInstance | undefined> {
  const frame = dialogue.frame();
  for (const authenticator of dialogue.config.authenticators) {
    if (authenticator.behaviour?.server === undefined || upperCase(authenticator.publicName) !== upperCase(name)) continue;
    if (dialogue.session.state.controls.has('allow_auth_unadvertised')) return authenticator;
    if ((await isSenderHostIn(dialogue.config.main.auth_advertise_hosts, frame)) && (await isAdvertised(authenticator, frame)))
      return authenticator;
  }
  return undefined;
}

async function run(dialogue: Dialogue, authenticator: AuthenticatorInstance, data: Octets): Promise<void> {
  const { origin, log, session } = dialogue;
  const result = await authenticate(authenticator, data, challenger(dialogue), dialogue.frame());
  if (dialogue.isOver) return;
  if (result.kind === 'ok') {
    noteAuthenticated(dialogue, authenticator, result.id);
    dialogue.reply('235', 'Authentication succeeded');
    return;
  }
  session.state.authenticatedFailId = result.id;
  const id = result.id === undefined || result.id === '' ? '' : ` (set_id=${result.id})`;
  const reason = result.reason === undefined ? '' : `: ${result.reason}`;
  log.mainAndReject(
    `${authenticator.name} authenticator failed for ${hostAndIdent(origin, log, false)}: ${result.code} ${result.reply}${id}${reason}`,
  );
  dialogue.reply(result.code, result.forClient === undefined ? result.reply : `${result.reply}: ${printable(result.forClient)}`);
}

/** When TLS has begun: a certificate may be all that is needed, and then AUTH is not offered. Failing, it is as if nothing had been tried. */
export async function authenticateTlsClient(dialogue: Dialogue): Promise<void> {
  if (dialogue.origin.tls?.certificateVerified !== true) return;
  const tried = await authenticateByCertificate(dialogue.config.authenticators, dialogue.frame());
  if (tried === undefined) return;
  const { authenticator, result } = tried;
  if (result.kind === 'ok') noteAuthenticated(dialogue, authenticator, result.id);
  else dialogue.session.state.authenticatedFailId = result.id;
}

function noteAuthenticated({ origin, session, isOverTcp }: Dialogue, authenticator: AuthenticatorInstance, id: Octets): void {
  origin.authenticatorName = authenticator.name;
  const { public_name: publicName } = authenticator.generic;
  origin.authenticatorPublicName = typeof publicName === 'string' ? publicName : authenticator.name;
  origin.authenticatedId = id;
  session.state.authenticationFailed = false;
  origin.protocol = protocolName(origin, session.state.esmtp, isOverTcp);
}

/** 334 and the client's answer. `*` cancels (RFC 4954 s4). */
function challenger(dialogue: Dialogue): AuthDialogue {
  return {
    challenge: async (octets) => {
      dialogue.send(`334 ${encodeBase64(octets)}\r\n`);
      await dialogue.flush();
      const answer = await dialogue.nextLine();
      if (dialogue.isOver) return undefined; // the process ends, and the client has been told
      if (answer.kind !== 'line') {
        dialogue.lost(answer);
        return undefined;
      }
      if (answer.line === '*' || (answer.hasBareLineEnd && dialogue.isCrlfStrict)) return undefined;
      return (answer.isPiece ? undefined : decodeBase64(answer.line)) ?? 'bad-base64';
    },
  };
}
