/** The server's side of AUTH: what is offered, running an authenticator, what its result means. RFC 4954; Spec ch. 33 "SMTP authentication". */
import type { Octets } from '../base/octets.ts';
import { lowerCase, trimSpace } from '../base/octets.ts';
import type { AuthDialogue, AuthenticatorInstance, Frame, Outcome, ServerAuthResult, Template, Text } from '../core/index.ts';
import { untainted } from '../core/index.ts';

export type Authentication =
  | { readonly kind: 'ok'; /** `$authenticated_id`. */ readonly id: Octets }
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly reply: Octets;
      /** For the log, when it is not the reply. */
      readonly logText?: Octets;
      readonly id: Octets | undefined;
      /** Counts as a syntax error of the client. */
      readonly isProtocolError: boolean;
    };

/** Strict base64; undefined for anything else. RFC 4648 s4. */
export function decodeBase64(text: Octets): Octets | undefined {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined;
  return Buffer.from(text, 'base64').toString('latin1');
}

/** `server_advertise_condition`: empty, 0, no and false mean no; a forced failure too. */
export async function isAdvertised(authenticator: AuthenticatorInstance, frame: Frame): Promise<boolean> {
  const condition = authenticator.generic['server_advertise_condition'] as Template | undefined; // of the generic option table
  if (condition === undefined) return true;
  const expanded = await condition.evaluate(frame);
  if (expanded.kind === 'ok') return isTrue(expanded.value.octets) !== 'false';
  if (expanded.kind !== 'forced-fail') frame.services.log.panic(`failed to expand "${condition.source}" for advertising ${authenticator.name} authenticator: ${expanded.message}`);
  return false;
}

/** `data` is what came with AUTH: base64, `=` for an empty response, '' for none. */
export async function authenticate(authenticator: AuthenticatorInstance, data: Octets, dialogue: AuthDialogue, frame: Frame): Promise<Authentication> {
  const server = authenticator.behaviour?.server;
  if (server === undefined) return temporary('authenticator is not built yet');
  if (authenticator.notYet.length > 0) {
    frame.services.log.panic(`${authenticator.name} authenticator: ${authenticator.notYet.join(', ')} is not built yet`);
    return temporary(`${authenticator.notYet.join(', ')} is not built yet`);
  }
  const initial = data === '' ? undefined : data === '=' ? '' : decodeBase64(data);
  if (data !== '' && initial === undefined) return interpret({ kind: 'bad-base64' }, undefined);
  const result = await server.call(authenticator.behaviour, initial, dialogue, frame);
  const values = result.kind === 'ok' ? result.values : (frame.results.auth ?? []);
  const id = await expandId(authenticator, values, frame);
  if (result.kind === 'ok' && id.kind !== 'ok') return temporary(id.kind === 'forced-fail' ? 'server_set_id: forced failure' : `server_set_id: ${id.message}`);
  return interpret(result, id.kind === 'ok' ? id.value.octets : undefined);
}

async function expandId(authenticator: AuthenticatorInstance, values: readonly Text[], frame: Frame): Promise<Outcome<Text>> {
  const option = authenticator.generic['server_set_id'] as Template | undefined; // of the generic option table
  if (option === undefined) return { kind: 'ok', value: untainted('') };
  return option.evaluate(authFrame(frame, values));
}

/** `$auth1`… and, as of old, `$1`…. */
export function authFrame(frame: Frame, values: readonly Text[]): Frame {
  frame.results.auth = values;
  return { ...frame, captures: [untainted(''), ...values] };
}

function interpret(result: ServerAuthResult, id: Octets | undefined): Authentication {
  switch (result.kind) {
    case 'ok':
      return { kind: 'ok', id: id ?? '' };
    case 'fail':
      return { kind: 'failed', code: '535', reply: result.message ?? 'Incorrect authentication data', id, isProtocolError: false };
    case 'cancelled':
      return { kind: 'failed', code: '501', reply: 'Authentication cancelled', id, isProtocolError: true };
    case 'bad-base64':
      return { kind: 'failed', code: '501', reply: 'Invalid base64 data', id, isProtocolError: true };
    case 'defer':
      return { ...temporary(result.message), id };
    case 'error':
      return { ...temporary(result.message), id };
  }
}

function temporary(reason: Octets): Exclude<Authentication, { kind: 'ok' }> {
  return { kind: 'failed', code: '435', reply: 'Unable to authenticate at present', logText: `435 Unable to authenticate at present${reason === '' ? '' : `: ${reason}`}`, id: undefined, isProtocolError: false };
}

/** A server condition's text: empty, 0, no, false fail; 1, yes, true succeed; anything else is a temporary error with that text. */
export function isTrue(text: Octets): 'true' | 'false' | 'other' {
  const word = lowerCase(trimSpace(text));
  if (word === '' || word === '0' || word === 'no' || word === 'false') return 'false';
  return word === '1' || word === 'yes' || word === 'true' ? 'true' : 'other';
}

/** Judges `server_condition` with the values the client gave. Spec ch. 34 "Using plaintext in a server". */
export async function judgeCondition(condition: Template | undefined, values: readonly Text[], frame: Frame): Promise<ServerAuthResult> {
  const inner = authFrame(frame, values);
  if (condition === undefined) return { kind: 'fail' };
  const expanded = await condition.evaluate(inner);
  if (expanded.kind === 'forced-fail') return { kind: 'fail' };
  if (expanded.kind !== 'ok') return { kind: 'defer', message: expanded.message };
  switch (isTrue(expanded.value.octets)) {
    case 'true':
      return { kind: 'ok', values };
    case 'false':
      return { kind: 'fail' };
    case 'other':
      return { kind: 'defer', message: expanded.value.octets };
  }
}
