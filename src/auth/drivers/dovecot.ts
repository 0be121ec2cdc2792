/**
 * Asks the authentication service of Dovecot, which knows mechanisms and passwords; we carry challenges and answers. Spec ch. 37 "The dovecot
 * authenticator". A connection for each AUTH command: it ends with the command, whatever either side does.
 */
import type { Octets } from '../../base/octets.ts';
import { octetsFromBytes, upperCase } from '../../base/octets.ts';
import type { AuthDialogue, Connection, Deadline, Frame, Outcome, ServerAuthResult } from '../../core/index.ts';
import { defineAuthenticator, earlier, fail, ok, option, originOf, tainted } from '../../core/index.ts';
import { connectHost } from '../../expand/socket-read.ts';
import { decodeBase64 } from '../base64.ts';
import {
  type AuthAnswer,
  formatAuthRequest,
  formatContinuation,
  type Greeting,
  mechanismProblem,
  parseAuthAnswer,
  readGreetingLine,
} from '../dovecot-protocol.ts';
import { authenticatorOptions } from '../generic-options.ts';

const options = {
  server_socket: option.string({ doc: 'The socket of the service: an absolute path, or a host and a port with a space between.' }),
  server_tls: option.boolean({ default: false, doc: 'The service is spoken to over TLS; of its certificate nothing is asked.' }),
} as const;

interface Service {
  readonly socket: Octets;
  readonly usesTls: boolean;
  /** In upper case. */
  readonly mechanism: Octets;
}

/** How long the service may take for its greeting, and for each answer: it delays those to clients that guess. */
const PATIENCE_MS = 60_000;
const CONNECT_TIMEOUT_MS = 5000;
/** Dovecot's own limit for a line is 8192. */
const MAX_LINE = 16_384;
const MAX_GREETING = 1 << 18;
const MAX_CLIENT_ID = 0x7fff_ffff;
const REQUEST_ID = 1;
const PREMATURE_END = 'authentication socket read error or premature eof';

export default defineAuthenticator({
  name: 'dovecot',
  summary: 'Asks the authentication service of Dovecot.',
  spec: 'ch. 37 "The dovecot authenticator"',
  generic: authenticatorOptions,
  options,
  create: (set, { name, generic }) => {
    const mechanism = upperCase(typeof generic.public_name === 'string' ? generic.public_name : name);
    const { server_socket: socket } = set;
    if (socket === undefined) return {};
    const service: Service = { socket, usesTls: set.server_tls, mechanism };
    return { isWrongBase64Wrong: true, server: (initial, dialogue, frame) => serve(service, initial, dialogue, frame) };
  },
});

async function serve(service: Service, initial: Octets | undefined, dialogue: AuthDialogue, frame: Frame): Promise<ServerAuthResult> {
  const opened = await connect(service, frame);
  if (opened.kind !== 'ok') return { kind: 'defer', message: opened.kind === 'forced-fail' ? '' : opened.message };
  const lines = new ServiceLines(opened.value, () => waiting(frame));
  try {
    const greeted = await readGreeting(lines, service.mechanism);
    if (greeted.kind !== 'ok') return greeted;
    return await converse(lines, service, initial, dialogue, frame);
  } finally {
    opened.value.close();
  }
}

async function connect(service: Service, frame: Frame): Promise<Outcome<Connection>> {
  const opened = service.socket.startsWith('/') ? await connectLocal(service.socket, frame) : await connectRemote(service.socket, frame);
  if (opened.kind !== 'ok' || !service.usesTls) return opened;
  const request = { host: service.socket, verifyNames: [], mustVerify: false, tryVerify: false };
  const tls = await opened.value.startClientTls(request, waiting(frame));
  if (tls.kind === 'ok') return opened;
  opened.value.close();
  return fail(`TLS connect failed: ${tls.message}`);
}

async function connectLocal(path: Octets, frame: Frame): Promise<Outcome<Connection>> {
  const result = await frame.services.net.connect({ address: path, port: 0, timeoutMs: CONNECT_TIMEOUT_MS }, frame.until);
  return result.kind === 'ok' ? ok(result.connection) : fail(`unable to connect to UNIX socket (${path}): ${result.reason}`);
}

async function connectRemote(socket: Octets, frame: Frame): Promise<Outcome<Connection>> {
  const match = /^([^ ]+) +([0-9A-Za-z-]+)$/.exec(socket);
  if (!match) return fail(`invalid socket '${socket}'`);
  const host = match[1] ?? '';
  return connectHost(host, match[2] ?? '', host, CONNECT_TIMEOUT_MS, frame);
}

function waiting(frame: Frame): Deadline {
  return earlier(frame.until, frame.services.clock.monotonicMs() + PATIENCE_MS);
}

type Greeted = { readonly kind: 'ok' } | { readonly kind: 'defer'; readonly message: Octets };

async function readGreeting(lines: ServiceLines, mechanism: Octets): Promise<Greeted> {
  const greeting: Greeting = { mechanisms: new Set(), isDone: false };
  const until = lines.deadline();
  for (let length = 0; !greeting.isDone; ) {
    const line = await lines.next(until);
    if (line.kind !== 'ok') return line;
    length += line.value.length;
    const problem = length > MAX_GREETING ? 'authentication socket protocol error' : readGreetingLine(line.value, greeting);
    if (problem !== undefined) return { kind: 'defer', message: problem };
  }
  const problem = mechanismProblem(greeting, mechanism);
  return problem === undefined ? { kind: 'ok' } : { kind: 'defer', message: problem };
}

async function converse(
  lines: ServiceLines,
  service: Service,
  initial: Octets | undefined,
  dialogue: AuthDialogue,
  frame: Frame,
): Promise<ServerAuthResult> {
  let answer = await ask(lines, requestText(service.mechanism, initial, frame));
  while (answer.kind === 'continue') {
    const challenge = decodeBase64(answer.challenge);
    if (challenge === undefined) return { kind: 'defer', message: 'authentication socket protocol error' };
    const reply = await dialogue.challenge(challenge);
    if (reply === undefined) return { kind: 'cancelled' };
    if (reply === 'bad-base64') return { kind: 'fail' };
    answer = await ask(lines, formatContinuation(REQUEST_ID, reply));
  }
  if (answer.kind === 'error') return { kind: 'defer', message: answer.message };
  const values = answer.user === undefined ? [] : [tainted(answer.user)];
  if (answer.kind === 'ok') return { kind: 'ok', values };
  frame.results.auth = values;
  return { kind: 'fail' };
}

function requestText(mechanism: Octets, initial: Octets | undefined, frame: Frame): Octets {
  const origin = originOf(frame);
  const { hostAddress, interfaceAddress, tls } = origin ?? {};
  return formatAuthRequest({
    clientId: 1 + frame.services.random.below(MAX_CLIENT_ID),
    requestId: REQUEST_ID,
    mechanism,
    isSecured: tls !== undefined || (hostAddress !== undefined && hostAddress === interfaceAddress),
    hasValidCertificate: tls?.certificateVerified === true,
    remoteAddress: hostAddress,
    localAddress: interfaceAddress,
    initial,
  });
}

async function ask(lines: ServiceLines, text: Octets): Promise<AuthAnswer> {
  const until = lines.deadline();
  const written = await lines.write(text, until);
  if (!written) return { kind: 'error', message: PREMATURE_END };
  const line = await lines.next(until);
  return line.kind === 'ok' ? parseAuthAnswer(line.value, REQUEST_ID) : { kind: 'error', message: line.message };
}

/** The service's lines, each of them bounded. */
class ServiceLines {
  readonly #connection: Connection;
  /** For what is asked from now on. */
  readonly deadline: () => Deadline;
  #read: Octets = '';

  constructor(connection: Connection, deadline: () => Deadline) {
    this.#connection = connection;
    this.deadline = deadline;
  }

  async write(text: Octets, until: Deadline): Promise<boolean> {
    return (await this.#connection.write(text, until)).kind === 'ok';
  }

  /** Without its newline. */
  async next(
    until: Deadline,
  ): Promise<{ readonly kind: 'ok'; readonly value: Octets } | { readonly kind: 'defer'; readonly message: Octets }> {
    for (let searched = 0; ; ) {
      const end = this.#read.indexOf('\n', searched);
      if (end >= 0) {
        const line = this.#read.slice(0, end);
        this.#read = this.#read.slice(end + 1);
        return { kind: 'ok', value: line };
      }
      if (this.#read.length > MAX_LINE) return { kind: 'defer', message: 'authentication socket protocol line too long' };
      searched = this.#read.length;
      const part = await this.#connection.read(until);
      if (part.kind !== 'data') return { kind: 'defer', message: PREMATURE_END };
      this.#read += octetsFromBytes(part.bytes);
    }
  }
}
