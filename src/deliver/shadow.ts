/** Shadow transports: another local transport gets a copy of what was delivered; what becomes of it is only logged. Spec ch. 24 "Generic options for transports". */
import { equalsIgnoreCase, type Octets } from '../base/octets.ts';
import type { Address, DeliveryBatch, DeliveryResult, Frame, RetryPort, Template, TransportInstance } from '../core/index.ts';
import { prepareBatch } from '../transports/headers.ts';
import type { Attempt } from './attempt.ts';

/** Runs a local transport as its user; a text says why it could not be run. */
export type LocalRun = (
  first: Address,
  batch: DeliveryBatch,
  instance: TransportInstance,
) => Promise<readonly DeliveryResult[] | Octets | { readonly message: Octets }>;

export function hasShadow(transport: TransportInstance | undefined): boolean {
  return transport?.generic['shadow_transport'] !== undefined;
}

/** What the log line says behind `ST=`: the name, and in parentheses why it did not work; undefined when there is no copy. */
export async function deliverToShadow(attempt: Attempt, delivered: readonly Address[], run: LocalRun): Promise<Octets | undefined> {
  const [first] = delivered;
  const transport = first?.state.transport;
  const name = transport?.generic['shadow_transport'];
  if (first === undefined || transport === undefined || typeof name !== 'string') return undefined;
  if (!(await isWanted(attempt, transport, { ...attempt.frame, address: first, batch: delivered }))) return undefined;
  const shadow = attempt.frame.config.transports.get(name);
  const problem = shadow === undefined ? 'transport not found' : await copy(attempt, delivered, shadow, run);
  return problem === undefined ? name : `${name} (${problem})`;
}

async function isWanted(attempt: Attempt, transport: TransportInstance, frame: Frame): Promise<boolean> {
  const condition = transport.generic['shadow_condition'] as Template | undefined; // declared as an expanded option
  if (condition === undefined) return true;
  const expanded = await condition.evaluate(frame);
  if (expanded.kind === 'forced-fail') return false;
  if (expanded.kind !== 'ok') {
    attempt.log(`failed to expand "shadow_condition" for ${transport.name} transport: ${expanded.message}`);
    return false;
  }
  const { octets } = expanded.value;
  return octets !== '' && octets !== '0' && !equalsIgnoreCase(octets, 'no') && !equalsIgnoreCase(octets, 'false');
}

const NO_HOSTS: RetryPort = { hostStatus: () => 'due', hostFailed: () => undefined, hostWorked: () => undefined };

/** Undefined: it worked for all addresses. */
async function copy(
  attempt: Attempt,
  delivered: readonly Address[],
  shadow: TransportInstance,
  run: LocalRun,
): Promise<Octets | undefined> {
  const addresses = delivered.map((address) => asShadowed(address, shadow));
  const [first] = addresses;
  if (first === undefined) return undefined;
  if (shadow.isRemote) return 'not a local transport';
  if (shadow.notYet.length > 0 || shadow.behaviour === undefined) return notYet(attempt, shadow);
  const { frame, message } = attempt;
  const prepared = await prepareBatch({
    message,
    addresses,
    instance: shadow,
    frame: { ...frame, address: first, batch: addresses },
    services: frame.services,
    until: frame.until,
    isRehearsal: false,
    retry: NO_HOSTS,
    settled: async () => undefined,
  });
  if (prepared.kind !== 'ok') return prepared.kind === 'forced-fail' ? 'forced failure' : prepared.message;
  const results = await run(first, prepared.value, shadow);
  if (typeof results === 'string') return results;
  if ('message' in results) return results.message;
  const failed = results.find(({ kind }) => kind !== 'delivered');
  return failed === undefined ? undefined : [failed.errorReason, failed.message].filter((part) => part !== undefined).join(': ');
}

/** The address with a state of its own: nothing that the copy does shows in the delivery. */
function asShadowed(address: Address, shadow: TransportInstance): Address {
  return { ...address, state: { ...address.state, transport: shadow } };
}

function notYet(attempt: Attempt, shadow: TransportInstance): Octets {
  const what = shadow.behaviour === undefined ? `the ${shadow.driver} transport` : `option ${shadow.notYet.join(', ')}`;
  const message = `${what} is not built yet`;
  attempt.parts.services.log.panic(`${shadow.name} transport: ${message}`, attempt.message.id);
  return message;
}
