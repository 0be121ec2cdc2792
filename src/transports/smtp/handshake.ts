/**
 * From "connect" to "ready for MAIL": banner, EHLO or LHLO, TLS, authentication. Shared by the smtp transport and by callouts.
 * Spec ch. 30, ch. 43 "Configuring an Exim client to use TLS"; RFC 5321 s3.1, RFC 3207, RFC 4954.
 */
import type { Octets } from '../../base/octets.ts';
import type { ListSource, Template } from '../../core/config.ts';
import type { Deadline } from '../../core/deadline.ts';
import type { RetryError } from '../../core/drivers.ts';
import type { DeliveryState, Frame } from '../../core/frame.ts';
import type { ConnectFailure, HostItem, Services, TlsClientRequest } from '../../core/ports.ts';
import type { TlsFacts } from '../../core/session.ts';
import type { ServerExtensions } from '../../smtp/extensions.ts';
import { NO_EXTENSIONS, parseExtensions } from '../../smtp/extensions.ts';
import type { Failing } from '../errno.ts';
import { errnoNumber, eximErrno } from '../errno.ts';
import { expandOption, messageOf } from '../settings.ts';
import { authenticate } from './authenticate.ts';
import type { Answer } from './client.ts';
import { noError, SmtpClient } from './client.ts';
import type { SmtpOptions } from './options.ts';
import { protocolNamed } from './options.ts';

export interface HandshakeRequest {
  readonly set: SmtpOptions;
  /** Name of the transport, for messages. */
  readonly transport: Octets;
  /** With address and port. */
  readonly host: HostItem;
  readonly interface: Octets | undefined;
  readonly services: Services;
  readonly until: Deadline;
  /** `$host`, `$tls_out_…` and so on are filled in here. */
  readonly frame: Frame;
  readonly delivery: DeliveryState;
  readonly isVerifying: boolean;
  readonly logId?: string | undefined;
  readonly connectTimeoutSeconds: number;
  readonly commandTimeoutSeconds: number;
}

export interface ReadyClient {
  readonly client: SmtpClient;
  readonly extensions: ServerExtensions;
  readonly frame: Frame;
  readonly tls: TlsFacts | undefined;
  readonly authenticator: Octets | undefined;
  readonly isEsmtp: boolean;
}

/** `permanent`: a 5xx; all addresses fail. `host` errors are remembered for the host. */
export type HandshakeResult =
  | { readonly kind: 'ready'; readonly ready: ReadyClient }
  | {
      readonly kind: 'failing';
      readonly failing: Failing;
      readonly isPermanent: boolean;
      readonly isConnectFailure: boolean /** TLS failed: worth another try without. */;
      readonly triesClear?: boolean;
      /** The reply that was no 2xx, and to what. */
      readonly refusal?: { readonly after: Octets; readonly reply: Octets };
    };

/** Connects and greets. When TLS cannot be started and need not be, it connects once more without. */
export async function openClient(request: HandshakeRequest): Promise<HandshakeResult> {
  const first = await new Handshake(request, true).run();
  if (first.kind !== 'failing' || first.triesClear !== true) return first;
  const { host, services, logId } = request;
  services.log.main(
    `${first.failing.message}: ${request.isVerifying ? 'callout unencrypted to ' : 'delivering unencrypted to H='}${host.name} [${host.address ?? ''}] (not in hosts_require_tls)`,
    logId,
  );
  return new Handshake(request, false).run();
}

class Handshake {
  readonly #request: HandshakeRequest;
  readonly #allowsTls: boolean;
  #frame: Frame;

  constructor(request: HandshakeRequest, allowsTls: boolean) {
    this.#request = request;
    this.#allowsTls = allowsTls;
    this.#frame = request.frame;
  }

  async run(): Promise<HandshakeResult> {
    const { host, set, services, until } = this.#request;
    const connected = await services.net.connect(
      {
        address: host.address ?? '',
        port: host.port ?? 25,
        interface: this.#request.interface,
        keepAlive: set.keepalive,
        timeoutMs: this.#request.connectTimeoutSeconds * 1000,
      },
      until,
    );
    if (connected.kind === 'error') return connectFailing(connected, host);
    const { connection } = connected;
    this.#request.delivery.sendingAddress = connection.localAddress;
    this.#request.delivery.sendingPort = connection.localPort;
    this.#request.delivery.tlsOut = connection.tls;
    const client = new SmtpClient(
      connection,
      host,
      protocolNamed(set.protocol) === 'lmtp' ? 'LMTP' : 'SMTP',
      services.clock,
      until,
      services.log.isDebug('transport') ? (line) => services.log.debug('transport', () => line) : undefined,
    );
    const result = await this.#greet(client);
    if (result.kind === 'failing') await (result.refusal === undefined ? connection.close() : client.quit());
    return result;
  }

  async #greet(client: SmtpClient): Promise<HandshakeResult> {
    const { set } = this.#request;
    if (protocolNamed(set.protocol) === 'smtps') {
      const secured = await this.#startTls(client, 'TLS-on-connect');
      if (secured.kind === 'failing') return { ...secured, triesClear: false };
    }
    const banner = await client.readReply('initial connection', this.#request.commandTimeoutSeconds);
    const refused = refusedBy(banner, client, 'initial connection');
    if (refused !== undefined) return refused;
    const helo = await this.#expandHelo();
    if (helo.kind === 'failing') return helo;
    let hello = await this.#hello(client, helo.name);
    if (hello.kind === 'failing') return hello;
    // TLS may be there already: smtps, or a line that was turned around
    const isSecured = client.connection.tls !== undefined;
    const tls = !isSecured && this.#allowsTls ? await this.#negotiateTls(client, hello.extensions) : 'none';
    if (typeof tls === 'object') return tls;
    if (tls === 'started') {
      hello = await this.#hello(client, helo.name);
      if (hello.kind === 'failing') return hello;
    }
    const auth = await this.#authenticate(client, hello.extensions, hello.isEsmtp);
    if ('kind' in auth) return auth;
    return {
      kind: 'ready',
      ready: {
        client,
        extensions: hello.extensions,
        frame: this.#frame,
        tls: client.connection.tls,
        authenticator: auth.name,
        isEsmtp: hello.isEsmtp,
      },
    };
  }

  async #expandHelo(): Promise<{ readonly kind: 'ok'; readonly name: Octets } | (HandshakeResult & { kind: 'failing' })> {
    const { set, transport } = this.#request;
    if (set.helo_data === undefined) return { kind: 'ok', name: this.#frame.config.main.primary_hostname ?? '' };
    const expanded = await set.helo_data.evaluate(this.#frame);
    if (expanded.kind === 'ok') return { kind: 'ok', name: expanded.value.octets };
    return deferring({
      number: eximErrno.expansion,
      message: `failed to expand helo_data of ${transport} transport: ${messageOf(expanded)}`,
    });
  }

  /** EHLO, and HELO when that is refused; LHLO for LMTP. */
  async #hello(
    client: SmtpClient,
    name: Octets,
  ): Promise<
    { readonly kind: 'ok'; readonly extensions: ServerExtensions; readonly isEsmtp: boolean } | (HandshakeResult & { kind: 'failing' })
  > {
    const timeout = this.#request.commandTimeoutSeconds;
    if (client.protocol === 'LMTP' || !(await this.#isIn(this.#request.set.hosts_avoid_esmtp))) {
      const verb = client.protocol === 'LMTP' ? 'LHLO' : 'EHLO';
      const answer = await client.command(`${verb} ${name}`, timeout);
      if (answer.kind === 'lost') return lost(answer);
      if (answer.reply.code >= 200 && answer.reply.code < 300)
        return { kind: 'ok', extensions: parseExtensions(answer.reply.lines), isEsmtp: true };
      if (client.protocol === 'LMTP' || answer.reply.code < 400)
        return refusedBy(answer, client, `${verb} ${name}`) ?? deferring({ message: 'unexpected reply' });
    }
    const answer = await client.command(`HELO ${name}`, timeout);
    return refusedBy(answer, client, `HELO ${name}`) ?? { kind: 'ok', extensions: NO_EXTENSIONS, isEsmtp: false };
  }

  /** `none`: not offered or not wanted, and not needed. */
  async #negotiateTls(
    client: SmtpClient,
    extensions: ServerExtensions,
  ): Promise<'none' | 'started' | (HandshakeResult & { kind: 'failing' })> {
    const { set, isVerifying } = this.#request;
    const isRequired = await this.#isIn(set.hosts_require_tls);
    const avoids = (await this.#isIn(set.hosts_avoid_tls)) || (isVerifying && (await this.#isIn(set.hosts_verify_avoid_tls)));
    const isOffered = extensions.keywords.has('STARTTLS') && client.protocol === 'SMTP';
    if (!isOffered || avoids) {
      if (!isRequired) return 'none';
      const message = `a TLS session is required, but ${avoids ? 'an attempt to start TLS was not made' : 'the server did not offer TLS support'}`;
      return deferring({ number: eximErrno.tlsRequired, error: tlsRequired, message });
    }
    const answer = await client.command('STARTTLS', this.#request.commandTimeoutSeconds);
    if (answer.kind === 'lost') return lost(answer);
    if (answer.reply.code < 200 || answer.reply.code > 299) {
      if (isRequired)
        return deferring({
          number: eximErrno.tlsRequired,
          error: tlsRequired,
          message: `a TLS session is required, but ${client.refusal(answer.reply, 'STARTTLS')}`,
        });
      if (set.tls_tempfail_tryclear || answer.reply.code >= 500) return 'none';
      return deferring({ number: eximErrno.tlsFailure, message: client.refusal(answer.reply, 'STARTTLS') });
    }
    if (client.hasUnreadOctets)
      return deferring({ number: eximErrno.tlsFailure, message: 'TLS session: the server sent octets before the handshake' });
    const started = await this.#startTls(client, 'STARTTLS');
    if (started.kind === 'ok') return 'started';
    return { ...started, triesClear: !isRequired && set.tls_tempfail_tryclear };
  }

  async #startTls(client: SmtpClient, after: Octets): Promise<{ readonly kind: 'ok' } | (HandshakeResult & { kind: 'failing' })> {
    const request = await this.#tlsRequest();
    if ('failing' in request) return deferring(request.failing);
    client.connection.discardBuffered();
    const started = await client.connection.startClientTls(request, client.deadline(this.#request.commandTimeoutSeconds));
    const { host, services, logId } = this.#request;
    for (const error of started.verifyErrors ?? []) services.log.main(`[${host.address ?? ''}] ${error}`, logId);
    if (started.kind === 'error') {
      const message = started.message === '' ? `Remote host closed connection in response to ${after}` : `TLS session: ${started.message}`;
      return deferring({ number: eximErrno.tlsFailure, message });
    }
    this.#request.delivery.tlsOut = started.facts;
    return { kind: 'ok' };
  }

  async #tlsRequest(): Promise<TlsClientRequest | { readonly failing: Failing }> {
    const { set, host, transport } = this.#request;
    const values = new Map<string, Octets | undefined>();
    for (const [name, template] of Object.entries({
      tls_sni: set.tls_sni,
      tls_certificate: set.tls_certificate,
      tls_privatekey: set.tls_privatekey,
      tls_verify_certificates: set.tls_verify_certificates,
      tls_crl: set.tls_crl,
      tls_require_ciphers: set.tls_require_ciphers,
      tls_alpn: set.tls_alpn,
    } satisfies Record<string, Template | undefined>)) {
      const expanded = await expandOption(template, this.#frame);
      if (expanded.kind !== 'ok')
        return {
          failing: {
            number: eximErrno.expansion,
            message: `failed to expand "${name}" option for ${transport} transport: ${messageOf(expanded)}`,
          },
        };
      values.set(name, expanded.value === undefined || expanded.value.octets === '' ? undefined : expanded.value.octets);
    }
    // with neither list the certificate must verify
    const mustVerify = (isUnset(set.tls_verify_hosts) && isUnset(set.tls_try_verify_hosts)) || (await this.#isIn(set.tls_verify_hosts));
    const tryVerify = mustVerify || (await this.#isIn(set.tls_try_verify_hosts));
    const checksName = tryVerify && (await this.#isIn(set.tls_verify_cert_hostnames));
    const verify = values.get('tls_verify_certificates');
    const alpn = values.get('tls_alpn');
    return {
      host: host.name,
      sni: values.get('tls_sni'),
      certificateFile: values.get('tls_certificate'),
      keyFile: values.get('tls_privatekey') ?? values.get('tls_certificate'),
      verifyCertificates: verify,
      crlFile: values.get('tls_crl'),
      ciphers: values.get('tls_require_ciphers'),
      options: this.#frame.config.main.openssl_options,
      ...(alpn === undefined ? {} : { alpn: this.#request.services.lists.split(alpn) }),
      requiresAlpn: await this.#isIn(set.hosts_require_alpn),
      verifyNames: checksName ? [host.certificateName ?? host.name] : [],
      mustVerify: mustVerify && verify !== undefined,
      tryVerify: tryVerify && verify !== undefined,
      minDhBits: set.tls_dh_min_bits,
    };
  }

  async #authenticate(
    client: SmtpClient,
    extensions: ServerExtensions,
    isEsmtp: boolean,
  ): Promise<{ readonly name: Octets | undefined } | (HandshakeResult & { kind: 'failing' })> {
    const { set, services, logId } = this.#request;
    const isRequired = await this.#isIn(set.hosts_require_auth);
    const isWanted = isRequired || (await this.#isIn(set.hosts_try_auth));
    if (!isWanted || !isEsmtp || extensions.authMechanisms.length === 0) {
      if (!isRequired) return { name: undefined };
      return deferring({
        number: eximErrno.authFailed,
        error: authFailed,
        message: `authentication required but server "${this.#request.host.name}" did not advertise AUTH support`,
      });
    }
    const result = await authenticate(client, extensions.authMechanisms, this.#frame, this.#request.commandTimeoutSeconds);
    for (const line of result.log) services.log.main(line, logId);
    if (result.kind === 'ok') return { name: result.name };
    if (result.kind === 'lost') return deferring(result.failing);
    if (!isRequired) return { name: undefined };
    const why = result.kind === 'failed' ? 'authentication attempt(s) failed' : 'no compatible mechanism was found';
    return deferring({ number: eximErrno.authFailed, error: authFailed, message: `authentication required but ${why}` });
  }

  async #isIn(list: ListSource | undefined): Promise<boolean> {
    if (list === undefined) return false;
    const { host, services } = this.#request;
    const match = await services.lists.matchHost(list, { address: host.address, name: host.name, isSender: false }, this.#frame);
    return match.kind === 'ok' && match.value.matched;
  }
}

const tlsRequired: RetryError = { name: 'tls_required', detail: '', more: 0 };
const authFailed: RetryError = { name: 'auth_failed', detail: '', more: 0 };

/** Not even an empty list, which is a single colon. */
function isUnset(list: ListSource | undefined): boolean {
  return list === undefined || list.template.constant === '';
}

function deferring(failing: Failing): HandshakeResult & { kind: 'failing' } {
  return { kind: 'failing', failing, isPermanent: false, isConnectFailure: false };
}

function lost(answer: Answer & { kind: 'lost' }): HandshakeResult & { kind: 'failing' } {
  return deferring(answer.failing);
}

/** Undefined: a 2xx reply. */
function refusedBy(answer: Answer, client: SmtpClient, after: Octets): (HandshakeResult & { kind: 'failing' }) | undefined {
  if (answer.kind === 'lost') return lost(answer);
  const { code } = answer.reply;
  if (code >= 200 && code < 300) return undefined;
  return {
    kind: 'failing',
    isPermanent: code >= 500 && code < 600,
    isConnectFailure: false,
    failing: { number: 0, error: noError, message: client.refusal(answer.reply, after) },
    refusal: { after, reply: answer.reply.raw },
  };
}

function connectFailing(failure: ConnectFailure, host: HostItem): HandshakeResult {
  const detail = host.mx === undefined ? 'A' : 'MX';
  const error: RetryError = failure.isTimeout
    ? { name: 'timeout_connect', detail, more: 0 }
    : failure.errno === 'ECONNREFUSED'
      ? { name: 'refused', detail, more: 0 }
      : noError;
  return {
    kind: 'failing',
    isPermanent: false,
    isConnectFailure: true,
    failing: { number: errnoNumber(failure.errno), reason: failure.reason, error, message: '' },
  };
}
