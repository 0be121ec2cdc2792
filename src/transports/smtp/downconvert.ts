/** What a message with addresses in UTF-8 is sent as: to a server without SMTPUTF8 its envelope goes in a-labels. Spec ch. 60 "Internationalisation". */
import { isAscii, type Octets } from '../../base/octets.ts';
import type { Message } from '../../core/message.ts';
import { fail, type NotOk } from '../../core/outcome.ts';
import { domainToAlabel, localPartToAlabel } from '../../expand/alabel.ts';

export interface EnvelopeForm {
  /** MAIL says SMTPUTF8. */
  readonly isUtf8: boolean;
  readonly isConverted: boolean;
}

/** `setting` is the transport's `utf8_downconvert`, expanded: `1`, `0`, `-1`, or '' for what the message says. Undefined: the server cannot take the message. */
export function envelopeForm(
  message: Pick<Message, 'isUtf8' | 'downconversion'>,
  setting: Octets,
  serverTakesUtf8: boolean,
): EnvelopeForm | undefined {
  const mode = setting === '' ? (message.downconversion ?? 'never') : (MODES.get(setting) ?? 'never');
  if (mode === 'always' || (mode === 'if-needed' && !serverTakesUtf8)) return { isUtf8: false, isConverted: true };
  if (!message.isUtf8) return { isUtf8: false, isConverted: false };
  return serverTakesUtf8 ? { isUtf8: true, isConverted: false } : undefined;
}

const MODES: ReadonlyMap<Octets, 'always' | 'if-needed' | 'never'> = new Map([
  ['1', 'always'],
  ['-1', 'if-needed'],
  ['0', 'never'],
]);

export type Converted = { readonly kind: 'ok'; readonly address: Octets } | NotOk;

/** local_part@domain with each part as an a-label; '' stays. */
export function addressToAlabel(address: Octets): Converted {
  if (isAscii(address)) return { kind: 'ok', address };
  const at = address.lastIndexOf('@');
  const localPart = localPartToAlabel(at < 0 ? address : address.slice(0, at));
  if (typeof localPart !== 'string') return localPart;
  if (at < 0) return { kind: 'ok', address: localPart };
  const domain = domainToAlabel(address.slice(at + 1));
  return typeof domain === 'string' ? { kind: 'ok', address: `${localPart}@${domain}` } : fail(problemOf(domain));
}

function problemOf(outcome: NotOk): string {
  return outcome.kind === 'forced-fail' ? 'forced failure' : outcome.message;
}
