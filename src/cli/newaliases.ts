/** `-bi` (newaliases): runs bi_command, or nothing. Spec ch. 5 "-bi". */
import { untilAborted } from '../core/index.ts';
import { splitCommandLine } from '../expand/command-line.ts';
import type { ModeRunner } from './mode.ts';
import { openForMode } from './open.ts';

const HOUR_MS = 3_600_000;

export const runNewaliases: ModeRunner = async (context) => {
  const opened = await openForMode(context);
  if (opened.kind === 'exit') return opened.status;
  const { runtime } = opened;
  const command = runtime.config.main.bi_command;
  if (command === undefined) return 0;
  const lifetime = new AbortController();
  const ran = await runtime.services.spawner.run(
    {
      argv: splitCommandLine(command),
      environment: context.system.machine.environment(),
      directory: '/',
      umask: 0o022,
      timeoutMs: HOUR_MS,
      maxOutputBytes: 1 << 20,
    },
    new Uint8Array(),
    untilAborted(lifetime.signal),
  );
  lifetime.abort();
  opened.close();
  if (ran.kind === 'error') {
    context.io.stderr.write(`exim: exec of ${command} failed: ${ran.reason}\n`);
    return 1;
  }
  context.io.stdout.write(ran.result.stdout.toString('latin1'));
  return ran.result.status ?? 1;
};
