/** Batch SMTP: a message with its envelope as SMTP commands, for appendfile and pipe with `use_bsmtp`. Spec ch. 48 "Batched SMTP". */
import type { Address } from '../core/address.ts';
import type { DeliveryBatch } from '../core/drivers.ts';
import { recipientAddress } from './headers.ts';
import type { MessageFormat } from './message-text.ts';
import { transportSettings } from './settings.ts';

type BatchEnvelope = Pick<DeliveryBatch, 'addresses' | 'instance' | 'returnPath'>;

/** The same message between MAIL, RCPT, DATA and the final dot; prefix and suffix stay outside. */
export function asBatchSmtp(format: MessageFormat, batch: BatchEnvelope): MessageFormat {
  const end = format.useCrlf ? '\r\n' : '\n';
  const withAffixes = transportSettings(batch.instance).rcpt_include_affixes;
  const commands = [
    `MAIL FROM:<${batch.returnPath}>`,
    ...batch.addresses.map((address) => `RCPT TO:<${recipientAddress(envelopeAddress(address), withAffixes)}>`),
    'DATA',
  ];
  return {
    ...format,
    prefix: `${format.prefix ?? ''}${commands.map((command) => command + end).join('')}`,
    suffix: `.${end}${format.suffix ?? ''}`,
    check: { from: '.', to: '..' },
    endsLine: true,
  };
}

/** Files, pipes and replies stand for the address that was redirected to them. */
function envelopeAddress(address: Address): Address {
  return address.kind === 'mailbox' || address.parent === undefined ? address : address.parent;
}
