/** A string and which parts of it a remote party chose (taint). Only sinks read the spans: file names, commands, queries. */
import type { Octets } from '../base/octets.ts';

/** A part that a remote party chose, and the lookup type it was quoted for, if any. `to` is exclusive. */
export interface TaintSpan {
  readonly from: number;
  readonly to: number;
  readonly quotedFor?: string;
}

/** Octets with their taint; constants share one empty array. Concatenation shifts spans, what rearranges text taints its whole result. */
export interface Text {
  readonly octets: Octets;
  readonly taint: readonly TaintSpan[];
}

const CLEAN: readonly TaintSpan[] = Object.freeze([]);

export const emptyText: Text = Object.freeze({ octets: '', taint: CLEAN });

export function untainted(octets: Octets): Text {
  return octets === '' ? emptyText : { octets, taint: CLEAN };
}

export function tainted(octets: Octets, quotedFor?: string): Text {
  if (octets === '') return emptyText;
  return { octets, taint: [quotedFor === undefined ? { from: 0, to: octets.length } : { from: 0, to: octets.length, quotedFor }] };
}

export function isTainted(text: Text): boolean {
  return text.taint.length > 0;
}

/** Octets of the same length as `like` (a case change): the spans stay where they are. */
export function sameSpans(octets: Octets, like: Text): Text {
  return { octets, taint: like.taint };
}

/** The result of an operation on `inputs` that rearranged them: wholly tainted when any input was. */
export function derived(octets: Octets, ...inputs: readonly Text[]): Text {
  return inputs.some(isTainted) ? tainted(octets) : untainted(octets);
}

export function concatText(parts: readonly Text[]): Text {
  if (parts.length === 1) return parts[0] ?? emptyText;
  let octets = '';
  let taint: TaintSpan[] | undefined;
  for (const part of parts) {
    if (part.taint.length > 0) {
      taint ??= [];
      for (const span of part.taint) taint.push({ ...span, from: span.from + octets.length, to: span.to + octets.length });
    }
    octets += part.octets;
  }
  return taint === undefined ? untainted(octets) : { octets, taint };
}

/** A part of a text with the spans that lie in it. */
export function sliceText(text: Text, from: number, to: number = text.octets.length): Text {
  const octets = text.octets.slice(from, to);
  if (text.taint.length === 0) return untainted(octets);
  const taint: TaintSpan[] = [];
  for (const span of text.taint) {
    const start = Math.max(span.from, from) - from;
    const end = Math.min(span.to, from + octets.length) - from;
    if (start < end) taint.push({ ...span, from: start, to: end });
  }
  return taint.length === 0 ? untainted(octets) : { octets, taint };
}
