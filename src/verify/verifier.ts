/**
 * Address verification: an address is taken through the routers as if it were to be delivered. Redirection to one address goes on with that one;
 * more of them, a file or a pipe end it well. Spec ch. 44 "Address verification", "Redirection while verifying".
 */
import type { Octets } from '../base/octets.ts';
import type { CalloutOptions, Frame, Text, TransactionState, Verification, Verifier, VerifyRequest } from '../core/index.ts';
import { DEFAULT_CALLOUT, mailOf } from '../core/index.ts';
import { indentedLog } from '../logging/indented.ts';
import { rewriteAddress } from '../rewrite/rewrite.ts';
import { makeAddress } from '../routers/address.ts';
import { type Routed, type RoutingProblem, routeAddress } from '../routers/chain.ts';
import type { HoldPlan } from './callout.ts';
import { verifyByCallout } from './callout.ts';
import { endCutthrough, HeldConnection } from './cutthrough.ts';
import { knownQuota, verifyQuota } from './quota.ts';

/** Redirections that lead from one address to the next. */
const MAX_REDIRECTIONS = 100;

class RouterVerifier implements Verifier {
  async verify(asked: VerifyRequest, frame: Frame): Promise<Verification> {
    const full = qualified(asked, frame);
    if (full === undefined) {
      const text = `A domain is required for "${asked.address}"`;
      return { kind: 'fail', userMessage: text, logMessage: text, failure: 'qualify' };
    }
    // Spec ch. 31 "When does rewriting happen?": an address is rewritten before it is verified
    const { address } = await rewriteAddress(full, asked.isSender ? 'env-from' : 'env-to', frame);
    if (address === '') return { kind: 'ok', addressData: undefined };
    const request = { ...asked, address };
    const { quota } = request;
    const known = quota === undefined ? undefined : knownQuota(address, quota, frame);
    if (known !== undefined) return known;
    const verify = request.isSender ? 'sender' : 'recipient';
    const { log } = frame.services;
    const returnPath = request.isSender ? address : mailOf(frame)?.sender;
    const plain: Frame = returnPath === undefined ? frame : { ...frame, returnPath };
    if (!log.isDebug('verify')) return this.#follow(request, verify, plain);
    const inner: Frame = { ...plain, services: { ...frame.services, log: indentedLog(log) } };
    inner.services.log.debug('verify', () => '>'.repeat(35));
    const verified = await this.#follow(request, verify, inner);
    inner.services.log.debug('verify', () => '----------- end verify ------------');
    return verified;
  }

  /** From redirection to redirection. */
  async #follow(request: VerifyRequest, verify: 'sender' | 'recipient', frame: Frame): Promise<Verification> {
    let current = makeAddress({ address: request.address, recipientIndex: 0 });
    for (let step = 0; step < MAX_REDIRECTIONS; step++) {
      const { address } = current;
      frame.services.log.debug('verify', () => `routing ${address}`);
      const routed = await routeAddress(current, { frame, verify });
      const problem = routed.problems.find(({ address }) => address.kind === 'mailbox');
      if (problem) return request.quota === undefined ? ofProblem(problem) : { ...ofProblem(problem), userMessage: undefined };
      const only = onlyChild(routed);
      if (only === undefined || request.successOnRedirect) return this.#routed(routed, request, frame);
      current = only;
    }
    const text = 'routing loop for verified address';
    return { kind: 'defer', userMessage: undefined, logMessage: text };
  }

  async cutThrough(recipient: Octets, frame: Frame): Promise<'taken' | 'refused'> {
    const state = frame.transaction?.state;
    if (state === undefined || !isFirstOrOnHold(state)) return 'taken';
    const held = state.cutthrough;
    if (typeof held === 'object' && held instanceof HeldConnection && held.has(recipient)) return 'taken';
    const verified = await this.verify({ address: recipient, isSender: false, callout: CUTTHROUGH_CALLOUT }, frame);
    const isHeld = verified.kind === 'ok' && verified.calledOut === 'address' && typeof state.cutthrough === 'object';
    if (!isHeld) await endCutthrough(state);
    return verified.kind === 'fail' ? 'refused' : 'taken';
  }

  async #routed(routed: Routed, request: VerifyRequest, frame: Frame): Promise<Verification> {
    const delivery = routed.deliveries[0];
    if (request.quota !== undefined) {
      const isOne = routed.deliveries.length === 1 && routed.children.length === 0;
      return verifyQuota(request.address, isOne ? delivery : undefined, request.quota, frame);
    }
    if (request.callout && delivery && routed.deliveries.length === 1 && routed.children.length === 0) {
      const plan = holdPlan(request, request.callout, frame);
      const called = await verifyByCallout(delivery, request, request.callout, frame, plan);
      if (plan === 'keeps' && isCut(frame) && called.kind !== 'ok') await endCutthrough(frame.transaction?.state);
      return called;
    }
    return { kind: 'ok', addressData: addressDataOf(routed), ...(delivery ? { address: delivery } : {}) };
  }
}

/**
 * A recipient callout with the message's own sender can be the beginning of a delivery (`hold`, `control = cutthrough_delivery`) or go on with one;
 * one that asks for more ends it. With `hold` only the very first recipient begins it.
 */
function holdPlan(request: VerifyRequest, callout: CalloutOptions, frame: Frame): HoldPlan {
  const state = frame.transaction?.state;
  if (state === undefined || request.isSender || !callout.useSender || frame.session?.isRehearsal === true) return 'apart';
  if (callout.isRandom || callout.isPostmaster || callout.isFullPostmaster) return 'ends';
  if (typeof state.cutthrough === 'object') return 'joins';
  const begins = isCut(frame) ? isFirstOrOnHold(state) : callout.hold && state.cutthrough === undefined && state.rcptCount <= 1;
  return begins ? 'keeps' : 'apart';
}

function isCut(frame: Frame): boolean {
  return frame.transaction?.state.controls.has('cutthrough_delivery') === true;
}

/** All recipients go together or none does. */
function isFirstOrOnHold(state: TransactionState): boolean {
  return typeof state.cutthrough === 'object' || (state.cutthrough === undefined && state.recipients.length === 0);
}

/** How a recipient is asked for when no callout of the ACL did it. */
const CUTTHROUGH_CALLOUT: CalloutOptions = { ...DEFAULT_CALLOUT, useSender: true, noCache: true, hold: true };

/** The child to go on with: the routers made one new address, or (`unseen`) a copy that goes on, and no file or pipe. */
function onlyChild(routed: Routed): Routed['children'][number] | undefined {
  const places = routed.deliveries.filter(({ kind }) => kind !== 'mailbox');
  return routed.children.length === 1 && places.length === 0 ? routed.children[0] : undefined;
}

/** What the router set for the address, whatever it made of it. */
function addressDataOf({ deliveries, children, discarded, problems }: Routed): Text | undefined {
  const [problem] = problems;
  return (deliveries[0] ?? discarded[0] ?? problem?.address)?.state.addressData ?? children[0]?.inherited.addressData;
}

function qualified({ address, isSender }: VerifyRequest, frame: Frame): Octets | undefined {
  if (address.includes('@')) return address;
  const origin = frame.session?.state.origin;
  const isAllowed = isSender ? origin?.allowUnqualifiedSender : origin?.allowUnqualifiedRecipient;
  if (!isAllowed) return undefined;
  const { main } = frame.config;
  return `${address}@${(isSender ? main.qualify_domain : (main.qualify_recipient ?? main.qualify_domain)) ?? ''}`;
}

function ofProblem({ kind, message, userMessage, cause }: RoutingProblem): Exclude<Verification, { kind: 'ok' }> {
  if (kind === 'deferred') return { kind: 'defer', userMessage, logMessage: cause ?? message };
  return { kind: 'fail', userMessage, logMessage: message, failure: 'route' };
}

/** One for a process: it keeps nothing between calls. */
export function createVerifier(): Verifier {
  return new RouterVerifier();
}
