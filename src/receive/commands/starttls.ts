/** STARTTLS, and TLS before the banner. RFC 3207; Spec ch. 43 "Encrypted SMTP connections using TLS/SSL". */
import type { Octets } from '../../base/octets.ts';
import { printable } from '../../base/octets.ts';
import type { Outcome, TlsFailure, TlsServerRequest } from '../../core/index.ts';
import { fail, ok } from '../../core/index.ts';
import { hostAndIdent } from '../../logging/lines/host.ts';
import type { Command } from '../../smtp/command.ts';
import type { Dialogue } from '../dialogue.ts';
import { expandOctets, isSenderHostIn } from '../expansion.ts';
import { protocolName } from '../transaction.ts';

export async function starttls(dialogue: Dialogue, command: Command): Promise<void> {
  const { config } = dialogue;
  if (!dialogue.advertised.tls) return dialogue.protocolError('protocol', '503', 'STARTTLS command used when not advertised');
  const verdict = await dialogue.runAcl('starttls', config.main.acl_smtp_starttls, { kind: 'accept' });
  if (verdict.kind !== 'accept' && verdict.kind !== 'discard') {
    dialogue.refuse('starttls', `STARTTLS ${printable(command.argument)}`, verdict);
    return;
  }
  const request = await serverRequest(dialogue);
  if (request.kind !== 'ok') {
    dialogue.log.panic(
      `TLS error on connection from ${hostAndIdent(dialogue.origin, dialogue.log, false)} (${request.kind === 'forced-fail' ? 'forced failure' : request.message})`,
    );
    dialogue.reply('454', 'TLS currently unavailable');
    return;
  }
  const problem = dialogue.parts.connection.serverTlsProblem(request.value);
  if (problem) {
    dialogue.log.main(`TLS error on connection from ${hostAndIdent(dialogue.origin, dialogue.log, false)} ${problem.message}`);
    dialogue.reply('454', 'TLS currently unavailable');
    return;
  }
  dialogue.resetTransaction();
  // What came before our answer is not read in the session under TLS (CVE-2011-0411); what comes after it is the handshake.
  dialogue.reader.discard();
  dialogue.reply('220', 'TLS go ahead');
  await dialogue.flush();
  const failed = await handshake(dialogue, request.value);
  if (failed?.isTimeout) return dialogue.lost({ kind: 'timeout' });
  if (failed) dropUnsecured(dialogue);
}

/** False when the handshake failed: the connection is then over. */
export async function startTlsAtOnce(dialogue: Dialogue): Promise<boolean> {
  dialogue.reader.giveBack(); // read with the header of a proxy
  const request = await serverRequest(dialogue);
  if (request.kind !== 'ok') {
    dialogue.log.panic(
      `TLS error on connection from ${hostAndIdent(dialogue.origin, dialogue.log, false)} (${request.kind === 'forced-fail' ? 'forced failure' : request.message})`,
    );
  } else if (!(await handshake(dialogue, request.value))) return true;
  dialogue.isTurnedAway = true;
  dropUnsecured(dialogue);
  return false;
}

function dropUnsecured(dialogue: Dialogue): void {
  dialogue.session.state.quitReason = 'tls-failed';
  dialogue.drop();
}

/** Undefined when the connection is secured. */
async function handshake(dialogue: Dialogue, request: TlsServerRequest): Promise<TlsFailure | undefined> {
  const { origin, log, parts } = dialogue;
  const started = await parts.connection.startServerTls(request, dialogue.commandDeadline());
  if (started.kind === 'error') {
    log.main(`TLS error on connection from ${hostAndIdent(origin, log, false)} ${started.message}`);
    return started;
  }
  // RFC 3207 s4.2: what was said before TLS is forgotten.
  origin.tls = { ...started.facts, wasVerificationTried: request.clientCertificate !== 'none' };
  if (!dialogue.config.main.tls_remember_esmtp) dialogue.session.state.esmtp = false;
  dialogue.isHeloSeen = false;
  dialogue.isAuthenticationTried = false;
  origin.heloName = undefined;
  origin.heloVerified = undefined;
  origin.authenticatorName = undefined;
  origin.authenticatedId = undefined;
  dialogue.forgetAdvertised();
  origin.protocol = protocolName(origin, dialogue.session.state.esmtp, dialogue.isOverTcp);
  return undefined;
}

/** The options of TLS for this client. The key may be in the certificate's file. */
async function serverRequest(dialogue: Dialogue): Promise<Outcome<TlsServerRequest>> {
  const { main } = dialogue.config;
  const frame = dialogue.frame();
  const certificate = await expandOctets(main.tls_certificate, frame);
  if (certificate.kind !== 'ok') return certificate;
  const values: Partial<Record<'key' | 'verify' | 'crl' | 'ciphers' | 'dhParam' | 'eccurve', Octets>> = {};
  for (const [name, option] of [
    ['key', main.tls_privatekey],
    ['verify', main.tls_verify_certificates],
    ['crl', main.tls_crl],
    ['ciphers', main.tls_require_ciphers],
    ['dhParam', main.tls_dhparam],
    ['eccurve', main.tls_eccurve],
  ] as const) {
    const expanded = await expandOctets(option, frame);
    if (expanded.kind === 'forced-fail') continue;
    if (expanded.kind !== 'ok') return fail(`${option?.what ?? name}: ${expanded.message}`);
    if (expanded.value !== '') values[name] = expanded.value;
  }
  const clientCertificate = (await isSenderHostIn(main.tls_verify_hosts, frame))
    ? 'require'
    : (await isSenderHostIn(main.tls_try_verify_hosts, frame))
      ? 'try'
      : 'none';
  return ok({
    certificateFile: certificate.value,
    keyFile: values.key ?? certificate.value,
    verifyCertificates: values.verify,
    crlFile: values.crl,
    ciphers: values.ciphers,
    options: main.openssl_options,
    dhParam: values.dhParam,
    eccurve: values.eccurve,
    clientCertificate,
    ...(await alpnRequest(dialogue)),
  });
}

/** Without names (`tls_alpn` empty, or not to be expanded) nothing can be agreed, and nothing is required. */
async function alpnRequest(dialogue: Dialogue): Promise<Pick<TlsServerRequest, 'alpn' | 'requiresAlpn'>> {
  const { tls_alpn, hosts_require_alpn } = dialogue.config.main;
  const frame = dialogue.frame();
  const expanded = await expandOctets(tls_alpn?.template, frame);
  if (expanded.kind !== 'ok') {
    if (expanded.kind !== 'forced-fail') dialogue.log.panic(`expansion of tls_alpn failed: ${expanded.message}`);
    return {};
  }
  const alpn = frame.services.lists.split(expanded.value);
  if (alpn.length === 0) return {};
  return { alpn, requiresAlpn: await isSenderHostIn(hosts_require_alpn, frame) };
}
