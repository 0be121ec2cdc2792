/** `verify = …`: what is verified is decided by its first word. Spec ch. 44 "ACL conditions", "Address verification". */

import { assertNever } from '../../base/invariant.ts';
import type { Octets } from '../../base/octets.ts';
import type { AclContext, Frame, Judged, MaybePromise, Outcome, SenderVerifyFailure, Verification } from '../../core/index.ts';
import { defer, defineAclCondition, fail, mailOf, ok, untainted } from '../../core/index.ts';
import { lookUpSenderName, missingNameReason } from '../../lists/host-name.ts';
import { verifyCsa } from '../verify/csa.ts';
import { findHeaderSyntaxError, findNonAsciiName, hasNoBlindRecipient, senderAddresses } from '../verify/headers.ts';
import { verifyHelo } from '../verify/helo.ts';
import type { VerifyCall } from '../verify/options.ts';
import { parseVerify, verifyProblem } from '../verify/options.ts';

export default defineAclCondition({
  name: 'verify',
  summary: 'Verifies the sender, a recipient, the HELO name, header syntax, the host’s name, or a client certificate.',
  spec: 'ch. 44 "ACL conditions"',
  permittedIn: 'all',
  isExpanded: true,
  problemOf: verifyProblem,
  prepare: () => ({
    test: (argument, context) => {
      const parsed = parseVerify(argument.octets, context.phase, context.frame.services.lists);
      return parsed.kind === 'ok' ? verify(parsed.call, context) : fail(parsed.message);
    },
  }),
});

function verify(call: VerifyCall, context: AclContext): MaybePromise<Outcome<Judged>> {
  const { frame } = context;
  switch (call.kind) {
    case 'sender':
      return verifySender(call, context);
    case 'recipient':
      return verifyRecipient(call, context);
    case 'header_syntax': {
      const origin = frame.session?.state.origin;
      const problem = findHeaderSyntaxError(mailOf(frame)?.headers ?? [], {
        unqualifiedSender: origin?.allowUnqualifiedSender ?? false,
        unqualifiedRecipient: origin?.allowUnqualifiedRecipient ?? false,
        domainLiterals: frame.config.main.allow_domain_literals,
      });
      return judgedContent(context, problem);
    }
    case 'header_names_ascii':
      return judgedContent(context, findNonAsciiName(mailOf(frame)?.headers ?? []));
    case 'not_blind': {
      const mail = mailOf(frame);
      return judgedContent(
        context,
        mail === undefined || hasNoBlindRecipient(mail, call.caseSensitive) ? undefined : 'bcc recipient detected',
      );
    }
    case 'certificate':
      return frame.session?.state.origin.tls?.certificateVerified
        ? ok({ value: true })
        : denied(context, 'no verified certificate', undefined);
    case 'helo':
      return verifyHeloName(context);
    case 'reverse_host_lookup':
      return verifyHostName(call, context);
    case 'header_sender':
      return verifyHeaderSender(call, context);
    case 'csa':
      return verifyClient(call, context);
    case 'arc':
      return notYet('arc', context);
    default:
      return assertNever(call.kind);
  }
}

function notYet(what: Octets, context: AclContext): Outcome<Judged> {
  const message = `"verify = ${what}" is not built yet`;
  context.frame.services.log.panic(message);
  return defer(message);
}

/** A problem is for the log (and `$acl_verify_message`) only: the peer gets the usual text. */
function judged(context: AclContext, problem: Octets | undefined): Outcome<Judged> {
  if (problem !== undefined) context.statement.logText = problem;
  return ok({ value: problem === undefined });
}

/** With `smtp_return_error_details` the peer learns what is wrong with its message. */
function judgedContent(context: AclContext, problem: Octets | undefined, details = problem): Outcome<Judged> {
  if (details !== undefined && context.frame.config.main.smtp_return_error_details)
    context.statement.userText = `Rejected after DATA: ${details}`;
  return judged(context, problem);
}

function denied(context: AclContext, userText: Octets | undefined, logText: Octets | undefined): Outcome<Judged> {
  context.statement.userText = userText;
  context.statement.logText = logText;
  return ok({ value: false });
}

/** Only a client that is not authorized fails: what could not be found out must not hinder legitimate mail. */
async function verifyClient(call: VerifyCall, context: AclContext): Promise<Outcome<Judged>> {
  const result = await verifyCsa(call.csaDomain, context.frame);
  context.frame.results.csaStatus = result.status;
  return judged(context, result.status === 'fail' ? result.why : undefined);
}

async function verifyHeloName(context: AclContext): Promise<Outcome<Judged>> {
  const answer = await verifyHelo(context.frame);
  return ok({ value: answer.kind === 'verified' });
}

async function verifyHostName(call: VerifyCall, context: AclContext): Promise<Outcome<Judged>> {
  const origin = context.frame.session?.state.origin;
  if (origin?.hostAddress === undefined) return ok({ value: true });
  const wasLookedUp = origin.hostLookup === 'failed' || origin.hostLookup === 'deferred';
  const lookup = await lookUpSenderName(context.frame);
  switch (lookup.kind) {
    case 'found':
      return ok({ value: true });
    case 'deferred':
      return call.deferOk ? ok({ value: true }) : defer('host lookup deferred for reverse lookup check');
    case 'not-found':
      return denied(
        context,
        undefined,
        `host lookup failed${wasLookedUp ? '' : ' for reverse lookup check'} (${missingNameReason(origin)})`,
      );
    default:
      return assertNever(lookup);
  }
}

/** The null sender is always good. Results without a callout are kept for the transaction; their details are told once. */
async function verifySender(call: VerifyCall, context: AclContext): Promise<Outcome<Judged>> {
  const { frame } = context;
  const own = mailOf(frame)?.sender ?? '';
  const address = call.address ?? own;
  if (address === '') return ok({ value: true });
  const kept = call.callout === undefined ? frame.transaction?.state.senderVerifications : undefined;
  const known = kept?.get(address);
  if (known !== undefined) frame.services.log.debug('verify', () => 'using cached sender verify result');
  frame.results.senderVerifyFailure = undefined;
  const result =
    known ??
    (await frame.services.verifier.verify(
      { address, isSender: true, callout: call.callout, successOnRedirect: call.successOnRedirect },
      frame,
    ));
  if (known === undefined) {
    kept?.set(address, result);
    forgetMatches(frame);
  }
  const outcome = judgeVerification(result, call, context);
  frame.results.senderAddressData = result.addressData;
  if (result.kind === 'ok') {
    if (result.calledOut === 'random') frame.results.senderVerifyFailure = 'random';
    return outcome;
  }
  if (outcome.kind === 'ok' && outcome.value.value) return outcome;
  const told = senderFailure(address, result);
  if (!call.noDetails) context.acl.senderVerify.failure = told;
  if (known === undefined) {
    if (result.kind === 'fail' && result.failure !== 'route' && result.failure !== 'qualify') context.statement.senderVerify = told;
    frame.transaction?.state.sendersTold.delete(address); // found out anew, told anew
  }
  if (result.kind === 'fail') frame.results.senderVerifyFailure = result.failure;
  if (outcome.kind !== 'defer') {
    context.statement.userText = 'Sender verify failed';
    context.statement.logText = 'Sender verify failed';
    return outcome;
  }
  const isCallout = result.kind === 'defer' && result.isCallout === true;
  const text = isCallout ? 'Could not complete sender verify callout' : 'Could not complete sender verify';
  context.statement.userText = isCallout ? text : undefined;
  context.statement.logText = text;
  return defer(text);
}

/** Routers had lists of their own to match. */
function forgetMatches({ results }: Frame): void {
  results.domainData = undefined;
  results.localPartData = undefined;
}

/** What a refusal tells of the sender. */
function senderFailure(address: Octets, result: Exclude<Verification, { kind: 'ok' }>): SenderVerifyFailure {
  if (result.kind === 'defer') return { address, details: undefined, logText: result.logMessage, isDefer: true };
  const { userMessage, logMessage, failure } = result;
  const cause = result.refusesNullSender ? 'null-sender' : failure === 'postmaster' ? 'postmaster' : undefined;
  return { address, details: userMessage, logText: result.isCached ? '' : logMessage, isDefer: false, cause };
}

/** Whether any address of Sender:, Reply-To: or From: can be verified as a sender; the first header of them that has one decides last. */
async function verifyHeaderSender(call: VerifyCall, context: AclContext): Promise<Outcome<Judged>> {
  const { frame } = context;
  let failure: Octets | undefined;
  let details: Octets | undefined;
  let deferral: Extract<Verification, { kind: 'defer' }> | undefined;
  for (const { address, header, problem } of senderAddresses(mailOf(frame)?.headers ?? [])) {
    if (problem !== undefined) {
      failure = problem;
      break;
    }
    const { log, verifier } = frame.services;
    log.debug('verify', () => `verifying ${header}: header address ${address}`);
    const known = call.callout === undefined ? frame.transaction?.state.senderVerifications?.get(address) : undefined;
    if (known !== undefined) log.debug('verify', () => 'previously checked as envelope sender');
    const result =
      known ??
      (await verifier.verify({ address, isSender: true, callout: call.callout, successOnRedirect: call.successOnRedirect }, frame));
    if (result.kind === 'ok') return ok({ value: true });
    if (result.kind === 'defer') deferral = result;
    details = `could not verify "${header}:" header address\n${address}: ${result.userMessage ?? result.logMessage}`;
  }
  if (deferral !== undefined && failure === undefined) {
    if (isTolerated(deferral, call, context)) return ok({ value: true });
    const deferred = 'all attempts to verify a sender in a header line deferred';
    judgedContent(context, deferred, details);
    return defer(deferred);
  }
  return judgedContent(context, failure ?? 'there is no valid sender in any header line', failure ?? details);
}

async function verifyRecipient(call: VerifyCall, context: AclContext): Promise<Outcome<Judged>> {
  const { frame } = context;
  const address = frame.transaction?.state.currentRecipient?.address ?? '';
  frame.results.recipientVerifyFailure = undefined;
  const result = await frame.services.verifier.verify(
    { address, isSender: false, callout: call.callout, quota: call.quota, successOnRedirect: call.successOnRedirect },
    frame,
  );
  forgetMatches(frame);
  const outcome = judgeVerification(result, call, context);
  if (result.kind === 'fail') frame.results.recipientVerifyFailure = result.failure;
  if (result.addressData) frame.results.addressData = result.addressData;
  if (result.kind !== 'ok') return outcome;
  if (result.calledOut === 'random') frame.results.recipientVerifyFailure = 'random';
  if (result.calledOut === 'address' && result.address) {
    frame.results.domainData = untainted(result.address.domain);
    frame.results.localPartData = untainted(result.address.localPart);
  }
  return outcome;
}

/** `defer_ok` of the verification, or of the callout. */
function isTolerated(result: Extract<Verification, { kind: 'defer' }>, call: VerifyCall, context: AclContext): boolean {
  const override = call.deferOk ? 'defer_ok' : call.calloutDeferOk && result.isCallout === true ? 'callout_defer_ok' : undefined;
  if (override !== undefined) context.frame.services.log.debug('verify', () => `verify defer overridden by ${override}`);
  return override !== undefined;
}

function judgeVerification(result: Verification, call: VerifyCall, context: AclContext): Outcome<Judged> {
  switch (result.kind) {
    case 'ok':
      return ok({ value: true });
    case 'fail':
      return denied(context, result.userMessage, result.isCached ? undefined : result.logMessage);
    case 'defer': {
      if (isTolerated(result, call, context)) return ok({ value: true });
      context.statement.userText = result.userMessage;
      context.statement.logText = result.logMessage;
      return defer(result.logMessage);
    }
    default:
      return assertNever(result);
  }
}
