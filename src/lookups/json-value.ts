/** JSON as the json lookup needs it: numbers as they are written, text in octets, objects without a prototype's names. */
import type { Octets } from '../base/octets.ts';
import { octetsFromUnicode } from '../base/octets.ts';

/** A number keeps its text: big integers stay exact. */
export class JsonNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

export type JsonValue = null | boolean | string | JsonNumber | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** Undefined when the text is not JSON. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text, keepNumber);
  } catch {
    return undefined;
  }
}

/** The third argument is newer than the declarations of `JSON.parse`. */
function keepNumber(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? new JsonNumber(context?.source ?? String(value)) : value;
}

/** An element of an array by number, a member of an object by name. */
export function selectJson(value: JsonValue, selector: Octets): JsonValue | undefined {
  if (Array.isArray(value)) return /^[0-9]+$/.test(selector) ? value[Number.parseInt(selector, 10)] : undefined;
  if (typeof value !== 'object' || value === null || value instanceof JsonNumber) return undefined;
  for (const [name, member] of Object.entries(value)) if (octetsFromUnicode(name) === selector) return member;
  return undefined;
}

/** A string as it is, anything else as JSON with a space after `:` and `,`. */
export function jsonText(value: JsonValue): Octets {
  return octetsFromUnicode(typeof value === 'string' ? value : format(value));
}

function format(value: JsonValue): string {
  if (value instanceof JsonNumber) return value.source;
  if (Array.isArray(value)) return `[${value.map(format).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([name, member]) => `${JSON.stringify(name)}: ${format(member)}`)
      .join(', ')}}`;
  return JSON.stringify(value);
}
