/** Variables of the origin of a message: host, HELO, authentication, protocol. Spec ch. 11 "Expansion variables". */
import type { Octets } from '../../base/octets.ts';
import { type Frame, originOf } from '../../core/frame.ts';
import { chain, type MaybePromise } from '../../core/maybe-promise.ts';
import type { Origin } from '../../core/session.ts';
import type { Text } from '../../core/text.ts';
import { fullHost, receivedHost } from '../host-text.ts';
import { flagVariable, local, numberVariable, octetsVariable, remote, remoteVariable, variable, yesNoVariable } from '../reading.ts';

export default [
  octetsVariable('sender_host_address', 'The IP address of the host that sent the message.', (frame) => originOf(frame)?.hostAddress),
  numberVariable('sender_host_port', 'The port of the host that sent the message.', (frame) => originOf(frame)?.hostPort),
  variable('sender_host_name', 'The name of the host that sent the message, looked up when it is not known.', (frame) =>
    withHostName(frame, (origin) => remote(origin?.hostName)),
  ),
  yesNoVariable('sender_host_dnssec', 'The name of the sending host was found with DNSSEC.', (frame) => originOf(frame)?.hostDnssec),
  flagVariable('host_lookup_failed', 'The sending host has no name.', (frame) => originOf(frame)?.hostLookup === 'failed'),
  flagVariable(
    'host_lookup_deferred',
    'The name of the sending host could not be looked up now.',
    (frame) => originOf(frame)?.hostLookup === 'deferred',
  ),
  remoteVariable('sender_helo_name', 'The argument of HELO or EHLO.', (frame) => originOf(frame)?.heloName),
  yesNoVariable('sender_helo_dnssec', 'The name given in HELO was verified with DNSSEC.', () => false),
  variable(
    'sender_ident',
    'What the sending host says who called, or the login of a local caller.',
    ofOrigin((origin) => origin.ident),
  ),
  remoteVariable('sender_fullhost', 'Name, HELO name and address of the sending host in one.', (frame) =>
    withOrigin(frame, (origin) => fullHost(origin, frame.services.log.selected('incoming_port'))),
  ),
  remoteVariable('sender_rcvhost', 'The sending host as `Received:` headers name it.', (frame) =>
    withOrigin(frame, (origin) => receivedHost(origin, frame.services.log.selected('incoming_port'))),
  ),
  variable('sender_host_authenticated', 'The authenticator by which the client authenticated.', (frame) =>
    local(originOf(frame)?.authenticatorName),
  ),
  variable(
    'authenticated_id',
    'Who authenticated; for local messages the login of the caller.',
    ofOrigin((origin) => origin.authenticatedId),
  ),
  variable(
    'authenticated_sender',
    'The sender that the AUTH parameter of MAIL gave.',
    ofOrigin((origin) => origin.authenticatedSender),
  ),
  remoteVariable('authenticated_fail_id', 'Who last failed to authenticate.', (frame) => frame.session?.state.authenticatedFailId),
  flagVariable(
    'authentication_failed',
    'The client tried to authenticate and failed.',
    (frame) => frame.session?.state.authenticationFailed,
  ),
  octetsVariable('received_protocol', 'How the message came: smtp, esmtps, local and so on.', (frame) => originOf(frame)?.protocol),
  octetsVariable('received_ip_address', 'Our address on the incoming connection.', (frame) => originOf(frame)?.interfaceAddress),
  numberVariable('received_port', 'Our port on the incoming connection.', (frame) => originOf(frame)?.interfacePort, -1),
  octetsVariable('interface_address', 'Older name of $received_ip_address.', (frame) => originOf(frame)?.interfaceAddress),
  numberVariable('interface_port', 'Older name of $received_port.', (frame) => originOf(frame)?.interfacePort, -1),
  octetsVariable(
    'smtp_active_hostname',
    'As which host we act on the incoming connection.',
    (frame) => originOf(frame)?.activeHostname ?? frame.config.main.primary_hostname,
  ),
  numberVariable(
    'originator_uid',
    'The uid of who sent the message.',
    (frame) => originOf(frame)?.callerUid ?? frame.services.machine.realUid(),
  ),
  numberVariable('originator_gid', 'The gid of who sent the message.', (frame) => originOf(frame)?.callerGid),
];

function withOrigin(frame: Frame, format: (origin: Readonly<Origin>) => Octets): Octets | undefined {
  const origin = originOf(frame);
  return origin?.hostAddress === undefined ? undefined : format(origin);
}

/** Tainted when it came over TCP/IP. */
function ofOrigin(read: (origin: Readonly<Origin>) => Octets | undefined): (frame: Frame) => Text | undefined {
  return (frame) => {
    const origin = originOf(frame);
    if (!origin) return undefined;
    return origin.hostAddress === undefined ? local(read(origin)) : remote(read(origin));
  };
}

/** A reference to the name looks it up, in a live session, unless that was done or failed before. */
function withHostName(frame: Frame, read: (origin: Readonly<Origin> | undefined) => Text | undefined): MaybePromise<Text | undefined> {
  const origin = originOf(frame);
  const mayLookUp =
    origin?.hostAddress !== undefined && origin.hostName === undefined && origin.hostLookup !== 'failed' && frame.session !== undefined;
  if (!mayLookUp) return read(origin);
  return chain(frame.services.lists.findSenderName?.(frame), () => read(originOf(frame)));
}
