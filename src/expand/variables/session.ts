/** Variables of an SMTP session and of the caller of the program. Spec ch. 11 "Expansion variables". */
import type { Octets } from '../../base/octets.ts';
import type { Frame, ProxyFacts } from '../../core/index.ts';
import { numberVariable, octetsVariable, remoteVariable, yesNoVariable } from '../reading.ts';

export default [
  remoteVariable('smtp_command', 'The SMTP command that is being processed.', (frame) => frame.session?.state.command),
  remoteVariable(
    'smtp_command_argument',
    'The argument of the SMTP command that is being processed.',
    (frame) => frame.session?.state.commandArgument,
  ),
  octetsVariable('smtp_command_history', 'The last SMTP commands, with commas between.', (frame) =>
    emptyIsUnset(frame.session?.state.commandHistory.join(',')),
  ),
  octetsVariable('smtp_notquit_reason', 'Why the session ends without QUIT.', (frame) => frame.session?.state.quitReason),
  numberVariable(
    'smtp_count_at_connection_start',
    'How many connections there were when this one began.',
    (frame) => frame.session?.connectionCount,
  ),
  octetsVariable('connection_id', 'An identifier of the SMTP connection.', (frame) => frame.session?.connectionId),
  numberVariable(
    'caller_uid',
    'The real uid of who called the program.',
    (frame) => frame.session?.caller?.uid ?? frame.services.machine.realUid(),
  ),
  numberVariable('caller_gid', 'The real gid of who called the program.', (frame) => frame.session?.caller?.gid),
  yesNoVariable('prdr_requested', 'The client asked for a reply for each recipient.', (frame) =>
    frame.transaction?.state.controls.has('prdr'),
  ),
  yesNoVariable('proxy_session', 'The connection came through a proxy.', (frame) => proxyOf(frame) !== undefined),
  octetsVariable('proxy_external_address', 'The address at which the client spoke to a proxy.', (frame) =>
    emptyIsUnset(proxyOf(frame)?.externalAddress),
  ),
  numberVariable('proxy_external_port', 'The port at which the client spoke to a proxy.', (frame) => proxyOf(frame)?.externalPort),
  octetsVariable('proxy_local_address', 'The address from which a proxy speaks to us.', (frame) =>
    emptyIsUnset(proxyOf(frame)?.localAddress),
  ),
  numberVariable('proxy_local_port', 'The port from which a proxy speaks to us.', (frame) => proxyOf(frame)?.localPort),
  octetsVariable(
    'atrn_host',
    'The host of the customer whose mail goes over a connection that it has opened (ATRN).',
    (frame) => frame.services.odmr?.host,
  ),
  octetsVariable('atrn_mode', 'P while mail is delivered over an ATRN connection as its provider.', (frame) => frame.services.odmr?.mode),
];

function proxyOf(frame: Frame): ProxyFacts | undefined {
  return (frame.session?.state.origin ?? frame.message?.origin)?.proxy;
}

function emptyIsUnset(octets: Octets | undefined): Octets | undefined {
  return octets === '' ? undefined : octets;
}
