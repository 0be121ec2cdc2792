/** STARTTLS, and TLS before the banner. RFC 3207; Spec ch. 43 "Encrypted SMTP connections using TLS/SSL". */
import type { Octets } from '../../base/octets.ts';
import { printable } from '../../base/octets.ts';
import type { Outcome, Template, TlsFacts, TlsFailure, TlsServerRequest } from '../../core/index.ts';
import { fail, isUsablePath, mapOutcome } from '../../core/index.ts';
import { hostAndIdent } from '../../logging/lines/host.ts';
import type { Command } from '../../smtp/command.ts';
import type { Dialogue } from '../dialogue.ts';
import { expandOctets, expandText, isSenderHostIn } from '../expansion.ts';
import { noteIncomplete } from '../incomplete-transaction.ts';
import { protocolName } from '../transaction.ts';
import { authenticateTlsClient } from './auth.ts';

export async function starttls(dialogue: Dialogue, command: Command): Promise<void> {
  const { config } = dialogue;
  if (!dialogue.advertised.tls) return dialogue.protocolError('protocol', '503', 'STARTTLS command used when not advertised');
  const verdict = await dialogue.runAcl('starttls', config.main.acl_smtp_starttls, { kind: 'accept' });
  if (verdict.kind !== 'accept' && verdict.kind !== 'discard') {
    dialogue.refuse('starttls', `STARTTLS ${printable(command.argument)}`, verdict);
    return;
  }
  if (dialogue.origin.tls !== undefined) return refuseSecondTime(dialogue);
  const request = await serverRequest(dialogue);
  const problem = request && dialogue.parts.connection.serverTlsProblem(request);
  if (problem) logTlsError(dialogue, problem.message);
  if (request === undefined || problem) return dialogue.reply('454', 'TLS currently unavailable');
  noteIncomplete(dialogue, 'STARTTLS');
  dialogue.resetTransaction();
  // What came before our answer is not read in the session under TLS (CVE-2011-0411); what comes after it is the handshake.
  dialogue.reader.discard();
  dialogue.reply('220', 'TLS go ahead');
  await dialogue.flush();
  const failed = await handshake(dialogue, request);
  if (failed?.isTimeout) return dialogue.lost({ kind: 'timeout' });
  if (failed) dropUnsecured(dialogue);
}

/** False when the handshake failed: the connection is then over. */
export async function startTlsAtOnce(dialogue: Dialogue): Promise<boolean> {
  dialogue.reader.giveBack(); // read with the header of a proxy
  const request = await serverRequest(dialogue);
  if (request !== undefined && !(await handshake(dialogue, request))) return true;
  dialogue.isTurnedAway = true;
  dropUnsecured(dialogue);
  return false;
}

function logTlsError({ log, origin }: Dialogue, text: Octets): void {
  log.main(`TLS error on connection from ${hostAndIdent(origin, log, false)} ${text}`);
}

/** Of a client that has not said EHLO since: nothing but QUIT is taken from it any more. */
function refuseSecondTime(dialogue: Dialogue): void {
  logTlsError(dialogue, '(STARTTLS received after TLS started)');
  dialogue.isTlsFailed = true;
  dialogue.reply('554', 'Already in TLS');
}

function dropUnsecured(dialogue: Dialogue): void {
  dialogue.session.state.quitReason = 'tls-failed';
  dialogue.drop();
}

/** Undefined when the connection is secured. */
async function handshake(dialogue: Dialogue, request: TlsServerRequest): Promise<TlsFailure | undefined> {
  const { origin, log, parts } = dialogue;
  const started = await parts.connection.startServerTls(request, dialogue.commandDeadline());
  for (const error of started.verifyErrors ?? []) log.main(`[${origin.hostAddress ?? ''}] ${error}`);
  if (started.kind === 'error') {
    origin.tls = undefined;
    logTlsError(dialogue, started.message);
    return started;
  }
  // RFC 3207 s4.2: what was said before TLS is forgotten.
  const wasVerificationTried = request.clientCertificate !== 'none' && started.facts.peerCertificate !== undefined;
  origin.tls = { ...started.facts, wasVerificationTried };
  if (!dialogue.config.main.tls_remember_esmtp) dialogue.forgetEhlo();
  dialogue.isAuthenticationTried = false;
  origin.heloName = undefined;
  origin.heloVerified = undefined;
  origin.authenticatorName = undefined;
  origin.authenticatorPublicName = undefined;
  origin.authenticatedId = undefined;
  origin.protocol = protocolName(origin, dialogue.session.state.esmtp, dialogue.isOverTcp);
  await authenticateTlsClient(dialogue);
  return undefined;
}

/** The options of TLS for this client; undefined when they cannot be expanded, which is in the log. */
async function serverRequest(dialogue: Dialogue): Promise<TlsServerRequest | undefined> {
  const { main } = dialogue.config;
  const frame = dialogue.frame();
  const files = await serverFiles(dialogue);
  if (files.kind !== 'ok') return cannotExpand(dialogue, files);
  const values = await expandAll(
    [
      ['ciphers', main.tls_require_ciphers],
      ['dhParam', main.tls_dhparam],
      ['eccurve', main.tls_eccurve],
    ] as const,
    (option) => expandOctets(option, frame),
  );
  if (values.kind !== 'ok') return cannotExpand(dialogue, values);
  const clientCertificate = (await isSenderHostIn(main.tls_verify_hosts, frame))
    ? 'require'
    : (await isSenderHostIn(main.tls_try_verify_hosts, frame))
      ? 'try'
      : 'none';
  const request: TlsServerRequest = {
    ...files.value,
    ...values.value,
    hostName: main.primary_hostname,
    options: main.openssl_options,
    dhMaxBits: main.tls_dh_max_bits,
    clientCertificate,
    offersResumption: await isSenderHostIn(main.tls_resumption_hosts, frame),
    ...(await alpnRequest(dialogue)),
  };
  if (!/tls_(?:in_)?sni/.test(main.tls_certificate?.source ?? '')) return request;
  return { ...request, forServerName: (name) => requestForName(dialogue, request, name) };
}

function cannotExpand(dialogue: Dialogue, problem: Failed): undefined {
  dialogue.log.panic(problem.message);
  logTlsError(dialogue, 'Internal error');
}

type Failed = { readonly kind: 'fail'; readonly message: Octets };
type Expanded<T> = { readonly kind: 'ok'; readonly value: T } | Failed;

type ServerFiles = Pick<TlsServerRequest, 'certificateFile' | 'keyFile' | 'verifyCertificates' | 'crlFile' | 'ocspFile'>;

/** What may depend on the name that the client asks for. The key may be in the certificate's file. */
async function serverFiles(dialogue: Dialogue): Promise<Expanded<ServerFiles>> {
  const { main } = dialogue.config;
  const expanded = await expandAll(
    [
      ['certificateFile', main.tls_certificate],
      ['keyFile', main.tls_privatekey],
      ['verifyCertificates', main.tls_verify_certificates],
      ['crlFile', main.tls_crl],
      ['ocspFile', main.tls_ocsp_file],
    ] as const,
    (option) => expandFile(dialogue, option),
  );
  if (expanded.kind !== 'ok') return expanded;
  const { certificateFile = '' } = expanded.value; // unset: a self-made one
  return { kind: 'ok', value: { keyFile: certificateFile, ...expanded.value, certificateFile } };
}

/** Undefined when no other files can be named: the session goes on with those it began with. Spec ch. 43 "Use of TLS Server Name Indication". */
async function requestForName(dialogue: Dialogue, request: TlsServerRequest, name: Octets): Promise<TlsServerRequest | undefined> {
  dialogue.origin.tls = { ...NO_FACTS, sni: name };
  const files = await serverFiles(dialogue);
  if (files.kind === 'ok') return { ...request, ...files.value };
  dialogue.log.panic(files.message);
  return undefined;
}

/** During the handshake nothing but the name is known. */
const NO_FACTS: TlsFacts = {
  cipher: '',
  cipherStandardName: '',
  version: '',
  bits: 0,
  peerDn: '',
  sni: '',
  certificateVerified: false,
  resumption: 0,
};

/** Of a name that the client chose a part of one component may be. */
async function expandFile(dialogue: Dialogue, option: Template | undefined): Promise<Outcome<Octets>> {
  const expanded = await expandText(option, dialogue.frame());
  if (expanded.kind !== 'ok' || isUsablePath(expanded.value, dialogue.config)) return mapOutcome(expanded, (text) => text.octets);
  return fail(`Tainted name '${printable(expanded.value.octets)}' for file read not permitted`);
}

/** The values that are set; a forced failure leaves one out, any other ends it. */
async function expandAll<Name extends string>(
  options: readonly (readonly [Name, Template | undefined])[],
  expand: (option: Template | undefined) => Promise<Outcome<Octets>>,
): Promise<Expanded<Partial<Record<Name, Octets>>>> {
  const values: Partial<Record<Name, Octets>> = {};
  for (const [name, option] of options) {
    const expanded = await expand(option);
    if (expanded.kind === 'forced-fail') continue;
    if (expanded.kind !== 'ok') return { kind: 'fail', message: `expansion of ${option?.what ?? name} failed: ${expanded.message}` };
    if (expanded.value !== '') values[name] = expanded.value;
  }
  return { kind: 'ok', value: values };
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
