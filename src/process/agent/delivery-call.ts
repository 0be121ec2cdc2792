/**
 * A local delivery as a call: message, addresses and the name of the transport go out, results come back one by one and are acknowledged
 * when they are journalled. Routers and transports travel by name: the child has them from the same configuration.
 */
import type { Address, AddressState } from '../../core/address.ts';
import type { Config } from '../../core/config.ts';
import type { DeliveryBatch, DeliveryResult, RetryPort, TransportInstance } from '../../core/drivers.ts';
import type { Frame } from '../../core/frame.ts';
import type { Body, HeaderType, Message } from '../../core/message.ts';
import type { Log, Services, SystemFailure } from '../../core/ports.ts';
import type { Text } from '../../core/text.ts';
import { deferRest, runTransport } from '../../system/direct-user-actions.ts';
import { failure, HELPER_LOST } from '../../system/failure.ts';
import type { IncomingCall, OutgoingCall } from '../channel/channel.ts';
import { ProtocolError } from '../channel/frames.ts';
import { remainingMs } from '../channel/run-call.ts';
import { decodeValue, encodeValue, Fields } from '../channel/values.ts';
import { type BodyFacts, decodeBodyFacts, describeBody, endPass, readPass, receivedBody, sendBody, wholeBody } from './body-call.ts';

/** What a child holds: the configuration that the worker has too, and services that work with its rights. */
export interface AgentRuntime {
  readonly config: Config;
  readonly services: Services;
}

const addressLimit = 100_000;
/** A message's headers and recipients, encoded, and a small body. */
const envelopeLimitBytes = 256 << 20;

// ---------------------------------------------------------------- the worker's side

/** A delivery that can be sent: its envelope, which is followed by the body where that is small. */
export interface EncodedDelivery {
  readonly kind: 'ok';
  readonly opening: Buffer;
  readonly envelopeBytes: number;
}

export async function encodeDelivery(batch: DeliveryBatch): Promise<EncodedDelivery | { readonly kind: 'error'; readonly reason: string }> {
  const { message, frame } = batch;
  const body = describeBody(message.body, frame.config.main.message_body_visible);
  if (body.kind !== 'ok') return { kind: 'error', reason: body.kind === 'forced-fail' ? 'the body cannot be read' : body.message };
  const { body: _, headers, ...envelope } = message;
  const value = {
    transport: batch.instance.name,
    returnPath: batch.returnPath,
    lines: encodeLines(batch.headers, headers),
    isRehearsal: batch.isRehearsal,
    isQuotaCheck: batch.isQuotaCheck === true,
    message: envelope,
    headers: headers.map(({ type, text }) => type + text),
    body: body.value,
    captures: frame.captures,
    timeoutMs: remainingMs(0, batch.until),
    ...encodeAddresses(batch.addresses),
  };
  const encoded = encodeValue(value);
  if (!body.value.isInline) return { kind: 'ok', opening: encoded, envelopeBytes: encoded.length };
  try {
    const inline = await wholeBody(message.body, batch.until);
    return { kind: 'ok', opening: Buffer.concat([encoded, inline]), envelopeBytes: encoded.length };
  } catch (error) {
    return { kind: 'error', reason: unreadable(error) };
  }
}

/** How many lines may be left out between two that are found. */
const LOOK_AHEAD = 100;

/** Most lines that a transport writes are lines of the message: of those only the number travels. */
function encodeLines(lines: readonly string[], headers: Message['headers']): readonly (string | number)[] {
  let next = 0;
  return lines.map((line) => {
    for (let index = next; index < Math.min(next + LOOK_AHEAD, headers.length); index++) {
      if (headers[index]?.text !== line) continue;
      next = index + 1;
      return index;
    }
    return line;
  });
}

function unreadable(error: unknown): string {
  return `the message cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}

/** Every address once, parents before children; `wanted` are the indices of those to deliver. */
function encodeAddresses(addresses: readonly Address[]): { readonly addresses: readonly object[]; readonly wanted: readonly number[] } {
  const encoded: object[] = [];
  const indices = new Map<Address, number>();
  const indexOf = (address: Address): number => {
    const known = indices.get(address);
    if (known !== undefined) return known;
    const { parent, state, ...rest } = address;
    const parentIndex = parent ? indexOf(parent) : undefined;
    const { router, transport, ...ownState } = state;
    const index = encoded.push({ ...rest, parentIndex, state: { ...ownState, router: router?.name, transport: transport?.name } }) - 1;
    indices.set(address, index);
    return index;
  };
  return { wanted: addresses.map(indexOf), addresses: encoded };
}

/** Sends envelope and body, passes on results and log lines, and defers what is left when the child is lost. */
export async function finishDelivery(
  call: OutgoingCall,
  batch: DeliveryBatch,
  { opening }: EncodedDelivery,
  log: Log,
): Promise<readonly DeliveryResult[]> {
  const settled = new Map<Address, DeliveryResult>();
  const expire = () => call.cancel();
  batch.until.signal.addEventListener('abort', expire);
  if (batch.until.signal.aborted) expire();
  let pending: Promise<unknown> = Promise.resolve();
  let problem: string | undefined;
  const giveUp = (error: unknown) => {
    problem ??= error instanceof Error ? error.message : String(error);
    call.cancel();
  };
  const settle = async (result: DeliveryResult, number: number) => {
    if (!settled.has(result.address)) {
      settled.set(result.address, result);
      await batch.settled(result);
    }
    call.sendEvent({ acknowledged: number });
  };
  let passes: Promise<unknown> = call.write(opening).then((isOpen) => isOpen && endPass(call));
  const sendPass = () => {
    passes = passes
      .then(() => sendBody(call, batch.message.body, batch.until))
      .catch((error: unknown) => {
        problem ??= unreadable(error);
        call.cancel();
      });
  };
  const takeEvent = (event: Fields) => {
    if (event.has('log')) return writeLog(event.fields('log'), log);
    if (event.has('want')) return sendPass();
    const result = decodeResult(event, batch);
    const number = event.number('number');
    // what was delivered together is journalled together, the rest one after another
    const settling = result.kind === 'delivered' ? settle(result, number) : pending.then(() => settle(result, number));
    pending = Promise.all([pending, settling.catch(giveUp)]);
  };
  call.onEvent = (value) => {
    try {
      takeEvent(new Fields(value));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      problem ??= error.message;
      call.cancel();
    }
  };
  const ended = await call.ended;
  batch.until.signal.removeEventListener('abort', expire);
  await pending;
  if (problem !== undefined) return deferRest(batch, settled, problem);
  const end = endOf(ended);
  return deferRest(batch, settled, end.reason, end.isInterrupted ? { isInterrupted: true } : {});
}

/** What is said of addresses without a result; of those that were interrupted nobody knows anything. */
function endOf(ended: Awaited<OutgoingCall['ended']>): { readonly reason: string; readonly isInterrupted: boolean } {
  if (ended.kind === 'lost') return { reason: `the local delivery process was lost: ${ended.reason}`, isInterrupted: true };
  const fields = new Fields(ended.value);
  return {
    reason: fields.has('reason') ? fields.string('reason') : 'the transport gave no result',
    isInterrupted: fields.get('errno') === HELPER_LOST,
  };
}

function decodeResult(event: Fields, batch: DeliveryBatch): DeliveryResult {
  const address = batch.addresses[event.number('index')];
  const result = event.get('result');
  const kind = event.fields('result').string('kind');
  if (!address || (kind !== 'delivered' && kind !== 'deferred' && kind !== 'failed'))
    throw new ProtocolError('a result of no address or kind');
  return { ...(result as Omit<DeliveryResult, 'address'>), address }; // made by `encodeResult` in a child of the same program
}

function writeLog(entry: Fields, log: Log): void {
  const line = entry.string('line');
  const id = entry.has('id') ? entry.string('id') : undefined;
  switch (entry.string('kind')) {
    case 'main':
      log.main(line, id);
      return;
    case 'panic':
      log.panic(line, id);
      return;
    case 'reject':
      log.reject(line, undefined, id);
      return;
    default:
      throw new ProtocolError('a log line of no kind');
  }
}

// ---------------------------------------------------------------- the child's side

/** Runs a transport for a call; its log lines go to the caller's log. */
export async function serveDelivery(call: IncomingCall, runtime: AgentRuntime): Promise<void> {
  const input = call.chunks();
  const envelopeBytes = new Fields(call.request).number('envelopeBytes');
  const opening = await readPass(input, envelopeLimitBytes);
  const fields = new Fields(decodeValue(opening.subarray(0, envelopeBytes)));
  const controller = new AbortController();
  const abort = () => controller.abort();
  call.signal.addEventListener('abort', abort);
  if (call.signal.aborted) abort();
  const until = { endMs: performance.now() + fields.number('timeoutMs'), signal: controller.signal };
  try {
    const inline = opening.subarray(envelopeBytes);
    const batch = decodeDelivery(call, fields, runtime, until, (facts) => receivedBody(call, input, facts, inline));
    if (batch.kind === 'error') return call.reply(batch);
    await runTransport(batch.value);
    call.reply({ kind: 'ok' });
  } finally {
    call.signal.removeEventListener('abort', abort);
    abort();
  }
}

function decodeDelivery(
  call: IncomingCall,
  fields: Fields,
  runtime: AgentRuntime,
  until: DeliveryBatch['until'],
  bodyOf: (facts: BodyFacts) => Body,
): { readonly kind: 'ok'; readonly value: DeliveryBatch } | SystemFailure {
  const { config } = runtime;
  const name = fields.string('transport');
  const instance = config.transports.get(name);
  if (!instance) return failure('EINVAL', `${name} transport not found`);
  if (instance.isRemote) return failure('EINVAL', `the ${name} transport is not a local one`);
  const addresses = decodeAddresses(fields, config, instance);
  const [first] = addresses;
  if (!first) return failure('EINVAL', 'no addresses');
  const body = bodyOf(decodeBodyFacts(fields.fields('body')));
  const headers = decodeHeaders(fields);
  const message = { ...(fields.get('message') as Omit<Message, 'body' | 'headers'>), headers, body }; // made by `encodeDelivery` in a worker of the same program
  const services: Services = { ...runtime.services, log: forwardingLog(call, runtime.services.log) };
  const results = {};
  const frame: Frame = {
    config,
    services,
    message,
    address: first,
    batch: addresses,
    results,
    until,
    delivery: { results, startedAtMs: services.clock.now() },
    captures: fields.array('captures') as readonly Text[], // likewise
  };
  const acknowledged = acknowledgements(call, addresses.length);
  return {
    kind: 'ok',
    value: {
      message,
      addresses,
      instance,
      frame,
      services,
      until,
      returnPath: fields.string('returnPath'),
      headers: decodeLines(fields, headers),
      isRehearsal: fields.boolean('isRehearsal'),
      isQuotaCheck: fields.boolean('isQuotaCheck'),
      retry: localRetry,
      settled: (result) => acknowledged.send(addresses.indexOf(result.address), result),
    },
  };
}

function decodeHeaders(fields: Fields): Message['headers'] {
  return fields.strings('headers').map((header) => ({ type: header.charAt(0) as HeaderType, text: header.slice(1) })); // likewise
}

function decodeLines(fields: Fields, headers: Message['headers']): readonly string[] {
  return fields.array('lines').map((line) => {
    const text = typeof line === 'number' ? headers[line]?.text : line;
    if (typeof text !== 'string') throw new ProtocolError('a line that is not there');
    return text;
  });
}

function decodeAddresses(fields: Fields, config: Config, instance: TransportInstance): readonly Address[] {
  const encoded = fields.array('addresses');
  if (encoded.length > addressLimit) throw new ProtocolError('too many addresses');
  const decoded: Address[] = [];
  for (const item of encoded) {
    const address = new Fields(item);
    const { parentIndex: _, ...rest } = item as Address & { readonly parentIndex?: number }; // made by `encodeAddresses`
    const state = address.fields('state');
    const routerName = state.has('router') ? state.string('router') : undefined;
    const transportName = state.has('transport') ? state.string('transport') : undefined;
    const parent = address.has('parentIndex') ? decoded[address.number('parentIndex')] : undefined;
    decoded.push({
      ...rest,
      ...(parent ? { parent } : {}),
      state: {
        ...(state.without('router', 'transport') as unknown as AddressState), // likewise
        router: config.routers.find((router) => router.name === routerName),
        transport: transportName === undefined ? instance : config.transports.get(transportName),
      },
    });
  }
  return fields.array('wanted').map((index) => {
    const address = typeof index === 'number' ? decoded[index] : undefined;
    if (!address) throw new ProtocolError('an address that is not there');
    return address;
  });
}

/** Sends results and waits until the worker has journalled each but the last of `expected`, behind which nothing is done any more. */
function acknowledgements(call: IncomingCall, expected: number): { send(index: number, result: DeliveryResult): Promise<void> } {
  const waiting = new Map<number, () => void>();
  let last = 0;
  call.onEvent = (value) => {
    const number = new Fields(value).number('acknowledged');
    waiting.get(number)?.();
    waiting.delete(number);
  };
  call.signal.addEventListener('abort', () => {
    for (const resolve of waiting.values()) resolve(); // the worker is gone: nobody will
    waiting.clear();
  });
  return {
    send(index, result) {
      const { address: _, ...rest } = result;
      const number = ++last;
      if (call.signal.aborted) return Promise.resolve();
      call.sendEvent({ number, index, result: rest });
      if (number >= expected) return Promise.resolve();
      return new Promise((resolve) => {
        waiting.set(number, resolve);
      });
    },
  };
}

/** Lines for the files are written by the worker: a user's process may not. Selectors and debugging are the child's own. */
function forwardingLog(call: IncomingCall, own: Log): Log {
  const forward = (kind: 'main' | 'panic' | 'reject', line: string, id: string | undefined) => call.sendEvent({ log: { kind, line, id } });
  return {
    main: (line, id) => forward('main', line, id),
    reject: (line, _headers, id) => forward('reject', line, id),
    panic: (line, id) => forward('panic', line, id),
    mainAndReject: (line, _headers, id) => {
      forward('main', line, id);
      forward('reject', line, id);
    },
    debug: (category, text) => own.debug(category, text),
    isDebug: (category) => own.isDebug(category),
    selected: (selector) => own.selected(selector),
    flush: () => {},
    written: () => Promise.resolve(),
  };
}

/** Local transports have no hosts with a retry time. */
const localRetry: RetryPort = {
  hostStatus: () => 'due',
  hostFailed: () => {},
  hostWorked: () => {},
};
