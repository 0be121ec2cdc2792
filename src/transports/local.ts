/** What local transports share: their ids and directories, and one fate for all addresses of a batch. Spec ch. 23 "The environment for running local transports". */
import type { Octets } from '../base/octets.ts';
import type { Address } from '../core/address.ts';
import type { DeliveryBatch, DeliveryResult, TransportInstance } from '../core/drivers.ts';
import type { Frame } from '../core/frame.ts';
import { expandGroup, expandUser, loginOf } from '../core/local-identity.ts';
import type { Outcome } from '../core/outcome.ts';
import { defer, ok } from '../core/outcome.ts';
import type { Identity } from '../core/ports.ts';
import { deferredResult, eximErrno } from './errno.ts';
import { sizeProblem } from './headers.ts';
import { expandOption, messageOf, transportSettings } from './settings.ts';

/** Reports each result before it returns them all. What was delivered is told at once: one line in the journal more is one more step that a crash may part. */
export async function settleAll(batch: DeliveryBatch, resultOf: (address: Address) => DeliveryResult): Promise<readonly DeliveryResult[]> {
  const results = batch.addresses.map(resultOf);
  if (results.every(({ kind }) => kind === 'delivered')) await Promise.all(results.map((result) => batch.settled(result)));
  else for (const result of results) await batch.settled(result);
  return results;
}

/** Undefined: the message is small enough; else all addresses failed, or wait because the limit could not be expanded. */
export async function settleTooBig(batch: DeliveryBatch): Promise<readonly DeliveryResult[] | undefined> {
  const size = await sizeProblem(batch);
  if (size.kind === 'ok') return undefined;
  return settleAll(batch, (address) =>
    size.kind === 'fail'
      ? { address, kind: 'failed', message: size.message }
      : deferredResult(address, { number: eximErrno.expansion, message: messageOf(size) }),
  );
}

/** As whom a local delivery runs, and where. */
export interface LocalEnvironment {
  /** Undefined: as Exim itself. */
  readonly identity: Identity | undefined;
  readonly home: Octets | undefined;
  readonly currentDirectory: Octets | undefined;
}

/**
 * The user and group of the transport, else of the router (or `check_local_user`), else Exim's. Fills home and current directory in the
 * state of the address, so that `$home` is right when the options of the transport are expanded.
 */
export async function localEnvironment(address: Address, instance: TransportInstance, frame: Frame): Promise<Outcome<LocalEnvironment>> {
  const settings = transportSettings(instance);
  const { state } = address;
  const identity = await findIdentity(address, instance, frame);
  if (identity.kind !== 'ok') return identity;
  const home = await expandOption(settings.home_directory, frame);
  if (home.kind !== 'ok')
    return defer(
      `home directory "${settings.home_directory?.source ?? ''}" failed to expand for ${instance.name} transport: ${messageOf(home)}`,
    );
  if (home.value !== undefined) state.home = home.value;
  const current = await expandOption(settings.current_directory, frame);
  if (current.kind !== 'ok')
    return defer(
      `current directory "${settings.current_directory?.source ?? ''}" failed to expand for ${instance.name} transport: ${messageOf(current)}`,
    );
  if (current.value !== undefined) state.currentDirectory = current.value.octets;
  return ok({ identity: identity.value, home: state.home?.octets, currentDirectory: state.currentDirectory ?? state.home?.octets });
}

async function findIdentity(address: Address, instance: TransportInstance, frame: Frame): Promise<Outcome<Identity | undefined>> {
  const settings = transportSettings(instance);
  const { state } = address;
  const owner = `${instance.name} transport`;
  let { uid, gid } = state;
  let initgroups = state.initgroups === true;
  if (settings.user !== undefined) {
    const user = await expandUser(settings.user, owner, frame);
    if (user.kind !== 'ok') return user;
    uid = user.value.uid;
    gid = user.value.gid ?? gid;
    initgroups = settings.initgroups;
  } else if (instance.own['pipe_as_creator'] === true && frame.message !== undefined) {
    ({ callerUid: uid, callerGid: gid } = frame.message.origin);
  }
  if (settings.group !== undefined) {
    const group = await expandGroup(settings.group, owner, frame);
    if (group.kind !== 'ok') return group;
    gid = group.value;
  }
  if (uid === undefined) {
    const { eximUser, eximGroup } = frame.services.build;
    return gid === undefined || gid === eximGroup.gid ? ok(undefined) : ok({ uid: eximUser.uid, gid });
  }
  if (gid !== undefined && !initgroups) return ok({ uid, gid });
  const login = loginOf(uid, frame);
  if (login.kind !== 'ok') return login;
  gid ??= login.value?.gid;
  if (gid === undefined) return defer(`User set without group for ${owner}`);
  return ok(initgroups && login.value !== undefined ? { uid, gid, initgroupsFor: login.value.name } : { uid, gid });
}
