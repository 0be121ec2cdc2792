/** What a command line says of all messages that it submits: -F, -E, -oMm, -G, -bnq. Spec ch. 5 "The Exim command line". */
import type { CommandLineFacts } from '../core/index.ts';
import type { Invocation } from './invocation.ts';

export function commandLineFacts({ calledAs, fullName, origin, isLocalError, isGatewayed, noQualify }: Invocation): CommandLineFacts {
  return {
    fullName,
    reference: origin.messageReference,
    isLocalError,
    isGatewayed,
    keepsUnqualified: noQualify,
    ...(calledAs === 'rmail' ? { protocol: 'local-rmail' } : {}),
  };
}
