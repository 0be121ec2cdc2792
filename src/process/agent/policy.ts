/** Whom the agent becomes, and whom never: checked in the agent, and once more in the child that gives up root. */
import type { Identity, SystemFailure } from '../../core/ports.ts';
import { failure } from '../../system/failure.ts';
import { ProtocolError } from '../channel/frames.ts';
import type { Fields } from '../channel/values.ts';

export interface AgentPolicy {
  /** Exim's own: used where a call names nobody. */
  readonly exim: Identity;
  /** never_users and the fixed ones of the build; uid 0 is refused whether or not it is there. */
  readonly neverUsers: ReadonlySet<number>;
  /** Whether a command may run as an identity outside a transport (`queryprogram`'s command_user). Default: as Exim only. */
  readonly mayRun?: (identity: Identity) => boolean;
}

/** Why nothing may be done as this identity; undefined when it may. */
export function refusal(identity: Identity, neverUsers: ReadonlySet<number>): SystemFailure | undefined {
  if (identity.uid === 0) return failure('EPERM', 'the agent never acts as root');
  if (neverUsers.has(identity.uid)) return failure('EPERM', `uid ${identity.uid} is in never_users`);
  return undefined;
}

/** One child has one identity. */
export function identityKey({ uid, gid, initgroupsFor }: Identity): string {
  return `${uid}:${gid}:${initgroupsFor ?? ''}`;
}

export function encodeIdentity(identity: Identity | undefined): object | null {
  return identity ? { uid: identity.uid, gid: identity.gid, initgroupsFor: identity.initgroupsFor } : null;
}

/** Throws ProtocolError where ids are no ids. */
export function decodeIdentity(fields: Fields, name: string): Identity | undefined {
  if (!fields.has(name)) return undefined;
  const identity = fields.fields(name);
  const initgroupsFor = identity.has('initgroupsFor') ? identity.string('initgroupsFor') : undefined;
  if (initgroupsFor !== undefined && !/^[ -9;-~\x80-\xff]{1,256}$/.test(initgroupsFor))
    throw new ProtocolError('initgroupsFor: not a user name');
  return { uid: identity.id('uid'), gid: identity.id('gid'), initgroupsFor };
}
