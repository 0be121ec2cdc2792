/**
 * DKIM at reception: signatures are verified while a message is read, and the ACL for them runs once for each signer when it has been, before
 * those for its parts and its data. Spec ch. 58 "Verifying DKIM signatures in incoming mail".
 */
import { expandAclOption } from '../acl/option-text.ts';
import { parseList } from '../base/list-text.ts';
import { equalsIgnoreCase, lowerCase, type Octets, printable, trimSpace } from '../base/octets.ts';
import { KeyLookups } from '../checks/dkim/key-lookups.ts';
import { DkimVerifier, type Verification } from '../checks/dkim/verifier.ts';
import {
  type AclVerdict,
  type Config,
  type Deadline,
  DKIM_FINDINGS,
  type DkimState,
  type Frame,
  type HeaderLine,
  newDkimState,
  type Services,
  type Session,
  type Template,
  type Transaction,
  type TransactionState,
  type VerifiedSignature,
} from '../core/index.ts';
import { dkimLine, dkimProblemLines } from '../logging/lines/dkim.ts';
import type { DataDecoder } from '../smtp/data-decoder.ts';
import type { BodyObserver } from './message-input.ts';

export interface CheckedReception {
  readonly config: Config;
  readonly services: Services;
  readonly session: Session;
  readonly transaction: Transaction | undefined;
  readonly until: Deadline;
}

/** Looks for signatures in one message that comes over SMTP, and verifies them. */
export class SignatureCheck {
  readonly #reception: CheckedReception;
  #verifier: DkimVerifier | undefined;

  constructor(reception: CheckedReception) {
    this.#reception = reception;
  }

  /**
   * When the header has been read: who wants the body. A message without signatures, and where they are not wanted, costs nothing more. Where
   * the header does not end with an empty line, or has a bare CR, what is kept is not what others take for header and body: nothing is verified.
   */
  observe(
    headers: readonly HeaderLine[],
    isHeaderUnended: boolean,
    { hasBareCrInHeader }: Pick<DataDecoder, 'hasBareCrInHeader'>,
  ): BodyObserver | undefined {
    const { config, services, session, transaction, until } = this.#reception;
    const isSmtp = session.mode === 'smtp-tcp' || session.mode === 'smtp-local';
    if (!isSmtp || isHeaderUnended || hasBareCrInHeader || transaction?.state.controls.has('dkim_disable_verify')) return undefined;
    const keys = new KeyLookups(services.dns, services.clock, until);
    this.#verifier = DkimVerifier.begin(headers, config.main, (name) => keys.ask(name));
    if (this.#verifier?.isExcessive) services.log.main('DKIM: validation error: EXCESS_SIGS'); // its id is not told yet
    return this.#verifier;
  }

  finish(): Promise<Verification> | undefined {
    return this.#verifier?.finish();
  }
}

/** What the ACL came to for all signers; without one, or without signers, the message is accepted. */
export async function judgeSignatures(check: SignatureCheck | undefined, state: TransactionState, frame: Frame): Promise<AclVerdict> {
  const accepted: AclVerdict = { kind: 'accept' };
  if (check === undefined || state.controls.has('dkim_disable_verify')) return accepted;
  const { log } = frame.services;
  const verified = await check.finish();
  if (verified?.kind === 'unusable') {
    if (verified.reason !== 'EXCESS_SIGS') log.main(`DKIM: validation error: ${verified.reason}`, state.id);
    log.main(`DKIM: Error during validation, disabling signature verification: ${verified.reason}`, state.id);
    return accepted;
  }
  const dkim = newDkimState(verified?.signatures ?? []);
  for (const line of dkimProblemLines(dkim.signatures)) log.main(line, state.id);
  state.dkim = dkim;
  const { acl_smtp_dkim: acl, dkim_verify_signers: signers } = frame.config.main;
  if (acl === undefined || signers === undefined || signers.source === '') {
    for (const signature of dkim.signatures) tell(signature, state, dkim, frame);
    return accepted;
  }
  const list = await expandSigners(signers, state, frame);
  return list === undefined ? accepted : runForSigners(acl, list, state, dkim, frame);
}

/** Each signer once; undefined when the option cannot be expanded, which leaves the message as it is. */
async function expandSigners(signers: Template, state: TransactionState, frame: Frame): Promise<readonly Octets[] | undefined> {
  const expanded = await signers.evaluate(frame);
  if (expanded.kind !== 'ok') {
    const why = expanded.kind === 'forced-fail' ? 'forced failure' : expanded.message;
    frame.services.log.panic(`expansion of dkim_verify_signers option failed: ${printable(why)}`, state.id);
    return undefined;
  }
  const items = parseList(expanded.value.octets)
    .items.map(trimSpace)
    .filter((item) => item !== '');
  return [...new Map(items.map((item) => [lowerCase(item), item] as const)).values()];
}

async function runForSigners(
  acl: Template,
  signers: readonly Octets[],
  state: TransactionState,
  dkim: DkimState,
  frame: Frame,
): Promise<AclVerdict> {
  const statuses: Octets[] = [];
  for (const signer of signers) {
    const own = dkim.signatures.filter(({ signature }) => isBy(signer, signature));
    for (const signature of own.length === 0 ? [undefined] : own) {
      begin(signer, signature, dkim);
      const verdict = await runOnce(acl, frame);
      keepOverride(signature, dkim);
      statuses.push(dkim.status);
      if (signature !== undefined) tell(signature, state, dkim, frame);
      dkim.status = statuses.join(':');
      if (verdict.kind !== 'accept') return verdict;
    }
  }
  return { kind: 'accept' };
}

/** An identity has an `@`. */
function isBy(signer: Octets, { domain, identity }: VerifiedSignature['signature']): boolean {
  const own = signer.includes('@') ? identity : domain;
  return own !== undefined && equalsIgnoreCase(own, signer);
}

function begin(signer: Octets, signature: VerifiedSignature | undefined, dkim: DkimState): void {
  const [status, reason] = signature === undefined ? (['none', ''] as const) : DKIM_FINDINGS[signature.finding];
  dkim.signer = signer;
  dkim.last = signature ?? dkim.last;
  dkim.current = signature;
  dkim.status = status;
  dkim.reason = reason;
}

async function runOnce(acl: Template, frame: Frame): Promise<AclVerdict> {
  const text = await expandAclOption(acl, frame);
  if (text.kind === 'forced-fail') return { kind: 'accept' };
  if (text.kind !== 'ok') return { kind: 'error', logMessage: text.message };
  return frame.services.acls.run('dkim', text.value, [], frame);
}

/** Of what the ACL has set. */
function keepOverride(signature: VerifiedSignature | undefined, dkim: DkimState): void {
  if (signature === undefined) return;
  const [status, reason] = DKIM_FINDINGS[signature.finding];
  if (dkim.status !== status || dkim.reason !== reason) dkim.overrides.set(signature, { status: dkim.status, reason: dkim.reason });
}

function tell(verified: VerifiedSignature, state: TransactionState, dkim: DkimState, { services: { log } }: Frame): void {
  const override = dkim.overrides.get(verified);
  const { signature, finding } = verified;
  if (log.selected('dkim_verbose')) log.main(dkimLine(signature, finding, override), state.id);
  if ((override?.status ?? DKIM_FINDINGS[finding][0]) === 'pass') dkim.passedDomain = signature.domain;
}
