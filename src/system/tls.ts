/**
 * TLS from Exim's options: contexts kept by the identity of their files, handshakes, and what is known of a session afterwards.
 * node:tls is loaded with the first context. Spec ch. 43 "Encrypted SMTP connections using TLS/SSL".
 */

import type { X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { SecureContext, SecureContextOptions, TLSSocket, TLSSocketOptions } from 'node:tls';
import { BoundedCache } from '../base/bounded-cache.ts';
import { isIp } from '../base/ip.ts';
import { lazy } from '../base/lazy.ts';
import { type Octets, trimSpace } from '../base/octets.ts';
import type { Deadline } from '../core/deadline.ts';
import type { Files, SystemResult, TlsClientRequest, TlsFailure, TlsServerRequest, TlsStarted } from '../core/ports.ts';
import type { TlsFacts } from '../core/session.ts';
import { certificateIsFor, makeSelfSigned, subjectOneLine } from './certificate.ts';
import { readDer, readDerSequence } from './der.ts';
import { errorCode, failureOf } from './failure.ts';
import { proofEndsAtMs, proofFile, proofFromPem } from './ocsp.ts';
import { cipherBits, NO_TICKET, nodeCiphers, parseOpensslOptions } from './openssl-options.ts';
import { TICKET_LIFETIME_SECONDS, TicketKeys } from './ticket-keys.ts';

const keptContexts = 256;
const certificateLimitBytes = 16 << 20;
const chainLimit = 32;

export type Secured = TlsStarted & { readonly stream: Duplex };

export interface ServerHandshake {
  accept(stream: Duplex, until: Deadline): Promise<Secured | TlsFailure>;
}

export interface ClientHandshake {
  connect(stream: Duplex, until: Deadline): Promise<Secured | TlsFailure>;
}

type Prepared<T> = { readonly kind: 'ok'; readonly value: T } | TlsFailure;

interface KeptContext {
  readonly context: SecureContext;
  readonly ourCertificate: Uint8Array | undefined;
  readonly proof: Proof | undefined;
}

/** That our certificate is not revoked. */
interface Proof {
  readonly response: Buffer;
  readonly endsAtMs: number;
}

/** What both kinds of requests say about certificates and protocol. */
interface ContextParts {
  readonly certificateFile: Octets;
  readonly keyFile: Octets;
  readonly verifyCertificates: Octets;
  readonly crlFile: Octets;
  readonly ocspFile: Octets;
  readonly ciphers: Octets;
  readonly options: Octets;
  readonly dhParam: Octets;
  readonly dhMaxBits: number;
  readonly eccurve: Octets;
  /** For a certificate that is made here. */
  readonly hostName: Octets;
  readonly isServer: boolean;
  readonly tickets?: TicketUse;
}

/** Of which period the key is; sessions with another demand for certificates are not resumed. */
interface TicketUse {
  readonly period: number;
  readonly clientCertificate: TlsServerRequest['clientCertificate'];
}

export interface TlsEngineParts {
  readonly files: Files;
  /** For a self-made certificate, where none is configured and the request has no name. */
  readonly hostName: () => Octets;
  readonly nowMs: () => number;
  /** Default: of this process. */
  readonly ticketSecret?: Buffer | undefined;
}

export class TlsEngine {
  readonly #files: Files;
  readonly #hostName: () => Octets;
  readonly #nowMs: () => number;
  readonly #ticketKeys: () => TicketKeys;
  readonly #contexts = new BoundedCache<string, KeptContext>(keptContexts);
  #systemCertificates: string[] | undefined;

  constructor({ files, hostName, nowMs, ticketSecret }: TlsEngineParts) {
    this.#files = files;
    this.#hostName = hostName;
    this.#nowMs = nowMs;
    this.#ticketKeys = lazy(() => new TicketKeys(ticketSecret));
  }

  /** Finds or makes the context; an empty certificate name is a self-made certificate. */
  prepareServer(request: TlsServerRequest): Prepared<ServerHandshake> {
    const kept = this.#context(this.#serverParts(request));
    if (kept.kind === 'error') return kept;
    return { kind: 'ok', value: { accept: (stream, until) => this.#accept(request, kept.value, stream, until) } };
  }

  prepareClient(request: TlsClientRequest): Prepared<ClientHandshake> {
    const kept = this.#context(clientParts(request));
    if (kept.kind === 'error') return kept;
    return { kind: 'ok', value: { connect: (stream, until) => connectTls(request, kept.value, stream, until) } };
  }

  async #accept(request: TlsServerRequest, kept: KeptContext, stream: Duplex, until: Deadline): Promise<Secured | TlsFailure> {
    const { TLSSocket } = loadTls();
    const choice: AlpnChoice = { refused: undefined };
    let ourCertificate = kept.ourCertificate;
    const options: ServerSocketOptions = {
      isServer: true,
      secureContext: kept.context,
      requestCert: request.clientCertificate !== 'none',
      rejectUnauthorized: request.clientCertificate === 'require', // without a certificate OpenSSL ends the handshake; one that does not verify is refused below
      ...(request.alpn ? { ALPNCallback: alpnCallback(request.alpn, choice) } : {}),
    };
    const { forServerName } = request;
    if (forServerName) {
      options.SNICallback = (name, callback) => {
        void this.#contextForName(forServerName, name).then((other) => {
          if (other?.kind === 'error') return callback(new Error(other.message));
          ourCertificate = other?.value.ourCertificate ?? ourCertificate;
          if (other) this.#staple(socket, other.value);
          callback(null, other?.value.context);
        });
      };
    }
    const socket = new TLSSocket(stream, options);
    this.#staple(socket, kept);
    const failed = await handshake(socket, 'secure', until);
    if (failed) return choice.refused ? { kind: 'error', message: choice.refused } : tlsFailure('SSL_accept', failed);
    if (request.requiresAlpn === true && !hasAlpn(socket)) return withoutAlpn(socket);
    const certificate = peerCertificate(socket);
    const peer = certificate?.raw;
    const verifyErrors = certificate ? verifyErrorsOf(socket, certificate) : [];
    if (request.clientCertificate === 'require' && (!peer || verifyErrors.length > 0)) {
      socket.destroy();
      return {
        kind: 'error',
        message: `(SSL_accept): ${peer ? refusedCertificate : missingCertificate}`,
        verifyErrors: verifyErrors.slice(0, 1),
      };
    }
    const facts = factsOf(
      socket,
      peer,
      ourCertificate,
      peer !== undefined && verifyErrors.length === 0,
      typeof socket.servername === 'string' ? socket.servername : '',
      request.offersResumption === true ? resumptionOf(socket) : RESUMPTION_KNOWN,
    );
    return { kind: 'ok', facts, stream: socket, verifyErrors };
  }

  /** For a client that asks for it. Node has a way to this for its own servers only: their handle does it. */
  #staple(socket: TLSSocket, { proof }: KeptContext): void {
    if (proof === undefined || proof.endsAtMs <= this.#nowMs()) return;
    const handle: unknown = Reflect.get(socket, '_handle');
    const setResponse: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'setOCSPResponse') : undefined;
    if (typeof setResponse === 'function') setResponse.call(handle, proof.response);
  }

  async #contextForName(
    forServerName: (name: Octets) => Promise<TlsServerRequest | undefined>,
    name: Octets,
  ): Promise<Prepared<KeptContext> | undefined> {
    const other = await forServerName(name);
    return other && this.#context(this.#serverParts(other));
  }

  #serverParts(request: TlsServerRequest): ContextParts {
    const parts = serverParts(request);
    if (request.offersResumption !== true) return parts;
    const period = this.#ticketKeys().period(this.#nowMs());
    return { ...parts, tickets: { period, clientCertificate: request.clientCertificate } };
  }

  #context(parts: ContextParts): Prepared<KeptContext> {
    const key = JSON.stringify([parts, this.#identities(parts)]);
    const known = this.#contexts.get(key);
    if (known) return { kind: 'ok', value: known };
    const made = this.#makeContext(parts);
    if (made.kind === 'ok') this.#contexts.set(key, made.value);
    return made;
  }

  /** What changes when a file is replaced. */
  #identities(parts: ContextParts): readonly string[] {
    const names = [
      ...fileList(parts.certificateFile),
      ...fileList(parts.keyFile),
      parts.verifyCertificates,
      parts.crlFile,
      parts.dhParam,
      proofFile(parts.ocspFile).path,
    ];
    return names
      .filter((name) => name.startsWith('/'))
      .map((name) => {
        const facts = this.#files.stat(name);
        return facts.kind === 'ok'
          ? `${facts.value.device}:${facts.value.inode}:${facts.value.mtimeNs}:${facts.value.sizeBytes}`
          : facts.errno;
      });
  }

  #makeContext(parts: ContextParts): Prepared<KeptContext> {
    const material = this.#readMaterial(parts);
    if (material.kind === 'error') return material;
    const openssl = parseOpensslOptions(parts.options);
    if (!openssl) return { kind: 'error', message: `(openssl_options parsing error): ${parts.options}` };
    const proof = this.#readProof(parts.ocspFile);
    if (proof.kind === 'error') return proof;
    const ciphers = nodeCiphers(parts.ciphers);
    const options: SecureContextOptions = {
      ...material.value.options,
      secureOptions: parts.tickets === undefined ? openssl.bits | NO_TICKET : openssl.bits & ~NO_TICKET,
      ...(parts.tickets === undefined ? {} : this.#ticketOptions(parts, parts.tickets)),
      minVersion: openssl.minVersion,
      ...(ciphers === undefined ? {} : { ciphers }),
      ...(parts.eccurve === '' || parts.eccurve === 'auto' ? {} : { ecdhCurve: parts.eccurve }),
    };
    try {
      const context = loadTls().createSecureContext(options);
      return { kind: 'ok', value: { context, ourCertificate: firstCertificate(material.value.options.cert), proof: proof.value } };
    } catch (error) {
      return { kind: 'error', message: contextFailure(error, parts) };
    }
  }

  /** A session is resumed only where it could have begun: under the same options, with the same files. */
  #ticketOptions(parts: ContextParts, { period, clientCertificate }: TicketUse): SecureContextOptions {
    const whatHolds = JSON.stringify([{ ...parts, tickets: clientCertificate }, this.#identities(parts)]);
    return {
      ticketKeys: this.#ticketKeys().ofPeriod(period),
      sessionTimeout: TICKET_LIFETIME_SECONDS,
      sessionIdContext: process.getBuiltinModule('node:crypto').createHash('sha256').update(whatHolds).digest('hex').slice(0, 32),
    };
  }

  #readMaterial(parts: ContextParts): Prepared<{ readonly options: SecureContextOptions }> {
    const options: SecureContextOptions = {};
    const certificateFiles = fileList(parts.certificateFile);
    if (certificateFiles.length > 0) {
      const certificates = this.#readAll(certificateFiles, 'SSL_CTX_use_certificate_chain_file');
      if (certificates.kind === 'error') return certificates;
      const keyFiles = fileList(parts.keyFile);
      const keys = keyFiles.length === 0 ? certificates : this.#readAll(keyFiles, 'SSL_CTX_use_PrivateKey_file');
      if (keys.kind === 'error') return keys;
      options.cert = [...certificates.value];
      options.key = [...keys.value];
    } else if (parts.isServer) {
      const own = makeSelfSigned(parts.hostName === '' ? this.#hostName() : parts.hostName, this.#nowMs());
      options.cert = [own.certificate];
      options.key = [own.key];
    }
    const trusted = this.#trusted(parts.verifyCertificates);
    if (trusted.kind === 'error') return trusted;
    options.ca = trusted.value;
    if (parts.crlFile !== '') {
      const crl = this.#pemTexts(parts.crlFile, 'tls_crl');
      if (crl.kind === 'error') return crl;
      options.crl = crl.value.flatMap((text) => text.match(crlBlocks) ?? []); // Node reads one from each string
    }
    if (parts.isServer) {
      const dh = this.#dhParameters(parts);
      if (dh.kind === 'error') return dh;
      if (dh.value !== undefined) options.dhparam = dh.value;
    }
    return { kind: 'ok', value: { options } };
  }

  /** What is no proof, or does not say until when it holds, is none. */
  #readProof(item: Octets): Prepared<Proof | undefined> {
    if (item === '') return { kind: 'ok', value: undefined };
    const { path, isPem } = proofFile(item);
    const read = this.#files.readFile(path, certificateLimitBytes);
    if (read.kind === 'error') return { kind: 'error', message: fileFailure('tls_ocsp_file', path, read) };
    const response = isPem ? proofFromPem(read.value.toString('latin1')) : read.value;
    const endsAtMs = proofEndsAtMs(response);
    return { kind: 'ok', value: endsAtMs === undefined ? undefined : { response, endsAtMs } };
  }

  /** Of a name OpenSSL's own choice is taken, which is as good as any of them. */
  #dhParameters({ dhParam, dhMaxBits }: ContextParts): Prepared<string | undefined> {
    if (dhParam === 'none') return { kind: 'ok', value: undefined };
    if (!dhParam.startsWith('/')) {
      if (dhParam === '' || dhPrimeNames.test(dhParam)) return { kind: 'ok', value: 'auto' };
      return { kind: 'error', message: `(No standard prime named): ${dhParam}` };
    }
    const read = this.#readAll([dhParam], 'tls_dhparam');
    if (read.kind === 'error') return read;
    const [text = ''] = read.value;
    return { kind: 'ok', value: primeBits(text) > dhMaxBits ? undefined : text };
  }

  #readAll(paths: readonly Octets[], what: string): Prepared<readonly string[]> {
    const texts: string[] = [];
    for (const path of paths) {
      const read = this.#files.readFile(path, certificateLimitBytes);
      if (read.kind === 'error') return { kind: 'error', message: fileFailure(what, path, read) };
      texts.push(read.value.toString('latin1'));
    }
    return { kind: 'ok', value: texts };
  }

  /** An empty list trusts nobody: without it Node would trust its own roots. */
  #trusted(verifyCertificates: Octets): Prepared<string[]> {
    if (verifyCertificates === '') return { kind: 'ok', value: [] };
    if (verifyCertificates === 'system') {
      this.#systemCertificates ??= loadTls().getCACertificates('system');
      return { kind: 'ok', value: this.#systemCertificates };
    }
    return this.#pemTexts(verifyCertificates, 'SSL_CTX_load_verify_locations');
  }

  /** Of a file, or of all files of a directory. */
  #pemTexts(path: Octets, what: string): Prepared<string[]> {
    const facts = this.#files.stat(path);
    if (facts.kind === 'error') return { kind: 'error', message: fileFailure(what, path, facts) };
    if (facts.value.type !== 'directory') {
      const read = this.#readAll([path], what);
      return read.kind === 'ok' ? { kind: 'ok', value: [...read.value] } : read;
    }
    const names = this.#files.list(path);
    if (names.kind === 'error') return { kind: 'error', message: fileFailure(what, path, names) };
    const texts = names.value.map((name) => this.#files.readFile(`${path}/${name}`, certificateLimitBytes));
    return {
      kind: 'ok',
      value: texts
        .flatMap((read) => (read.kind === 'ok' ? [read.value.toString('latin1')] : []))
        .filter((text) => text.includes('-----BEGIN')),
    };
  }
}

/** Node's options that its types do not have on a bare TLSSocket. */
interface ServerSocketOptions extends TLSSocketOptions {
  ALPNCallback?: (offer: { readonly servername: string; readonly protocols: readonly string[] }) => string | undefined;
}

interface AlpnChoice {
  refused: Octets | undefined;
}

const dhPrimeNames =
  /^(?:default|historic|ffdhe(?:2048|3072|4096|6144|8192)|ike(?:1|2|5|14|15|16|17|18|22|23|24)|exim\.dev\.20160529\.[123])$/;
const crlBlocks = /-----BEGIN X509 CRL-----[^-]*-----END X509 CRL-----/g;
const refusedCertificate = 'error:0A000086:SSL routines::certificate verify failed';
const closedByPeer = 'error:0A000126:SSL routines::unexpected eof while reading';
const missingCertificate = 'error:0A0000C7:SSL routines::peer did not return a certificate';

/** Exactly one protocol that we know, else the handshake fails (against cross-protocol attacks). Spec ch. 14 "tls_alpn". */
function alpnCallback(known: readonly Octets[], choice: AlpnChoice) {
  return ({ protocols }: { readonly protocols: readonly string[] }): string | undefined => {
    const [only] = protocols;
    if (protocols.length === 1 && only !== undefined && known.includes(only)) return only;
    choice.refused = `(handshake): Bad ALPN presented (${protocols.join(':')})`;
    return undefined;
  };
}

function hasAlpn(socket: TLSSocket): boolean {
  return typeof socket.alpnProtocol === 'string';
}

/** Node has no way to send the peer an alert after the handshake. */
function withoutAlpn(socket: TLSSocket): TlsFailure {
  socket.destroy();
  return { kind: 'error', message: '(handshake): ALPN required but not negotiated' };
}

async function connectTls(request: TlsClientRequest, kept: KeptContext, stream: Duplex, until: Deadline): Promise<Secured | TlsFailure> {
  const serverName = request.sni ?? '';
  const socket = loadTls().connect({
    socket: stream,
    secureContext: kept.context,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined, // done below: Exim's choice of names
    ...(serverName !== '' && !isIp(serverName) ? { servername: serverName } : {}),
    ...(request.alpn && request.alpn.length > 0 ? { ALPNProtocols: [...request.alpn] } : {}),
  });
  const failed = await handshake(socket, 'secureConnect', until);
  if (failed) return tlsFailure('SSL_connect', failed);
  if (request.requiresAlpn === true && !hasAlpn(socket)) return withoutAlpn(socket);
  const certificate = peerCertificate(socket);
  const peer = certificate?.raw;
  const checked = request.mustVerify || request.tryVerify;
  const verifyErrors = checked ? clientVerifyErrors(socket, certificate, request) : [];
  if (request.mustVerify && verifyErrors.length > 0) {
    socket.destroy();
    return { kind: 'error', message: `(SSL_connect): ${refusedCertificate}`, verifyErrors: verifyErrors.slice(0, 1) };
  }
  return {
    kind: 'ok',
    facts: factsOf(socket, peer, kept.ourCertificate, checked && verifyErrors.length === 0, serverName),
    stream: socket,
    verifyErrors,
  };
}

type HandshakeFailure = { readonly kind: 'timeout' } | { readonly kind: 'closed' } | { readonly kind: 'error'; readonly error: unknown };

/** Undefined when it succeeded; else the socket is destroyed. */
function handshake(socket: TLSSocket, event: 'secure' | 'secureConnect', until: Deadline): Promise<HandshakeFailure | undefined> {
  return new Promise((resolve) => {
    const settle = (failed: HandshakeFailure | undefined) => {
      clearTimeout(timer);
      until.signal.removeEventListener('abort', expire);
      for (const [name, listener] of listeners) socket.off(name, listener);
      if (failed) {
        socket.on('error', ignoreLate);
        socket.destroy();
      }
      resolve(failed);
    };
    const expire = () => settle({ kind: 'timeout' });
    const onError = (error: unknown) => settle({ kind: 'error', error });
    const listeners: readonly (readonly [string, (...values: unknown[]) => void])[] = [
      [event, () => settle(undefined)],
      ['error', onError],
      ['_tlsError', onError], // how a server-side TLSSocket without a tls.Server tells
      ['close', () => settle({ kind: 'closed' })],
      ['end', () => settle({ kind: 'closed' })],
    ];
    for (const [name, listener] of listeners) socket.on(name, listener);
    const waitMs = until.endMs - performance.now();
    const timer = waitMs < 2 ** 31 ? setTimeout(expire, Math.max(waitMs, 0)) : undefined;
    until.signal.addEventListener('abort', expire);
    if (until.signal.aborted) expire();
  });
}

/** A handshake that ended before the peer said anything. */
export function silentHandshake(why: 'timeout' | 'closed'): TlsFailure {
  return tlsFailure('SSL_accept', { kind: why });
}

function tlsFailure(call: 'SSL_accept' | 'SSL_connect', failed: HandshakeFailure): TlsFailure {
  switch (failed.kind) {
    case 'timeout':
      return { kind: 'error', message: `(${call}): timed out`, isTimeout: true };
    case 'closed':
      return { kind: 'error', message: `(${call}): ${closedByPeer}` };
    case 'error':
      return { kind: 'error', message: `(${call}): ${opensslError(failed.error)}` };
  }
}

/** `error:0A0000C1:SSL routines::no shared cipher`, without the function and file that Node's message has. */
function opensslError(error: unknown): Octets {
  const text = error instanceof Error ? error.message : String(error);
  const match = /error:([0-9A-F]{8}):([^:]*):[^:]*:([^:]*)/.exec(text);
  if (match) return `error:${match[1]}:${match[2]}::${match[3]}`;
  const code = errorCode(error);
  if (code === 'ECONNRESET' || code === 'ERR_SSL_UNEXPECTED_EOF_WHILE_READING') return closedByPeer;
  return code !== undefined && !code.startsWith('ERR_') ? failureOf(error).reason : text;
}

function contextFailure(error: unknown, parts: ContextParts): Octets {
  const code = errorCode(error) ?? '';
  const text = opensslError(error);
  if (code === 'ERR_SSL_NO_CIPHER_MATCH' || /cipher|invalid command/i.test(text))
    return `(SSL_CTX_set_cipher_list(${parts.ciphers})): ${text}`;
  if (/ECDH curve/.test(text)) return `(Unknown curve name tls_eccurve '${parts.eccurve}'): ${text}`;
  if (/key values mismatch|private key|PRIVATE/i.test(text))
    return `(SSL_CTX_use_PrivateKey_file file=${parts.keyFile === '' ? parts.certificateFile : parts.keyFile}): ${text}`;
  return `(SSL_CTX_use_certificate_chain_file file=${parts.certificateFile}): ${text}`;
}

function fileFailure(what: string, path: Octets, reason: Exclude<SystemResult<never>, { kind: 'ok' }>): Octets {
  const number = process.getBuiltinModule('node:os').constants.errno[reason.errno as keyof typeof import('node:os').constants.errno] ?? 0; // unknown names: 0
  return `(${what} file=${path}): error:${(0x80000000 + number).toString(16).toUpperCase()}:system library::${reason.reason}`;
}

function serverParts(request: TlsServerRequest): ContextParts {
  return {
    certificateFile: request.certificateFile,
    keyFile: request.keyFile,
    verifyCertificates: request.verifyCertificates ?? '',
    crlFile: request.crlFile ?? '',
    ocspFile: fileList(request.ocspFile ?? '')[0] ?? '',
    ciphers: request.ciphers ?? '',
    options: request.options ?? '',
    dhParam: request.dhParam ?? '',
    dhMaxBits: request.dhMaxBits ?? Number.POSITIVE_INFINITY,
    eccurve: request.eccurve ?? '',
    hostName: request.certificateFile === '' ? (request.hostName ?? '') : '',
    isServer: true,
  };
}

function clientParts(request: TlsClientRequest): ContextParts {
  return {
    certificateFile: request.certificateFile ?? '',
    keyFile: request.keyFile ?? '',
    verifyCertificates: request.verifyCertificates ?? '',
    crlFile: request.crlFile ?? '',
    ocspFile: '',
    ciphers: request.ciphers ?? '',
    options: request.options ?? '',
    dhParam: '',
    dhMaxBits: 0,
    eccurve: '',
    hostName: '',
    isServer: false,
  };
}

/** One file, or several separated by colons (a certificate for each kind of key). */
function fileList(files: Octets): readonly Octets[] {
  return files
    .split(':')
    .map(trimSpace)
    .filter((name) => name !== '');
}

function factsOf(
  socket: TLSSocket,
  peer: Uint8Array | undefined,
  ourCertificate: Uint8Array | undefined,
  certificateVerified: boolean,
  sni: Octets,
  resumption = RESUMPTION_KNOWN,
): TlsFacts {
  const cipher = socket.getCipher();
  const version = (socket.getProtocol() ?? '').replace('v', '');
  const bits = cipherBits(cipher.standardName);
  return {
    cipher: `${version}:${cipher.name}:${bits}`,
    cipherStandardName: cipher.standardName,
    version,
    bits,
    peerDn: peer ? subjectOneLine(Buffer.from(peer)) : '',
    sni,
    certificateVerified,
    ...(ourCertificate ? { ourCertificate } : {}),
    ...(peer ? { peerCertificate: peer } : {}),
    resumption,
  };
}

/** Bits of `$tls_in_resumption`. */
const RESUMPTION_KNOWN = 1;
const TICKET_ASKED_FOR = 2;
const SESSION_OFFERED = 4;
const TICKET_GIVEN = 8;
const SESSION_RESUMED = 16;

/** Under TLS 1.2 a session that is resumed goes on with its ticket, under 1.3 there is a new one. */
function resumptionOf(socket: TLSSocket): number {
  if (!socket.isSessionReused()) return RESUMPTION_KNOWN | TICKET_ASKED_FOR | TICKET_GIVEN;
  const resumed = RESUMPTION_KNOWN | SESSION_OFFERED | TICKET_GIVEN | SESSION_RESUMED;
  return socket.getProtocol() === 'TLSv1.3' ? resumed | TICKET_ASKED_FOR : resumed;
}

/** To be asked once: it takes the issuers off what Node keeps. */
function peerCertificate(socket: TLSSocket): X509Certificate | undefined {
  return socket.getPeerX509Certificate();
}

function clientVerifyErrors(socket: TLSSocket, peer: X509Certificate | undefined, request: TlsClientRequest): readonly Octets[] {
  if (!peer) return ['SSL verify error: no certificate'];
  return [...verifyErrorsOf(socket, peer), ...nameErrorsOf(peer.raw, request)];
}

/** OpenSSL's texts for why the chain did not verify, as Exim logs them; none when it did. */
function verifyErrorsOf(socket: TLSSocket, peer: X509Certificate): readonly Octets[] {
  const reason: unknown = verifyReason(socket);
  if (reason === undefined) return [];
  const code = typeof reason === 'string' ? reason : (errorCode(reason) ?? String(reason));
  const { depth, certificate } = atTopOfChain.has(code) ? topOfChain(peer) : { depth: 0, certificate: peer };
  const codes = code === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' ? ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', code] : [code]; // Node tells the last one
  const subject = subjectOneLine(certificate.raw);
  return codes.map((each) => `SSL verify error: depth=${depth} error=${verifyTexts.get(each) ?? each} cert=${subject}`);
}

/** Errors of the last certificate that was found, not of the peer's own. */
const atTopOfChain: ReadonlySet<string> = new Set(['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'SELF_SIGNED_CERT_IN_CHAIN']);

function topOfChain(peer: X509Certificate): { readonly depth: number; readonly certificate: X509Certificate } {
  let certificate = peer;
  let depth = 0;
  for (let next = peer.issuerCertificate; next !== undefined && depth < chainLimit; next = next.issuerCertificate) {
    if (next.fingerprint256 === certificate.fingerprint256) break;
    certificate = next;
    depth++;
  }
  return { depth, certificate };
}

/** A server-side TLSSocket without a tls.Server does not set `authorizationError`: its handle knows. */
function verifyReason(socket: TLSSocket): unknown {
  if (socket.authorized) return undefined;
  if (socket.authorizationError) return socket.authorizationError;
  const handle: unknown = Reflect.get(socket, '_handle');
  const verify: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'verifyError') : undefined;
  return typeof verify === 'function' ? (verify.call(handle) ?? undefined) : 'UNSPECIFIED';
}

function nameErrorsOf(peer: Uint8Array, request: TlsClientRequest): readonly Octets[] {
  if (request.verifyNames.length === 0) return [];
  const certificate = Buffer.from(peer);
  if (request.verifyNames.some((name) => certificateIsFor(certificate, name))) return [];
  return [`SSL verify error: certificate name mismatch: DN="${subjectOneLine(certificate)}" H="${request.verifyNames[0] ?? request.host}"`];
}

/** X509_verify_cert_error_string's texts by Node's codes. */
const verifyTexts: ReadonlyMap<string, string> = new Map([
  ['UNABLE_TO_GET_ISSUER_CERT', 'unable to get issuer certificate'],
  ['UNABLE_TO_GET_CRL', 'unable to get certificate CRL'],
  ['CERT_SIGNATURE_FAILURE', 'certificate signature failure'],
  ['CERT_NOT_YET_VALID', 'certificate is not yet valid'],
  ['CERT_HAS_EXPIRED', 'certificate has expired'],
  ['CRL_HAS_EXPIRED', 'CRL has expired'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'unable to get local issuer certificate'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate'],
  ['CERT_CHAIN_TOO_LONG', 'certificate chain too long'],
  ['CERT_REVOKED', 'certificate revoked'],
  ['INVALID_CA', 'invalid CA certificate'],
  ['PATH_LENGTH_EXCEEDED', 'path length constraint exceeded'],
  ['INVALID_PURPOSE', 'unsuitable certificate purpose'],
  ['CERT_UNTRUSTED', 'certificate not trusted'],
  ['CERT_REJECTED', 'certificate rejected'],
]);

function firstCertificate(certificates: SecureContextOptions['cert']): Uint8Array | undefined {
  const first: unknown = Array.isArray(certificates) ? certificates[0] : undefined;
  if (typeof first !== 'string') return undefined;
  const body = /-----BEGIN CERTIFICATE-----([^-]*)-----END/.exec(first)?.[1];
  return body === undefined ? undefined : Buffer.from(body, 'base64');
}

/** Of DH parameters in PEM (PKCS #3); 0 when they are not such. */
function primeBits(pem: string): number {
  const body = /-----BEGIN DH PARAMETERS-----([^-]*)-----END/.exec(pem)?.[1] ?? '';
  const [prime] = readDerSequence(readDer(Buffer.from(body, 'base64'))?.content ?? Buffer.alloc(0));
  const octets = prime?.content ?? Buffer.alloc(0);
  const first = octets.findIndex((octet) => octet !== 0);
  return first < 0 ? 0 : (octets.length - first) * 8 - Math.clz32(octets[first] ?? 0) + 24;
}

function loadTls(): typeof import('node:tls') {
  return process.getBuiltinModule('node:tls');
}

/** Errors of a socket that nobody uses any more. */
function ignoreLate(): void {}
