/** Callouts: asking the address's own host. Spec ch. 44 "Callout verification". Not built yet: a condition that asks for one defers. */
import type { Address, CalloutOptions, Frame, Verification, VerifyRequest } from '../core/index.ts';

/** Addresses that are delivered here need no callout; for others `verify` defers with a panic-log line until callouts are built (DESIGN 3.4). */
export async function verifyByCallout(address: Address, _request: VerifyRequest, options: CalloutOptions, frame: Frame): Promise<Verification> {
  if (address.state.hosts === undefined) return { kind: 'ok', addressData: address.state.addressData, address };
  if (options.deferOk) return { kind: 'ok', addressData: address.state.addressData, address };
  const text = 'callout verification is not built yet';
  frame.services.log.panic(text);
  return { kind: 'defer', userMessage: undefined, logMessage: text };
}
