/** One question to one name server: UDP from a socket of its own (a random port each time), TCP when the answer was truncated. RFC 1035 s4.2, RFC 5452. */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { Octets } from '../base/octets.ts';
import type { DnsResponse } from './dns-message.ts';
import { decodeResponse, isSameName } from './dns-message.ts';
import type { NameServer } from './resolv-conf.ts';

export interface Question {
  readonly id: number;
  readonly name: Octets;
  readonly type: string;
  readonly bytes: Buffer;
}

/** `unreachable`: the server refused or the network is down, so that waiting makes no sense. */
export type Exchange =
  | { readonly kind: 'answer'; readonly response: DnsResponse }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'unreachable'; readonly reason: string };

const timeout: Exchange = { kind: 'timeout' };

export async function askServer(server: NameServer, question: Question, timeoutMs: number, signal: AbortSignal): Promise<Exchange> {
  const first = await askUdp(server, question, timeoutMs, signal);
  return first.kind === 'answer' && first.response.isTruncated ? askTcp(server, question, timeoutMs, signal) : first;
}

function askUdp(server: NameServer, question: Question, timeoutMs: number, signal: AbortSignal): Promise<Exchange> {
  if (signal.aborted) return Promise.resolve(timeout);
  return new Promise((resolve) => {
    const socket = createSocket(server.address.includes(':') ? 'udp6' : 'udp4');
    let isOver = false;
    const finish = (result: Exchange): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      socket.close(); // its own listeners stay: a socket that is still being bound closes only through them
      resolve(result);
    };
    const giveUp = (): void => finish(timeout);
    const timer = setTimeout(giveUp, timeoutMs);
    signal.addEventListener('abort', giveUp);
    socket.on('error', (error) => finish({ kind: 'unreachable', reason: error.message }));
    socket.on('message', (bytes) => {
      const response = decodeResponse(bytes);
      if (response && answers(response, question)) finish({ kind: 'answer', response });
    });
    // Connected: the kernel takes packets of this server only, and reports that nobody listens.
    socket.on('connect', () => {
      if (!isOver) socket.send(question.bytes);
    });
    socket.connect(server.port, server.address);
  });
}

function askTcp(server: NameServer, question: Question, timeoutMs: number, signal: AbortSignal): Promise<Exchange> {
  if (signal.aborted) return Promise.resolve(timeout);
  return new Promise((resolve) => {
    const socket = connect({ host: server.address, port: server.port });
    let received: Buffer = Buffer.alloc(0);
    const finish = (result: Exchange): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      socket.removeAllListeners();
      socket.on('error', ignoreLateError);
      socket.destroy();
      resolve(result);
    };
    const giveUp = (): void => finish(timeout);
    const timer = setTimeout(giveUp, timeoutMs);
    signal.addEventListener('abort', giveUp);
    socket.on('error', (error) => finish({ kind: 'unreachable', reason: error.message }));
    socket.on('end', () => finish({ kind: 'unreachable', reason: 'connection closed' }));
    socket.on('connect', () => socket.write(withLength(question.bytes)));
    socket.on('data', (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const message = wholeMessage(received);
      if (!message) return;
      const response = decodeResponse(message);
      finish(response && answers(response, question) ? { kind: 'answer', response } : { kind: 'unreachable', reason: 'malformed answer' });
    });
  });
}

function withLength(bytes: Buffer): Buffer {
  const framed = Buffer.alloc(bytes.length + 2);
  framed.writeUInt16BE(bytes.length);
  bytes.copy(framed, 2);
  return framed;
}

function wholeMessage(received: Buffer): Buffer | undefined {
  if (received.length < 2) return undefined;
  const length = received.readUInt16BE(0);
  return received.length >= length + 2 ? received.subarray(2, length + 2) : undefined;
}

/** Some servers answer errors without repeating the question. */
function answers(response: DnsResponse, question: Question): boolean {
  if (response.id !== question.id) return false;
  if (!response.question) return response.rcode !== 'NOERROR';
  return response.question.type === question.type && isSameName(response.question.name, question.name);
}

function ignoreLateError(): void {
  // The exchange is over and its result known.
}
