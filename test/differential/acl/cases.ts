/** All cases, by topic. */
import type { AclCase } from './case.ts';
import { conditionCases } from './cases/conditions.ts';
import { controlCases } from './cases/controls.ts';
import { dnslistCases } from './cases/dnslists.ts';
import { headerCases } from './cases/headers.ts';
import { limitCases } from './cases/limits.ts';
import { messageCases } from './cases/messages.ts';
import { phaseCases } from './cases/phases.ts';
import { queueCases } from './cases/queues.ts';
import { routingCases } from './cases/routing.ts';
import { spfCases } from './cases/spf.ts';
import { verbCases } from './cases/verbs.ts';
import { heloCases, verificationCases } from './cases/verification.ts';

export function allCases(): readonly AclCase[] {
  return [
    ...verbCases(),
    ...messageCases(),
    ...phaseCases(),
    ...headerCases(),
    ...conditionCases(),
    ...controlCases(),
    ...limitCases(),
    ...dnslistCases(),
    ...verificationCases(),
    ...heloCases(),
    ...routingCases(),
    ...queueCases(),
    ...spfCases(),
  ];
}
