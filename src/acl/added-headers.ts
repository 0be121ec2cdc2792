/** The argument of `add_header`, and of `warn message`. Spec ch. 44 "Adding header lines in ACLs". */
import type { Octets } from '../base/octets.ts';
import { trimStart } from '../base/octets.ts';
import type { AddedHeader, TransactionState } from '../core/index.ts';

const POSITIONS: ReadonlyMap<string, AddedHeader['position']> = new Map([
  [':after_received:', 'after-received'],
  [':at_start_rfc:', 'at-start-rfc'],
  [':at_start:', 'at-start'],
  [':at_end:', 'at-end'],
]);

/** For the message that is being received; a header that was added before is not added again. */
export function addHeaders(text: Octets, state: TransactionState | undefined): void {
  const added = state?.addedHeaders;
  for (const header of parseAddedHeaders(text)) {
    if (added && !added.some((other) => other.text === header.text)) added.push(header);
  }
}

/** One header a line; a line that begins with white space continues the header before it. What is no header gets `X-ACL-Warn:`. */
function parseAddedHeaders(text: Octets): readonly AddedHeader[] {
  const headers: AddedHeader[] = [];
  let rest = text;
  while (rest.endsWith('\n')) rest = rest.slice(0, -1);
  while (rest.startsWith('\n')) rest = rest.slice(1);
  if (rest === '') return headers;
  for (const header of rest.split(/\n(?![ \t])/)) {
    if (header === '') continue;
    const marker = /^:[a-z_]+:/.exec(header)?.[0];
    const position = marker === undefined ? undefined : POSITIONS.get(marker);
    const line = position === undefined || marker === undefined ? header : trimStart(header.slice(marker.length));
    const named = /^[!-9;-~]*:/.test(line) ? line : `X-ACL-Warn: ${line}`;
    headers.push({ text: `${named}\n`, position: position ?? 'at-end' });
  }
  return headers;
}
