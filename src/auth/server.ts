/** The server's side of AUTH: what is offered, running an authenticator, what its result means. RFC 4954; Spec ch. 33 "SMTP authentication". */
import type { Octets } from '../base/octets.ts';
import { lowerCase, trimSpace } from '../base/octets.ts';
import type { AuthDialogue, AuthenticatorInstance, Frame, ServerAuthResult, Template, Text } from '../core/index.ts';
import { decodeBase64 } from './base64.ts';
import { authFrame } from './values.ts';

export type Authentication =
  | { readonly kind: 'ok' /** `$authenticated_id`. */; readonly id: Octets }
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly reply: Octets;
      /** For the log, behind the reply and the id. */
      readonly reason?: Octets;
      /** For the client, behind the reply. */
      readonly forClient?: Octets;
      readonly id: Octets | undefined;
    };

/** `server_advertise_condition`: empty, 0, no and false mean no; a forced failure too. */
export async function isAdvertised(authenticator: AuthenticatorInstance, frame: Frame): Promise<boolean> {
  const condition = authenticator.generic['server_advertise_condition'] as Template | undefined; // of the generic option table
  if (condition === undefined) return true;
  const expanded = await condition.evaluate(frame);
  if (expanded.kind === 'ok') return isTrue(expanded.value.octets) !== 'false';
  if (expanded.kind !== 'forced-fail')
    frame.services.log.panic(
      `failed to expand "${condition.source}" for advertising ${authenticator.name} authenticator: ${expanded.message}`,
    );
  return false;
}

/** `data` is what came with AUTH: base64, `=` for an empty response, '' for none. */
export async function authenticate(
  authenticator: AuthenticatorInstance,
  data: Octets,
  dialogue: AuthDialogue,
  frame: Frame,
): Promise<Authentication> {
  const { behaviour } = authenticator;
  const server = behaviour?.server;
  if (server === undefined) return temporary('authenticator is not built yet');
  const missing = missingParts(authenticator, frame);
  if (missing !== undefined) return temporary(missing);
  const initial = data === '' ? undefined : data === '=' ? '' : decodeBase64(data);
  if (data !== '' && initial === undefined)
    return interpret({ kind: behaviour?.isWrongBase64Wrong === true ? 'fail' : 'bad-base64' }, undefined);
  return judge(authenticator, () => server.call(behaviour, initial, dialogue, frame), frame);
}

/** The authenticator for clients whose certificate was verified, and what it says; undefined where there is none. Spec ch. 42 "The tls authenticator". */
export async function authenticateByCertificate(
  authenticators: readonly AuthenticatorInstance[],
  frame: Frame,
): Promise<{ readonly authenticator: AuthenticatorInstance; readonly result: Authentication } | undefined> {
  const authenticator = authenticators.find(({ behaviour }) => behaviour?.ofCertificate !== undefined);
  const ofCertificate = authenticator?.behaviour?.ofCertificate;
  if (authenticator === undefined || ofCertificate === undefined || missingParts(authenticator, frame) !== undefined) return undefined;
  return { authenticator, result: await judge(authenticator, () => ofCertificate.call(authenticator.behaviour, frame), frame) };
}

/** Told in the panic log. */
function missingParts({ name, notYet }: AuthenticatorInstance, frame: Frame): Octets | undefined {
  if (notYet.length === 0) return undefined;
  const text = `${notYet.join(', ')} is not built yet`;
  frame.services.log.panic(`${name} authenticator: ${text}`);
  return text;
}

/** The driver's result, then `server_condition`, then the id. `$auth1` and so on are nobody's before and behind that. */
async function judge(authenticator: AuthenticatorInstance, run: () => Promise<ServerAuthResult>, frame: Frame): Promise<Authentication> {
  authFrame(frame, []);
  try {
    const result = await run();
    const values = result.kind === 'ok' ? result.values : (frame.results.auth ?? []);
    const judged = result.kind === 'ok' ? await judgeCondition(authenticator, values, frame) : result;
    return interpret(judged, await expandId(authenticator, values, frame));
  } finally {
    authFrame(frame, []);
  }
}

/** What `server_set_id` makes of the client's data; a failed expansion counts as if it were not set. */
async function expandId(authenticator: AuthenticatorInstance, values: readonly Text[], frame: Frame): Promise<Octets | undefined> {
  const option = authenticator.generic['server_set_id'] as Template | undefined; // of the generic option table
  if (option === undefined) return undefined;
  const expanded = await option.evaluate(authFrame(frame, values));
  return expanded.kind === 'ok' ? expanded.value.octets : undefined;
}

function interpret(result: ServerAuthResult, id: Octets | undefined): Authentication {
  switch (result.kind) {
    case 'ok':
      return { kind: 'ok', id: id ?? '' };
    case 'fail':
      return { kind: 'failed', code: '535', reply: result.message ?? 'Incorrect authentication data', id };
    case 'cancelled':
      return { kind: 'failed', code: '501', reply: 'Authentication cancelled', id: undefined };
    case 'bad-base64':
      return { kind: 'failed', code: '501', reply: 'Invalid base64 data', id: undefined };
    case 'unexpected-data':
      return { kind: 'failed', code: '553', reply: 'Initial data not expected', id: undefined };
    case 'defer':
      return { ...temporary(result.message), ...(result.isForClient === true ? { forClient: result.message } : {}), id };
    case 'error':
      return { ...temporary(result.message), id };
  }
}

function temporary(reason: Octets): Exclude<Authentication, { kind: 'ok' }> {
  return {
    kind: 'failed',
    code: '435',
    reply: 'Unable to authenticate at present',
    ...(reason === '' ? {} : { reason }),
    id: undefined,
  };
}

/** A server condition's text: empty, 0, no, false fail; 1, yes, true succeed; anything else is a temporary error with that text. */
function isTrue(text: Octets): 'true' | 'false' | 'other' {
  const word = lowerCase(trimSpace(text));
  if (word === '' || word === '0' || word === 'no' || word === 'false') return 'false';
  return word === '1' || word === 'yes' || word === 'true' ? 'true' : 'other';
}

/** `server_condition` with the values that the driver found; it must be true where it is set. */
async function judgeCondition(authenticator: AuthenticatorInstance, values: readonly Text[], frame: Frame): Promise<ServerAuthResult> {
  const condition = authenticator.generic['server_condition'] as Template | undefined; // of the generic option table
  if (condition === undefined) return { kind: 'ok', values };
  const expanded = await condition.evaluate(authFrame(frame, values));
  if (expanded.kind === 'forced-fail') return { kind: 'fail' };
  if (expanded.kind !== 'ok') return { kind: 'defer', message: expanded.message };
  switch (isTrue(expanded.value.octets)) {
    case 'true':
      return { kind: 'ok', values };
    case 'false':
      return { kind: 'fail' };
    case 'other':
      return { kind: 'defer', message: expanded.value.octets, isForClient: true };
  }
}

/** `server_mail_auth_condition`: whether AUTH= of this client's MAIL is believed. */
export async function believesMailAuth(authenticator: AuthenticatorInstance, frame: Frame): Promise<boolean> {
  const condition = authenticator.generic['server_mail_auth_condition'] as Template | undefined; // of the generic option table
  if (condition === undefined) return true;
  const expanded = await condition.evaluate(frame);
  return expanded.kind === 'ok' && isTrue(expanded.value.octets) !== 'false';
}
