/** `-bs`: SMTP on standard input and output, for a local caller or from inetd. Spec ch. 5 "-bs". */
import { SmtpSession } from '../receive/session.ts';
import type { ModeRunner } from './mode.ts';
import { openForMode } from './open.ts';
import { presetOrigin, splitHostAndPort } from './origin.ts';
import { wishOf } from './wish.ts';

export const runSmtp: ModeRunner = async (context) => {
  const { invocation, io } = context;
  if (invocation.mode?.kind === 'batch-smtp') {
    io.stderr.write('exim: option -bS is not built yet\n');
    return 1;
  }
  const opened = await openForMode(context, { delivers: true });
  if (opened.kind === 'exit') return opened.status;
  const { runtime, caller, deliveries } = opened;
  const lifetime = new AbortController();
  const connection = io.connection();
  const isOverTcp = connection.remoteAddress !== '';
  const given = caller.isTrusted ? splitHostAndPort(invocation.origin.hostAddress) : undefined;
  const session = new SmtpSession({
    connection, config: runtime.config, services: runtime.services, store: runtime.spool,
    mode: isOverTcp || given ? 'smtp-tcp' : 'smtp-local', caller, isRehearsal: false, connectionNumber: 1, connectionCount: 1,
    isTlsOnConnect: invocation.listen.tlsOnConnect,
    hostAddress: isOverTcp ? connection.remoteAddress : given?.address, hostPort: isOverTcp ? connection.remotePort : given?.port,
    presetOrigin: caller.isTrusted ? presetOrigin(invocation.origin) : {},
    onAccepted: (accepted, wish) => deliveries.accepted(accepted, wish), signal: lifetime.signal, deliveryMode: wishOf(invocation, runtime.config),
  });
  await session.run();
  await deliveries.finish();
  lifetime.abort();
  opened.close();
  return 0;
};

