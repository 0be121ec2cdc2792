/** The phases of reception in which ACLs run, and their names in messages. Spec ch. 44 "Access control lists". */
import { ACL_PHASE_NAMES, type AclPhase } from '../core/index.ts';

const BY_NAME: ReadonlyMap<string, AclPhase> = new Map(Object.keys(ACL_PHASE_NAMES).map((name) => [name, name as AclPhase])); // the record's keys are the phases

/** As it stands in `cannot test … condition in X ACL`. */
export function phaseName(phase: AclPhase): string {
  return ACL_PHASE_NAMES[phase];
}

export function findPhase(where: string): AclPhase {
  return BY_NAME.get(where) ?? 'unknown';
}

/** All phases but the given ones, for definitions that Exim declares by what is forbidden. */
export function allPhasesBut(...phases: readonly AclPhase[]): readonly AclPhase[] {
  return [...BY_NAME.values()].filter((phase) => !phases.includes(phase));
}

/** A message is being received and its envelope is (becoming) known. */
export const MESSAGE_PHASES: readonly AclPhase[] = [
  'mail',
  'rcpt',
  'predata',
  'data',
  'mime',
  'dkim',
  'prdr',
  'not_smtp',
  'not_smtp_start',
  'not_smtp_mime',
];

/** A client can be out of step. */
export const SESSION_PHASES: readonly AclPhase[] = [
  'prdr',
  'connect',
  'helo',
  'mail',
  'auth',
  'starttls',
  'rcpt',
  'predata',
  'data',
  'mime',
  'dkim',
  'vrfy',
  'expn',
  'etrn',
  'mailauth',
  'quit',
  'notquit',
];
