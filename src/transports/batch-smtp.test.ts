/** Messages in batch SMTP form. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { octetsFromBytes } from '../base/octets.ts';
import type { Address } from '../core/address.ts';
import { untilAborted } from '../core/deadline.ts';
import type { TransportInstance } from '../core/drivers.ts';
import { asBatchSmtp } from './batch-smtp.ts';
import { type MessageFormat, messageText } from './message-text.ts';

function mailbox(address: string, parent?: Address): Address {
  return { kind: 'mailbox', address, ...(parent === undefined ? {} : { parent }), state: {} } as Address; // what the envelope reads
}

async function written(format: MessageFormat): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of messageText(format, untilAborted(new AbortController().signal))) chunks.push(chunk);
  return octetsFromBytes(Buffer.concat(chunks));
}

const instance = { generic: { rcpt_include_affixes: false } } as unknown as TransportInstance; // nothing else is read

test('the envelope stands between prefix and message, the final dot before the suffix; lines that begin with a dot get another', async () => {
  const addresses = [mailbox('a@x'), { ...mailbox('/some/file', mailbox('b@x')), kind: 'file' as const }];
  const format: MessageFormat = { prefix: 'HELO h\n', suffix: 'RSET\n', headers: ['A: b\n', '.C: d\n'], useCrlf: false, endsLine: false };
  assert.equal(
    await written(asBatchSmtp(format, { addresses, instance, returnPath: 's@y' })),
    'HELO h\nMAIL FROM:<s@y>\nRCPT TO:<a@x>\nRCPT TO:<b@x>\nDATA\nA: b\n..C: d\n\n.\nRSET\n',
  );
});

test('with CRLF', async () => {
  const format: MessageFormat = { headers: ['A: b\n'], useCrlf: true, endsLine: true };
  assert.equal(
    await written(asBatchSmtp(format, { addresses: [mailbox('a@x')], instance, returnPath: '' })),
    'MAIL FROM:<>\r\nRCPT TO:<a@x>\r\nDATA\r\nA: b\r\n\r\n.\r\n',
  );
});
