/** All cases, by topic. */
import type { AclCase } from './case.ts';
import { messageCases } from './cases/messages.ts';
import { phaseCases } from './cases/phases.ts';
import { verbCases } from './cases/verbs.ts';

export function allCases(): readonly AclCase[] {
  return [...verbCases(), ...messageCases(), ...phaseCases()];
}
