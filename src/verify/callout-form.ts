/** How a callout writes addresses in UTF-8: as they are with SMTPUTF8, or as a-labels, as the message itself would go out. Spec ch. 60 "Internationalisation". */
import { type Octets, trimSpace } from '../base/octets.ts';
import type { Frame } from '../core/index.ts';
import { expandOption, messageOf } from '../transports/settings.ts';
import { addressToAlabel, envelopeForm } from '../transports/smtp/downconvert.ts';
import type { ReadyClient } from '../transports/smtp/handshake.ts';
import type { SmtpOptions } from '../transports/smtp/options.ts';

export interface CalloutForm {
  /** What stands behind the sender in MAIL. */
  readonly mailParameters: Octets;
  readonly isConverted: boolean;
}

export const PLAIN_FORM: CalloutForm = { mailParameters: '', isConverted: false };

/** `refused`: the host does not take such messages. */
export async function chooseForm(
  { extensions }: ReadyClient,
  set: SmtpOptions,
  frame: Frame,
): Promise<
  { readonly kind: 'ok'; readonly form: CalloutForm } | { readonly kind: 'refused' } | { readonly kind: 'failing'; readonly why: Octets }
> {
  const state = frame.transaction?.state;
  if (state?.isUtf8 !== true) return { kind: 'ok', form: PLAIN_FORM };
  const setting = await expandOption(set.utf8_downconvert, frame);
  if (setting.kind !== 'ok') return { kind: 'failing', why: `failed to expand utf8_downconvert: ${messageOf(setting)}` };
  const asked = { isUtf8: true, downconversion: DOWNCONVERSIONS.get(state.controls.get('utf8_downconvert') ?? '') };
  const form = envelopeForm(asked, trimSpace(setting.value?.octets ?? ''), extensions.keywords.has('SMTPUTF8'));
  if (form === undefined) return { kind: 'refused' };
  return { kind: 'ok', form: { mailParameters: form.isUtf8 ? ' SMTPUTF8' : '', isConverted: form.isConverted } };
}

/** Of `control = utf8_downconvert`. */
const DOWNCONVERSIONS: ReadonlyMap<string, 'always' | 'if-needed'> = new Map([
  ['1', 'always'],
  ['-1', 'if-needed'],
]);

/** What cannot be converted is sent as it is: the host will say what it thinks of it. */
export function written(address: Octets, form: CalloutForm): Octets {
  if (!form.isConverted) return address;
  const converted = addressToAlabel(address);
  return converted.kind === 'ok' ? converted.address : address;
}
