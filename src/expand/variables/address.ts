/** Variables of the address that is routed, delivered or verified, and of its router and transport. Spec ch. 11 "Expansion variables". */
import type { Octets } from '../../base/octets.ts';
import type { Address } from '../../core/address.ts';
import type { Frame } from '../../core/frame.ts';
import { local, numberVariable, octetsVariable, remote, remoteVariable, variable } from '../reading.ts';

const NO_ID = 0xffff_ffff;

export default [
  remoteVariable('local_part', 'The local part of the address, without quoting, prefix and suffix.', localPart),
  remoteVariable('domain', 'The domain of the address, in lower case.', domain),
  variable(
    'local_part_data',
    'What the local part matched in a list, or the login that was found.',
    (frame) => (frame.address ? frame.address.state : frame.results).localPartData,
  ),
  variable(
    'domain_data',
    'What the domain matched in a list.',
    (frame) => (frame.address ? frame.address.state : frame.results).domainData,
  ),
  variable(
    'address_data',
    'What a router set as address_data.',
    (frame) => (frame.address ? frame.address.state : frame.results).addressData,
  ),
  variable('host_data', 'What the host matched in a list.', (frame) => frame.address?.state.hostData ?? frame.results.hostData),
  variable('local_part_prefix', 'The prefix that was taken from the local part.', ({ address }) =>
    affix(address?.state.prefix, address?.state.prefixVariable),
  ),
  remoteVariable('local_part_prefix_v', 'The variable part of the prefix.', (frame) => emptyIsUnset(frame.address?.state.prefixVariable)),
  variable('local_part_suffix', 'The suffix that was taken from the local part.', ({ address }) =>
    affix(address?.state.suffix, address?.state.suffixVariable),
  ),
  remoteVariable('local_part_suffix_v', 'The variable part of the suffix.', (frame) => emptyIsUnset(frame.address?.state.suffixVariable)),
  remoteVariable('original_local_part', 'The local part of the address that this one was made from in the end.', (frame) =>
    wholeLocalPart(originalOf(frame)),
  ),
  remoteVariable(
    'original_domain',
    'The domain of the address that this one was made from in the end.',
    (frame) => originalOf(frame)?.domain,
  ),
  remoteVariable('parent_local_part', 'The local part of the address that this one was made from.', (frame) =>
    wholeLocalPart(frame.address?.parent),
  ),
  remoteVariable('parent_domain', 'The domain of the address that this one was made from.', (frame) => frame.address?.parent?.domain),
  variable('address_file', 'The file that redirection named.', (frame) => fileName(frame, '/')),
  variable('address_pipe', 'The command that redirection named.', (frame) => fileName(frame, '|')),
  variable('home', 'The home directory of the user or that the router set.', (frame) => frame.address?.state.home),
  numberVariable('local_user_uid', 'The uid that check_local_user found.', (frame) => frame.address?.state.localUser?.uid, NO_ID),
  numberVariable('local_user_gid', 'The gid that check_local_user found.', (frame) => frame.address?.state.localUser?.gid, NO_ID),
  octetsVariable(
    'self_hostname',
    'The local host that an address was routed to, when `self = pass`.',
    (frame) => frame.address?.state.selfHostname,
  ),
  octetsVariable('router_name', 'The router that runs or ran.', (frame) => frame.address?.state.router?.name),
  octetsVariable('transport_name', 'The transport that runs.', (frame) => frame.address?.state.transport?.name),
  remoteVariable('host', 'The host that the message goes to.', (frame) => targetHost(frame)?.name),
  octetsVariable('host_address', 'The address of the host that the message goes to.', (frame) => targetHost(frame)?.address),
  numberVariable('host_port', 'The port of the host that the message goes to.', (frame) => targetHost(frame)?.port),
  octetsVariable('sending_ip_address', 'Our address on the outgoing connection.', (frame) => frame.delivery?.sendingAddress),
  numberVariable('sending_port', 'Our port on the outgoing connection.', (frame) => frame.delivery?.sendingPort, -1),
];

/** Of several addresses delivered together there is no one local part. */
function localPart(frame: Frame): Octets | undefined {
  if (isBatch(frame)) return undefined;
  const address = frame.address ?? frame.transaction?.state.currentRecipient;
  return address?.localPart;
}

function domain(frame: Frame): Octets | undefined {
  const { address, batch } = frame;
  if (!address) return frame.transaction?.state.currentRecipient?.domain;
  return batch?.some((other) => other.domain !== address.domain) ? undefined : address.domain;
}

function isBatch({ address, batch }: Frame): boolean {
  return batch?.some((other) => other !== address) === true;
}

function originalOf(frame: Frame): Address | undefined {
  if (isBatch(frame)) return undefined;
  let address = frame.address;
  while (address?.parent) address = address.parent;
  return address;
}

function wholeLocalPart(address: Address | undefined): Octets | undefined {
  if (!address) return undefined;
  return (address.state.prefix ?? '') + address.localPart + (address.state.suffix ?? '');
}

/** Where the configuration has a wildcard the remote party chose a part, and the whole is tainted. */
function affix(octets: Octets | undefined, variablePart: Octets | undefined) {
  return variablePart === undefined ? local(octets) : remote(octets);
}

function fileName(frame: Frame, kind: '/' | '|') {
  const { address } = frame;
  if (!address || address.kind === 'mailbox' || address.kind === 'autoreply' || (address.kind === 'pipe') !== (kind === '|'))
    return undefined;
  return address.state.fileName ?? local(kind === '|' ? address.address.replace(/^\|[\t ]*/, '') : address.address);
}

function targetHost(frame: Frame) {
  return frame.address?.state.host ?? frame.address?.state.hosts?.[0];
}

function emptyIsUnset(octets: Octets | undefined): Octets | undefined {
  return octets === '' ? undefined : octets;
}
