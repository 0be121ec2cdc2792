/** All cases, by topic. */
import type { NetworkCase } from './case.ts';
import { extensionCases } from './cases/extensions.ts';
import { hookCases } from './cases/hooks.ts';
import { hostCases } from './cases/hosts.ts';
import { limitCases, orderCases } from './cases/limits.ts';
import { messageCases } from './cases/messages.ts';
import { sequenceCases } from './cases/sequences.ts';
import { synchronizationCases } from './cases/synchronization.ts';

export function allCases(): readonly NetworkCase[] {
  return [
    ...limitCases(),
    ...orderCases(),
    ...sequenceCases(),
    ...synchronizationCases(),
    ...hostCases(),
    ...messageCases(),
    ...hookCases(),
    ...extensionCases(),
  ];
}
