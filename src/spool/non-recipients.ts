/**
 * The tree of settled addresses in -H, written in pre-order. Spec ch. 57 "Format of the -H file". Its shape is that of a balanced (AVL) tree into
 * which the addresses were put in the order they were settled, so that the file is the same as Exim's.
 */
import type { Octets } from '../base/octets.ts';
import { compareOctets } from '../base/octets.ts';

interface Node {
  readonly address: Octets;
  readonly left: Node | undefined;
  readonly right: Node | undefined;
  readonly height: number;
}

/** `XX` when there is none; else each line is two letters (left and right branch) and an address. */
export function formatNonRecipients(addresses: ReadonlySet<Octets>): Octets[] {
  let root: Node | undefined;
  for (const address of addresses) root = insert(root, address);
  if (root === undefined) return ['XX'];
  const lines: Octets[] = [];
  writeBranch(root, lines);
  return lines;
}

function writeBranch(node: Node, lines: Octets[]): void {
  lines.push(`${node.left ? 'Y' : 'N'}${node.right ? 'Y' : 'N'} ${node.address}`);
  if (node.left) writeBranch(node.left, lines);
  if (node.right) writeBranch(node.right, lines);
}

function insert(node: Node | undefined, address: Octets): Node {
  if (node === undefined) return join(undefined, address, undefined);
  const order = compareOctets(address, node.address);
  if (order === 0) return node;
  return order < 0
    ? balanced(insert(node.left, address), node.address, node.right)
    : balanced(node.left, node.address, insert(node.right, address));
}

function join(left: Node | undefined, address: Octets, right: Node | undefined): Node {
  return { address, left, right, height: 1 + Math.max(height(left), height(right)) };
}

/** Rotates where one side has become two levels higher. */
function balanced(left: Node | undefined, address: Octets, right: Node | undefined): Node {
  const lean = height(left) - height(right);
  if (left && lean > 1) {
    const inner = left.right;
    return inner && height(inner) > height(left.left)
      ? join(join(left.left, left.address, inner.left), inner.address, join(inner.right, address, right))
      : join(left.left, left.address, join(inner, address, right));
  }
  if (right && lean < -1) {
    const inner = right.left;
    return inner && height(inner) > height(right.right)
      ? join(join(left, address, inner.left), inner.address, join(inner.right, right.address, right.right))
      : join(join(left, address, inner), right.address, right.right);
  }
  return join(left, address, right);
}

function height(node: Node | undefined): number {
  return node?.height ?? 0;
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
