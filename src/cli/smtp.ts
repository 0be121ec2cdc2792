/** `-bs`: SMTP on standard input and output, for a local caller or from inetd; `-bS`: the same without replies. Spec ch. 5 "-bs", "-bS". */
import { isTlsPort } from '../process/listen.ts';
import { receiveBatch } from '../receive/batch.ts';
import { SmtpSession } from '../receive/session.ts';
import { onSignal } from '../system/processes.ts';
import { commandLineFacts } from './command-line-facts.ts';
import { endedBySignals } from './interrupted-input.ts';
import type { ModeRunner } from './mode.ts';
import { openForMode, runElsewhere } from './open.ts';
import { presetOrigin, splitHostAndPort } from './origin.ts';
import { wishOf } from './wish.ts';

export const runSmtp: ModeRunner = async (context) => {
  const { invocation, io } = context;
  const opened = await openForMode(context, { delivers: true });
  if (opened.kind === 'exit') return opened.status;
  const { runtime, caller, deliveries } = opened;
  if (invocation.mode?.kind === 'batch-smtp') {
    const status = await receiveBatch({
      config: runtime.config,
      services: runtime.services,
      store: runtime.spool,
      caller,
      input: context.daemon ? io.stdin : endedBySignals(io.stdin),
      writeOut: (text) => io.stdout.write(text),
      writeError: (text) => io.stderr.write(text),
      signal: deliveries.signal,
      receiveTimeoutSeconds: invocation.smtpReceiveTimeoutSeconds,
      presetOrigin: presetOrigin(invocation.origin),
      commandLine: commandLineFacts(invocation),
      dontDeliver: invocation.minusN,
      onAccepted: (accepted, wish) => deliveries.accepted(accepted, wish),
      deliveryMode: wishOf(invocation, runtime.config),
    });
    await deliveries.finish();
    opened.close();
    return status;
  }
  const lifetime = new AbortController();
  const connection = io.connection();
  const tlsPorts = runtime.services.lists.split(runtime.config.main.tls_on_connect_ports ?? '');
  const isOverTcp = connection.remoteAddress !== '';
  const claimed = caller.isTrusted ? invocation.origin.hostAddress : undefined;
  const given = claimed === undefined ? undefined : splitHostAndPort(claimed);
  const session = new SmtpSession({
    connection,
    config: runtime.config,
    services: runtime.services,
    store: runtime.spool,
    mode: isOverTcp || given ? 'smtp-tcp' : 'smtp-local',
    caller,
    commandLine: commandLineFacts(invocation),
    isRehearsal: false,
    connectionNumber: 1,
    connectionCount: 1,
    isFromInetd: isOverTcp,
    isTlsOnConnect: invocation.listen.tlsOnConnect || (isOverTcp && isTlsPort(tlsPorts, connection.localPort)),
    hostAddress: isOverTcp ? connection.remoteAddress : given?.address,
    hostPort: isOverTcp ? connection.remotePort : given?.port,
    // the session begins with nobody authenticated, whatever -oMaa says
    presetOrigin: caller.isTrusted ? { ...presetOrigin(invocation.origin), authenticatorName: undefined } : {},
    onAccepted: (accepted, wish) => deliveries.accepted(accepted, wish),
    startQueueRun: (recipient) => runElsewhere(context, runtime, ['-R', recipient]),
    signal: lifetime.signal,
    receiveTimeoutSeconds: invocation.smtpReceiveTimeoutSeconds,
    dontDeliver: invocation.minusN,
    deliveryMode: wishOf(invocation, runtime.config),
  });
  if (!context.daemon) for (const signal of ['SIGTERM', 'SIGINT'] as const) onSignal(signal, () => session.close());
  const status = await session.run();
  await deliveries.finish();
  lifetime.abort();
  opened.close();
  return status;
};
