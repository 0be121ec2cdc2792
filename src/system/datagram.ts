/** Datagrams by UDP, each from a socket of its own: a question and its answer, or a statement. */
import { createSocket } from 'node:dgram';
import type { Deadline } from '../core/deadline.ts';
import type { DatagramRequest, DatagramResult, SystemResult } from '../core/ports.ts';
import { attempt, done, failureOf } from './failure.ts';

export function exchangeDatagram({ address, port, bytes, isAnswer }: DatagramRequest, until: Deadline): Promise<DatagramResult> {
  const waitMs = until.endMs - performance.now();
  if (until.signal.aborted || waitMs <= 0) return Promise.resolve({ kind: 'timeout' });
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    let isOver = false;
    const finish = (result: DatagramResult): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      until.signal.removeEventListener('abort', giveUp);
      socket.close();
      resolve(result);
    };
    const giveUp = (): void => finish({ kind: 'timeout' });
    const timer = waitMs < 2 ** 31 ? setTimeout(giveUp, waitMs) : undefined;
    until.signal.addEventListener('abort', giveUp);
    socket.on('error', (error) => finish(failureOf(error)));
    socket.on('message', (answer) => {
      if (isAnswer(answer)) finish({ kind: 'ok', bytes: answer });
    });
    // Connected: the kernel takes packets of this peer only, and reports that nobody listens.
    socket.on('connect', () => {
      if (!isOver) socket.send(bytes);
    });
    socket.connect(port, address);
  });
}

export function sendDatagram({ address, port, bytes }: Pick<DatagramRequest, 'address' | 'port' | 'bytes'>): Promise<SystemResult<void>> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const finish = (result: SystemResult<void>): void => {
      socket.close();
      resolve(result);
    };
    const sent = attempt(() => socket.send(bytes, port, address, (error) => finish(error ? failureOf(error) : done)));
    if (sent.kind !== 'ok') finish(sent);
  });
}
