/**
 * The lines of Dovecot's authentication protocol, version 1: what the service says in its handshake, a request for it, its answers.
 * Fields are separated by tabs, lines end with a newline. Pure; what cannot be read is an error, whoever speaks at the other end.
 */
import type { Octets } from '../base/octets.ts';
import { upperCase } from '../base/octets.ts';
import { encodeBase64 } from './base64.ts';

const MAJOR_VERSION = '1';

/** What the service has said of itself so far. */
export interface Greeting {
  /** In upper case. */
  readonly mechanisms: Set<Octets>;
  isDone: boolean;
}

/** Reads one line of the handshake into `greeting`. A text: what is wrong with it. Lines of other kinds are passed over, as the protocol wants. */
export function readGreetingLine(line: Octets, greeting: Greeting): Octets | undefined {
  const [word = '', ...fields] = line.split('\t');
  switch (word) {
    case 'VERSION':
      if (fields.length < 2) return 'authentication socket protocol error';
      return fields[0] === MAJOR_VERSION ? undefined : 'authentication socket protocol version mismatch';
    case 'MECH':
      if (fields[0] === undefined || fields[0] === '') return 'authentication socket protocol error';
      greeting.mechanisms.add(upperCase(fields[0]));
      return undefined;
    case 'DONE':
      greeting.isDone = true;
      return undefined;
    default:
      return undefined;
  }
}

/** Undefined when the service can do the mechanism (in upper case). */
export function mechanismProblem(greeting: Greeting, mechanism: Octets): Octets | undefined {
  if (greeting.mechanisms.size === 0) return 'authentication socket type mismatch (connected to auth-master instead of auth-client)';
  return greeting.mechanisms.has(mechanism) ? undefined : `Dovecot did not advertise mechanism "${mechanism}" to us`;
}

export interface AuthRequest {
  /** Of the connection: no other client of the service may have the same. */
  readonly clientId: number;
  readonly requestId: number;
  readonly mechanism: Octets;
  /** Nobody can listen: TLS, or client and server are one machine. */
  readonly isSecured: boolean;
  readonly hasValidCertificate: boolean;
  readonly remoteAddress: Octets | undefined;
  readonly localAddress: Octets | undefined;
  /** Undefined when the client sent nothing with its command. */
  readonly initial: Octets | undefined;
}

/** Of what the client says only base 64 gets in; `resp=` comes last, because everything behind it is ignored. */
export function formatAuthRequest(request: AuthRequest): Octets {
  const fields = [
    `AUTH\t${request.requestId}\t${request.mechanism}\tservice=smtp`,
    ...(request.isSecured ? ['secured'] : []),
    ...(request.hasValidCertificate ? ['valid-client-cert'] : []),
    ...(request.remoteAddress === undefined ? [] : [`rip=${request.remoteAddress}`]),
    ...(request.localAddress === undefined ? [] : [`lip=${request.localAddress}`]),
    'nologin',
    ...(request.initial === undefined ? [] : [`resp=${encodeBase64(request.initial)}`]),
  ];
  return `VERSION\t${MAJOR_VERSION}\t0\nCPID\t${request.clientId}\n${fields.join('\t')}\n`;
}

export function formatContinuation(requestId: number, answer: Octets): Octets {
  return `CONT\t${requestId}\t${encodeBase64(answer)}\n`;
}

export type AuthAnswer =
  | { readonly kind: 'ok' | 'fail' /** Who it was about, as the service writes it. */; readonly user: Octets | undefined }
  /** In base 64. */
  | { readonly kind: 'continue'; readonly challenge: Octets }
  | { readonly kind: 'error'; readonly message: Octets };

export function parseAuthAnswer(line: Octets, requestId: number): AuthAnswer {
  const [word, id, ...fields] = line.split('\t');
  if (id === undefined || (word !== 'OK' && word !== 'FAIL' && word !== 'CONT'))
    return { kind: 'error', message: 'authentication socket protocol error' };
  if (id !== String(requestId)) return { kind: 'error', message: 'authentication socket connection id mismatch' };
  if (word === 'CONT') return { kind: 'continue', challenge: fields[0] ?? '' };
  const user = fields.find((field) => field.startsWith('user='))?.slice('user='.length);
  if (word === 'FAIL') return { kind: 'fail', user };
  return user === undefined ? { kind: 'error', message: 'authentication socket protocol error' } : { kind: 'ok', user };
}
