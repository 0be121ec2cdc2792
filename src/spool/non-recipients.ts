/** The tree of settled addresses in -H, written as a balanced binary tree in pre-order. Spec ch. 57 "Format of the -H file". */
import type { Octets } from '../base/octets.ts';
import { compareOctets } from '../base/octets.ts';

/** `XX` when there is none; else each line is two letters (left and right branch) and an address. */
export function formatNonRecipients(addresses: ReadonlySet<Octets>): Octets[] {
  if (addresses.size === 0) return ['XX'];
  const lines: Octets[] = [];
  writeBranch([...addresses].sort(compareOctets), lines);
  return lines;
}

function writeBranch(sorted: readonly Octets[], lines: Octets[]): void {
  const middle = sorted.length >> 1;
  const left = sorted.slice(0, middle);
  const right = sorted.slice(middle + 1);
  lines.push(`${left.length > 0 ? 'Y' : 'N'}${right.length > 0 ? 'Y' : 'N'} ${sorted[middle] ?? ''}`);
  if (left.length > 0) writeBranch(left, lines);
  if (right.length > 0) writeBranch(right, lines);
}

/** Reads the lines from `from` on; undefined when they are no tree. `next` is the line behind it. */
export function parseNonRecipients(
  lines: readonly Octets[],
  from: number,
): { readonly addresses: Set<Octets>; readonly next: number } | undefined {
  const addresses = new Set<Octets>();
  if (lines[from] === 'XX') return { addresses, next: from + 1 };
  let open = 1;
  let at = from;
  for (; open > 0; at++) {
    const match = /^([YN])([YN]) (.*)$/s.exec(lines[at] ?? '');
    if (!match) return undefined;
    addresses.add(match[3] ?? '');
    open += (match[1] === 'Y' ? 1 : 0) + (match[2] === 'Y' ? 1 : 0) - 1;
  }
  return { addresses, next: at };
}
