/** Folding of header lines for `${headerwrap:}`. Spec ch. 11 "Expansion operators", RFC 5322 s2.2.3. */
import type { Octets } from '../base/octets.ts';

/** Lines of at most `columns` where there is a space to fold at; the whole is cut at `limit`. */
export function wrapHeader(text: Octets, columns: number, limit: number): Octets {
  const rest = text.slice(0, limit);
  const lines: Octets[] = [];
  let line = '';
  for (const word of rest.split(/(?=[ \t])/)) {
    if (line !== '' && line.length + word.length > columns) {
      lines.push(line);
      line = '';
    }
    line += word;
  }
  return [...lines, line].join('\n');
}
