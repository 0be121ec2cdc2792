/**
 * The spawner: without root, a small process that runs commands for processes with sessions, which never fork (DESIGN 3.10). It loads
 * nothing else, so that its forks are cheap.
 */
import type { Duplex } from 'node:stream';
import type { Spawner } from '../../core/ports.ts';
import { DirectSpawner } from '../../system/direct-spawner.ts';
import { failure } from '../../system/failure.ts';
import { Channel, type IncomingCall } from '../channel/channel.ts';
import { ProtocolError } from '../channel/frames.ts';
import { decodeSpawnRequest, serveRun } from '../channel/run-call.ts';
import { Fields } from '../channel/values.ts';

/** Serves one process's commands until its stream ends. */
export function serveSpawner(stream: Duplex, spawner: Spawner = new DirectSpawner()): Promise<void> {
  return new Promise((resolve) => {
    new Channel(stream, { onCall: (call) => void answer(call, spawner), onClose: () => resolve() });
  });
}

async function answer(call: IncomingCall, spawner: Spawner): Promise<void> {
  try {
    await serveRun(call, decodeSpawnRequest(new Fields(call.request), undefined), spawner);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    call.reply(failure('EPROTO', error.message));
  }
}
